package accuracy

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// block is how many captions are compared with all pictures in one go. Two blocks of vectors
// of a thousand numbers fit into the caches of a core.
const block = 64

// Ranks looks each caption up among all pictures, and each picture among all captions, by the
// product of their vectors. own is the picture of each caption. It returns at which place each
// caption finds its picture, and at which each picture finds the first of its captions; 0 for
// a picture that has none. Places count from 1; of equal scores the earlier comes first.
//
// The scores are never all in memory: they are worked out block by block, once for what must
// be beaten and once to count what does, so memory grows with pictures plus captions only.
// progress, where it is not nil, is told from several goroutines, one at a time, how many captions are done.
func Ranks(ctx context.Context, pictures, captions [][]float32, own []int, progress func(done int)) (ofCaption, ofPicture []int, err error) {
	toBeat := make([]float32, len(captions)) // the score of each caption with its own picture
	best := make([]int, len(pictures))       // the caption of each picture that scores highest
	for i := range best {
		best[i] = -1
	}
	for c, p := range own {
		toBeat[c] = product(captions[c], pictures[p])
		if best[p] < 0 || toBeat[c] > toBeat[best[p]] {
			best[p] = c
		}
	}
	ofCaption, ofPicture = make([]int, len(captions)), make([]int, len(pictures))
	var mu sync.Mutex // guards ofPicture and done
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(captions); from += block {
		to := min(from+block, len(captions))
		g.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			ahead := make([]int, len(pictures)) // captions of this block that come before a picture's best
			for p, vec := range pictures {
				for c := from; c < to; c++ {
					if c == best[p] && p == own[c] {
						continue
					}
					s := product(captions[c], vec)
					if p != own[c] && (s > toBeat[c] || s == toBeat[c] && p < own[c]) {
						ofCaption[c]++
					}
					if b := best[p]; b >= 0 && (s > toBeat[b] || s == toBeat[b] && c < b) {
						ahead[p]++
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for p, n := range ahead {
				ofPicture[p] += n
			}
			done += to - from
			if progress != nil {
				progress(done)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	for c := range ofCaption {
		ofCaption[c]++
	}
	for p := range ofPicture {
		if best[p] >= 0 {
			ofPicture[p]++
		}
	}
	return ofCaption, ofPicture, nil
}

// product is the dot product, always summed up in the same order: a score worked out twice is
// the same twice.
func product(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
