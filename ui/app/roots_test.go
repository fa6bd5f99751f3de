package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"descry/library"
	"descry/library/scan"
	"descry/ui/app"
)

// sub makes a folder in another and puts a sample photo into it.
func sub(t *testing.T, dir, name, photo string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	copyPhoto(t, photo, filepath.Join(path, photo+".jpg"))
	return path
}

func TestFolderOfARootAlone(t *testing.T) {
	a := wordsOnly(t)
	dir, err := filepath.EvalSymlinks(folder(t, "coffee-cup"))
	if err != nil {
		t.Fatal(err)
	}
	add(t, a, dir)
	below := sub(t, dir, "2024/may", "giraffes")
	sub(t, dir, "2023", "forest-stream")
	target, err := a.AddPath(t.Context(), below)
	if err != nil || len(target.Folders) != 1 || target.Folders[0].Dir != "2024/may" {
		t.Fatalf("%+v, %v", target, err)
	}
	r, err := a.IndexTargets(t.Context(), []app.Target{target}, nil)
	if err != nil || r.New != 1 || r.Files != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if r := index(t, a); r.New != 1 || r.Files != 3 {
		t.Errorf("%+v", r)
	}
	// The root itself is all of it; a folder above is refused with the way out.
	if target, err = a.AddPath(t.Context(), dir); err != nil || target.Folders != nil || target.Root == 0 {
		t.Errorf("%+v, %v", target, err)
	}
	var overlap *scan.OverlapError
	if _, err = a.AddPath(t.Context(), filepath.Dir(dir)); !errors.As(err, &overlap) || !strings.Contains(err.Error(), "remove that one first") {
		t.Errorf("%v", err)
	}
}

func TestConfirmRoot(t *testing.T) {
	a := wordsOnly(t)
	dir := folder(t, "coffee-cup", "giraffes")
	add(t, a, dir)
	roots, err := a.Roots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := roots[0].ID
	away := dir + "-away"
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	if r := index(t, a); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "roots relocate") || r.Offline != 2 {
		t.Errorf("%+v", r)
	}
	if err := a.ConfirmRoot(t.Context(), id); err == nil || !strings.Contains(err.Error(), "is not there") {
		t.Errorf("a root that is not there was confirmed: %v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if r := index(t, a); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "roots confirm") || r.Missing != 0 {
		t.Errorf("%+v", r)
	}
	// A run that is on might set the root offline again, so it is waited for.
	if err := a.InRun(t.Context(), func() {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := a.ConfirmRoot(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("confirmed during a run: %v", err)
		}
		if roots, err := a.Roots(t.Context()); err != nil || roots[0].State != library.Offline {
			t.Errorf("%+v, %v", roots, err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := a.ConfirmRoot(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if missing, err := a.MissingFiles(t.Context()); err != nil || len(missing) != 2 {
		t.Errorf("missing %v, %v", missing, err)
	}
	if roots, err := a.Roots(t.Context()); err != nil || roots[0].State != library.Present || roots[0].Reason != "" {
		t.Errorf("%+v, %v", roots, err)
	}
}

func TestExcludeSetting(t *testing.T) {
	a := wordsOnly(t)
	dir := folder(t, "coffee-cup")
	sub(t, dir, "private", "giraffes")
	sub(t, dir, "work", "forest-stream")
	if err := a.SetSetting(t.Context(), app.SettingExclude, "[; work/"); err == nil || !strings.Contains(err.Error(), "cannot be understood") {
		t.Errorf("a pattern without sense was taken: %v", err)
	}
	if err := a.SetSetting(t.Context(), app.SettingExclude, "private/; work/"); err != nil {
		t.Fatal(err)
	}
	if r := add(t, a, dir); r.Files != 1 {
		t.Errorf("%+v", r)
	}
	if err := a.SetSetting(t.Context(), app.SettingExclude, ""); err != nil {
		t.Fatal(err)
	}
	if r := index(t, a); r.Files != 3 {
		t.Errorf("%+v", r)
	}
	if err := a.SetSetting(t.Context(), app.SettingWatch, "perhaps"); err == nil {
		t.Error("watch = perhaps was taken")
	}
}

// TestWatch lets the library follow what happens in a root until a photo that is copied
// there, and then a video, have come.
func TestWatch(t *testing.T) {
	a := wordsOnly(t)
	dir := folder(t, "coffee-cup")
	add(t, a, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	runs, filmed := 0, false
	err := a.Watch(ctx, nil, func(r app.IndexReport, err error) {
		if err != nil {
			t.Error(err)
		}
		if runs++; runs == 1 { // the first run is about what came before
			copyPhoto(t, "giraffes", filepath.Join(dir, "giraffes.jpg"))
		}
		switch {
		case r.Files == 2 && !filmed:
			filmed = true
			if err := os.WriteFile(filepath.Join(dir, "film.mp4"), []byte("no film"), 0o600); err != nil {
				t.Error(err)
			}
		case r.Files == 3:
			cancel()
		}
	}, func(s string) { t.Log(s) })
	if err != nil {
		t.Error(err)
	}
	if ctx.Err() == nil || runs < 2 {
		t.Errorf("ended after %d runs", runs)
	}
}

func TestStartWatching(t *testing.T) {
	a := wordsOnly(t)
	dir := folder(t, "coffee-cup")
	finished := make(chan app.IndexReport, 10)
	a.Listen(app.Events{Finished: func(r app.IndexReport) { finished <- r }})
	a.StartWatching()
	if _, err := a.AddRoot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for r := range finished { // the new root is looked through without being asked for
		if r.Files == 1 {
			break
		}
	}
	if err := a.SetSetting(t.Context(), app.SettingWatch, app.WatchOff); err != nil {
		t.Fatal(err)
	}
	if err := a.SetSetting(t.Context(), app.SettingWatch, app.WatchOn); err != nil {
		t.Fatal(err)
	}
}
