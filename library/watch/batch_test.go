package watch

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBatch(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	var b batch
	if _, ok := b.due(); ok {
		t.Error("an empty batch is due")
	}
	b.note(at(0), 1, "a/b", true)
	b.note(at(0), 1, "a/b", true)
	b.note(at(1), 1, "a", false)
	b.note(at(1), 1, "ab", true)
	b.note(at(1), 1, "c", false)
	b.note(at(1), 1, "c", true)
	b.note(at(1), 2, "", true)
	b.all(at(1), 3)
	b.note(at(1), 3, "x", true)
	b.note(at(1), 4, "", false)
	b.all(at(1), 5)
	b.forget(5)
	if due, _ := b.due(); !due.Equal(at(1).Add(Quiet)) {
		t.Errorf("due %v", due)
	}
	want := []Change{
		{Root: 1, Folders: []Folder{{"a", false}, {"ab", true}, {"c", false}}},
		{Root: 2, Folders: []Folder{{"", true}}},
		{Root: 3},
		{Root: 4},
	}
	if diff := cmp.Diff(want, b.take()); diff != "" {
		t.Error(diff)
	}
	if _, ok := b.due(); ok {
		t.Error("due after it was taken")
	}
}

func TestBatchWaitsNoLongerThanItMay(t *testing.T) {
	now := time.Unix(1000, 0)
	var b batch
	limit := now.Add(MaxDelay)
	for range 100 {
		b.note(now, 1, "a", true)
		now = now.Add(time.Second)
	}
	if due, _ := b.due(); !due.Equal(limit) {
		t.Errorf("due %v, want %v", due, limit)
	}
}

func TestBatchOfManyFoldersIsAllOfTheRoot(t *testing.T) {
	var b batch
	for i := range maxFolders + 1 {
		b.note(time.Unix(1000, 0), 1, fmt.Sprint(i), true)
	}
	if diff := cmp.Diff([]Change{{Root: 1}}, b.take()); diff != "" {
		t.Error(diff)
	}
}
