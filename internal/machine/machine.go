// Package machine tells what this process may take of the machine, and what goes on there
// besides: processors and memory within the limits that containers and services set, whether
// it runs on battery, and whether others want it.
package machine

import (
	"math"
	"runtime"
)

// Limits are what this process may take of the machine.
type Limits struct {
	// CPUs is how many processors' worth of time it may take; 0: as many as there are.
	CPUs float64
	// Memory is how many bytes it may take, with all that is limited together with it; 0: not
	// known. Where Limited is false, that is what the machine has.
	Memory int64
	// Limited tells whether a limit is set to less memory than the machine has.
	Limited bool
	// Free is how many bytes are left to take, caches that the system gives up counted as free;
	// 0: not known.
	Free int64
}

// Look returns the limits of this process as they are now.
func Look() Limits {
	l := look()
	total, free := memory()
	if l.Memory > 0 && (total == 0 || l.Memory < total) {
		l.Limited = true
	} else {
		l.Memory = total
	}
	if free > 0 && (l.Free == 0 || free < l.Free) {
		l.Free = free
	}
	return l
}

// almostWhole is how far a limit may be above a whole number without one more core being worth
// it: a fourth worker on 3.1 processors would be stopped most of the time, and hold up others.
const almostWhole = 0.1

// Cores is how many threads can compute at the same time, 1 or more: one for each processor
// that this process may run on, fewer where it may take less time or GOMAXPROCS says so. Go
// looks at its own control group alone, not at those above, and never takes less than two.
func (l Limits) Cores() int {
	n := runtime.GOMAXPROCS(0)
	if l.CPUs > 0 {
		n = min(n, max(1, int(math.Ceil(l.CPUs-almostWhole))))
	}
	return n
}
