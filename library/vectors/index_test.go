package vectors

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"descry/library"
	"descry/library/store"
)

// table is a Source in memory.
type table struct {
	mu         sync.Mutex
	rows       []store.VectorRow
	generation int64
	broken     int // Vectors fails after this many rows, when set
	reads      int // rows handed out
	follows    int // times that VectorPhotos was asked
}

func (s *table) Vectors(_ context.Context, _ library.SpaceID, after int64, _ int, fn func(store.VectorRow) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.rows {
		if s.broken > 0 && i >= s.broken {
			return errors.New("the disk is gone")
		}
		if r.Seq > after {
			s.reads++
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *table) VectorPhotos(_ context.Context, _ library.SpaceID, fn func(int64, library.PhotoID)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follows++
	for _, r := range s.rows {
		fn(r.Seq, r.Photo)
	}
	return nil
}

func (s *table) VectorMark(_ context.Context, _ library.SpaceID, seq int64) (int64, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.Seq == seq {
			return r.Mark, r.Data, nil
		}
	}
	return 0, nil, nil
}

func (s *table) Generation(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation, nil
}

// change makes a change that is no new vector.
func (s *table) change(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
	s.generation++
}

// add stores vectors of the given photos and returns them as they are after packing.
func (s *table) add(r *rand.Rand, dim int, photos ...library.PhotoID) [][]float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out [][]float32
	for _, p := range photos {
		seq := int64(1)
		if n := len(s.rows); n > 0 {
			seq = s.rows[n-1].Seq + 1
		}
		data := Pack(unit(r, dim))
		s.rows = append(s.rows, store.VectorRow{Seq: seq, Photo: p, Data: data, Mark: r.Int64()})
		out = append(out, Unpack(data))
	}
	return out
}

func unit(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	var sum float64
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// naive is what Scan must give: float64, one by one.
func naive(q, v []float32) float64 {
	var sum float64
	for i := range q {
		sum += float64(q[i]) * float64(v[i])
	}
	return sum
}

func open(t testing.TB, s Source, dim int) *Index {
	t.Helper()
	x, err := Open(context.Background(), Params{Source: s, Space: library.Space{ID: 1, Model: "test", Dim: dim}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestScanAgreesWithNaive(t *testing.T) {
	for _, tt := range []struct{ n, dim int }{
		{0, 8}, {1, 1}, {1, 7}, {3, 8}, {5, 13}, {100, 384}, {blockRows, 16}, {2*blockRows + 1, 24},
	} {
		t.Run(fmt.Sprintf("%d×%d", tt.n, tt.dim), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(tt.n)))
			s := &table{}
			var photos []library.PhotoID
			for i := range tt.n {
				photos = append(photos, library.PhotoID(10+i))
			}
			vs := s.add(r, tt.dim, photos...)
			x := open(t, s, tt.dim)
			if x.Len() != tt.n {
				t.Fatalf("%d rows", x.Len())
			}
			q := unit(r, tt.dim)
			got := make([]float32, tt.n)
			x.Scan(q, got)
			for i, v := range vs {
				if math.Abs(float64(got[i])-naive(q, v)) > 1e-6 || x.Photos()[i] != photos[i] {
					t.Fatalf("row %d: photo %d, %g, want %g", i, x.Photos()[i], got[i], naive(q, v))
				}
			}
		})
	}
}

func TestBestViewOfAPhotoCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	s := &table{}
	vs := s.add(r, 16, 7, 8, 7, 0, 9, 7) // 0: no photo shows it
	x := open(t, s, 16)
	v := x.View()
	want := map[library.PhotoID][]int{7: {0, 2, 5}, 8: {1}, 9: {4}}
	if v.Len() != 3 {
		t.Fatalf("photos %v", v.Photos())
	}
	q := unit(r, 16)
	got := make([]float32, 3)
	v.Scan(q, got)
	for row, p := range v.Photos() {
		best := -2.0
		for _, i := range want[p] {
			best = max(best, naive(q, vs[i]))
		}
		if math.Abs(float64(got[row])-best) > 1e-6 {
			t.Errorf("photo %d: %g, want %g", p, got[row], best)
		}
		if at, ok := v.Row(p); !ok || at != row {
			t.Errorf("photo %d: row %d, %v", p, at, ok)
		}
		if n := len(v.Vectors(p)); n != len(want[p]) {
			t.Errorf("photo %d: %d vectors", p, n)
		}
	}
	if one := v.Vectors(8); naive(one[0], vs[1]) < 0.999 {
		t.Errorf("photo 8: a vector of another")
	}
	if v.Vectors(0) != nil || v.Vectors(99) != nil {
		t.Error("vectors of photos that are not there")
	}
}

func TestRefreshCatchesUpAndOldViewsStand(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	s := &table{}
	s.add(r, 8, 1, 2, 3)
	x := open(t, s, 8)
	old := x.View()
	q := unit(r, 8)
	before := make([]float32, 3)
	old.Scan(q, before)

	s.add(r, 8, 4, 5)
	refresh(t, x)
	if x.Len() != 5 || old.Len() != 3 {
		t.Fatalf("%d and %d photos", x.Len(), old.Len())
	}
	s.change(func() {
		s.rows[1].Photo = 0 // photo 2 shows another picture now
		s.rows[3].Photo = 6 // the picture of 4 is shown by 6
	})
	refresh(t, x)
	if got := fmt.Sprint(x.Photos()); got != "[1 3 6 5]" {
		t.Errorf("photos %s", got)
	}
	again := make([]float32, 3)
	old.Scan(q, again)
	if fmt.Sprint(before) != fmt.Sprint(again) || fmt.Sprint(old.Photos()) != "[1 2 3]" {
		t.Error("an old view changed")
	}
	now := make([]float32, 4)
	x.Scan(q, now)
	if now[0] != before[0] || now[1] != before[2] {
		t.Errorf("scores %v, before %v", now, before)
	}

	s.change(func() { s.rows[1].Photo = 2 }) // and back
	refresh(t, x)
	if got := fmt.Sprint(x.Photos()); got != "[1 2 3 6 5]" {
		t.Errorf("photos %s", got)
	}
	view := x.View()
	s.change(func() {})
	refresh(t, x)
	if x.View() != view {
		t.Error("a new view although nothing changed")
	}
	if s.reads != 5 {
		t.Errorf("%d vectors were read to have 5", s.reads)
	}

	s.change(func() { s.rows = s.rows[3:] }) // forgotten
	refresh(t, x)
	if got := fmt.Sprint(x.Photos()); got != "[6 5]" || len(x.rows.owners) != 2 {
		t.Errorf("photos %s, %d vectors in memory", got, len(x.rows.owners))
	}
	s.change(func() { s.rows = nil })
	refresh(t, x)
	if x.Len() != 0 {
		t.Errorf("photos %v", x.Photos())
	}
}

func TestVectorThatNoPhotoShowedComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	s := &table{}
	s.add(r, 8, 1, 0, 3)
	x := open(t, s, 8)
	if got := fmt.Sprint(x.Photos()); got != "[1 3]" {
		t.Errorf("photos %s", got)
	}
	s.change(func() { s.rows[1].Photo = 2 })
	refresh(t, x)
	if got := fmt.Sprint(x.Photos()); got != "[1 2 3]" {
		t.Errorf("photos %s", got)
	}
}

func refresh(t *testing.T, x *Index) {
	t.Helper()
	if err := x.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestRefreshSaysWhatIsWrongAndKeepsWhatIsWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	s := &table{}
	s.add(r, 8, 1, 2, 3)
	s.broken = 2
	x, err := Open(context.Background(), Params{Source: s, Space: library.Space{Model: "test", Dim: 8}})
	if err == nil {
		t.Error("no error from a broken source")
	}
	if x.Len() != 2 {
		t.Errorf("%d photos", x.Len())
	}
	s.broken = 0
	s.rows = append(s.rows, store.VectorRow{Seq: 4, Photo: 4, Data: []byte{1, 2}})
	if err := x.Refresh(context.Background()); err == nil || x.Len() != 3 {
		t.Errorf("a vector of another length: %v, %d photos", err, x.Len())
	}
}

func TestScanWhileRefreshing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	s := &table{}
	s.add(r, 8, 1)
	x := open(t, s, 8)
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		q := unit(rand.New(rand.NewPCG(6, 6)), 8)
		for {
			select {
			case <-done:
				return
			default:
				v := x.View()
				v.Scan(q, make([]float32, v.Len()))
				v.Row(1)
			}
		}
	})
	for i := range 200 {
		s.add(r, 8, library.PhotoID(i+2))
		refresh(t, x)
	}
	close(done)
	wg.Wait()
	if x.Len() != 201 {
		t.Errorf("%d photos", x.Len())
	}
}

func BenchmarkScan(b *testing.B) {
	const dim = 384
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{10_000, 100_000} {
		s := &table{}
		some := Pack(unit(r, dim))
		for i := range n {
			s.rows = append(s.rows, store.VectorRow{Seq: int64(i + 1), Photo: library.PhotoID(i + 1), Data: some})
		}
		x := open(b, s, dim)
		q, dst := unit(r, dim), make([]float32, n)
		b.Run(fmt.Sprintf("%d×%d", n, dim), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Scan(q, dst)
			}
		})
	}
}
