package spool

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func put(t *testing.T, dir string, r Request) string {
	t.Helper()
	id, err := Put(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestARequestIsTakenOnceAndAnswered(t *testing.T) {
	dir := t.TempDir()
	want := Request{Verb: Tag, Label: "animals/dog", State: "confirmed", Paths: []Path{"/a.jpg", "/odd \xff.jpg"}}
	id := put(t, dir, want)
	info, err := os.Stat(filepath.Join(dir, "spool"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v", info.Mode(), err)
	}
	if !Waits(dir, id) {
		t.Error("it does not wait")
	}
	jobs := Take(dir, time.Now(), nil)
	if d := cmp.Diff([]Job{{id, want}}, jobs); d != "" {
		t.Errorf("taken (-want +got):\n%s", d)
	}
	if again := Take(dir, time.Now(), nil); len(again) != 0 || Waits(dir, id) || Withdraw(dir, id) {
		t.Errorf("taken twice: %v", again)
	}
	if _, ok := Fetch(dir, id); ok {
		t.Error("there is an answer already")
	}
	// The process that took it ended: the next one takes it again.
	Recover(dir)
	if jobs = Take(dir, time.Now(), nil); len(jobs) != 1 {
		t.Fatalf("%d left over", len(jobs))
	}
	// The report of an index may be much longer than any request.
	answer := Answer{Changed: 2, Operation: 7, Report: json.RawMessage(`{"Files":"` + strings.Repeat("x", 3*maxBytes) + `"}`)}
	if err := Finish(dir, id, answer); err != nil {
		t.Fatal(err)
	}
	got, ok := Fetch(dir, id)
	if d := cmp.Diff(answer, got); d != "" || !ok {
		t.Errorf("answer %v (-want +got):\n%s", ok, d)
	}
	left, err := os.ReadDir(filepath.Join(dir, "spool"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}

	id = put(t, dir, want)
	if !Withdraw(dir, id) || len(Take(dir, time.Now(), nil)) != 0 {
		t.Error("it was not withdrawn")
	}
}

func TestWhatIsNoRequestCostsItself(t *testing.T) {
	dir := t.TempDir()
	good := put(t, dir, Request{Verb: Undo, Operation: 3})
	index := put(t, dir, Request{Verb: Index})
	for name, text := range map[string]string{
		"1":  "no JSON",
		"2":  `{"verb":"purge","paths":["/"]}`,
		"3":  `{"verb":"tag","label":"a/b","state":"maybe","paths":["/a"]}`,
		"4":  `{"verb":"tag","label":"a/b","state":"confirmed","paths":["relative"]}`,
		"5":  `{"verb":"undo"}`,
		"6":  `{"verb":"rating","stars":9,"paths":["/a"]}`,
		"9":  `{"verb":"album","do":"rename","album":"a"}`,
		"10": `{"verb":"album","do":"burn","album":"a"}`,
		"11": `{"verb":"album","do":"put","album":"a"}`,
		"12": `{"verb":"album","do":"edit","query":"dog"}`,
		"7":  strings.Repeat(" ", maxBytes+1),
		"8 ": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, "spool", name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "spool", "link.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "spool", "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	jobs := Take(dir, time.Now(), func(r Request) bool { return r.Verb != Index })
	if len(jobs) != 1 || jobs[0].ID != good {
		t.Errorf("taken: %+v", jobs)
	}
	if !Waits(dir, index) {
		t.Error("what was not wanted does not wait")
	}
	for _, name := range []string{"1", "2", "3", "4", "5", "6", "7", "8 ", "9", "10", "11", "12", "link"} {
		if a, ok := Fetch(dir, name); !ok || a.Code != "usage" {
			t.Errorf("%s: answer %+v, %v", name, a, ok)
		}
	}
	if _, err := Put(dir, Request{Verb: "purge"}); err == nil {
		t.Error("a request outside the closed set was handed over")
	}

	// A day later nobody waits any more; a clock that went back removes nothing.
	Take(dir, time.Now().Add(-100*Expiry), func(Request) bool { return false })
	if !Waits(dir, index) {
		t.Error("removed before its time")
	}
	Take(dir, time.Now().Add(2*Expiry), nil)
	if Waits(dir, index) {
		t.Error("an old request still waits")
	}
}

func FuzzTake(f *testing.F) {
	f.Add([]byte(`{"verb":"tag","label":"a/b","state":"confirmed","paths":["/a",{"bytes":"/w=="}]}`))
	f.Add([]byte(`{"verb":"index"}`))
	dir := f.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "spool"), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, "spool", "1.json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, j := range Take(dir, time.Now(), nil) {
			if err := j.Request.Check(); err != nil {
				t.Error(err)
			}
			if err := Finish(dir, j.ID, Answer{}); err != nil {
				t.Error(err)
			}
		}
		if _, ok := Fetch(dir, "1"); !ok {
			t.Error("no answer")
		}
	})
}
