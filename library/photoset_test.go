package library_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"descry/library"
)

// TestPhotoSetIsASet compares with a map, on random sets.
func TestPhotoSetIsASet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var a, b library.PhotoSet
		inA, inB := map[library.PhotoID]bool{}, map[library.PhotoID]bool{}
		for range rng.IntN(40) {
			id := library.PhotoID(rng.IntN(300) + 1)
			a.Add(id)
			inA[id] = true
		}
		for range rng.IntN(40) {
			id := library.PhotoID(rng.IntN(500) + 1)
			b.Add(id)
			inB[id] = true
		}
		if a.Len() != len(inA) {
			t.Fatalf("%d photos, want %d", a.Len(), len(inA))
		}
		and, or, without := a.And(b), a.Or(b), a.Without(b)
		for id := library.PhotoID(0); id < 700; id++ {
			x, y := inA[id], inB[id]
			if a.Has(id) != x || and.Has(id) != (x && y) || or.Has(id) != (x || y) || without.Has(id) != (x && !y) {
				t.Fatalf("photo %d in %v and %v", id, slices.Collect(a.All()), slices.Collect(b.All()))
			}
		}
		ids := slices.Collect(a.All())
		if !slices.IsSorted(ids) || len(ids) != len(inA) || library.PhotoSetOf(ids...).Without(a).Len() != 0 {
			t.Fatalf("the photos %v", ids)
		}
	}
	var none library.PhotoSet
	none.Add(0)
	none.Add(-3)
	if none.Len() != 0 || none.Has(-3) || none.Has(0) {
		t.Error("ids that name no photo are in the set")
	}
}
