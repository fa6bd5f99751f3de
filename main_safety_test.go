package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"descry/ui/cli"
)

// safeLibrary is a library with a few photos and words on them.
func safeLibrary(t *testing.T) (lib string, paths []string) {
	t.Helper()
	folder, paths := photos(t, 4)
	lib = newLibrary(t)
	must(t, lib, "index", folder)
	must(t, lib, "tag", "confirm", "animals/dog", paths[0], paths[1])
	must(t, lib, "alt", paths[2], "--set", "A dog runs along the beach.")
	must(t, lib, "rate", "4", paths[3])
	return lib, paths
}

// userDigest is the digest of what a person said.
func userDigest(t *testing.T, lib string) string {
	t.Helper()
	var d struct{ User string }
	if err := json.Unmarshal([]byte(must(t, lib, "dump", "--digest", "--json").out), &d); err != nil {
		t.Fatal(err)
	}
	return d.User
}

// TestSafetyAnswers holds the JSON documents of the verbs that keep a library safe to what
// they promise.
func TestSafetyAnswers(t *testing.T) {
	lib, paths := safeLibrary(t)
	backup := filepath.Join(t.TempDir(), "b.db")
	export := filepath.Join(t.TempDir(), "said.jsonl")
	const imported = `{"operation":1,"photos":1,"changed":1,"waiting":1,"conflict_count":1,"conflicts":[]}`
	for _, c := range []struct {
		args   []string
		schema string
	}{
		{[]string{"rate", "3", paths[3]}, `{"changed":1}`},
		{[]string{"backup", backup}, `{"file":"","photos":1}`},
		{[]string{"export", export}, `{"file":"","photos":1}`},
		{[]string{"import", export}, imported},
		{[]string{"import", "--replace", export}, imported},
		{[]string{"retry"}, `{"retried":1}`},
		{[]string{"missing", "--purge"}, `{"purged":1,"backup":""}`},
		{[]string{"forget", "--backups", paths[3]}, `{"forgotten":1,"backups_renewed":true}`},
		{[]string{"doctor", "--repair"}, `{"sound":true,"kept":"","backup":"","saved":{},"from_backup":{},"unreadable":{}}`},
		{[]string{"restore", backup}, `{"file":"","photos":1}`},
	} {
		t.Run(strings.Join(c.args[:min(2, len(c.args))], " "), func(t *testing.T) {
			matchJSON(t, c.schema, must(t, lib, append(c.args, "--json")...).out)
		})
	}
	if kept, err := filepath.Glob(filepath.Join(lib, "backups", "before-restore-*.db")); err != nil || len(kept) != 1 {
		t.Errorf("the library that was restored over is not kept: %v, %v", kept, err)
	}
}

// What a person said goes through a file into a library that does not know the photos yet,
// and joins them when they are looked at.
func TestExportedWordsJoinTheirPhotos(t *testing.T) {
	lib, paths := safeLibrary(t)
	file := filepath.Join(t.TempDir(), "said.jsonl")
	must(t, lib, "export", file)
	other := newLibrary(t)
	must(t, other, "import", file)
	must(t, other, "index", filepath.Dir(paths[0]))
	if got, want := userDigest(t, other), userDigest(t, lib); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	must(t, other, "undo")
	if a := must(t, other, "tag", paths[0]); strings.Contains(a.out, "confirmed") {
		t.Errorf("after undo: %s", a.out)
	}
	if a := descry(t, other, "export", paths[0]); a.status == 0 {
		t.Error("an export took the place of a photo")
	}
	if a := descry(t, other, "import", paths[0]); a.status != 1 || !strings.Contains(a.err, "no whole export") {
		t.Errorf("a photo was imported: %+v", a)
	}
}

// A damaged library is refused with the command that mends it, which does.
func TestDoctorRepairs(t *testing.T) {
	lib, paths := safeLibrary(t)
	want := userDigest(t, lib)
	must(t, lib, "doctor", "--repair") // sound: nothing to do
	db := filepath.Join(lib, "library.db")
	b, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	clear(b[:100])
	if err := os.WriteFile(db, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if a := descry(t, lib, "status"); a.status != 1 || !strings.Contains(a.err, "descry doctor --repair") {
		t.Errorf("status %d: %s", a.status, a.err)
	}
	must(t, lib, "doctor", "--repair")
	must(t, lib, "index")
	if got := userDigest(t, lib); got != want {
		t.Errorf("digest %s after the repair, want %s", got, want)
	}
	if a := must(t, lib, "tag", paths[0]); !strings.Contains(a.out, "confirmed") {
		t.Errorf("tags after the repair: %s", a.out)
	}
}

// While another process writes the library and takes requests, what a person says on the
// terminal is handed over to it; while it takes none, the terminal says who has it.
func TestHandedOver(t *testing.T) {
	lib, paths := safeLibrary(t)
	a, err := open(t.Context(), cli.Options{Library: lib, Access: cli.AccessWrite, Program: "descry index"})
	if err != nil {
		t.Fatal(err)
	}
	busy := descry(t, lib, "tag", "reject", "animals/cat", paths[0])
	if busy.status != 4 || !strings.Contains(busy.err, "descry index (process ") {
		t.Errorf("status %d: %s", busy.status, busy.err)
	}
	a.Serve(t.Context())
	for _, c := range []struct {
		args   []string
		schema string
	}{
		{[]string{"tag", "reject", "animals/cat", paths[0]}, `{"changed":1}`},
		{[]string{"rate", "5", paths[0]}, `{"changed":1}`},
		{[]string{"alt", paths[0], "--set", "Said while another one writes."}, `[{"path":"","alt":"","state":""}]`},
		{[]string{"undo"}, `[{"id":1,"what":"","photos":1,"undone":true}]`},
		{[]string{"albums", "add", "Pets", "tag:dog"}, `{"changed":0}`},
		{[]string{"albums", "add", "Trip"}, `{"changed":0}`},
		{[]string{"albums", "put", "Trip", paths[0], paths[1]}, `{"changed":2}`},
		{[]string{"searches", "clear"}, `{"erased":0}`},
		{[]string{"index"}, `{"files":1,"photos":1,"unchanged":1,"encoded":1,"model":""}`},
	} {
		matchJSON(t, c.schema, must(t, lib, append(c.args, "--json")...).out)
	}
	if got := descry(t, lib, "undo", "99999"); got.status != 1 || !strings.Contains(got.err, "not found") {
		t.Errorf("status %d: %s", got.status, got.err)
	}
	if got := descry(t, lib, "tag", "confirm", "animals/dog", "/nowhere.jpg", "--json"); !strings.Contains(got.out, "not_in_library") {
		t.Errorf("status %d: %s", got.status, got.out)
	}
	if got := descry(t, lib, "albums", "edit", "Trip", "dog"); got.status != 1 || !strings.Contains(got.err, "is a plain album") {
		t.Errorf("status %d: %s", got.status, got.err)
	}
	if got := must(t, lib, "albums", "list").out; got != "Pets  (2 likely photos: tag:dog)\nTrip  (2 photos)\n" {
		t.Errorf("albums: %s", got)
	}
	tags := must(t, lib, "tag", paths[0], "--set", "animals").out
	if !strings.Contains(tags, "rejected") || strings.Contains(must(t, lib, "alt", paths[0]).out, "Said while") {
		t.Errorf("tags: %s", tags)
	}

	// The window is closed while several ask: each is answered, by it or by doing it oneself.
	var all sync.WaitGroup
	results := make([]answer, 4)
	for i := range results {
		all.Go(func() { results[i] = descry(t, lib, "rate", string(rune('1'+i)), paths[i]) })
	}
	all.Go(func() { _ = a.Close() })
	all.Wait()
	for i, r := range results {
		if r.status != 0 && r.status != 4 {
			t.Errorf("rate %d: status %d: %s", i+1, r.status, r.err)
		}
	}
	left, err := filepath.Glob(filepath.Join(lib, "spool", "*.json"))
	if err != nil || len(left) != 0 {
		t.Errorf("left in the spool folder: %v, %v", left, err)
	}
}

// What a process had taken when it was killed is done by the next one that writes.
func TestARequestOutlivesItsProcess(t *testing.T) {
	lib, paths := safeLibrary(t)
	if err := os.MkdirAll(filepath.Join(lib, "spool"), 0o700); err != nil {
		t.Fatal(err)
	}
	request := `{"verb":"tag","label":"animals/cat","state":"confirmed","paths":[` + strings.ReplaceAll(jsonText(t, paths[2]), "\n", "") + `]}`
	if err := os.WriteFile(filepath.Join(lib, "spool", "1.work.json"), []byte(request), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, lib, "roots", "add", filepath.Dir(paths[0]))
	if got := must(t, lib, "tag", paths[2]).out; !strings.Contains(got, "confirmed        animals/cat") {
		t.Errorf("tags: %s", got)
	}
}

func jsonText(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
