package grid

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"descry/library"
)

func chosen(s *Selection) []int {
	out := []int{}
	s.Each(func(from, to int) bool {
		for i := from; i < to; i++ {
			out = append(out, i)
		}
		return true
	})
	return out
}

// TestSelectionAgainstASet does the same to a Selection and to a plain set.
func TestSelectionAgainstASet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 60
	var s Selection
	plain := map[int]bool{}
	anchor, active := 0, false
	for round := range 20_000 {
		i := r.IntN(n)
		switch r.IntN(5) {
		case 0:
			s.Only(i)
			plain = map[int]bool{i: true}
			anchor, active = i, true
		case 1:
			s.Toggle(i)
			plain[i] = !plain[i]
			anchor, active = i, true
		case 2, 3:
			keep := r.IntN(2) == 0
			s.Extend(i, keep)
			if !active {
				plain, anchor, active = map[int]bool{i: true}, i, true
				break
			}
			if !keep {
				clear(plain)
			}
			for k := min(anchor, i); k <= max(anchor, i); k++ {
				plain[k] = true
			}
		case 4:
			to := min(i+r.IntN(9), n)
			s.Add(i, to)
			for k := i; k < to; k++ {
				plain[k] = true
			}
		}
		maps.DeleteFunc(plain, func(_ int, in bool) bool { return !in })
		want := slices.Sorted(maps.Keys(plain))
		if got := chosen(&s); !slices.Equal(got, want) {
			t.Fatalf("round %d: chosen %v, want %v", round, got, want)
		}
		if s.Count() != len(plain) {
			t.Fatalf("round %d: %d are counted of %d", round, s.Count(), len(plain))
		}
		for k := range n {
			if s.Has(k) != plain[k] {
				t.Fatalf("round %d: Has(%d) is %v", round, k, s.Has(k))
			}
		}
	}
}

func TestAllOfAMillionIsOneRun(t *testing.T) {
	var s Selection
	s.Toggle(7)
	s.All(1_000_000)
	if s.Count() != 1_000_000 || len(s.spans) != 1 {
		t.Errorf("%d chosen in %d runs", s.Count(), len(s.spans))
	}
}

func TestRemapKeepsWhatIsInBoth(t *testing.T) {
	old := []library.PhotoID{10, 11, 12, 13, 14}
	now := []library.PhotoID{99, 14, 98, 12, 11, 10}
	var s Selection
	s.Only(1)
	s.Extend(3, false) // 11, 12, 13; the cursor on 13
	s.MoveTo(2)
	got, top := Remap(old, s, 4, now)
	if want := []int{3, 4}; !slices.Equal(chosen(&got), want) {
		t.Errorf("chosen %v, want %v", chosen(&got), want)
	}
	if c, ok := got.Cursor(); !ok || c != 3 {
		t.Errorf("the cursor is at %d, %v", c, ok)
	}
	if top != 1 {
		t.Errorf("the top photo is at %d", top)
	}
	gone, top := Remap(old, s, 0, []library.PhotoID{1, 2})
	if _, ok := gone.Cursor(); ok || gone.Count() != 0 || top != -1 {
		t.Errorf("nothing is in both, yet %d are chosen, top %d", gone.Count(), top)
	}
}
