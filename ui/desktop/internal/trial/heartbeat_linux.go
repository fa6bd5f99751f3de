package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	"golang.org/x/sys/unix"
)

// heartbeat asks the window's thread for a sign of life again and again. For every second it
// prints how long the slowest and the usual answer took by the clock, drawing and other
// programs on a busy machine included, and the most processor time that the thread spent
// between two signs of life. SIGUSR1 begins and ends a profile in trial.pprof.
func heartbeat() {
	usr := make(chan os.Signal, 1)
	signal.Notify(usr, syscall.SIGUSR1)
	go func() {
		<-usr
		if f, err := os.Create("trial.pprof"); err == nil {
			_ = pprof.StartCPUProfile(f)
			<-usr
			pprof.StopCPUProfile()
			_ = f.Close()
		}
	}()
	time.Sleep(2 * time.Second) // until the window is there
	last := time.Duration(0)
	for second := 1; ; second++ {
		var waits, spent []time.Duration
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			asked := time.Now()
			now := last
			fyne.DoAndWait(func() { now = threadTime() })
			waits = append(waits, time.Since(asked))
			spent = append(spent, now-last)
			last = now
			time.Sleep(2 * time.Millisecond)
		}
		slices.Sort(waits)
		slices.Sort(spent)
		fmt.Printf("%3d s: answers: usual %5.1f ms, 95 %% %5.1f ms, slowest %5.1f ms; processor at a stretch: 95 %% %5.1f ms, most %5.1f ms\n", second,
			ms(waits[len(waits)/2]), ms(waits[len(waits)*95/100]), ms(waits[len(waits)-1]),
			ms(spent[len(spent)*95/100]), ms(spent[len(spent)-1]))
	}
}

// threadTime returns the processor time of the calling thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
