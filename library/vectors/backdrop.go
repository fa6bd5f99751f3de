package vectors

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"descry/internal/float16"
)

// hubNeighbours is of how many of the nearest reference vectors the mean cosine tells how much
// of a hub a vector is (k of "Nearest neighbor normalization improves multimodal retrieval",
// EMNLP 2024). The paper has 128, of very many captions; of a few hundred phrases 4 do best
// (docs/quality.md).
const hubNeighbours = 4

// fixed is what 1 becomes as a number of a reference, and of a vector that is compared with
// one. Products of two unit vectors then are at most 2^30, and so is what any part of them
// adds up to (Cauchy and Schwarz).
const fixed = 1 << 15

// references are the vectors that Backdrop speaks of, as whole numbers.
type references struct {
	key    string
	n      int
	stride int
	rows   []int16
	// table is the whole number for each float16.
	table []int16
}

// newReferences makes references of vectors of any length but 0.
func newReferences(key string, vectors [][]float32, l layout) (*references, error) {
	stride := l.exact
	r := &references{key: key, n: len(vectors), stride: stride, rows: make([]int16, len(vectors)*stride)}
	for i, v := range vectors {
		if len(v) != l.dim {
			return nil, fmt.Errorf("a vector of %d numbers for vectors of %d", len(v), l.dim)
		}
		var length float64
		for _, x := range v {
			length += float64(float64(x) * float64(x))
		}
		if length = math.Sqrt(length); length == 0 || math.IsNaN(length) || math.IsInf(length, 0) {
			return nil, fmt.Errorf("one has the length %g", length)
		}
		for d, x := range v {
			r.rows[i*stride+d] = toFixed(float64(x) / length)
		}
	}
	r.fillTable()
	return r, nil
}

func (r *references) fillTable() {
	r.table = make([]int16, 1<<16)
	for h := range r.table {
		r.table[h] = toFixed(float64(float16.Value(uint16(h))))
	}
}

// toFixed limits to what fits; NaN, which no row holds, becomes 0.
func toFixed(x float64) int16 {
	if math.IsNaN(x) {
		return 0
	}
	return int16(min(max(math.RoundToEven(x*fixed), -fixed+1), fixed-1))
}

// compare writes the two numbers of Backdrop for some float16 rows.
func (r *references) compare(k kernel, mean, hub []float32, rows []uint16) {
	const most = 64
	n := min(len(mean), most)
	whole, found := make([]int16, n*r.stride), make([]int32, n*r.n)
	for from := 0; from < len(mean); from += most {
		n := min(len(mean)-from, most)
		for i := range n {
			row := whole[i*r.stride:][:r.stride]
			var square int64
			for d, h := range rows[(from+i)*r.stride:][:r.stride] {
				row[d] = r.table[h]
				square += int64(row[d]) * int64(row[d])
			}
			if square > fixed*fixed*3/2 {
				clear(row) // no unit vector; its products might not fit
			}
		}
		k.products(found[:n*r.n], whole[:n*r.stride], r.rows, r.stride)
		for i := range n {
			mean[from+i], hub[from+i] = summary(found[i*r.n:][:r.n])
		}
	}
}

// summary is the mean of some products, and of the hubNeighbours greatest. It reorders them.
func summary(products []int32) (mean, hub float32) {
	var all, best int64
	for _, p := range products {
		all += int64(p)
	}
	m := min(hubNeighbours, len(products))
	greatest(products, m)
	for _, p := range products[:m] {
		best += int64(p)
	}
	return float32(float64(all) / float64(len(products)) / (fixed * fixed)), float32(float64(best) / float64(m) / (fixed * fixed))
}

// greatest moves the m greatest values to the front (Hoare's selection).
func greatest(v []int32, m int) {
	for len(v) > m && m > 0 {
		if len(v) <= 16 {
			slices.SortFunc(v, func(a, b int32) int { return int(int64(b) - int64(a)) })
			return
		}
		a, b, c := v[0], v[len(v)/2], v[len(v)-1]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := 0, len(v)-1
		for i <= j {
			for v[i] > pivot {
				i++
			}
			for v[j] < pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch { // v[:j+1] ≥ pivot ≥ v[i:]
		case m <= j+1:
			v = v[:j+1]
		case m >= i:
			v, m = v[i:], m-i
		default:
			return
		}
	}
}

// SetReference makes Backdrop say how near each vector is to some reference vectors, of any
// length but 0 and any number from 1 to 65536. key names them, and whatever they depend on: with
// another key all is worked out anew. refs, which returns them, is called when they are not at
// hand. Views made from now on have the numbers, also of vectors that come in later.
func (x *Index) SetReference(ctx context.Context, key string, refs func(context.Context) ([][]float32, error)) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.refs != nil && x.refs.key == key {
		return nil
	}
	r, err := x.reference(ctx, key, refs)
	if err != nil {
		return fmt.Errorf("compare with reference vectors: %w", err)
	}
	x.refs, x.mean, x.hub = r, nil, nil
	err = x.compare(ctx)
	if errors.Is(err, ErrDamaged) {
		x.damaged.Store(true)
		err = x.refresh(ctx) // compares, too
	}
	if err != nil {
		return fmt.Errorf("compare with reference vectors: %w", err)
	}
	x.publish()
	return nil
}

// reference takes the references from the file that keeps them, or makes them.
func (x *Index) reference(ctx context.Context, key string, refs func(context.Context) ([][]float32, error)) (*references, error) {
	if x.file != nil {
		file, r, err := x.file.openReference(key)
		if err == nil {
			return r, file.f.Close()
		}
	}
	vectors, err := refs(ctx)
	if err != nil {
		return nil, err
	}
	if len(vectors) == 0 || len(vectors) > maxReferences {
		return nil, fmt.Errorf("there are %d", len(vectors))
	}
	r, err := newReferences(key, vectors, x.layout)
	if err == nil && x.file.writable() {
		if err := x.file.makeReference(r); err != nil {
			x.p.Log.Warn("the reference vectors cannot be written", "error", err)
		}
	}
	return r, err
}

// compare works out the numbers of Backdrop for the vectors that have none yet.
func (x *Index) compare(ctx context.Context) error {
	if x.refs == nil {
		return nil
	}
	v := x.snapshot()
	var kept *referenceFile
	if x.file != nil && len(x.mean) < x.file.blocks*blockRows {
		// Without it all is worked out.
		if kept, _, _ = x.file.openReference(x.refs.key); kept != nil {
			defer kept.f.Close()
		}
	}
	for len(x.mean) < v.n {
		from := len(x.mean)
		k := from / blockRows
		to := min((k+1)*blockRows, v.n)
		inFile := kept != nil && k < x.file.blocks
		if inFile && from%blockRows == 0 {
			if mean, hub, ok := kept.record(x.file.header.nonce, k); ok {
				x.mean, x.hub = append(x.mean, mean...), append(x.hub, hub...)
				continue
			}
		}
		mean, hub, err := x.compareRows(ctx, v, k, from%blockRows, to-from)
		if err != nil {
			return err
		}
		x.mean, x.hub = append(x.mean, mean...), append(x.hub, hub...)
		if inFile && kept.writable && to == (k+1)*blockRows {
			if err := kept.put(x.file.header.nonce, k, x.mean[k*blockRows:], x.hub[k*blockRows:]); err != nil {
				x.p.Log.Warn("what was worked out for vectors cannot be written", "error", err)
				kept.writable = false
			}
		}
	}
	return nil
}

// compareRows works out the numbers for n rows of a block.
func (x *Index) compareRows(ctx context.Context, v *View, k, from, n int) (mean, hub []float32, err error) {
	rows, err := v.exactRows(k)
	if err != nil {
		return nil, nil, err
	}
	const chunk = 256
	stride := x.layout.exact
	mean, hub = make([]float32, n), make([]float32, n)
	return mean, hub, v.each((n+chunk-1)/chunk, func(c int) error {
		a, b := c*chunk, min((c+1)*chunk, n)
		x.refs.compare(x.kernel, mean[a:b], hub[a:b], rows[(from+a)*stride:])
		return context.Cause(ctx)
	})
}
