package duplicates

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"descry/library/store"
)

// The limits of the search for candidates.
const (
	// maxBits is by how many of 64 bits the hashes of near-duplicates may differ. More than
	// 99 % of the near-duplicates of the made set lie within (docs/quality-duplicates.md).
	maxBits = 10

	// bands is into how many keys of 16 bits a hash is cut. Hashes that differ in at most
	// maxBits bits differ in at most maxBits/bands of them in one band: the pigeonhole
	// argument of multi-index hashing (Norouzi, Punjani and Fleet 2012).
	bands    = 4
	bandBits = 64 / bands
	bandMax  = maxBits / bands

	// minOnes is how many ones the hash of a picture that is not plain has at least: the
	// median cuts the coefficients of a photo into halves, while those of a black frame or a
	// white page are nearly all nothing, and their hashes are all alike.
	minOnes = 24

	// maxPartners bounds the candidates of one photo, so that ten thousand undated frames of
	// one scene cost a hundred times as much as a hundred of them, not ten thousand times.
	maxPartners = 100

	// maxAspect is by what factor the shapes of near-duplicates may differ: crops of 5 %.
	maxAspect = 1.12
)

// pair are the places of two candidates in the list of prints, the smaller first.
type pair struct{ a, b int32 }

// candidates finds the pairs of photos whose hashes and times let them be near-duplicates.
// prints are put in order; the result does not depend on the one they had.
//
// Equal keys of a band lie in buckets; each bucket is held against those whose keys differ
// in at most bandMax bits. With 1,000,000 photos a bucket holds about 15, and each photo
// meets 4 × 137 × 15 others at an instruction or two each, instead of a million. Memory:
// 17 bytes per photo and the pairs found, beside the prints.
func candidates(ctx context.Context, prints []store.Print, step func(done, total int)) ([]pair, error) {
	slices.SortFunc(prints, func(a, b store.Print) int {
		switch {
		case a.Order < b.Order:
			return -1
		case a.Order > b.Order:
			return 1
		}
		return int(a.Photo - b.Photo)
	})
	usable := make([]int32, 0, len(prints))
	for i, p := range prints {
		if n := bits.OnesCount64(p.Hash); n >= minOnes {
			usable = append(usable, int32(i))
		}
	}
	masks := nearby()
	partners := make([]uint8, len(prints))
	order := make([]int32, len(usable))
	hashes := make([]uint64, len(usable)) // in that order: the many comparisons read them in a row
	start := make([]int32, 1<<bandBits+1)
	var out []pair
	consider := func(i, j int32, band int) {
		x := prints[i].Hash ^ prints[j].Hash
		for earlier := range band {
			if bits.OnesCount16(uint16(x>>(bandBits*earlier))) <= bandMax {
				return // found there already
			}
		}
		if partners[i] >= maxPartners || partners[j] >= maxPartners || !possible(&prints[i], &prints[j]) {
			return
		}
		partners[i]++
		partners[j]++
		out = append(out, pair{min(i, j), max(i, j)})
	}
	for band := range bands {
		// Counting sort by the key of this band.
		key := func(i int32) uint16 { return uint16(prints[i].Hash >> (bandBits * band)) }
		clear(start)
		for _, i := range usable {
			start[int(key(i))+1]++
		}
		for k := range 1 << bandBits {
			start[k+1] += start[k]
		}
		next := slices.Clone(start)
		for _, i := range usable {
			at := next[key(i)]
			order[at], hashes[at] = i, prints[i].Hash
			next[key(i)]++
		}
		for k := range 1 << bandBits {
			if k%4096 == 0 {
				if err := context.Cause(ctx); err != nil {
					return nil, err
				}
				step(band<<bandBits+k, bands<<bandBits)
			}
			here := hashes[start[k]:start[k+1]]
			if len(here) == 0 {
				continue
			}
			at := order[start[k]:start[k+1]]
			for n, h := range here {
				for m := n + 1; m < len(here) && partners[at[n]] < maxPartners; m++ {
					if bits.OnesCount64(h^here[m]) <= maxBits {
						consider(at[n], at[m], band)
					}
				}
			}
			for _, m := range masks {
				other := k ^ int(m)
				if other < k {
					continue // that pair of buckets comes once
				}
				for o, g := range hashes[start[other]:start[other+1]] {
					for n, h := range here {
						if bits.OnesCount64(g^h) <= maxBits {
							consider(at[n], order[int(start[other])+o], band)
						}
					}
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b pair) int {
		if a.a != b.a {
			return int(a.a - b.a)
		}
		return int(a.b - b.b)
	})
	return out, nil
}

// nearby lists the differences of 1 to bandMax bits between two keys, in order.
func nearby() []uint16 {
	var out []uint16
	for m := 1; m < 1<<bandBits; m++ {
		if bits.OnesCount16(uint16(m)) <= bandMax {
			out = append(out, uint16(m))
		}
	}
	return out
}

// possible tells what rules out a near-duplicate without a look at it: another shape, another
// moment, and halves of one shot, which are a stack.
func possible(a, b *store.Print) bool {
	if a.Stack != 0 && a.Stack == b.Stack {
		return false
	}
	if a.Aspect > 0 && b.Aspect > 0 {
		if r := float64(a.Aspect / b.Aspect); math.Max(r, 1/r) > maxAspect {
			return false
		}
	}
	return !otherMoment(a, b)
}

// otherMoment reports that two photos say to have been taken at different times: then they
// are two photos of one thing, maybe of one burst, and not copies. An edit may have lost the
// fraction of the second.
func otherMoment(a, b *store.Print) bool {
	if !a.Dated || !b.Dated {
		return false
	}
	if a.Camera != 0 && b.Camera != 0 && a.Camera != b.Camera {
		return true
	}
	apart := a.Taken - b.Taken
	if apart < 0 {
		apart = -apart
	}
	return apart >= 1000 || (apart > 0 && a.Taken%1000 != 0 && b.Taken%1000 != 0)
}
