// Package searches remembers what was searched for lately, in a file of the library's folder.
//
// It is a file of its own, not a table: nothing of it goes into backups, exports or the
// database's log, so that what is erased is erased everywhere. The file is a row of slots of
// equal size. A search is written into one slot, in place, and erased by writing zeros over
// it; no copy of the file is ever made, and a killed process costs one slot at most. (A disk
// that writes elsewhere what is to be written over, as SSDs do, may keep it out of sight for a
// while; no program can help that.)
package searches

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// Most is how many searches are remembered. One more takes the place of the oldest.
	Most = 300
	// slotBytes is the size of a slot: a disk writes it as one.
	slotBytes = 512
	// LongestText is how many bytes a search may have to be remembered.
	LongestText = slotBytes - 24

	fileName = "searches"
)

// Search is one that was made.
type Search struct {
	Text string
	At   time.Time // when it was made last
}

// List is what was searched for in one library. It is safe for several goroutines.
type List struct {
	path string
	mu   sync.Mutex
}

// In returns the list of the library in a folder.
func In(dir string) *List { return &List{path: filepath.Join(dir, fileName)} }

// plain is a text as it is remembered: on one line, without needless spaces.
func plain(text string) string { return strings.Join(strings.Fields(text), " ") }

// Add remembers a search as the latest one. A text that is too long, or is none, is passed
// over.
func (l *List) Add(text string, at time.Time) (err error) {
	text = plain(text)
	slot := encode(Search{text, at})
	if slot == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("remember a search: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	slots, err := read(f)
	if err != nil {
		return fmt.Errorf("remember a search: %w", err)
	}
	// Its own slot, else a free one, else that of the oldest.
	place := slices.IndexFunc(slots, func(s Search) bool { return s.Text == text })
	if place < 0 {
		place = slices.IndexFunc(slots, func(s Search) bool { return s.Text == "" })
	}
	if place < 0 && len(slots) < Most {
		place = len(slots)
	}
	if place < 0 {
		place = slices.Index(slots, slices.MinFunc(slots, func(a, b Search) int { return a.At.Compare(b.At) }))
	}
	if _, err := f.WriteAt(slot, int64(place)*slotBytes); err != nil {
		return fmt.Errorf("remember a search: %w", err)
	}
	return nil
}

// Recent returns what was searched for, the latest first.
func (l *List) Recent() ([]Search, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the searches: %w", err)
	}
	defer f.Close()
	slots, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("read the searches: %w", err)
	}
	slots = slices.DeleteFunc(slots, func(s Search) bool { return s.Text == "" })
	slices.SortStableFunc(slots, func(a, b Search) int { return b.At.Compare(a.At) })
	// Two processes may have written the same one at the same moment.
	seen := map[string]bool{}
	return slices.DeleteFunc(slots, func(s Search) bool {
		was := seen[s.Text]
		seen[s.Text] = true
		return was
	}), nil
}

// Forget erases one search, and reports whether it was there.
func (l *List) Forget(text string) (found bool, err error) {
	text = plain(text)
	n, err := l.erase(func(s Search) bool { return s.Text == text && text != "" })
	return n > 0, err
}

// Clear erases all searches and returns how many there were.
func (l *List) Clear() (int, error) {
	n, err := l.erase(nil)
	if err != nil {
		return n, err
	}
	if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return n, fmt.Errorf("erase the searches: %w", err)
	}
	return n, nil
}

// erase writes zeros over the slots that are meant (nil: over the whole file, whatever is in
// it), waits until they are on disk, and returns how many searches were there.
func (l *List) erase(meant func(Search) bool) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("erase searches: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	slots, err := read(f)
	if err != nil {
		return 0, fmt.Errorf("erase searches: %w", err)
	}
	zeros := make([]byte, slotBytes)
	for i, s := range slots {
		if s.Text != "" && (meant == nil || meant(s)) {
			n++
		} else if meant != nil {
			continue
		}
		if _, err := f.WriteAt(zeros, int64(i)*slotBytes); err != nil {
			return n, fmt.Errorf("erase searches: %w", err)
		}
	}
	if err := f.Sync(); err != nil {
		return n, fmt.Errorf("erase searches: %w", err)
	}
	return n, nil
}

// read returns the slots of a file; a free or unreadable one is a Search without Text. More
// than Most are not looked at, but those that erase must reach are.
func read(r io.Reader) ([]Search, error) {
	data, err := io.ReadAll(io.LimitReader(r, 4*Most*slotBytes))
	if err != nil {
		return nil, err
	}
	var out []Search
	for chunk := range slices.Chunk(data, slotBytes) {
		out = append(out, decode(chunk))
	}
	return out, nil
}

// encode writes a slot: the time in milliseconds since 1970, a tab, the text, a line feed,
// zeros up to the end. Nil: the text cannot be remembered.
func encode(s Search) []byte {
	if s.Text == "" || len(s.Text) > LongestText || !utf8.ValidString(s.Text) || strings.ContainsRune(s.Text, 0) {
		return nil
	}
	b := make([]byte, 0, slotBytes)
	b = strconv.AppendInt(b, s.At.UnixMilli(), 10)
	b = append(b, '\t')
	b = append(b, s.Text...)
	b = append(b, '\n')
	return b[:slotBytes]
}

func decode(slot []byte) Search {
	at, rest, ok := bytes.Cut(slot, []byte{'\t'})
	text, zeros, whole := bytes.Cut(rest, []byte{'\n'})
	ms, err := strconv.ParseInt(string(at), 10, 64)
	if !ok || !whole || err != nil || !utf8.Valid(text) || len(bytes.Trim(zeros, "\x00")) > 0 || plain(string(text)) != string(text) {
		return Search{}
	}
	return Search{string(text), time.UnixMilli(ms)}
}
