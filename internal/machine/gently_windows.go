package machine

import "golang.org/x/sys/windows"

// backgroundBegin is THREAD_MODE_BACKGROUND_BEGIN: low priority for processor, disk and memory.
const backgroundBegin = 0x00010000

// lower lowers the priority of the calling thread. Where that is refused the work is done all
// the same.
func lower() {
	call := windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadPriority")
	if call.Find() == nil {
		_, _, _ = call.Call(uintptr(windows.CurrentThread()), backgroundBegin)
	}
}
