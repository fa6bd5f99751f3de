package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"descry/internal/float16"
	"descry/library"
	"descry/library/store"
	"descry/library/vectors"
)

// The vectors that are searched, and for what.
const (
	vectorCount   = 1_000_000
	vectorDim     = 512
	vectorQueries = 100
	vectorBest    = 100
	vectorTries   = 9
	vectorFloats  = 20 // queries that are compared with float32
)

// measureVectors measures the search for vectors by itself, in a file that is mapped.
func measureVectors(ctx context.Context, m *machine) (rows []row, err error) {
	dir := filepath.Join(m.dir, "vectors")
	space := newClipLike(m.scaled(vectorCount))
	n := thousands(space.n)
	began := time.Now()
	x, err := vectors.Open(ctx, space.params(dir))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	m.say("  %s vectors written in %.0f s", n, time.Since(began).Seconds())
	queries := space.queries()

	identical, again := 0, 0
	for _, q := range queries {
		same, looked, err := sameBest(x.View(), q)
		if err != nil {
			return nil, err
		}
		again += looked
		if same {
			identical++
		}
	}
	rows = append(rows, row{
		what: fmt.Sprintf("best %d of %s vectors, %d queries: against an exact scan of the float16 numbers", vectorBest, n, vectorQueries),
		measured: fmt.Sprintf("identical for %d; %.2f %% of the vectors looked at twice", identical,
			100*float64(again)/float64(vectorQueries*space.n)),
		promise: "identical", ok: identical == vectorQueries,
	})
	recall, err := space.recall(x.View(), queries[:vectorFloats])
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{
		what:     fmt.Sprintf("the same, %d queries: recall against float32", vectorFloats),
		measured: fmt.Sprintf("%.4f", recall), promise: "at least 0.998", ok: recall >= 0.998,
	})

	scan, read, few, err := scanTimes(x.View(), queries)
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{
		what:     fmt.Sprintf("comparing a query with %s vectors of %d numbers, 1 thread, best of %d", n, vectorDim, vectorTries),
		measured: fmt.Sprintf("×%.2f of reading the int8 numbers once (%.1f ms, %.1f ms)", scan/read, scan, read),
		promise:  "at most ×1.5", ok: scan <= 1.5*read,
	}, row{
		what:     "the same with a filter that keeps 10 %",
		measured: fmt.Sprintf("×%.2f of the time without (%.1f ms)", few/scan, few),
		promise:  "less than without", ok: few < scan,
	})

	if err := x.Close(); err != nil { // what is not written yet is written now
		return nil, err
	}
	opened, err := openElsewhere(ctx, dir, space.n)
	if err != nil {
		return nil, err
	}
	return append(rows, row{
		what:     fmt.Sprintf("opening the file of %s vectors and finding the best %d, by a new process", n, vectorBest),
		measured: fmt.Sprintf("%.0f ms, %.0f MB of anonymous memory", opened.MS, opened.MB),
		promise:  "less than 1.5 s and 500 MB", ok: opened.MS < 1500 && opened.MB < 500,
	}), nil
}

// sameBest reports whether the best vectors are those of an exact scan, in its order, and how
// many were looked at twice for that.
func sameBest(v *vectors.View, q []float32) (same bool, again int, err error) {
	best, cosines, err := v.Top(q, nil, vectorBest)
	if err != nil {
		return false, 0, err
	}
	exact := make([]float32, v.Count())
	v.ScanEach(q, exact)
	want := bestOf(exact)
	same = slices.Equal(best, want)
	for i, n := range best {
		same = same && cosines[i] == exact[n]
	}
	near := make([]float32, v.Count())
	bound, err := v.Near(q, nil, near)
	if err != nil {
		return false, 0, err
	}
	last := bestOf(near)
	least := near[last[len(last)-1]] - 2*bound
	for _, s := range near {
		if s >= least {
			again++
		}
	}
	return same, again, nil
}

// bestOf is the places of the greatest values, the greatest first, of equal ones the first.
func bestOf(values []float32) []int32 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	least := sorted[max(0, len(sorted)-vectorBest)]
	var found []int32
	for i, v := range values {
		if v >= least {
			found = append(found, int32(i))
		}
	}
	slices.SortStableFunc(found, func(a, b int32) int {
		switch {
		case values[a] > values[b]:
			return -1
		case values[a] < values[b]:
			return 1
		}
		return 0
	})
	return found[:min(len(found), vectorBest)]
}

// scanTimes is how many milliseconds it takes, on one thread and at best, to compare a query
// with all vectors, to read them, and to compare it with one in ten.
func scanTimes(v *vectors.View, queries [][]float32) (scan, read, few float64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rng := rand.New(rand.NewPCG(3, 4))
	bits := make([]uint64, (v.Count()+63)/64)
	for i := range v.Count() {
		if rng.IntN(10) == 0 {
			bits[i/64] |= 1 << (i % 64)
		}
	}
	scan, read, few = math.Inf(1), math.Inf(1), math.Inf(1)
	dst := make([]float32, v.Count())
	for i := range vectorTries {
		began := time.Now()
		_, err := v.Near(queries[i], nil, dst)
		scan = min(scan, milliseconds(began))
		began = time.Now()
		v.ReadThrough()
		read = min(read, milliseconds(began))
		began = time.Now()
		_, errFew := v.Near(queries[i], bits, dst)
		few = min(few, milliseconds(began))
		if err := errors.Join(err, errFew); err != nil {
			return 0, 0, 0, err
		}
	}
	return scan, read, few, nil
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since)) / 1e6 }

// opened is what openVectors says.
type opened struct {
	MS float64 `json:"ms"`
	MB float64 `json:"mb"`
}

// openElsewhere opens the file of n vectors in a new process.
func openElsewhere(ctx context.Context, dir string, n int) (o opened, err error) {
	program, err := os.Executable()
	if err != nil {
		return o, err
	}
	c := exec.CommandContext(ctx, program, "-open-vectors", dir, "-vectors", fmt.Sprint(n))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(out, &o)
}

// openVectors opens the file of n vectors, finds the best for a query and prints what that took.
func openVectors(ctx context.Context, dir string, n int) error {
	space := newClipLike(n)
	q := space.queries()[7]
	began := time.Now()
	x, err := vectors.Open(ctx, space.params(dir))
	if err != nil {
		return err
	}
	best, _, err := x.View().Top(q, nil, vectorBest)
	took := milliseconds(began)
	if err == nil && len(best) != vectorBest {
		err = fmt.Errorf("%d vectors were found", len(best))
	}
	if err != nil {
		return errors.Join(err, x.Close())
	}
	return errors.Join(json.NewEncoder(os.Stdout).Encode(opened{took, now(0).anon}), x.Close())
}

// clipLike is a source of vectors as CLIP's image towers give them: all in a narrow cone about a
// mean, three dimensions large in every one, the others in clusters.
type clipLike struct {
	n        int
	mean     []float32
	clusters [][]float32
	noise    []float32 // any piece of it serves
}

func newClipLike(n int) *clipLike {
	rng := rand.New(rand.NewPCG(1, 2))
	normal := func(n int, spread float64) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(spread * rng.NormFloat64())
		}
		return v
	}
	c := &clipLike{n: n, mean: normal(vectorDim, 0.02), noise: normal(1<<20, 0.018)}
	c.mean[92], c.mean[133], c.mean[411] = 0.65, -0.4, 0.3
	for range 500 {
		c.clusters = append(c.clusters, normal(vectorDim, 0.018))
	}
	return c
}

// vector is the vector with a number, float32.
func (c *clipLike) vector(dst []float32, i int) {
	rng := rand.New(rand.NewPCG(uint64(i), 5))
	cluster := c.clusters[rng.IntN(len(c.clusters))]
	a, b := c.noise[rng.IntN(len(c.noise)-vectorDim):], c.noise[rng.IntN(len(c.noise)-vectorDim):]
	for d := range dst {
		dst[d] = c.mean[d] + cluster[d] + a[d] - b[d]
	}
	unit(dst)
}

// queries are vectors as texts have them: another cone, leaning towards a cluster.
func (c *clipLike) queries() [][]float32 {
	rng := rand.New(rand.NewPCG(6, 7))
	var out [][]float32
	for i := range vectorQueries {
		q := make([]float32, vectorDim)
		for d := range q {
			q[d] = 0.3*c.mean[(d+77)%vectorDim] + 0.6*c.clusters[5*i][d] + 0.03*float32(rng.NormFloat64())
		}
		unit(q)
		out = append(out, q)
	}
	return out
}

// unit makes v of length 1.
func unit(v []float32) {
	var sum float32
	for _, x := range v {
		sum += x * x
	}
	by := 1 / float32(math.Sqrt(float64(sum)))
	for d := range v {
		v[d] *= by
	}
}

// recall is the share of the best vectors by float32 that the view finds, too.
func (c *clipLike) recall(v *vectors.View, queries [][]float32) (float64, error) {
	scores := make([][]float32, len(queries))
	for i := range scores {
		scores[i] = make([]float32, c.n)
	}
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			row := make([]float32, vectorDim)
			for i := w; i < c.n; i += workers {
				c.vector(row, i)
				for k, q := range queries {
					var a, b, e, f float32
					for d := 0; d < vectorDim; d += 4 {
						x, y := row[d:d+4:d+4], q[d:d+4:d+4]
						a += x[0] * y[0]
						b += x[1] * y[1]
						e += x[2] * y[2]
						f += x[3] * y[3]
					}
					scores[k][i] = (a + b) + (e + f)
				}
			}
		})
	}
	wg.Wait()
	found := 0
	for k, q := range queries {
		best, _, err := v.Top(q, nil, vectorBest)
		if err != nil {
			return 0, err
		}
		want := bestOf(scores[k])
		for _, n := range best {
			if slices.Contains(want, n) {
				found++
			}
		}
	}
	return float64(found) / float64(len(queries)*vectorBest), nil
}

func (c *clipLike) params(dir string) vectors.Params {
	return vectors.Params{
		Source: c, Space: library.Space{ID: 1, Digest: "clip", Model: "clip", Dim: vectorDim}, Dir: dir, Library: "bench",
	}
}

// Vectors gives them in order, each to its own photo.
func (c *clipLike) Vectors(ctx context.Context, _ library.SpaceID, after int64, _ int, fn func(store.VectorRow) error) error {
	row, data := make([]float32, vectorDim), make([]byte, 0, 2*vectorDim)
	for i := int(after); i < c.n; i++ {
		if i%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.vector(row, i)
		data = float16.Append(data[:0], row)
		if err := fn(store.VectorRow{Seq: int64(i + 1), Photo: library.PhotoID(i + 1), Data: data, Mark: int64(i + 1)}); err != nil {
			return err
		}
	}
	return nil
}

// VectorPhotos gives each vector its photo.
func (c *clipLike) VectorPhotos(_ context.Context, _ library.SpaceID, fn func(int64, library.PhotoID)) error {
	for i := range c.n {
		fn(int64(i+1), library.PhotoID(i+1))
	}
	return nil
}

// VectorMark knows every vector.
func (c *clipLike) VectorMark(_ context.Context, _ library.SpaceID, seq int64) (int64, []byte, error) {
	return seq, []byte{}, nil
}

// Generation never changes.
func (c *clipLike) Generation(context.Context) (int64, error) { return 1, nil }
