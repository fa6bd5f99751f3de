package search

import (
	"math"
	"slices"
)

// top keeps the rows of which the order may be among the k greatest, where each order that
// it is told may be off by half of slack. It holds a few times k rows, more only where very
// many lie that close together.
type top struct {
	k     int
	slack float64

	rows   []int32
	orders []float64
	least  float64 // a row below it is out
	full   int     // rows at which those that are out are dropped
}

func newTop(k int, slack float64) *top {
	return &top{k: k, slack: slack, least: math.Inf(-1), full: 2*k + 64}
}

// add tells a row and its order.
func (t *top) add(row int32, order float64) {
	if order < t.least || t.k <= 0 {
		return
	}
	t.rows, t.orders = append(t.rows, row), append(t.orders, order)
	if len(t.rows) >= t.full {
		t.drop()
		t.full = max(t.full, 2*len(t.rows))
	}
}

// drop lets the rows go that cannot be among the k greatest.
func (t *top) drop() {
	if len(t.orders) <= t.k {
		return
	}
	sorted := slices.Clone(t.orders)
	slices.Sort(sorted)
	t.least = max(t.least, sorted[len(sorted)-t.k]-t.slack)
	n := 0
	for i, o := range t.orders {
		if o >= t.least {
			t.rows[n], t.orders[n] = t.rows[i], o
			n++
		}
	}
	t.rows, t.orders = t.rows[:n], t.orders[:n]
}
