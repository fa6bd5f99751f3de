package machine

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// look returns no limits: those of jobs are not looked at.
func look() Limits { return Limits{} }

// memoryStatus is MEMORYSTATUSEX of the system.
type memoryStatus struct {
	length, load                                                     uint32
	total, free, totalPage, freePage, totalVirtual, freeVirtual, ext uint64
}

// memory returns how many bytes the machine has and how many of them are free.
func memory() (total, free int64) {
	m := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if call.Find() != nil {
		return 0, 0
	}
	if ok, _, _ := call.Call(uintptr(unsafe.Pointer(&m))); ok == 0 {
		return 0, 0
	}
	return int64(m.total), int64(m.free)
}
