package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"descry/internal/testdata"
	"descry/library/decode/codec"
	"descry/ui/cli"
)

// TestMain lets the test program decode for itself as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == codec.Argument {
		os.Exit(codec.Serve())
	}
	os.Exit(m.Run())
}

// answer is what one call of the command line gave.
type answer struct {
	status   int
	out, err string
}

// descry runs one command line on a library.
func descry(t *testing.T, dir string, args ...string) answer {
	t.Helper()
	var out, errs bytes.Buffer
	env := world()
	env.Out, env.Err, env.In = &out, &errs, strings.NewReader("")
	status := cli.Run(t.Context(), append([]string{"--library", dir}, args...), env)
	return answer{status, out.String(), errs.String()}
}

// must is descry for calls that have to end with status 0.
func must(t *testing.T, dir string, args ...string) answer {
	t.Helper()
	a := descry(t, dir, args...)
	if a.status != 0 {
		t.Fatalf("descry %s: status %d\n%s%s", strings.Join(args, " "), a.status, a.out, a.err)
	}
	return a
}

// photos copies a few sample photos into a folder of the test's own.
func photos(t *testing.T, n int) (dir string, paths []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(testdata.Samples(t), "*.jpg"))
	if err != nil || len(found) < n {
		t.Fatalf("want %d sample photos, found %d (%v)", n, len(found), err)
	}
	dir = t.TempDir()
	for _, from := range found[:n] {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.Base(from))
		if err := os.WriteFile(to, data, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, to)
	}
	return dir, paths
}

// runtimeFor makes the ONNX Runtime library findable, or skips the test.
func runtimeFor(t *testing.T) {
	t.Helper()
	t.Setenv("DESCRY_ONNXRUNTIME", testdata.Runtime(t))
}

// labelVectors are the text vectors of the label sets, which take many seconds to make:
// once for all tests.
var labelVectors = struct {
	sync.Mutex
	data []byte
}{}

// newLibrary is the folder of a library to be, with the runtime findable and the label
// sets' text vectors at hand.
func newLibrary(t *testing.T) string {
	t.Helper()
	runtimeFor(t)
	dir := filepath.Join(t.TempDir(), "library")
	cached := filepath.Join("cache", "text-vectors")
	labelVectors.Lock()
	defer labelVectors.Unlock()
	if labelVectors.data == nil {
		folder, _ := photos(t, 1)
		first := filepath.Join(t.TempDir(), "first")
		must(t, first, "index", folder)
		data, err := os.ReadFile(filepath.Join(first, cached))
		if err != nil {
			t.Fatal(err)
		}
		labelVectors.data = data
	}
	if err := os.MkdirAll(filepath.Join(dir, "cache"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, cached), labelVectors.data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAnswers holds the JSON documents to what the command line promises: every field is
// there with its type. A field may be added, none may go.
func TestAnswers(t *testing.T) {
	folder, paths := photos(t, 6)
	lib := newLibrary(t)

	const (
		index = `{"files":1,"photos":1,"new":1,"changed":1,"moved":1,"missing":1,"offline":1,"unchanged":1,"failed":[],
			"encoded":1,"seconds":1,"photos_per_second":1,"model":"","provider":""}`
		root   = `[{"id":1,"path":"","volume":"","state":"","photos":1}]`
		search = `{"query":"","interpretation":"","model":"","coverage":1,"took_ms":1,"matched":1,"results":[
			{"path":"","photo":1,"score":1,"confidence":1,"likely":true,"why":[{"kind":"","text":""}],"tags":[],"taken":""}]}`
		tags = `[{"path":"","tags":[{"label":"","set":"","confidence":1,"state":""}]}]`
		alt  = `[{"path":"","alt":"","extended":"","state":"","confidence":1,"sources":[]}]`
	)
	calls := []struct {
		args   []string
		schema string
	}{
		{[]string{"index", folder}, index},
		{[]string{"index"}, index},
		{[]string{"roots", "list"}, root},
		{[]string{"search", "a photo", "--all", "--explain"}, search},
		{[]string{"similar", paths[0], "--all", "--explain"}, search},
		{[]string{"why", "a photo", paths[0], "--map", filepath.Join(t.TempDir(), "where.png")}, `{"path":"","query":"","photo":1,"matches":true,
			"calibrated":true,"score":1,"confidence":1,"likely":true,"why":[{"kind":"","text":"","confidence":1,"weight":1,"place":""}],"notes":[],
			"problems":[],"maps":[{"text":"","place":"","method":"","area":[1],"side":1,"heat":[1]}],"written":{"path":""}}`},
		{[]string{"tag", "confirm", "animals/dog", paths[0]}, `{"changed":1}`},
		{[]string{"tag", "reject", "animals/cat", paths[0]}, `{"changed":1}`},
		{[]string{"tag", paths[0]}, tags},
		{[]string{"alt", paths[0]}, alt},
		{[]string{"alt", paths[0], "--set", "A dog."}, alt},
		{[]string{"alt", paths[0], "--approve"}, alt},
		{[]string{"classify", "--labels", "dog,cat", paths[0]}, `[{"path":"","labels":[{"label":"","probability":1}]}]`},
		{[]string{"score", "a dog", paths[0]}, `[{"path":"","cosine":1,"clipscore":1}]`},
		{[]string{"embed", "--text", "a dog"}, `[{"input":"","model":"","vector":[1]}]`},
		{[]string{"embed", paths[0]}, `[{"input":"","model":"","vector":[1]}]`},
		{[]string{"labels", "list"}, `[{"name":"","title":"","exclusive":true,"labels":[""]}]`},
		{[]string{"models", "list"}, `[{"id":"","name":"","licence":"","languages":[""],"dim":1,"in_use":true}]`},
		{[]string{"meta", "read", paths[0]}, `{"path":"","format":"","width":1,"height":1,"keywords":[]}`},
		{[]string{"albums", "add", "Dogs", "tag:dog or dog"}, `{"changed":1}`},
		{[]string{"albums", "edit", "Dogs", "tag:dog"}, `{"changed":1}`},
		{[]string{"albums", "rename", "Dogs", "Pets"}, `{"changed":1}`},
		{[]string{"albums", "add", "Trip"}, `{"changed":1}`},
		{[]string{"albums", "put", "Trip", paths[0]}, `{"changed":1}`},
		{[]string{"albums", "list"}, `[{"name":"","query":"","smart":true,"photos":1}]`},
		{[]string{"albums", "show", "Trip"}, search},
		{[]string{"albums", "take", "Trip", paths[0]}, `{"changed":1}`},
		{[]string{"albums", "export"}, `{"albums":""}`},
		{[]string{"albums", "remove", "Trip"}, `{"changed":1}`},
		{[]string{"searches", "list"}, `[]`},
		{[]string{"searches", "forget", "dog"}, `{"erased":1}`},
		{[]string{"searches", "clear"}, `{"erased":1}`},
		{[]string{"searches", "off"}, `{"searches":""}`},
		{[]string{"searches", "on"}, `{"searches":""}`},
		{[]string{"eval", "photos", "dog", "--sheet", filepath.Join(t.TempDir(), "s.html")}, `{"evaluation":"","pictures":1,"failed":[],"notes":[],
			"queries":[""],"written":[{"path":""}],"models":[{"model":"","name":"","bytes":1,"provider":"","pictures":1,"photos_per_second":1,
			"encode_ms":1,"text_ms":1,"measures":[],"notes":[],"found":[{"query":"","photos":[{"path":"","cosine":1,"only":true}]}]}]}`},
		{[]string{"duplicates"}, `[]`},
		{[]string{"missing"}, `[]`},
		{[]string{"history"}, `[{"id":1,"when":"","what":"","photos":1,"undone":true}]`},
		{[]string{"undo"}, `[{"id":1,"when":"","what":"","photos":1,"undone":true}]`},
		{[]string{"status"}, `{"library":"","files":1,"photos":1,"encoded":1,"pending":1,"failed":1,"offline":1,"missing":1,
			"model":"","provider":"","roots":` + root + `,"failures":[],"damaged":[]}`},
		{[]string{"dump", "--digest"}, `{"user":"","derived":""}`},
		{[]string{"config", "list"}, `{}`},
		{[]string{"doctor"}, `[{"check":"","ok":true,"detail":"","fix":""}]`},
		{[]string{"backup", filepath.Join(t.TempDir(), "b.db")}, `{"file":"","photos":1}`},
	}
	for _, c := range calls {
		t.Run(strings.Join(c.args[:min(2, len(c.args))], " "), func(t *testing.T) {
			a := must(t, lib, append(c.args, "--json")...)
			matchJSON(t, c.schema, a.out)
		})
	}
}

// matchJSON checks that a document has at least the fields of a sample, with their types;
// one element of an array stands for all.
func matchJSON(t *testing.T, sample, document string) {
	t.Helper()
	var want, got any
	if err := json.Unmarshal([]byte(sample), &want); err != nil {
		t.Fatalf("the sample is no JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(document), &got); err != nil {
		t.Fatalf("stdout is not one JSON document: %v\n%s", err, document)
	}
	for _, m := range mismatches("$", want, got) {
		t.Errorf("%s\n%s", m, document)
	}
}

func mismatches(at string, want, got any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %T, not an object", at, got)}
		}
		var out []string
		for _, k := range slices.Sorted(maps.Keys(w)) {
			v, ok := g[k]
			if !ok {
				out = append(out, at+"."+k+" is not there")
				continue
			}
			out = append(out, mismatches(at+"."+k, w[k], v)...)
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %T, not an array", at, got)}
		}
		if len(w) == 0 {
			return nil
		}
		if len(g) == 0 {
			return []string{at + " is empty"}
		}
		var out []string
		for i := range g {
			out = append(out, mismatches(fmt.Sprintf("%s[%d]", at, i), w[0], g[i])...)
		}
		return out
	}
	if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
		return []string{fmt.Sprintf("%s is %T, not %T", at, got, want)}
	}
	return nil
}

// TestFailures holds the exit statuses and the JSON of errors to what scripts rely on.
func TestFailures(t *testing.T) {
	folder, _ := photos(t, 1)
	empty := t.TempDir()
	file := filepath.Join(empty, "note.txt")
	tests := []struct {
		name   string
		args   []string
		status int
		code   string
	}{
		{"unknown verb", []string{"fly"}, 2, "usage"},
		{"unknown flag", []string{"search", "--fly", "x"}, 2, "usage"},
		{"no query", []string{"search"}, 2, "usage"},
		{"why without a photo", []string{"why", "dog"}, 2, "usage"},
		{"no labels", []string{"classify", "a.jpg"}, 2, "usage"},
		{"no library yet", []string{"search", "dog"}, 1, "no_library"},
		{"folder not there", []string{"index", filepath.Join(folder, "nowhere")}, 1, "failed"},
		{"file for a folder", []string{"index", file}, 1, "failed"},
		{"unknown setting", []string{"config", "set", "colour", "blue"}, 2, "usage"},
		{"unknown format", []string{"alt", "--format", "docx"}, 2, "usage"},
		{"model that is not there", []string{"models", "use", "nothing"}, 1, "not_found"},
		{"model out of its folder", []string{"models", "use", "../x"}, 1, "not_found"},
		{"setting that is none", []string{"config", "get", "fish"}, 1, "no_library"},
		{"model setting that is none", []string{"config", "set", "model", "nothing"}, 1, "not_found"},
		{"shell that is none", []string{"completion", "tcsh"}, 2, "usage"},
		{"file that is no backup", []string{"restore", file}, 1, "failed"},
		{"picture that is not there", []string{"meta", "read", filepath.Join(folder, "nowhere.jpg")}, 1, "failed"},
	}
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lib := filepath.Join(t.TempDir(), "library")
			a := descry(t, lib, append(tt.args, "--json")...)
			if a.status != tt.status {
				t.Errorf("status %d, want %d\n%s%s", a.status, tt.status, a.out, a.err)
			}
			var doc struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal([]byte(a.out), &doc); err != nil {
				t.Fatalf("stdout is not one JSON document: %v\n%s", err, a.out)
			}
			if doc.Error.Code != tt.code || doc.Error.Message == "" || strings.Contains(doc.Error.Message, "\n") {
				t.Errorf("error %+v, want code %s and one sentence", doc.Error, tt.code)
			}
		})
	}
}

// TestPathsNotUTF8 checks that a name that is not UTF-8 goes through every verb: written
// with escapes, and once more exactly.
func TestPathsNotUTF8(t *testing.T) {
	folder, paths := photos(t, 1)
	odd := filepath.Join(folder, "H\xfcndin\x1b[2J.jpg")
	if err := os.Rename(paths[0], odd); err != nil {
		t.Skipf("skipped: this file system takes no such name: %v", err)
	}
	lib := newLibrary(t)
	must(t, lib, "index", folder)
	backup := filepath.Join(t.TempDir(), "b\xfc.db")
	for _, args := range [][]string{
		{"search", "a photo", "--all"},
		{"tag", odd},
		{"alt", odd},
		{"meta", "read", odd},
		{"classify", "--labels", "a,b", odd},
		{"score", "a", odd},
		{"embed", odd},
		{"similar", odd},
		{"backup", backup},
	} {
		path := odd
		if args[0] == "backup" {
			path = backup
		}
		got := must(t, lib, append(args, "--json")...).out
		if want := base64.StdEncoding.EncodeToString([]byte(path)); !strings.Contains(got, `"path_bytes": "`+want+`"`) || !strings.Contains(got, `\\xFC`) {
			t.Errorf("descry %s: the path is not there in both forms\n%s", args[0], got)
		}
		if said := must(t, lib, args...).out; args[0] != "meta" && (strings.Contains(said, "\x1b") || !strings.Contains(said, `\xFC`)) {
			t.Errorf("descry %s prints %q", args[0], said)
		}
	}
}

// TestSilence checks what --json, --quiet and --progress leave on which stream.
func TestSilence(t *testing.T) {
	folder, paths := photos(t, 1)
	lib := newLibrary(t)
	nowhere := filepath.Join(folder, "nowhere.jpg")
	if a := must(t, lib, "index", folder, "--json", "--progress", "json"); !json.Valid([]byte(a.out)) {
		t.Errorf("stdout is not one JSON document:\n%s", a.out)
	} else {
		for line := range strings.Lines(a.err) {
			if !json.Valid([]byte(line)) {
				t.Errorf("--progress json prints %q", line)
			}
		}
	}
	if a := must(t, lib, "index", "--quiet"); a.err != "" {
		t.Errorf("--quiet says %q", a.err)
	}
	if a := descry(t, lib, "tag", paths[0], nowhere, "--quiet"); a.status != 3 || a.err != "" {
		t.Errorf("status %d, %q, want 3 and silence", a.status, a.err)
	}
	if a := descry(t, lib, "tag", nowhere); a.status != 1 || strings.Count(a.err, nowhere) != 1 {
		t.Errorf("status %d, want 1 and one sentence about the photo:\n%s", a.status, a.err)
	}
	if a := must(t, lib, "search", "volcano"); strings.Count(a.err, "\n") != 1 || !strings.Contains(a.err, "--all") || a.out != "" {
		t.Errorf("a search without likely photos says:\n%s%s", a.out, a.err)
	}
}

// TestInterrupted checks that Ctrl-C ends a run with its own status.
func TestInterrupted(t *testing.T) {
	folder, _ := photos(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	env := world()
	env.Out, env.Err, env.In = &out, &errs, strings.NewReader("")
	if got := cli.Run(ctx, []string{"--library", filepath.Join(t.TempDir(), "l"), "index", folder}, env); got != 130 {
		t.Errorf("status %d, want 130\n%s", got, errs.String())
	}
}

// TestPartly checks that one unreadable file costs only itself and shows in the status.
func TestPartly(t *testing.T) {
	folder, _ := photos(t, 2)
	if err := os.WriteFile(filepath.Join(folder, "broken.jpg"), []byte("not a picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	lib := newLibrary(t)
	a := descry(t, lib, "index", folder, "--json")
	if a.status != 3 {
		t.Fatalf("status %d, want 3\n%s%s", a.status, a.out, a.err)
	}
	var doc struct {
		Photos, Encoded int
		Failed          []struct{ Path, Stage, Error string }
	}
	if err := json.Unmarshal([]byte(a.out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Photos != 2 || doc.Encoded != 2 || len(doc.Failed) != 1 || filepath.Base(doc.Failed[0].Path) != "broken.jpg" {
		t.Errorf("got %+v, want 2 photos and broken.jpg failed", doc)
	}
}

// TestEditLabels checks that what a person wrote in their editor is taken, or else kept.
func TestEditLabels(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: GNU sed stands in for the editor")
	}
	lib := filepath.Join(t.TempDir(), "library")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("VISUAL", "")
	must(t, lib, "samples")
	left := func() []string {
		files, err := filepath.Glob(filepath.Join(temp, "descry-*.toml"))
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	t.Setenv("EDITOR", "sed -i s/garden/plot/;s/\"\"/\"dahlia\"/")
	t.Setenv("DESCRY_ONNXRUNTIME", filepath.Join(temp, "none")) // labels need no model
	must(t, lib, "labels", "edit", "garden")
	if got := must(t, lib, "labels", "export", "plot").out; !strings.Contains(got, "dahlia") || len(left()) > 0 {
		t.Errorf("the edited set is %q, left behind: %v", got, left())
	}
	t.Setenv("EDITOR", "true")
	if a := must(t, lib, "labels", "edit", "plot"); !strings.Contains(a.err, "Nothing changed") || len(left()) > 0 {
		t.Errorf("%q, left behind: %v", a.err, left())
	}
	t.Setenv("EDITOR", "sed -i s/name/nme/")
	a := descry(t, lib, "labels", "edit", "plot")
	if kept := left(); a.status != 1 || len(kept) != 1 || !strings.Contains(a.err, kept[0]) {
		t.Errorf("status %d, kept %v, and it says:\n%s", a.status, left(), a.err)
	}
}

// TestUndo checks that what a person says can be taken back, over processes.
func TestUndo(t *testing.T) {
	folder, paths := photos(t, 1)
	lib := newLibrary(t)
	must(t, lib, "index", folder)
	digest := func() string { return must(t, lib, "dump", "--digest", "--user").out }
	before := digest()
	must(t, lib, "tag", "confirm", "animals/dog", paths[0])
	if digest() == before {
		t.Fatal("confirming a tag changed nothing")
	}
	if got := must(t, lib, "search", "tag:dog", "--json").out; !strings.Contains(got, filepath.Base(paths[0])) {
		t.Errorf("tag:dog does not find the photo\n%s", got)
	}
	must(t, lib, "undo")
	if digest() != before {
		t.Error("undo did not bring the user data back")
	}
}
