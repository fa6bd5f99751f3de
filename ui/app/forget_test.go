//go:build unix

package app_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"descry/internal/float16"
	"descry/library"
	"descry/library/store"
	"descry/library/vectors"
)

// TestForgottenPhotosLeaveTheFileOfVectors makes a library so large that its vectors lie in a
// file for searching, and forgets a photo.
func TestForgottenPhotosLeaveTheFileOfVectors(t *testing.T) {
	const photos, dim = 4200, 16
	ctx := t.Context()
	p := params(filepath.Join(t.TempDir(), "library"), noRuntime)
	s, err := store.Open(ctx, p.Dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := s.AddRoot(ctx, "/photos", "")
	if err != nil {
		t.Fatal(err)
	}
	space, err := s.EnsureSpace(ctx, "space", "model", dim)
	if err != nil {
		t.Fatal(err)
	}
	var changes []store.ScanChange
	for i := range photos {
		changes = append(changes, store.ScanChange{
			Kind: store.Found, Dir: "a", Name: fmt.Sprintf("%d.jpg", i), Stat: library.Stat{Size: 1e6, ModTime: int64(i)},
		})
	}
	if err := s.ApplyScan(ctx, root.ID, changes); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for done := 0; done < photos; {
		list, err := s.Pending(ctx, space.ID, 500, store.Cursor{})
		if err != nil || len(list) == 0 {
			t.Fatal(len(list), err)
		}
		var batch []store.IndexedFile
		for _, f := range list {
			v := make([]float32, dim)
			var sum float64
			for d := range v {
				v[d] = float32(rng.NormFloat64())
				sum += float64(v[d]) * float64(v[d])
			}
			for d := range v {
				v[d] /= float32(math.Sqrt(sum))
			}
			batch = append(batch, store.IndexedFile{
				File: f.File.ID, Stat: f.File.Stat, Metadata: library.Metadata{Format: "jpeg", Width: 40, Height: 30, Orientation: 1},
				Content:  library.Content{Scheme: "jpeg1", Digest: sha256.Sum256([]byte(strconv.Itoa(int(f.File.Stat.ModTime))))},
				Measures: &library.Measures{Width: 40, Height: 30, PHash: rng.Uint64()}, Space: space.ID, Vector: v, Provider: "cpu",
			})
		}
		if err := s.CommitBatch(ctx, batch); err != nil {
			t.Fatal(err)
		}
		done += len(batch)
	}
	var photo library.PhotoID
	var trace []byte
	err = s.Vectors(ctx, space.ID, 50, 1, func(r store.VectorRow) error {
		photo, trace = r.Photo, bytes.Clone(r.Data)
		return nil
	})
	if err != nil || photo == 0 || len(trace) != float16.Size*dim {
		t.Fatal(photo, err)
	}
	cache := filepath.Join(p.Dir, "cache")
	x, err := vectors.Open(ctx, vectors.Params{Source: s, Space: space, Dir: cache, Library: s.LibraryID()})
	if err := errors.Join(err, x.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	holds := func() bool {
		files, err := filepath.Glob(filepath.Join(cache, "vectors-*"))
		if err != nil || len(files) < 2 {
			t.Fatalf("%v, %v", files, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, trace) {
				return true
			}
		}
		return false
	}
	if !holds() {
		t.Fatal("the vector of a photo is not in the file of vectors")
	}
	a := opened(t, p)
	if err := a.Forget(ctx, []library.PhotoID{photo}, false); err != nil {
		t.Fatal(err)
	}
	if holds() {
		t.Error("the vector of a forgotten photo is still in a file")
	}
}
