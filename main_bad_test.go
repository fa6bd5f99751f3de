package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/ui/cli"
)

// complaint runs a call that must fail and returns the one sentence it gives.
func complaint(t *testing.T, lib string, status int, code string, args ...string) string {
	t.Helper()
	a := descry(t, lib, append(args, "--json")...)
	if a.status != status {
		t.Fatalf("descry %s: status %d, want %d\n%s%s", strings.Join(args, " "), a.status, status, a.out, a.err)
	}
	var doc struct {
		Error struct{ Code, Message, Fix string }
	}
	if err := json.Unmarshal([]byte(a.out), &doc); err != nil {
		t.Fatalf("stdout is not one JSON document: %v\n%s", err, a.out)
	}
	m := doc.Error.Message
	if doc.Error.Code != code || m == "" || strings.Contains(m, "\n") || len(m) > 400 {
		t.Fatalf("descry %s: %+v, want the code %s and one sentence", strings.Join(args, " "), doc.Error, code)
	}
	return m
}

// TestBadFolders checks that a folder that cannot be used gets one clear sentence.
func TestBadFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "photo.jpg")
	empty := filepath.Join(dir, "empty")
	locked := filepath.Join(dir, "locked")
	for _, d := range []string{empty, locked} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(dir, "library")
	for path, want := range map[string]string{
		filepath.Join(dir, "nowhere"): "not there",
		file:                          "file",
		empty:                         "empty",
	} {
		if got := complaint(t, lib, 1, "failed", "index", path); !strings.Contains(got, want) || !strings.Contains(got, path) {
			t.Errorf("%s: %q does not say %q", path, got, want)
		}
	}
}

// TestBadLibraries checks that a database that cannot be used is refused with a sentence
// and stays as it is.
func TestBadLibraries(t *testing.T) {
	made := func(t *testing.T) (lib, db string) {
		lib = filepath.Join(t.TempDir(), "library")
		must(t, lib, "samples")
		return lib, filepath.Join(lib, "library.db")
	}
	change := func(t *testing.T, db string, f func([]byte) []byte) []byte {
		data, err := os.ReadFile(db)
		if err != nil {
			t.Fatal(err)
		}
		data = f(data)
		if err := os.WriteFile(db, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return data
	}
	tests := []struct {
		name, code string
		f          func([]byte) []byte
	}{
		{"of a newer version", "newer_library", func(b []byte) []byte {
			b[63] = 0xFF // user_version, big endian at 60 (SQLite file format, 1.3)
			return b
		}},
		{"cut short", "damaged_library", func(b []byte) []byte { return b[:len(b)/2] }},
		{"not a database", "damaged_library", func([]byte) []byte { return bytes.Repeat([]byte("photo "), 1000) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lib, db := made(t)
			want := change(t, db, tt.f)
			complaint(t, lib, 1, tt.code, "index")
			complaint(t, lib, 1, tt.code, "status")
			// The doctor tells of it and checks the rest of the machine all the same.
			if a := descry(t, lib, "doctor"); a.status != 1 || !strings.Contains(a.out, "FAULT  library") || !strings.Contains(a.out, "formats") {
				t.Errorf("the doctor says, with status %d:\n%s%s", a.status, a.out, a.err)
			}
			got, err := os.ReadFile(db)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("the refused database was changed (%v)", err)
			}
		})
	}
}

// TestSecondProcess checks that only one process writes a library and that looking works
// beside it.
func TestSecondProcess(t *testing.T) {
	lib := newLibrary(t)
	must(t, lib, "samples")
	first, err := open(t.Context(), cli.Options{Library: lib, Access: cli.AccessWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	complaint(t, lib, 4, "in_use", "index")
	must(t, lib, "status", "--json")
	must(t, lib, "search", "a dog", "--json")
}

// TestBadQueries checks that no query is an error: each gets an answer, or a sentence.
func TestBadQueries(t *testing.T) {
	folder, _ := photos(t, 2)
	lib := newLibrary(t)
	must(t, lib, "index", folder)
	for name, query := range map[string]string{
		"nothing":         "",
		"spaces":          "   ",
		"emoji":           "🐶🏖️",
		"5,000 words":     strings.Repeat("photo ", 5000),
		"quote left open": `"half`,
		"unknown filter":  "colour:blue",
		"only a minus":    "-",
		"not UTF-8":       "a \xff dog",
		"full-text words": `NEAR(a b) OR * ^ "x" AND`,
		"SQL":             "'; DROP TABLE photo; --",
	} {
		t.Run(name, func(t *testing.T) {
			a := must(t, lib, "search", "--json", "--all", "--", query)
			var doc struct {
				Interpretation string
				Problems       []struct{ Message string }
			}
			if err := json.Unmarshal([]byte(a.out), &doc); err != nil {
				t.Fatal(err)
			}
			if doc.Interpretation == "" && len(doc.Problems) == 0 {
				t.Errorf("it says neither how it was understood nor what is wrong\n%s", a.out)
			}
		})
	}
}

// TestBadModels checks that a folder that is no sound model is refused with a sentence and
// leaves nothing behind.
func TestBadModels(t *testing.T) {
	lib := newLibrary(t)
	must(t, lib, "samples")
	starter := filepath.Join(testdata.Repo(t), "assets", "starter")
	copied := func(t *testing.T, without string) string {
		dir := filepath.Join(t.TempDir(), "mine")
		if err := os.CopyFS(dir, os.DirFS(starter)); err != nil {
			t.Fatal(err)
		}
		if without != "" {
			if err := os.Remove(filepath.Join(dir, without)); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	tests := []struct {
		name string
		dir  func(t *testing.T) string
		want string
	}{
		{"empty folder", func(t *testing.T) string { return t.TempDir() }, ""},
		{"not there", func(t *testing.T) string { return filepath.Join(t.TempDir(), "x") }, ""},
		{"no text tower", func(t *testing.T) string { return copied(t, "text.onnx") }, "text.onnx"},
		{"no tokenizer", func(t *testing.T) string { return copied(t, "tokenizer.json") }, "tokenizer.json"},
		{"broken weights", func(t *testing.T) string {
			dir := copied(t, "vision.onnx")
			if err := os.WriteFile(filepath.Join(dir, "vision.onnx"), []byte("not a model"), 0o644); err != nil {
				t.Fatal(err)
			}
			return dir
		}, "vision.onnx"},
		{"not the file that its digest names", func(t *testing.T) string {
			dir := copied(t, "")
			f, err := os.OpenFile(filepath.Join(dir, "tokenizer.json"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString("\n"); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			return dir
		}, "tokenizer.json"},
		{"cut weights", func(t *testing.T) string {
			dir := copied(t, "")
			if err := os.Truncate(filepath.Join(dir, "vision.onnx"), 4_000_000); err != nil {
				t.Fatal(err)
			}
			return dir
		}, "vision.onnx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := complaint(t, lib, 1, "failed", "models", "add", tt.dir(t)); !strings.Contains(got, tt.want) {
				t.Errorf("%q does not name %s", got, tt.want)
			}
			left, err := filepath.Glob(filepath.Join(lib, "models", "*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v (%v)", left, err)
			}
		})
	}

	// A sound folder goes in, is used, and goes out again; its vectors stay.
	dir := copied(t, "")
	must(t, lib, "models", "add", dir)
	must(t, lib, "models", "use", "mine")
	must(t, lib, "index")
	must(t, lib, "models", "use", "starter")
	must(t, lib, "models", "remove", "mine")
	if got := must(t, lib, "models", "list").out; strings.Contains(got, "mine") {
		t.Errorf("the removed model is still listed\n%s", got)
	}
}
