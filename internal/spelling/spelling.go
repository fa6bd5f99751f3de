// Package spelling finds what a mistyped word may have been meant to be.
package spelling

import (
	"strings"
	"unicode/utf8"
)

// Nearest returns the candidate that takes the fewest typing mistakes to reach from s, or
// "" where all are too far to be meant.
func Nearest(s string, candidates []string) string {
	s = strings.ToLower(s)
	best, found := 1+max(1, utf8.RuneCountInString(s)/3), ""
	for _, c := range candidates {
		if d := distance(s, strings.ToLower(c)); d < best {
			best, found = d, c
		}
	}
	return found
}

// distance counts the runes to insert, delete, replace or swap with a neighbour that make
// b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 1 << 20
	}
	var before, above []int
	row := make([]int, len(y)+1)
	for k := range row {
		row[k] = k
	}
	for i := 1; i <= len(x); i++ {
		before, above = above, row
		row = make([]int, len(y)+1)
		row[0] = i
		for k := 1; k <= len(y); k++ {
			cost := 1
			if x[i-1] == y[k-1] {
				cost = 0
			}
			row[k] = min(above[k]+1, row[k-1]+1, above[k-1]+cost)
			if i > 1 && k > 1 && x[i-1] == y[k-2] && x[i-2] == y[k-1] {
				row[k] = min(row[k], before[k-2]+1)
			}
		}
	}
	return row[len(y)]
}
