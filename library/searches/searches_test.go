package searches

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func texts(t *testing.T, l *List) []string {
	t.Helper()
	found, err := l.Recent()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range found {
		out = append(out, s.Text)
	}
	return out
}

// add remembers searches, a second apart.
func add(t *testing.T, l *List, texts ...string) {
	t.Helper()
	for i, s := range texts {
		if err := l.Add(s, time.Unix(int64(1000+i), 0)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNewestFirstWithoutDuplicates(t *testing.T) {
	l := In(t.TempDir())
	if got := texts(t, l); got != nil {
		t.Errorf("at first there is %q", got)
	}
	add(t, l, "dog", "  cat \n on a sofa ", "dog", "", strings.Repeat("x", LongestText+1), "bad \xff", "straße in köln")
	if got, want := texts(t, l), []string{"straße in köln", "dog", "cat on a sofa"}; !slices.Equal(got, want) {
		t.Errorf("remembered is %q, want %q", got, want)
	}
	info, err := os.Stat(l.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v (%v)", info.Mode(), err)
	}
	if longest := strings.Repeat("ö", LongestText/2); l.Add(longest, time.Unix(1<<33, 0)) != nil || texts(t, l)[0] != longest {
		t.Error("a search of the greatest length is not remembered")
	}
}

func TestTheOldestGoes(t *testing.T) {
	l := In(t.TempDir())
	for i := range Most + 20 {
		add(t, l, fmt.Sprintf("search %d", i))
		if err := l.Add(fmt.Sprintf("search %d", i), time.Unix(int64(5000+i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	got := texts(t, l)
	if len(got) != Most || got[0] != fmt.Sprint("search ", Most+19) || got[Most-1] != "search 20" {
		t.Errorf("%d are remembered, from %q to %q", len(got), got[0], got[len(got)-1])
	}
}

// TestErasedIsErased looks at the bytes on disk: what was erased stands in no file of the
// folder any more.
func TestErasedIsErased(t *testing.T) {
	dir := t.TempDir()
	l := In(dir)
	add(t, l, "a secret thing", "dog", "another secret")
	same, err := os.Open(filepath.Join(dir, fileName)) // the same disk blocks, whatever name they have
	if err != nil {
		t.Fatal(err)
	}
	defer same.Close()
	holds := func(text string) bool {
		data := make([]byte, Most*slotBytes)
		n, _ := same.ReadAt(data, 0)
		return bytes.Contains(data[:n], []byte(text))
	}
	if found, err := l.Forget("a  secret thing"); err != nil || !found {
		t.Fatalf("forgotten: %v, %v", found, err)
	}
	if got := texts(t, l); holds("a secret") || !slices.Equal(got, []string{"another secret", "dog"}) {
		t.Errorf("left is %q; the file holds it: %v", got, holds("a secret"))
	}
	if found, err := l.Forget("never"); err != nil || found {
		t.Errorf("what was never there was forgotten: %v, %v", found, err)
	}
	if n, err := l.Clear(); n != 2 || err != nil {
		t.Fatalf("cleared %d, %v", n, err)
	}
	if holds("secret") || holds("dog") {
		t.Error("the bytes on disk are still there")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("the folder still holds %v (%v)", left, err)
	}
	if n, err := l.Clear(); n != 0 || err != nil {
		t.Errorf("cleared once more: %d, %v", n, err)
	}
	add(t, l, "after")
	if got := texts(t, l); !slices.Equal(got, []string{"after"}) {
		t.Errorf("remembered after that is %q", got)
	}
}

// TestADamagedFileCostsItsSlots puts foreign bytes where a slot was, as a power cut may.
func TestADamagedFileCostsItsSlots(t *testing.T) {
	l := In(t.TempDir())
	add(t, l, "dog", "cat", "bee")
	f, err := os.OpenFile(l.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("garbage\x00"), slotBytes); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(2*slotBytes + 20); err != nil { // cut inside the third, behind its text
		t.Fatal(err)
	}
	if got := texts(t, l); !slices.Equal(got, []string{"bee", "dog"}) {
		t.Errorf("left is %q", got)
	}
	add(t, l, "fox")
	if got := texts(t, l); len(got) != 3 {
		t.Errorf("then %q", got)
	}
}

func FuzzSlot(f *testing.F) {
	f.Add([]byte("1000\tdog\n\x00\x00"))
	f.Add([]byte("-5\ta  b\n"))
	f.Add(bytes.Repeat([]byte{'9'}, slotBytes))
	f.Fuzz(func(t *testing.T, slot []byte) {
		s := decode(slot)
		if s.Text == "" {
			return
		}
		again := encode(s)
		if again == nil {
			if len(s.Text) <= LongestText && !strings.ContainsRune(s.Text, 0) {
				t.Fatalf("%q was read and cannot be written", s.Text)
			}
			return
		}
		if d := decode(again); d.Text != s.Text || !d.At.Equal(s.At) {
			t.Fatalf("%q at %v became %q at %v", s.Text, s.At, d.Text, d.At)
		}
	})
}
