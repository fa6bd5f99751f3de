package machine

import "runtime"

// Gently calls f on a thread of its own, of low priority for processor and, where the system
// knows that, disk, and returns when f has returned. The thread ends with it: a thread that a
// person started may lower its priority, but not raise it again.
func Gently(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked, so that nothing else ever runs on this thread
		lower()
		f()
	}()
	<-done
}
