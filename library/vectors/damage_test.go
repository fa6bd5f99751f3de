package vectors

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"descry/library"
)

// TestCutFiles cuts the file off anywhere.
func TestCutFiles(t *testing.T) {
	s := some(2*blockRows + 10)
	p := params(s, t.TempDir())
	if err := openIn(t, p).Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(sideName(p))
	if err != nil {
		t.Fatal(err)
	}
	want := fromMemory(t, s)
	r := rand.New(rand.NewPCG(2, 3))
	cuts := []int{0, 1, headerSize - 1, headerSize, slotPlace, slotPlace + slotSize, 2*slotPlace + slotSize - 1, 2*slotPlace + slotSize, fileUnit, len(whole) - 1}
	for range 20 {
		cuts = append(cuts, r.IntN(len(whole)))
	}
	for _, cut := range cuts {
		if err := os.WriteFile(sideName(p), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		x := openIn(t, p)
		wantAnswers(t, x, want)
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFlippedBits changes a bit anywhere, in any of the files: no answer changes.
func TestFlippedBits(t *testing.T) {
	s := some(2*blockRows + 10)
	p := params(s, t.TempDir())
	x := openIn(t, p)
	refs := referenceVectors(150, fileDim)
	if err := errors.Join(x.SetReference(t.Context(), "a", refs), x.Close()); err != nil {
		t.Fatal(err)
	}
	want := fromMemory(t, s)
	mean, hub := x.View().Backdrop()
	l := newLayout(fileDim)
	places := map[string][]int{
		"":           {0, 9, 13, 16, 24, 60, 88, slotPlace + 3, slotPlace + 17, 2*slotPlace + 8, 2*slotPlace + 17, 2*slotPlace + 40},
		".owners":    {0, 8, 16, 24, 32, 4000},
		".reference": {0, 8, 12, 16, 50, 60, 3000},
	}
	for i := range blockHead / 3 {
		places[""] = append(places[""], fileUnit+3*i)
	}
	r := rand.New(rand.NewPCG(2, 3))
	for _, part := range []int{l.centre, l.step, l.seqs, l.nears, l.exacts} {
		for range 2 {
			places[""] = append(places[""], fileUnit+part+r.IntN(4*fileDim), fileUnit+l.size+part+r.IntN(blockRows))
		}
	}
	for range 10 {
		places[".reference"] = append(places[".reference"], 60_000+r.IntN(10_000))
	}
	for file, list := range places {
		whole, err := os.ReadFile(sideName(p) + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range list {
			hurt := slices.Clone(whole)
			hurt[at] ^= 1 << r.IntN(8)
			if err := os.WriteFile(sideName(p)+file, hurt, 0o600); err != nil {
				t.Fatal(err)
			}
			x := openIn(t, p)
			if err := x.SetReference(t.Context(), "a", refs); err != nil {
				t.Fatal(err)
			}
			m, h := x.View().Backdrop()
			if !slices.Equal(m, mean) || !slices.Equal(h, hub) {
				t.Fatalf("byte %d of %q: other numbers of the backdrop", at, file)
			}
			wantAnswers(t, x, want)
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestWritesInPart makes the file as a power cut may leave it: of the sectors that were written
// since some state, any may be there. Nothing keeps their order here; the file does even
// without that.
func TestWritesInPart(t *testing.T) {
	s := some(blockRows + 10)
	p := params(s, t.TempDir())
	state := func() []byte {
		if err := openIn(t, p).Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(sideName(p))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := state()
	r := rand.New(rand.NewPCG(6, 6))
	for i := range blockRows {
		s.add(r, fileDim, library.PhotoID(20_000+i))
	}
	after := state()
	owners, err := os.ReadFile(sideName(p) + ".owners")
	if err != nil {
		t.Fatal(err)
	}
	want := fromMemory(t, s)
	for i := range 40 {
		b := append(slices.Clone(before), make([]byte, len(after)-len(before))...)
		share := float64(i) / 39
		for at := 0; at < len(b); at += 512 {
			if r.Float64() < share {
				copy(b[at:at+512], after[at:])
			}
		}
		if i%3 == 0 { // the length may be any, too
			b = b[:len(before)+r.IntN(len(b)-len(before)+1)]
		}
		known := owners
		if i%2 == 0 {
			known = owners[:r.IntN(len(owners)+1)]
		}
		if err := errors.Join(os.WriteFile(sideName(p), b, 0o600), os.WriteFile(sideName(p)+".owners", known, 0o600)); err != nil {
			t.Fatal(err)
		}
		x := openIn(t, p)
		wantAnswers(t, x, want)
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBlockOfAnotherPlace puts a block where another one was.
func TestBlockOfAnotherPlace(t *testing.T) {
	s := some(2 * blockRows)
	p := params(s, t.TempDir())
	if err := openIn(t, p).Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(sideName(p))
	if err != nil {
		t.Fatal(err)
	}
	copy(b[fileUnit:], b[fileUnit+newLayout(fileDim).size:])
	if err := os.WriteFile(sideName(p), b, 0o600); err != nil {
		t.Fatal(err)
	}
	wantSame(t, openIn(t, p), s)
}

// FuzzOpenSideFile opens any bytes as a side file: what comes of it is right all the same.
func FuzzOpenSideFile(f *testing.F) {
	s := some(blockRows + 3)
	p := params(s, f.TempDir())
	if err := openIn(f, p).Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(sideName(p))
	if err != nil {
		f.Fatal(err)
	}
	owners, err := os.ReadFile(sideName(p) + ".owners")
	if err != nil {
		f.Fatal(err)
	}
	start := whole[:2*slotPlace+slotSize]
	f.Add(start, owners[:200], 0)
	f.Add(start, owners, slotPlace)
	f.Add([]byte("DESCRYV1"), []byte{}, 0)
	f.Add(binary.NativeEndian.AppendUint64(nil, 1<<40), []byte{}, slotPlace+16)
	want := open(f, s, fileDim)
	q := unit(rand.New(rand.NewPCG(1, 1)), fileDim)
	best, _, err := want.View().Top(q, nil, 5)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, part, owners []byte, at int) {
		if h, ok := parseHeader(part); ok && h.dim < 0 {
			t.Error("a negative dimension")
		}
		if sl, ok := parseSlot(part, 1); ok && (sl.blocks < 0 || sl.blocks > maxBlocks) {
			t.Errorf("%d blocks", sl.blocks)
		}
		parseOwners(owners, 1)
		p := params(s, t.TempDir())
		b := slices.Clone(whole)
		at = min(max(at, 0), len(b))
		copy(b[at:], part)
		if err := errors.Join(os.WriteFile(sideName(p), b, 0o600), os.WriteFile(sideName(p)+".owners", owners, 0o600)); err != nil {
			t.Fatal(err)
		}
		x := openIn(t, p)
		got, _, err := x.View().Top(q, nil, 5)
		if errors.Is(err, ErrDamaged) {
			refresh(t, x)
			got, _, err = x.View().Top(q, nil, 5)
		}
		if err != nil || !slices.Equal(got, best) {
			t.Errorf("%v (%v), want %v", got, err, best)
		}
	})
}
