package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"descry/library"
	"descry/library/decode"
	"descry/library/indexer"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

// The tree that is looked through again.
const (
	rescanFolders = 1000
	rescanFiles   = 100 // in each
)

// measureRescan compares looking for changes where there are none with find, which only
// prints size, time and number of every file.
func measureRescan(ctx context.Context, m *machine) (rows []row, err error) {
	const what = "rescan of %s unchanged files, %s, against `find -printf '%%s %%T@ %%i'`"
	const promise = "at most ×3"
	n := m.scaled(rescanFolders) * rescanFiles
	title := func(kind string) string { return fmt.Sprintf(what, thousands(n), kind) }
	find, err := exec.LookPath("find")
	if err != nil || runtime.GOOS != "linux" {
		return []row{{what: title("cold and warm"), promise: promise, skipped: "there is no GNU find to compare with"}}, nil
	}
	photos := filepath.Join(m.dir, "tree")
	for i := range m.scaled(rescanFolders) {
		dir := filepath.Join(photos, strconv.Itoa(2000+i/50), fmt.Sprintf("%04d", i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		for k := range rescanFiles {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("IMG_%05d.jpg", k)), nil, 0o644); err != nil {
				return nil, err
			}
		}
	}
	folder := filepath.Join(m.dir, "rescan")
	s, err := store.Open(ctx, folder, store.Options{})
	if err != nil {
		return nil, err
	}
	root, err := known(ctx, s, photos)
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	ours := func() (float64, error) {
		// The library is opened for each run, as by a program that has just begun.
		began := time.Now()
		s, err := store.Open(ctx, folder, store.Options{})
		if err != nil {
			return 0, err
		}
		x := indexer.New(indexer.Params{Store: s, Thumbs: thumbs.Open(filepath.Join(folder, "thumbs"))})
		r, err := x.Run(ctx, []library.Root{root}, nil)
		err = errors.Join(err, s.Close())
		if err == nil && (r.Unchanged != n || r.New+r.Changed+r.Missing > 0) {
			err = fmt.Errorf("the rescan found changes: %+v", r)
		}
		return time.Since(began).Seconds(), err
	}
	theirs := func() (float64, error) {
		cmd := exec.CommandContext(ctx, find, photos, "-printf", "%s %T@ %i\n")
		cmd.Stdout = io.Discard
		began := time.Now()
		err := cmd.Run()
		return time.Since(began).Seconds(), err
	}
	compare := func(kind string, times int, before func() error) (row, error) {
		var us, them []float64
		for range times {
			for _, side := range []struct {
				do   func() (float64, error)
				took *[]float64
			}{{theirs, &them}, {ours, &us}} {
				if err := before(); err != nil {
					return row{}, err
				}
				t, err := side.do()
				if err != nil {
					return row{}, err
				}
				*side.took = append(*side.took, t)
			}
		}
		u, t := median(us), median(them)
		return row{
			what: title(kind), measured: fmt.Sprintf("×%.2f (%.2f s and %.2f s)", u/t, u, t), promise: promise, ok: u/t <= 3,
		}, nil
	}
	if err := dropCaches(); err != nil {
		rows = append(rows, row{what: title("cold"), promise: promise, skipped: "only root may drop the system's caches"})
	} else {
		r, err := compare("cold", rounds, dropCaches)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	// Once before, to have everything at hand.
	if _, err := ours(); err != nil {
		return nil, err
	}
	r, err := compare("warm", 2*rounds+1, func() error { return nil })
	return append(rows, r), err
}

// dropCaches makes the system forget what it read from disks.
func dropCaches() error {
	if out, err := exec.Command("sync").CombinedOutput(); err != nil {
		return fmt.Errorf("write all to disk: %w: %s", err, out)
	}
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

// known makes a root of a folder and stores each file in it as a photo that was looked at.
func known(ctx context.Context, s *store.Store, photos string) (library.Root, error) {
	volume, err := scan.Volume(photos)
	if err != nil {
		return library.Root{}, err
	}
	root, err := s.AddRoot(ctx, photos, volume)
	if err != nil {
		return root, err
	}
	err = scan.Walk(ctx, photos, scan.Options{Extensions: decode.Extensions()}, func(f scan.Folder) error {
		var changes []store.ScanChange
		for _, e := range f.Entries {
			changes = append(changes, store.ScanChange{Kind: store.Found, Dir: f.Dir, Name: e.Name, Stat: e.Stat()})
		}
		return s.ApplyScan(ctx, root.ID, changes)
	})
	if err != nil {
		return root, err
	}
	for n := 0; ; {
		pending, err := s.Pending(ctx, 0, 500, store.Cursor{})
		if err != nil || len(pending) == 0 {
			return root, err
		}
		batch := make([]store.IndexedFile, len(pending))
		for i, p := range pending {
			n++
			batch[i] = store.IndexedFile{
				File: p.File.ID, Stat: p.File.Stat,
				Content:  library.Content{Scheme: "file1", Digest: sha256.Sum256([]byte(strconv.Itoa(n)))},
				Metadata: library.Metadata{Format: decode.JPEG, Width: 4000, Height: 3000, Orientation: 1},
				Measures: &library.Measures{Width: 4000, Height: 3000},
			}
		}
		if err := s.CommitBatch(ctx, batch); err != nil {
			return root, err
		}
	}
}
