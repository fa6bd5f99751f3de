package main

import (
	"encoding/csv"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEvalFiles runs an evaluation with all its files: they are whole, and nothing else is left
// beside them, also where it fails.
func TestEvalFiles(t *testing.T) {
	runtimeFor(t)
	lib, set, out := filepath.Join(t.TempDir(), "library"), t.TempDir(), t.TempDir()
	_, paths := photos(t, 4)
	for i, class := range []string{"astronaut", "astronaut", "bridge", "beanbag"} {
		if err := os.MkdirAll(filepath.Join(set, class), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(paths[i], filepath.Join(set, class, filepath.Base(paths[i]))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(set, "bridge", "cut.jpg"), []byte("\xff\xd8\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	plot, table, matrix := filepath.Join(out, "plot.png"), filepath.Join(out, "figures.csv"), filepath.Join(out, "matrix.csv")
	a := descry(t, lib, "eval", "classes", set, "--plot", plot, "--csv", table, "--confusion", matrix, "--json")
	if a.status != 3 {
		t.Fatalf("status %d, want 3: one picture is damaged\n%s%s", a.status, a.out, a.err)
	}
	matchJSON(t, `{"evaluation":"","pictures":1,"failed":[{"path":"","stage":"","error":""}],"notes":[],"written":[{"path":""}],
		"models":[{"model":"","measures":[{"measure":"","value":1,"low":1,"high":1,"n":1}],"classes":[{"class":"","folder":"","pictures":1,"right":1}]}]}`, a.out)
	var d struct {
		Pictures int
		Written  []any
	}
	if err := json.Unmarshal([]byte(a.out), &d); err != nil || d.Pictures != 5 || len(d.Written) != 3 {
		t.Errorf("%+v, %v", d, err)
	}
	f, err := os.Open(plot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.Decode(f); err != nil || img.Bounds().Dx() < 1000 {
		t.Errorf("the plot: %v", err)
	}
	for file, lines := range map[string]int{table: 8, matrix: 4} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll(); err != nil || len(rows) < lines {
			t.Errorf("%s: %v\n%s", file, err, data)
		}
	}
	left := func() int {
		entries, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	if n := left(); n != 3 {
		t.Errorf("%d files are left, want 3", n)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no such model": {[]string{"eval", "classes", set, "--models", "none", "--csv", filepath.Join(out, "n.csv")}, 1, `model "none"`},
		"not a PNG":     {[]string{"eval", "classes", set, "--plot", filepath.Join(out, "n.jpg")}, 2, "has to end in .png"},
		"no folder":     {[]string{"eval", "classes", set, "--csv", filepath.Join(out, "none", "n.csv")}, 1, "no such file"},
		"one class":     {[]string{"eval", "classes", filepath.Join(set, "bridge")}, 1, "a folder of pictures for each class"},
		"no library":    {[]string{"eval", "photos", "dog"}, 1, "no library"},
		"no number":     {[]string{"eval", "photos", "dog", "--n", "0"}, 2, "--n and --top"},
		"no verb":       {[]string{"eval"}, 2, "needs one of its verbs"},
	} {
		t.Run(name, func(t *testing.T) {
			a := descry(t, lib, c.args...)
			if a.status != c.status || !strings.Contains(a.err, c.says) || a.out != "" {
				t.Errorf("status %d, want %d with %q\n%s%s", a.status, c.status, c.says, a.out, a.err)
			}
			if n := left(); n != 3 {
				t.Errorf("%d files are left, want 3", n)
			}
		})
	}
}
