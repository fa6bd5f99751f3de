package indexer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"descry/library"
	"descry/library/store"
)

// waiting are files of one chunk, newest first, as the store gives them.
func waiting(inodes ...string) []store.PendingFile {
	var list []store.PendingFile
	for i, inode := range inodes {
		list = append(list, store.PendingFile{File: library.File{
			ID: library.FileID(i + 1), Dir: fmt.Sprintf("%d", i%2), Name: fmt.Sprintf("%d.jpg", i), Stat: library.Stat{Inode: inode},
		}})
	}
	return list
}

func TestSpinningDisksAreReadInOrder(t *testing.T) {
	d := &disks{spins: func(device uint64) bool { return device == 8 }}
	for _, c := range []struct {
		inodes []string
		want   []library.FileID
	}{
		{[]string{"7:5", "7:4", "7:3", "7:2"}, []library.FileID{1, 2, 3, 4}},
		{[]string{"", "x", "0:1", "1:y"}, []library.FileID{1, 2, 3, 4}},
		// Folder 0 holds the files of odd ids.
		{[]string{"8:50", "8:40", "8:7", "8:100"}, []library.FileID{3, 1, 2, 4}},
		{[]string{"8:50", "7:9", "8:7", "", "8:9"}, []library.FileID{2, 4, 3, 5, 1}},
	} {
		list := waiting(c.inodes...)
		d.order(list)
		var got []library.FileID
		for _, f := range list {
			got = append(got, f.File.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v come as %v, want %v", c.inodes, got, c.want)
		}
	}
}

// reading runs the readers over some files and returns how many were read at once.
func reading(t *testing.T, spins bool, files int) (most int) {
	t.Helper()
	l := newLib(t)
	var mu sync.Mutex
	now := 0
	full := make(chan struct{})
	r := l.indexer().newRun()
	r.disks = &disks{spins: func(uint64) bool { return spins }}
	r.read = make(chan job, files)
	r.readFile = func(context.Context, string, int64) (loaded, error) {
		mu.Lock()
		now++
		most = max(most, now)
		if now == readers {
			close(full)
		}
		mu.Unlock()
		if !spins {
			<-full // every reader waits for the disk at the same time
		}
		mu.Lock()
		now--
		mu.Unlock()
		return loaded{}, errors.New("nothing there")
	}
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			if err := r.reader(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range files {
		r.jobs <- store.PendingFile{File: library.File{ID: library.FileID(i + 1), Stat: library.Stat{Size: 1, Inode: "8:1"}}}
	}
	close(r.jobs)
	wg.Wait()
	return most
}

func TestWaitsForSlowDisksOverlap(t *testing.T) {
	if most := reading(t, false, readers); most != readers {
		t.Errorf("%d files were read at once, want %d", most, readers)
	}
	if most := reading(t, true, 3*readers); most != 1 {
		t.Errorf("%d files were read at once from a spinning disk", most)
	}
}

// A transaction that takes its time must not make a worker wait.
func TestWorkersDoNotWaitForTheWriter(t *testing.T) {
	l := newLib(t)
	for i := range resultsAhead {
		l.photo(fmt.Sprintf("%d.jpg", i), uint64(i))
	}
	r := l.indexer().newRun() // without a writer
	var wg sync.WaitGroup
	for range r.p.Threads {
		wg.Go(func() {
			if err := r.worker(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range resultsAhead {
		name := l.at(fmt.Sprintf("%d.jpg", i))
		data, err := readFile(t.Context(), name, 1<<20)
		r.read <- job{file: store.PendingFile{File: library.File{ID: library.FileID(i + 1)}, Path: name}, loaded: data, err: err}
	}
	close(r.read)
	wg.Wait()
	if len(r.results) != resultsAhead {
		t.Errorf("%d results wait for the writer, want %d", len(r.results), resultsAhead)
	}
}
