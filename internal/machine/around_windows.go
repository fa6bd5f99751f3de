package machine

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// powerStatus is SYSTEM_POWER_STATUS of the system.
type powerStatus struct {
	mains, flags, percent, saver uint8
	seconds, fullSeconds         uint32
}

func battery() (bool, float64) {
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemPowerStatus")
	if call.Find() != nil {
		return false, -1
	}
	var s powerStatus
	if ok, _, _ := call.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return false, -1
	}
	charge := -1.0
	if s.percent <= 100 {
		charge = float64(s.percent) / 100
	}
	return s.mains == 0, charge
}

// processors are not known: children that decode would count as others.
func processors() times { return times{} }

// lastInput is LASTINPUTINFO of the system.
type lastInput struct{ size, at uint32 }

func idle() time.Duration {
	last := lastInput{size: 8}
	call := windows.NewLazySystemDLL("user32.dll").NewProc("GetLastInputInfo")
	now := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetTickCount")
	if call.Find() != nil || now.Find() != nil {
		return -1
	}
	if ok, _, _ := call.Call(uintptr(unsafe.Pointer(&last))); ok == 0 {
		return -1
	}
	ticks, _, _ := now.Call()
	return time.Duration(uint32(ticks)-last.at) * time.Millisecond
}
