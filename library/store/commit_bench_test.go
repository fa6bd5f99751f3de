package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"descry/library"
)

// randomVector makes a unit vector.
func randomVector(r *rand.Rand, dim int) []float32 {
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

// camera makes the reading of a photo as a camera writes it.
func camera(i int, dim int) IndexedFile {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(i))
	return IndexedFile{
		Content: library.Content{Scheme: "jpeg1", Digest: sha256.Sum256(seed[:])},
		Metadata: library.Metadata{
			Format: "jpeg", Width: 4000, Height: 3000, Orientation: 1,
			Taken: time.Date(2015, 1, 1, 0, 0, 37*i, 0, time.FixedZone("", 7200)), HasZone: true,
			Make: "Canon", Model: "EOS R6", Lens: "RF24-105mm F4 L IS USM", ISO: 400, FNumber: 5.6, Exposure: 0.004,
			Focal: 35, Focal35: 35, GPS: &library.GPS{Lat: 41.9, Lon: 12.5, Alt: 20},
			Title: "Holiday", Description: fmt.Sprintf("Day %d of the journey through Italy", i%30), Keywords: []string{"travel", "italy"},
			Rating: 3,
		},
		Measures: &library.Measures{Width: 4000, Height: 3000, PHash: r.Uint64(), Sharpness: 120.5, Exposure: 0.48, Colour: 0x336699},
		Vector:   randomVector(r, dim), Provider: "cpu",
	}
}

// fill adds n photos to a root, in batches of 100, and returns the time that the commits
// took.
func fill(tb testing.TB, s *Store, root library.RootID, space library.SpaceID, dim, n int) time.Duration {
	tb.Helper()
	ctx := tb.Context()
	var changes []ScanChange
	for i := range n {
		changes = append(changes, ScanChange{
			Kind: Found, Dir: fmt.Sprintf("2015/%03d", i/500), Name: fmt.Sprintf("IMG_%06d.JPG", i),
			Stat: library.Stat{Size: int64(1e6 + i), ModTime: int64(i) * 1e9, Inode: fmt.Sprintf("1:%d", i)},
		})
	}
	for i := 0; i < n; i += 500 {
		if err := s.ApplyScan(ctx, root, changes[i:min(i+500, n)]); err != nil {
			tb.Fatal(err)
		}
	}
	var took time.Duration
	var after Cursor
	for done := 0; ; {
		files, err := s.Pending(ctx, space, 100, after)
		if err != nil {
			tb.Fatal(err)
		}
		if len(files) == 0 {
			if done != n {
				tb.Fatalf("%d of %d files were pending", done, n)
			}
			return took
		}
		var batch []IndexedFile
		for _, p := range files {
			f := camera(int(p.File.Stat.ModTime/1e9), dim)
			f.File, f.Stat, f.Space = p.File.ID, p.File.Stat, space
			batch = append(batch, f)
			after = p.Cursor
		}
		start := time.Now()
		if err := s.CommitBatch(ctx, batch); err != nil {
			tb.Fatal(err)
		}
		took += time.Since(start)
		done += len(batch)
	}
}

// Photos committed per second, full schema, synchronous=FULL, batches of 100.
func BenchmarkCommitBatch(b *testing.B) {
	const dim, photos = 512, 5000
	var took time.Duration
	for b.Loop() {
		s, err := Open(b.Context(), b.TempDir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		root, err := s.AddRoot(b.Context(), "/photos", "")
		if err != nil {
			b.Fatal(err)
		}
		space, err := s.EnsureSpace(b.Context(), "d", "m", dim)
		if err != nil {
			b.Fatal(err)
		}
		took += fill(b, s, root.ID, space.ID, dim, photos)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(photos*b.N)/took.Seconds(), "photos/s")
}
