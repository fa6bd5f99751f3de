package indexer

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"descry/library"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

// BenchmarkRescan lets a run look for changes among 100,000 files where nothing changed,
// beside find printing size, time and number of the same files, and reports how many times
// as long it takes, and how many times the processor time. The files hold no pictures and
// the library is filled by hand: a rescan looks at neither.
func BenchmarkRescan(b *testing.B) {
	find, err := exec.LookPath("find")
	if err != nil {
		b.Skip("skipped: there is no find to compare with")
	}
	for _, shape := range []struct{ folders, files int }{{100, 1000}, {10_000, 10}} {
		b.Run(fmt.Sprintf("%dx%d", shape.folders, shape.files), func(b *testing.B) {
			dir := b.TempDir()
			photos := filepath.Join(dir, "photos")
			makeFiles(b, photos, shape.folders, shape.files)
			s, err := store.Open(b.Context(), filepath.Join(dir, "library"), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			root := fillLibrary(b, s, photos)
			x := New(Params{Store: s, Thumbs: thumbs.Open(filepath.Join(dir, "thumbs"))})
			var ours, theirs, oursCPU, theirsCPU time.Duration
			for b.Loop() {
				began := time.Now()
				cmd := exec.Command(find, photos, "-type", "f", "-printf", "%s %T@ %i\n")
				cmd.Stdout = io.Discard
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				theirs += time.Since(began)
				theirsCPU += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				cpu := processorTime(b)
				began = time.Now()
				report, err := x.Run(b.Context(), []library.Root{root}, nil)
				if err != nil {
					b.Fatal(err)
				}
				ours += time.Since(began)
				oursCPU += processorTime(b) - cpu
				if want := shape.folders * shape.files; report.Unchanged != want || report.New+report.Changed+report.Missing > 0 {
					b.Fatalf("%+v", report)
				}
			}
			b.ReportMetric(float64(ours)/float64(theirs), "x_find")
			b.ReportMetric(float64(oursCPU)/float64(theirsCPU), "x_find_cpu")
			b.ReportMetric(theirs.Seconds()/float64(b.N), "find_s/op")
			b.ReportMetric(ours.Seconds()/float64(b.N), "s/op")
		})
	}
}

// BenchmarkMoveFolder moves a folder of 10,000 photos within the library, and lets a run find
// them. The files hold no pictures, so that one that was only read would be a failure.
func BenchmarkMoveFolder(b *testing.B) {
	const folders, files = 10, 1000
	dir := b.TempDir()
	photos := filepath.Join(dir, "photos")
	here, there := filepath.Join(photos, "album"), filepath.Join(photos, "another")
	makeFiles(b, here, folders, files)
	s, err := store.Open(b.Context(), filepath.Join(dir, "library"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	root := fillLibrary(b, s, photos)
	x := New(Params{Store: s, Thumbs: thumbs.Open(filepath.Join(dir, "thumbs"))})
	for b.Loop() {
		if err := os.Rename(here, there); err != nil {
			b.Fatal(err)
		}
		report, err := x.Run(b.Context(), []library.Root{root}, nil)
		if err != nil {
			b.Fatal(err)
		}
		if report.Moved != folders*files || report.New+report.Missing+report.Changed+len(report.Failed) > 0 {
			b.Fatalf("%+v", report)
		}
		here, there = there, here
	}
}

// processorTime is what this process has used until now.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func makeFiles(b *testing.B, photos string, folders, files int) {
	b.Helper()
	for i := range folders {
		dir := filepath.Join(photos, fmt.Sprintf("%04d", i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range files {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("IMG_%05d.jpg", j)), nil, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// fillLibrary makes a root of a folder and stores each file in it as a photo that was looked
// at.
func fillLibrary(b *testing.B, s *store.Store, photos string) library.Root {
	b.Helper()
	ctx := b.Context()
	volume, err := scan.Volume(photos)
	if err != nil {
		b.Fatal(err)
	}
	root, err := s.AddRoot(ctx, photos, volume)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	err = scan.Walk(ctx, photos, scan.Options{Extensions: []string{".jpg"}}, func(f scan.Folder) error {
		var changes []store.ScanChange
		for _, e := range f.Entries {
			changes = append(changes, store.ScanChange{Kind: store.Found, Dir: f.Dir, Name: e.Name, Stat: e.Stat()})
		}
		return s.ApplyScan(ctx, root.ID, changes)
	})
	if err != nil {
		b.Fatal(err)
	}
	for {
		pending, err := s.Pending(ctx, 0, 500, store.Cursor{})
		if err != nil {
			b.Fatal(err)
		}
		if len(pending) == 0 {
			return root
		}
		var batch []store.IndexedFile
		for _, p := range pending {
			n++
			batch = append(batch, store.IndexedFile{
				File: p.File.ID, Stat: p.File.Stat,
				Content:  library.Content{Scheme: "file1", Digest: sha256.Sum256([]byte(strconv.Itoa(n)))},
				Metadata: library.Metadata{Format: "jpeg", Width: 4000, Height: 3000, Orientation: 1},
				Measures: &library.Measures{Width: 4000, Height: 3000},
			})
		}
		if err := s.CommitBatch(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
}
