package indexer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"descry/library/vectors"
)

// While a run goes on, what was looked at can be searched, the newest photos are that, and
// the library knows how much is to come.
func TestSearchingWhileIndexing(t *testing.T) {
	l := newLib(t)
	const photos, seen = 3 * chunk, 5
	began := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range photos {
		name := fmt.Sprintf("%03d.jpg", i)
		l.photo(name, uint64(i))
		at := began.Add(time.Duration(i) * time.Hour)
		if err := os.Chtimes(l.at(name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	// All are known before the model comes, which waits behind the fifth until somebody has
	// searched.
	l.encoder = nil
	l.index()
	l.encoder = &eye{space: "one"}
	searched := make(chan struct{})
	var mu sync.Mutex
	n := 0
	l.encoder.hold = func(ctx context.Context) error {
		mu.Lock()
		n++
		wait := n > seen
		mu.Unlock()
		if !wait {
			return nil
		}
		select {
		case <-searched:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	var once sync.Once
	look := func(p Progress) {
		if p.Done < seen {
			return
		}
		once.Do(func() {
			defer close(searched)
			spaces, err := l.store.Spaces(t.Context())
			if err != nil || len(spaces) != 1 {
				t.Error(spaces, err)
				return
			}
			index, err := vectors.Open(t.Context(), vectors.Params{Source: l.store, Space: spaces[0]})
			if err != nil {
				t.Error(err)
				return
			}
			status, err := l.store.Status(t.Context(), spaces[0].ID)
			if err != nil || index.Len() != seen || status.Encoded != seen || status.Pending != photos-seen || status.Photos != photos {
				t.Errorf("%d photos can be searched, status %+v, %v", index.Len(), status, err)
			}
			newest := map[string]bool{}
			for i := photos - chunk; i < photos; i++ { // on a spinning disk each chunk has its own order
				newest[fmt.Sprintf("%03d.jpg", i)] = true
			}
			for _, id := range index.Photos() {
				d, err := l.store.Detail(t.Context(), id)
				if err != nil || !newest[filepath.Base(d.Files[0].Path)] {
					t.Errorf("%s was looked at among the first, %v", d.Files[0].Path, err)
				}
			}
		})
	}
	r, err := l.indexer().Run(t.Context(), l.roots(), look)
	if err != nil || r.Encoded != photos {
		t.Errorf("report %+v, %v", r, err)
	}
}
