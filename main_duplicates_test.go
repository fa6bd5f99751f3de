package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/disintegration/imaging"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/trash"
)

// copies puts beside photos an exact copy of the first and a smaller one of the second.
func copies(t *testing.T, dir string, paths []string) (exact, near string) {
	t.Helper()
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	exact, near = filepath.Join(dir, "again (2).jpg"), filepath.Join(dir, "smaller.jpg")
	if err := os.WriteFile(exact, data, 0o644); err != nil {
		t.Fatal(err)
	}
	img, err := imaging.Open(paths[1])
	if err != nil {
		t.Fatal(err)
	}
	small := imaging.Resize(img, img.Bounds().Dx()*3/4, 0, imaging.Lanczos)
	if err := os.WriteFile(near, photomaker.JPEG(small, library.Metadata{}, 80), 0o644); err != nil {
		t.Fatal(err)
	}
	return exact, near
}

// groupsOf asks for duplicates and returns the names in each group, the best first.
func groupsOf(t *testing.T, lib string, flags ...string) [][]string {
	t.Helper()
	var groups [][]struct {
		Path string `json:"path"`
		Best bool   `json:"best"`
	}
	a := must(t, lib, append([]string{"duplicates", "--json"}, flags...)...)
	if err := json.Unmarshal([]byte(a.out), &groups); err != nil {
		t.Fatalf("%v\n%s", err, a.out)
	}
	out := [][]string{}
	for _, g := range groups {
		var names []string
		for i, m := range g {
			if m.Best != (i == 0) {
				t.Errorf("%s: best is %v", m.Path, m.Best)
			}
			names = append(names, filepath.Base(m.Path))
		}
		out = append(out, names)
	}
	return out
}

func TestDuplicates(t *testing.T) {
	folder, paths := photos(t, 6)
	exact, near := copies(t, folder, paths)
	lib := newLibrary(t)
	t.Setenv("XDG_DATA_HOME", filepath.Join(t.TempDir(), "data"))
	must(t, lib, "index", folder)

	one, two := filepath.Base(paths[0]), filepath.Base(paths[1])
	wantExact, wantNear := []string{one, "again (2).jpg"}, []string{two, "smaller.jpg"}
	for _, c := range []struct {
		flags []string
		want  [][]string
	}{
		{nil, [][]string{wantExact, wantNear}},
		{[]string{"--exact"}, [][]string{wantExact}},
		{[]string{"--near"}, [][]string{wantNear}},
		{[]string{"--bursts"}, [][]string{}},
	} {
		if got := groupsOf(t, lib, c.flags...); !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("duplicates %v: %v, want %v", c.flags, got, c.want)
		}
	}
	const schema = `[[{"path":"","photo":1,"kind":"","best":true,"why":[],"format":"","width":1,"height":1,"bytes":1}]]`
	matchJSON(t, schema, must(t, lib, "duplicates", "--json").out)
	if said := must(t, lib, "duplicates").out; !strings.Contains(said, "best: largest") || !strings.Contains(said, "does not look like a copy by its name") {
		t.Errorf("the reasons are not said:\n%s", said)
	}

	// Kept both: not proposed again, until that is undone.
	matchJSON(t, `{"operation":1,"photos":2}`, must(t, lib, "duplicates", "keep", paths[1], near, "--json").out)
	if got := groupsOf(t, lib, "--near"); len(got) != 0 {
		t.Errorf("kept both, and proposed again: %v", got)
	}
	must(t, lib, "undo")
	if got := groupsOf(t, lib, "--near"); len(got) != 1 {
		t.Errorf("after undo: %v", got)
	}
	if a := descry(t, lib, "duplicates", "keep", paths[0], exact); a.status != 1 {
		t.Errorf("keep of two files of one photo: status %d\n%s", a.status, a.err)
	}

	if !trash.Supported() {
		return
	}
	const moved = `{"operation":1,"moved":[{"path":""}],"failed":[],"kept":[{"path":"","of":[{"path":""}]}]}`
	// Without --yes nothing happens.
	matchJSON(t, `{"operation":1,"moved":[],"failed":[],"kept":[{"path":"","of":[{"path":""}]}]}`,
		must(t, lib, "duplicates", "trash", "--all-but-best", "--json").out)
	if there(exact) != true || there(near) != true {
		t.Fatal("a file went without --yes")
	}
	must(t, lib, "tag", "confirm", "animals/dog", near)
	before := must(t, lib, "dump", "--user").out
	gone := must(t, lib, "duplicates", "trash", "--all-but-best", "--yes", "--json")
	matchJSON(t, moved, gone.out)
	if there(exact) || there(near) || !there(paths[0]) || !there(paths[1]) {
		t.Errorf("the wrong files went: %s", gone.out)
	}
	if tags := must(t, lib, "tag", paths[1]).out; !strings.Contains(tags, "dog") {
		t.Errorf("the tag of the copy is not on the photo that stays:\n%s", tags)
	}
	if got := groupsOf(t, lib); len(got) != 0 {
		t.Errorf("after the trash: %v", got)
	}
	must(t, lib, "undo")
	if !there(exact) || !there(near) {
		t.Error("undo did not bring the files back")
	}
	if after := must(t, lib, "dump", "--user").out; after != before {
		t.Errorf("after undo:\n%sbefore:\n%s", after, before)
	}
	matchJSON(t, moved, must(t, lib, "duplicates", "trash", near, "--keep", paths[1], "--json").out)
	a := must(t, lib, "index")
	if there(near) || !strings.Contains(a.out, "0 new") {
		t.Errorf("after the trash and a scan: %s", a.out)
	}
	must(t, lib, "undo")
	if got := groupsOf(t, lib, "--near"); len(got) != 1 {
		t.Errorf("after trash, scan and undo: %v", got)
	}

	for _, wrong := range [][]string{
		{"duplicates", "trash"},
		{"duplicates", "trash", "--all-but-best", near},
		{"duplicates", "keep", near},
		{"duplicates", "trash", "--yes", near},
		{"duplicates", near},
	} {
		if a := descry(t, lib, wrong...); a.status != 2 {
			t.Errorf("descry %v: status %d\n%s", wrong, a.status, a.err)
		}
	}
	if a := descry(t, lib, "duplicates", "trash", filepath.Join(folder, "none.jpg"), "--json"); a.status != 3 {
		t.Errorf("a file that is not there: status %d\n%s%s", a.status, a.out, a.err)
	}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A burst, a RAW pair's JPEG and the like are listed with the best shot first.
func TestBursts(t *testing.T) {
	dir := t.TempDir()
	taken := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	scene := photomaker.Scene(640, 480, 5)
	for i, blur := range []float64{2, 0, 1} {
		img := imaging.Blur(scene, 0.1+blur)
		data := photomaker.JPEG(img, library.Metadata{Make: "A", Model: "B", Taken: taken.Add(time.Duration(i) * time.Second)}, 90)
		if err := os.WriteFile(filepath.Join(dir, []string{"1.jpg", "2.jpg", "3.jpg"}[i]), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lib := newLibrary(t)
	must(t, lib, "index", dir)
	want := [][]string{{"2.jpg", "3.jpg", "1.jpg"}}
	if got := groupsOf(t, lib, "--bursts"); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("bursts: %v, want %v", got, want)
	}
	if got := groupsOf(t, lib); len(got) != 0 {
		t.Errorf("shots of a burst are taken for copies: %v", got)
	}
}
