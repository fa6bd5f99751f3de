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
	return &top{k: k, slack: slack, least: math.Inf(-1), full: 5*k + 64}
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
	t.least = max(t.least, greatest(slices.Clone(t.orders), t.k)-t.slack)
	n := 0
	for i, o := range t.orders {
		if o >= t.least {
			t.rows[n], t.orders[n] = t.rows[i], o
			n++
		}
	}
	t.rows, t.orders = t.rows[:n], t.orders[:n]
}

// greatest is the k-th greatest of some numbers, k from 1; it moves them about (Hoare's FIND,
// CACM 4, 1961).
func greatest(x []float64, k int) float64 {
	at, low, high := len(x)-k, 0, len(x)-1
	for low < high {
		pivot, i, j := x[(low+high)/2], low, high
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for pivot < x[j] {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case at <= j:
			high = j
		case at >= i:
			low = i
		default:
			return x[at]
		}
	}
	return x[at]
}
