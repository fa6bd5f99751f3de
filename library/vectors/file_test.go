package vectors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"descry/library"
)

const fileDim = 8

// params are those of an index of s that keeps its files in dir.
func params(s Source, dir string) Params {
	return Params{
		Source: s, Space: library.Space{ID: 1, Digest: "digest", Model: "test", Dim: fileDim}, Dir: dir, Library: "library",
	}
}

// openIn opens an index that keeps its files in a folder.
func openIn(t testing.TB, p Params) *Index {
	t.Helper()
	if !canMap {
		t.Skip("this system maps no files")
	}
	x, err := Open(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

// fromMemory is what an index of a source in memory answers.
func fromMemory(t testing.TB, s *table) string {
	t.Helper()
	m, err := Open(context.Background(), Params{Source: s, Space: params(s, "").Space})
	if err != nil {
		t.Fatal(err)
	}
	want, err := answers(m.View())
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// wantSame compares an index with one in memory of the same source: photos, cosines, the best.
func wantSame(t testing.TB, x *Index, s *table) {
	t.Helper()
	wantAnswers(t, x, fromMemory(t, s))
}

// wantAnswers compares what an index answers. One that meets damage is refreshed once.
func wantAnswers(t testing.TB, x *Index, want string) {
	t.Helper()
	got, err := answers(x.View())
	if errors.Is(err, ErrDamaged) {
		if err := x.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		got, err = answers(x.View())
	}
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Fatalf("other answers than from memory:\n%.300s\n%.300s", got, want)
	}
}

// answers is what a View says, as text, by the photos: rows of vectors that belong to none may
// lie anywhere.
func answers(v *View) (string, error) {
	var b bytes.Buffer
	r := rand.New(rand.NewPCG(11, 12))
	for range 2 {
		q := unit(r, v.Dim())
		bits := make([]uint64, (v.Count()+63)/64)
		var shown []int32
		for i := range v.Count() {
			if v.RowOf(i) >= 0 {
				bits[i/64] |= 1 << (i % 64)
				shown = append(shown, int32(i))
			}
		}
		top, cosines, err := v.Top(q, bits, 100)
		if err != nil {
			return "", err
		}
		for i, n := range top {
			fmt.Fprintf(&b, "%d %x,", v.Photos()[v.RowOf(int(n))], cosines[i])
		}
		all := make([]float32, len(shown))
		if err := v.Exact(q, shown, all); err != nil {
			return "", err
		}
		near := make([]float32, v.Count())
		bound, err := v.Near(q, bits, near)
		if err != nil {
			return "", err
		}
		for i, n := range shown {
			fmt.Fprintf(&b, "%d %x;", v.Photos()[v.RowOf(int(n))], all[i])
			if d := near[n] - all[i]; d > bound || -d > bound {
				return "", fmt.Errorf("vector %d is off by %g, not %g", n, d, bound)
			}
		}
	}
	return b.String(), nil
}

// some is a source of n vectors.
func some(n int) *table { return filled(scenes()[0], n, fileDim) }

func TestFileServesAsMemoryDoes(t *testing.T) {
	s := some(2*blockRows + 100)
	s.rows[5].Photo, s.rows[9].Photo = 4, 0 // a second view, a vector of no photo
	dir := t.TempDir()
	x := openIn(t, params(s, dir))
	wantSame(t, x, s)
	if x.file == nil || x.file.slot.blocks != 2 || len(x.rows.seqs) != 99 {
		t.Fatalf("not in the file: %+v", x.file)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	wantSame(t, x, s) // what was open stays readable

	s.reads, s.follows = 0, 0
	x = openIn(t, params(s, dir))
	if s.reads != 99 || s.follows != 0 {
		t.Errorf("%d vectors were read again and the photos asked for %d times", s.reads, s.follows)
	}
	wantSame(t, x, s)

	r := rand.New(rand.NewPCG(1, 1))
	for i := range 2 * blockRows {
		s.add(r, fileDim, library.PhotoID(20_000+i))
	}
	refresh(t, x)
	if x.file.slot.blocks != 4 {
		t.Errorf("%d blocks", x.file.slot.blocks)
	}
	wantSame(t, x, s)
	s.change(func() { s.rows[77].Photo = 0 })
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	s.follows = 0
	x = openIn(t, params(s, dir))
	if s.follows != 1 {
		t.Errorf("the photos were asked for %d times after a change", s.follows)
	}
	wantSame(t, x, s)
}

// TestStaleFiles opens files that are not those of the library as it is.
func TestStaleFiles(t *testing.T) {
	const n = 2*blockRows + 10
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, s *table, p *Params)
		keep bool // the file is of use
	}{
		{"nothing changed", func(*testing.T, *table, *Params) {}, true},
		{"another library", func(_ *testing.T, _ *table, p *Params) { p.Library = "other" }, false},
		{"another model of the same name", func(t *testing.T, _ *table, p *Params) {
			old := sideName(*p)
			p.Space.Digest = "other"
			if err := os.Rename(old, sideName(*p)); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a backup that lacks the end", func(_ *testing.T, s *table, _ *Params) { s.rows = s.rows[:blockRows+5] }, false},
		{"a backup, and other vectors since", func(_ *testing.T, s *table, _ *Params) {
			s.rows = s.rows[:blockRows+5]
			r := rand.New(rand.NewPCG(8, 8))
			for i := range blockRows {
				s.add(r, fileDim, library.PhotoID(50_000+i))
			}
		}, false},
		{"a backup, and the same vectors in another order since", func(_ *testing.T, s *table, _ *Params) {
			a, b := &s.rows[blockRows+7], &s.rows[blockRows+8]
			a.Data, b.Data, a.Photo, b.Photo = b.Data, a.Data, b.Photo, a.Photo
			for i := blockRows + 7; i < n; i++ {
				s.rows[i].Mark++
			}
		}, false},
		{"a backup that only lacks what is not in the file", func(_ *testing.T, s *table, _ *Params) { s.rows = s.rows[:n-3] }, true},
		{"an older library without marks, of another end", func(t *testing.T, s *table, p *Params) {
			for i := range s.rows {
				s.rows[i].Mark = 0
			}
			x := openIn(t, *p) // makes the file anew
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			s.rows[2*blockRows-1].Data = s.rows[0].Data
		}, false},
		{"no vectors any more", func(_ *testing.T, s *table, _ *Params) { s.rows = nil }, false},
		{"longer than it says", func(t *testing.T, _ *table, p *Params) {
			f, err := os.OpenFile(sideName(*p), os.O_WRONLY|os.O_APPEND, 0)
			if err == nil {
				_, err = f.Write(make([]byte, 999_999))
				err = errors.Join(err, f.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}, true},
		{"owners of a later state", func(t *testing.T, s *table, p *Params) { s.generation-- }, true},
		{"no owners", func(t *testing.T, _ *table, p *Params) {
			if err := os.Remove(sideName(*p) + ".owners"); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a folder instead", func(t *testing.T, _ *table, p *Params) {
			if err := errors.Join(os.Remove(sideName(*p)), os.Mkdir(sideName(*p), 0o700)); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := some(n)
			p := params(s, t.TempDir())
			if err := openIn(t, p).Close(); err != nil {
				t.Fatal(err)
			}
			tt.do(t, s, &p)
			s.reads = 0
			x := openIn(t, p)
			if kept := s.reads < blockRows && len(s.rows) > 0; kept != tt.keep {
				t.Errorf("the file was kept: %v (%d vectors read)", kept, s.reads)
			}
			wantSame(t, x, s)
		})
	}
}

func TestForgottenVectorsLeaveTheFile(t *testing.T) {
	s := some(2*blockRows + 10)
	p := params(s, t.TempDir())
	x := openIn(t, p)
	if err := x.SetReference(t.Context(), "a", referenceVectors(5, fileDim)); err != nil {
		t.Fatal(err)
	}
	old := x.View()
	gone := []int{3, 4, blockRows - 1, blockRows + 9, 2*blockRows + 3}
	var traces [][]byte
	for _, i := range gone {
		traces = append(traces, s.rows[i].Data)
	}
	s.change(func() {
		for _, i := range slices.Backward(gone) {
			s.rows = slices.Delete(s.rows, i, i+1)
		}
	})
	refresh(t, x)
	file, err := os.ReadFile(sideName(p))
	if err != nil {
		t.Fatal(err)
	}
	for i, trace := range traces {
		if bytes.Contains(file, trace) {
			t.Errorf("vector %d is still in the file", gone[i])
		}
	}
	wantSame(t, x, s)
	if _, err := os.Stat(sideName(p) + ".reference"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what compares forgotten vectors is still there: %v", err)
	}
	if _, err := old.Near(unit(rand.New(rand.NewPCG(1, 1)), fileDim), nil, make([]float32, old.Count())); err != nil {
		t.Errorf("an old view: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	s.reads = 0
	x = openIn(t, p)
	if s.reads > 100 {
		t.Errorf("%d vectors were read again", s.reads)
	}
	wantSame(t, x, s)
}

func TestCompaction(t *testing.T) {
	s := some(2*blockRows + 10)
	p := params(s, t.TempDir())
	x := openIn(t, p)
	old := x.View()
	before, err := answers(old)
	if err != nil {
		t.Fatal(err)
	}
	s.change(func() {
		for i := range 2*blockRows + 10 {
			if i%3 == 0 {
				s.rows[i].Photo = 0
			}
		}
	})
	refresh(t, x)
	if x.file.slot.blocks != 1 || x.View().Count() != x.Len() {
		t.Errorf("%d blocks, %d vectors of %d photos", x.file.slot.blocks, x.View().Count(), x.Len())
	}
	wantSame(t, x, s)
	if after, err := answers(old); err != nil || after != before {
		t.Errorf("an old view changed: %v", err)
	}
	s.change(func() { s.rows[0].Photo = 1 }) // and one comes back
	refresh(t, x)
	wantSame(t, x, s)
}

// TestOneWrites opens the files twice: who comes second reads.
func TestOneWrites(t *testing.T) {
	s := some(blockRows + 10)
	p := params(s, t.TempDir())
	a := openIn(t, p)
	b := openIn(t, p)
	if !a.file.writable() || b.file == nil || b.file.writable() {
		t.Fatalf("writable: %v and %v", a.file.writable(), b.file.writable())
	}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 2 * blockRows {
		s.add(r, fileDim, library.PhotoID(20_000+i))
	}
	refresh(t, b)
	wantSame(t, b, s)
	if info, err := os.Stat(sideName(p)); err != nil || info.Size() != b.file.place(1) {
		t.Errorf("the second one wrote: %v", err)
	}
	refresh(t, a)
	wantSame(t, a, s)
	// Much is of no use to the second one, which leaves the file alone.
	s.change(func() {
		for i := range blockRows / 2 {
			s.rows[i].Photo = 0
		}
	})
	for range 2 {
		s.reads = 0
		refresh(t, b)
		wantSame(t, b, s)
	}
	if s.reads > len(s.rows) { // by wantSame
		t.Errorf("%d vectors were read", s.reads)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	refresh(t, b)
	if !b.file.writable() {
		t.Error("the second one does not take over")
	}
	wantSame(t, b, s)
}

func TestReferencesAreKept(t *testing.T) {
	s := some(blockRows + 10)
	p := params(s, t.TempDir())
	x := openIn(t, p)
	if err := errors.Join(x.SetReference(t.Context(), "a", referenceVectors(200, fileDim)), x.Close()); err != nil {
		t.Fatal(err)
	}
	mean, hub := x.View().Backdrop()
	x = openIn(t, p)
	none := func(context.Context) ([][]float32, error) { return nil, errors.New("asked for") }
	if err := x.SetReference(t.Context(), "a", none); err != nil {
		t.Fatal(err)
	}
	m, h := x.View().Backdrop()
	if !slices.Equal(m, mean) || !slices.Equal(h, hub) {
		t.Error("other numbers than before")
	}
	if err := x.SetReference(t.Context(), "b", none); err == nil {
		t.Error("the references of another key were taken")
	}
	if err := x.SetReference(t.Context(), "b", referenceVectors(201, fileDim)); err != nil {
		t.Fatal(err)
	}
	if m, _ := x.View().Backdrop(); slices.Equal(m, mean) {
		t.Error("the numbers of other references were kept")
	}
}

func TestReadingWhileTheFileGrows(t *testing.T) {
	s := some(blockRows - 100)
	x := openIn(t, params(s, t.TempDir()))
	var wg sync.WaitGroup
	done := make(chan struct{})
	for i := range 2 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(6, uint64(i)))
			for {
				select {
				case <-done:
					return
				default:
					v := x.View()
					if _, _, err := v.Top(unit(r, fileDim), nil, 10); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(5, 5))
	for i := range 60 {
		for k := range 100 {
			s.add(r, fileDim, library.PhotoID(10_000+100*i+k))
		}
		if i%20 == 19 {
			s.change(func() { s.rows = slices.Delete(s.rows, i, i+2) })
		}
		refresh(t, x)
	}
	close(done)
	wg.Wait()
	wantSame(t, x, s)
}

// TestMemoryDoesNotGrowWithTheVectors opens a file of vectors of some size.
func TestMemoryDoesNotGrowWithTheVectors(t *testing.T) {
	const dim, n = 256, 8 * blockRows
	s := filled(scene{next: likeCLIP}, n, dim)
	p := params(s, t.TempDir())
	p.Space.Dim = dim
	if err := openIn(t, p).Close(); err != nil {
		t.Fatal(err)
	}
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	x := openIn(t, p)
	if _, _, err := x.View().Top(unit(rand.New(rand.NewPCG(1, 1)), dim), nil, 10); err != nil {
		t.Fatal(err)
	}
	const column = 8 + 4 + 8 + 4 + 4 // owner, row, photo, row of the photo, and that again in the View
	if grown := heap() - before; grown > n*column+1<<20 {
		t.Errorf("%d bytes for %d vectors", grown, n)
	}
	runtime.KeepAlive(x)
	runtime.KeepAlive(s)
}
