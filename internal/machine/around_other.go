//go:build !linux && !darwin && !windows

package machine

import "time"

func battery() (bool, float64) { return false, -1 }

func processors() times { return times{} }

func idle() time.Duration { return -1 }
