package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"descry/library"
	"descry/library/store"
)

// The photos that are committed: so many, in transactions of so many, with vectors of so
// many numbers.
const (
	commitPhotos = 20_000
	commitBatch  = 100
	commitDim    = 512
)

// measureCommit measures how many photos the database takes each second.
func measureCommit(ctx context.Context, m *machine) (rows []row, err error) {
	s, err := store.Open(ctx, filepath.Join(m.dir, "commit"), store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	root, err := s.AddRoot(ctx, "/photos", "")
	if err != nil {
		return nil, err
	}
	space, err := s.EnsureSpace(ctx, "space", "model", commitDim)
	if err != nil {
		return nil, err
	}
	n := m.scaled(commitPhotos)
	var changes []store.ScanChange
	for i := range n {
		changes = append(changes, store.ScanChange{
			Kind: store.Found, Dir: fmt.Sprintf("2015/%03d", i/500), Name: fmt.Sprintf("IMG_%06d.JPG", i),
			Stat: library.Stat{Size: int64(1e6 + i), ModTime: int64(i), Inode: fmt.Sprintf("1:%d", i)},
		})
	}
	for from := 0; from < n; from += 500 {
		if err := s.ApplyScan(ctx, root.ID, changes[from:min(from+500, n)]); err != nil {
			return nil, err
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var took time.Duration
	for done := 0; done < n; {
		list, err := s.Pending(ctx, space.ID, commitBatch, store.Cursor{})
		if err != nil {
			return nil, err
		}
		batch := make([]store.IndexedFile, len(list))
		for i, f := range list {
			batch[i] = found(f, space.ID, rng)
		}
		began := time.Now()
		if err := s.CommitBatch(ctx, batch); err != nil {
			return nil, err
		}
		took += time.Since(began)
		done += len(batch)
	}
	rate := float64(n) / took.Seconds()
	return []row{{
		what:     "database: photos committed per second, full schema, `synchronous=FULL`",
		measured: fmt.Sprintf("%.0f (%d photos)", rate, n), promise: "at least 5,000", ok: rate >= 5000,
	}}, nil
}

// found is what indexing finds in a photo as a camera writes it.
func found(f store.PendingFile, space library.SpaceID, rng *rand.Rand) store.IndexedFile {
	i := int(f.File.Stat.ModTime)
	vector := make([]float32, commitDim)
	var sum float64
	for k := range vector {
		vector[k] = float32(rng.NormFloat64())
		sum += float64(vector[k]) * float64(vector[k])
	}
	for k := range vector {
		vector[k] /= float32(math.Sqrt(sum))
	}
	return store.IndexedFile{
		File: f.File.ID, Stat: f.File.Stat,
		Content: library.Content{Scheme: "jpeg1", Digest: sha256.Sum256([]byte(strconv.Itoa(i)))},
		Metadata: library.Metadata{
			Format: "jpeg", Width: 4000, Height: 3000, Orientation: 1,
			Taken: time.Date(2015, 1, 1, 0, 0, 37*i, 0, time.FixedZone("", 7200)), HasZone: true,
			Make: "Canon", Model: "EOS R6", Lens: "RF24-105mm F4 L IS USM", ISO: 400, FNumber: 5.6, Exposure: 0.004,
			Focal: 35, Focal35: 35, GPS: &library.GPS{Lat: 41.9, Lon: 12.5, Alt: 20},
			Title: "Holiday", Description: fmt.Sprintf("Day %d of the journey through Italy", i%30),
			Keywords: []string{"travel", "italy"}, Rating: 3, Profile: "Display P3",
		},
		Measures: &library.Measures{
			Width: 4000, Height: 3000, PHash: rng.Uint64(), Sharpness: 120.5, Exposure: 0.48, Colour: 0x336699,
			Palette: []library.Swatch{{Colour: 0x336699, Share: 90}, {Colour: 0x20C040, Share: 60}, {Colour: 0xFFFFFF, Share: 20}},
		},
		Space: space, Vector: vector, Provider: "cpu",
	}
}
