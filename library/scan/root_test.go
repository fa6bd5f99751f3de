package scan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/library"
)

func TestCheckRoot(t *testing.T) {
	base := tree(t, map[string]string{
		"photos/a.jpg": "", "photos/2020/b.jpg": "", "photos2/c.jpg": "", "empty/": "", "lib/library.db": "",
		"locked/": "", "new/d.jpg": "",
	})
	base, err := filepath.EvalSymlinks(base)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(base, name) }
	if err := os.Symlink(at("new"), at("alias")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("photos"), at("photos-alias")); err != nil {
		t.Fatal(err)
	}
	roots := []library.Root{{ID: 1, Path: at("photos")}}
	for _, tt := range []struct {
		path, abs string
		err       error
		sentence  string
	}{
		{"new", "new", nil, ""},
		{"new/../new/", "new", nil, ""},
		{"alias", "new", nil, ""},
		{"photos2", "photos2", nil, ""},
		{"nowhere", "", ErrNotThere, "is not there."},
		{"new/d.jpg", "", ErrNotFolder, "is a file; name the folder it lies in."},
		{"empty", "empty", ErrEmpty, "is empty."},
		{"lib", "", ErrLibraryFolder, "holds Descry's own data"},
		{"photos", "", nil, "is in the library already."},
		{"photos-alias", "", nil, "is in the library already."},
		{"photos/2020", "", nil, "is in the library already, as part of " + at("photos") + "."},
		{".", "", nil, "holds " + at("photos") + ", which is in the library already: remove that one first."},
	} {
		t.Run(tt.path, func(t *testing.T) {
			abs, err := CheckRoot(at(tt.path), roots, at("lib"))
			if want := tt.abs; (want == "") != (abs == "") || want != "" && abs != at(want) {
				t.Errorf("path %q", abs)
			}
			if tt.sentence == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.sentence) {
				t.Fatalf("error %v, want %q", err, tt.sentence)
			}
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("error %v is not %v", err, tt.err)
			}
			var overlap *OverlapError
			if tt.err == nil && (!errors.As(err, &overlap) || overlap.Root.ID != 1) {
				t.Errorf("error %v names no root", err)
			}
		})
	}
}

func TestCheckRootUnreadable(t *testing.T) {
	base := tree(t, map[string]string{"locked/a.jpg": ""})
	unreadable(t, filepath.Join(base, "locked"))
	if _, err := CheckRoot(filepath.Join(base, "locked"), nil, ""); !errors.Is(err, ErrUnreadable) {
		t.Errorf("error %v", err)
	}
}
