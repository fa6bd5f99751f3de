package duplicates

import "runtime"

// workers is how many pictures are compared at a time.
func workers() int { return max(1, runtime.GOMAXPROCS(0)) }
