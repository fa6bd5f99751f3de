package machine

import (
	"strconv"
	"strings"
	"time"
)

// pmset reads what macOS says of its power:
//
//	Now drawing from 'Battery Power'
//	 -InternalBattery-0 (id=1234567)	85%; discharging; 4:32 remaining present: true
func pmset(text string) (on bool, charge float64) {
	on, charge = strings.Contains(text, "'Battery Power'"), -1
	if before, _, ok := strings.Cut(text, "%;"); ok {
		digits := before[strings.LastIndexFunc(before, func(r rune) bool { return r < '0' || r > '9' })+1:]
		if n, err := strconv.Atoi(digits); err == nil && n <= 100 {
			charge = float64(n) / 100
		}
	}
	return on, charge
}

// ioreg reads how long nobody touched keyboard and mouse of what macOS says of its devices, in
// nanoseconds: | "HIDIdleTime" = 1234567890. -1: it does not say.
func ioreg(text string) time.Duration {
	_, rest, ok := strings.Cut(text, `"HIDIdleTime" = `)
	if !ok {
		return -1
	}
	digits, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return time.Duration(n)
}
