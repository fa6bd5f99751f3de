// Package duplicates finds photos that show the same picture: files with the same pixels,
// and near-duplicates, which were resized, compressed again, cropped by a little, turned by a
// little or toned. It proposes which one to keep and deletes nothing.
//
// A pair is a near-duplicate only when everything agrees. First the perceptual hash and the
// shape; then the time: photos that say to have been taken at different moments are different
// photos, however alike, and belong to a burst at most; then the vectors; at last a look: one
// thumbnail is laid over the other, and no place in it may show something else. False finds
// are what makes people stop trusting such a search, so a doubtful pair is no pair. What the
// thresholds reach is in docs/quality-duplicates.md.
//
// Pictures with hardly anything in them (black frames, white pages) are never near-duplicates:
// their hashes say nothing. Their equal files are still found.
package duplicates

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"descry/library"
	"descry/library/store"
)

// Source is where the finder reads photos from.
type Source interface {
	// Prints calls fn for every photo that can be seen and was measured, in any order.
	Prints(ctx context.Context, fn func(store.Print) error) error
	// Alikes returns what is known of photos, in any order; unknown ones are left out.
	Alikes(ctx context.Context, ids []library.PhotoID) ([]store.Alike, error)
	// Vectors returns the unit vectors of photos in the space of the model in use; those
	// without one are left out.
	Vectors(ctx context.Context, ids []library.PhotoID) (map[library.PhotoID][]float32, error)
	// Sketch makes the sketch of a picture's thumbnail. library.ErrNotFound: there is none.
	Sketch(ctx context.Context, p library.Picture) (*Sketch, error)
	// Distinct calls fn for every pair of photos that the person keeps both.
	Distinct(ctx context.Context, fn func(a, b library.PhotoID)) error
}

// Thresholds are what a pair must reach. See Agreement for the units.
type Thresholds struct {
	Correlation float64
	Local       float64
	Overlap     float64
	// Contrast is the standard deviation of luminance below which a picture is plain.
	Contrast float64
	// Unrelated is the share of unrelated pairs of the library whose vectors a pair's must be
	// nearer than. A cosine means another thing in each space: it is measured against what
	// pictures that have nothing to do with each other have there.
	Unrelated float64
}

// Fitted are the thresholds that were fitted on one half of the made set
// (docs/quality-duplicates.md).
func Fitted() Thresholds {
	return Thresholds{Correlation: 0.95, Local: 0.9, Overlap: 0.8, Contrast: 4, Unrelated: 0.95}
}

// Group are photos that show the same picture; the first is the one proposed to be kept.
type Group struct {
	Photos []store.Alike
	Why    []string // why the first is the best, in words
}

// Result is what a search found.
type Result struct {
	Groups []Group // by the path of the proposed best
	// Unseen counts photos that could not be compared, because their thumbnail is gone.
	Unseen int
}

// Progress is called with how far a search has come; total is 0 while unknown. It is called
// from one goroutine at a time.
type Progress func(job string, done, total int)

// The jobs that Progress names.
const (
	JobRead    = "Reading what is known of the photos"
	JobHash    = "Looking for candidates"
	JobCompare = "Comparing pictures"
)

// Near finds the groups of near-duplicates in a library. All members of a group were
// compared with the first, the proposed best, and are near-duplicates of it. The result
// depends on the photos alone, not on the order in which they came.
//
// Memory: about 75 bytes per photo of the library, and some 80 MB of sketches and vectors of
// those being compared. Time for 1,000,000 photos on one core: about 10 s for the candidates,
// then about 3 ms for each photo that has one.
func Near(ctx context.Context, src Source, t Thresholds, progress Progress) (Result, error) {
	if progress == nil {
		progress = func(string, int, int) {}
	}
	var prints []store.Print
	progress(JobRead, 0, 0)
	if err := src.Prints(ctx, func(p store.Print) error {
		prints = append(prints, p)
		return nil
	}); err != nil {
		return Result{}, fmt.Errorf("find near-duplicates: %w", err)
	}
	pairs, err := candidates(ctx, prints, func(done, total int) {
		progress(JobHash, done*len(prints)/total, len(prints))
	})
	if err != nil {
		return Result{}, fmt.Errorf("find near-duplicates: %w", err)
	}
	f := finder{src: src, t: t, prints: prints, unseen: map[library.PhotoID]bool{}}
	if f.cosine, err = f.unrelated(ctx); err != nil {
		return Result{}, fmt.Errorf("find near-duplicates: %w", err)
	}
	if f.distinct, err = f.keptBoth(ctx, pairs); err != nil {
		return Result{}, fmt.Errorf("find near-duplicates: %w", err)
	}
	done := 0
	for _, bunch := range bunches(pairs) {
		progress(JobCompare, done, len(pairs))
		if err := f.bunch(ctx, bunch); err != nil {
			return Result{}, fmt.Errorf("find near-duplicates: %w", err)
		}
		done += len(bunch)
	}
	progress(JobCompare, len(pairs), len(pairs))
	slices.SortFunc(f.groups, func(a, b Group) int { return strings.Compare(a.Photos[0].Path, b.Photos[0].Path) })
	return Result{Groups: f.groups, Unseen: len(f.unseen)}, nil
}

type finder struct {
	src      Source
	t        Thresholds
	prints   []store.Print
	cosine   float64 // vectors of a pair are at least this near; -1: not asked for
	distinct map[[2]library.PhotoID]bool
	groups   []Group
	unseen   map[library.PhotoID]bool
}

// bunches cuts the pairs into sets that have no photo in common, in order of their smallest
// photo, and joins small ones until they are worth a query.
func bunches(pairs []pair) [][]pair {
	parent := map[int32]int32{}
	var find func(i int32) int32
	find = func(i int32) int32 {
		p, ok := parent[i]
		if !ok || p == i {
			return i
		}
		root := find(p)
		parent[i] = root
		return root
	}
	for _, p := range pairs {
		a, b := find(p.a), find(p.b)
		parent[max(a, b)] = min(a, b)
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return int(find(x.a) - find(y.a)) })
	const worth = 500
	var out [][]pair
	start := 0
	for i := range pairs {
		if i > start+worth && find(pairs[i].a) != find(pairs[i-1].a) {
			out = append(out, pairs[start:i])
			start = i
		}
	}
	if start < len(pairs) {
		out = append(out, pairs[start:])
	}
	return out
}

// bunch compares the pairs of some photos and groups those that agree.
func (f *finder) bunch(ctx context.Context, pairs []pair) error {
	if len(f.distinct) > 0 {
		pairs = slices.DeleteFunc(pairs, func(p pair) bool {
			return f.distinct[pairKey(f.prints[p.a].Photo, f.prints[p.b].Photo)]
		})
	}
	pairs, err := f.byVectors(ctx, pairs)
	if err != nil || len(pairs) == 0 {
		return err
	}
	var ids []library.PhotoID
	for _, i := range members(pairs) {
		ids = append(ids, f.prints[i].Photo)
	}
	known, err := f.src.Alikes(ctx, ids)
	if err != nil {
		return err
	}
	photos := make(map[library.PhotoID]*store.Alike, len(known))
	for i := range known {
		photos[known[i].Photo] = &known[i]
	}
	agree, err := f.look(ctx, pairs, photos)
	if err != nil {
		return err
	}
	f.group(agree, known)
	return nil
}

// members lists the photos of pairs, each once, in order.
func members(pairs []pair) []int32 {
	out := make([]int32, 0, 2*len(pairs))
	for _, p := range pairs {
		out = append(out, p.a, p.b)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// byVectors keeps the pairs whose vectors are near. Photos that no model has looked at yet
// are left to the next search.
func (f *finder) byVectors(ctx context.Context, pairs []pair) ([]pair, error) {
	if f.cosine < 0 {
		return pairs, nil
	}
	const chunk = 2000
	var out []pair
	for len(pairs) > 0 {
		now := pairs[:min(chunk, len(pairs))]
		pairs = pairs[len(now):]
		var ids []library.PhotoID
		for _, i := range members(now) {
			ids = append(ids, f.prints[i].Photo)
		}
		vectors, err := f.src.Vectors(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, p := range now {
			a, b := vectors[f.prints[p.a].Photo], vectors[f.prints[p.b].Photo]
			if a != nil && b != nil && dot(a, b) >= f.cosine {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

func dot(a, b []float32) float64 {
	var sum float32
	for i := range min(len(a), len(b)) {
		sum += a[i] * b[i]
	}
	return float64(sum)
}

// keptSketches is how many sketches are kept while pairs are compared.
const keptSketches = 2048

// look lays pictures over each other and returns the pairs that agree.
func (f *finder) look(ctx context.Context, pairs []pair, photos map[library.PhotoID]*store.Alike) ([]pair, error) {
	var out []pair
	sketches := map[library.PhotoID]*Sketch{}
	const chunk = 256
	for len(pairs) > 0 {
		now := pairs[:min(chunk, len(pairs))]
		pairs = pairs[len(now):]
		if len(sketches) > keptSketches {
			clear(sketches)
		}
		var missing []*store.Alike
		for _, i := range members(now) {
			id := f.prints[i].Photo
			if _, ok := sketches[id]; !ok && photos[id] != nil && !f.unseen[id] {
				missing = append(missing, photos[id])
			}
		}
		made := make([]*Sketch, len(missing))
		g, inner := errgroup.WithContext(ctx)
		g.SetLimit(workers())
		for i, p := range missing {
			g.Go(func() error {
				s, err := f.src.Sketch(inner, p.Picture)
				if errors.Is(err, library.ErrNotFound) {
					return nil
				}
				made[i] = s
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		for i, p := range missing {
			if made[i] == nil {
				f.unseen[p.Photo] = true
				continue
			}
			sketches[p.Photo] = made[i]
		}
		same := make([]bool, len(now))
		g, inner = errgroup.WithContext(ctx)
		g.SetLimit(workers())
		for i, p := range now {
			a, b := sketches[f.prints[p.a].Photo], sketches[f.prints[p.b].Photo]
			if a == nil || b == nil {
				continue
			}
			g.Go(func() error {
				same[i] = f.t.Hold(Compare(a, b))
				return context.Cause(inner)
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		for i, p := range now {
			if same[i] {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// Hold reports whether two pictures that agree so far are near-duplicates.
func (t Thresholds) Hold(a Agreement) bool {
	return a.Contrast >= t.Contrast && a.Correlation >= t.Correlation && a.Local >= t.Local && a.Overlap >= t.Overlap
}

// group gathers around each photo, the best first, what agrees with it and is not taken yet.
func (f *finder) group(agree []pair, known []store.Alike) {
	near := map[library.PhotoID][]library.PhotoID{}
	for _, p := range agree {
		a, b := f.prints[p.a].Photo, f.prints[p.b].Photo
		near[a], near[b] = append(near[a], b), append(near[b], a)
	}
	slices.SortFunc(known, func(a, b store.Alike) int { return byScore(&a, &b) })
	taken := map[library.PhotoID]bool{}
	for i := range known {
		best := &known[i]
		if taken[best.Photo] || len(near[best.Photo]) == 0 {
			continue
		}
		g := Group{Photos: []store.Alike{*best}}
	next:
		for j := range known {
			p := &known[j]
			if taken[p.Photo] || !slices.Contains(near[best.Photo], p.Photo) {
				continue
			}
			for _, m := range g.Photos {
				if f.distinct[pairKey(m.Photo, p.Photo)] {
					continue next
				}
			}
			g.Photos = append(g.Photos, *p)
			taken[p.Photo] = true
		}
		if len(g.Photos) > 1 {
			taken[best.Photo] = true
			g.Why = Best(g.Photos)
			f.groups = append(f.groups, g)
		}
	}
}

func pairKey(a, b library.PhotoID) [2]library.PhotoID {
	return [2]library.PhotoID{min(a, b), max(a, b)}
}

// keptBoth reads the pairs that the person keeps both.
func (f *finder) keptBoth(ctx context.Context, pairs []pair) (map[[2]library.PhotoID]bool, error) {
	out := map[[2]library.PhotoID]bool{}
	if len(pairs) == 0 {
		return out, nil
	}
	err := f.src.Distinct(ctx, func(a, b library.PhotoID) { out[pairKey(a, b)] = true })
	return out, err
}

// The sample that unrelated takes: photos, and how many unrelated pairs say enough.
const (
	samplePhotos = 300
	samplePairs  = 200
	farBits      = 22 // by which hashes of unrelated pictures differ at least
)

// unrelated returns how near the vectors of a pair must be in this library: nearer than
// those of Thresholds.Unrelated of the pairs of photos that have nothing to do with each
// other by their hashes. A library that is too small to tell asks nothing of the vectors
// (-1); the look decides there.
func (f *finder) unrelated(ctx context.Context) (float64, error) {
	step := max(1, len(f.prints)/samplePhotos)
	var sample []store.Print
	for i := 0; i < len(f.prints) && len(sample) < samplePhotos; i += step {
		sample = append(sample, f.prints[i]) // in order of their digests: as good as at random
	}
	var ids []library.PhotoID
	for _, p := range sample {
		ids = append(ids, p.Photo)
	}
	vectors, err := f.src.Vectors(ctx, ids)
	if err != nil {
		return 0, err
	}
	var cosines []float64
	for i, a := range sample {
		for _, b := range sample[i+1:] {
			v, w := vectors[a.Photo], vectors[b.Photo]
			if v != nil && w != nil && bits.OnesCount64(a.Hash^b.Hash) >= farBits {
				cosines = append(cosines, dot(v, w))
			}
		}
	}
	if len(cosines) < samplePairs {
		return -1, nil
	}
	slices.Sort(cosines)
	return cosines[min(len(cosines)-1, int(f.t.Unrelated*float64(len(cosines))))], nil
}
