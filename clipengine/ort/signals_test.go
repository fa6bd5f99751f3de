//go:build linux

package ort

import (
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// ignored reports whether the system ignores a signal for this process, whatever Go thinks.
func ignored(t *testing.T, s syscall.Signal) bool {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "SigIgn:\t")
	line, _, _ := strings.Cut(rest, "\n")
	mask, err := strconv.ParseUint(line, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return mask>>(s-1)&1 == 1
}

// TestSignalsAreKept changes the handler of a signal in one of two calls at the same time, as a
// provider's library does when it is first loaded: whichever ends last, it is as it was.
func TestSignalsAreKept(t *testing.T) {
	const s = syscall.SIGUSR2
	for _, firstEndsFirst := range []bool{true, false} {
		signal.Reset(s)
		if ignored(t, s) {
			t.Fatal("the signal is ignored before anything was done")
		}
		changed, begun := make(chan struct{}), make(chan struct{})
		ends := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
		var done [2]chan error
		call := func(i int, f func()) {
			done[i] = make(chan error)
			go func() {
				done[i] <- keepingSignals(func() error { f(); <-ends[i]; return nil })
			}()
		}
		call(0, func() { signal.Ignore(s); close(changed) })
		<-changed
		if !ignored(t, s) {
			t.Fatal("the signal is not ignored")
		}
		call(1, func() { close(begun) })
		<-begun
		order := [2]int{0, 1}
		if !firstEndsFirst {
			order = [2]int{1, 0}
		}
		for _, i := range order {
			close(ends[i])
			if err := <-done[i]; err != nil {
				t.Error(err)
			}
		}
		if ignored(t, s) {
			t.Errorf("the signal is ignored afterwards; the first call ended first: %v", firstEndsFirst)
		}
	}
	signal.Reset(s)
}
