//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/library/store"
	"descry/library/thumbs"
	"descry/ui/app"
)

// strange are faults that come but once.
func strange(t *testing.T, p *page, lacking string) {
	first, after, tags := stageNamed("the first indexing"), stageNamed("indexing after"), stageNamed("tags")
	p.other(t, "the disk with the photos is pulled out", first.name, "what was looked at stays, nothing is looked at twice", "",
		func(t *testing.T) int { return unplugged(t, first) })
	p.other(t, "the disk with the photos is pulled out", after.name, "nothing said is lost; with the disk back all is as if it had never been away", "",
		func(t *testing.T) int { return unplugged(t, after) })
	p.other(t, "photos cannot be read", first.name, "each is named with its reason, the others are there, the next run reads them", lacking,
		func(t *testing.T) int { return unreadable(t, first) })
	p.other(t, "the clock goes back by years", tags.name, "all is as with the right clock; undo goes by order, not by time; no backup is lost", "",
		func(t *testing.T) int { return clockBack(t, tags) })
	p.other(t, "thumbnails have zeros in them", "looking at photos", "they are made anew from the photos", "",
		func(t *testing.T) int { return zeroed(t, first) })
}

// unplugged takes the photos away after some of them were looked at, and brings them back.
func unplugged(t *testing.T, st stage) int {
	r := undisturbed(t, st)
	times := 0
	for _, at := range []int{1, 2, 3, 8, 15} {
		if err := r.begin.put(r.begin.killed()); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		seen := 0
		away := r.site.at("away")
		e := &eye{before: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if seen++; seen == at {
				return os.Rename(r.site.photos(), away)
			}
			return nil
		}}
		was, err := r.site.indexed(e)
		if err != nil {
			t.Logf("pulled out at photo %d: %v", at, err)
		}
		if there(r.site.photos()) {
			continue // there was less to look at
		}
		times++
		got, err := r.site.look()
		if err != nil {
			t.Fatal(err)
		}
		if r.Before.User != "" && got.User != r.Before.User {
			t.Errorf("photo %d: what the person said is not as before", at)
		}
		if err := os.Rename(away, r.site.photos()); err != nil {
			t.Fatal(err)
		}
		now, err := r.site.indexed(&eye{})
		if err != nil {
			t.Fatal(err)
		}
		if st.kind == derived && was.Encoded+now.Encoded != 16 {
			t.Errorf("photo %d: %d and %d were looked at", at, was.Encoded, now.Encoded)
		}
		if err := r.check(0); err != nil {
			t.Errorf("photo %d: %v", at, err)
		}
	}
	return times
}

// unreadable lets reading of two photos fail.
func unreadable(t *testing.T, st stage) int {
	r := undisturbed(t, st)
	if err := r.begin.put(r.begin.killed()); err != nil {
		t.Fatal(err)
	}
	bad := []string{filepath.Join("00", "003.jpg"), filepath.Join("02", "011.jpg")}
	options := []string{"-o", os.DevNull, "-e", "trace=read,pread64", "-e", "inject=read,pread64:error=EIO"}
	for _, name := range bad {
		options = append(options, "-P", filepath.Join(r.site.photos(), name))
	}
	cmd := command(t, task{Stage: st.name, Site: r.site})
	if err := strace(cmd, options...); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	err := r.site.withStore(func(ctx context.Context, st *store.Store) error {
		failures, err := st.Failures(ctx)
		if err != nil {
			return err
		}
		var found []string
		for _, f := range failures {
			t.Log(f.Stage, f.Reason)
			rel, err := filepath.Rel(r.site.photos(), f.Path)
			if err != nil {
				return err
			}
			found = append(found, rel)
		}
		slices.Sort(found)
		if !slices.Equal(found, bad) {
			return fmt.Errorf("not read: %v", found)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := r.check(0); err != nil {
		t.Error(err)
	}
	return len(bad)
}

// clockBack does a stage's operations years before all that was there.
func clockBack(t *testing.T, st stage) int {
	r := undisturbed(t, st)
	if err := r.begin.put(r.begin.killed()); err != nil {
		t.Fatal(err)
	}
	// A backup of a day to come, as seen from then.
	ahead := r.site.at("library", "backups", "daily-2024-05-06.db")
	if err := os.MkdirAll(filepath.Dir(ahead), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ahead, []byte("a backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2009, 8, 7, 6, 5, 4, 0, time.UTC) }
	err := r.site.later(now, func(ctx context.Context, a *app.App) error {
		said := 0
		err := r.site.say(ctx, a, func(digest string) error {
			if digest != r.Told[said] {
				t.Errorf("operation %d comes to something else", said+1)
			}
			said++
			return nil
		})
		for i := len(r.Told) - 1; i >= 0 && err == nil; i-- {
			if _, err = a.Undo(ctx, 0); err != nil {
				break
			}
			want := r.Before.User
			if i > 0 {
				want = r.Told[i-1]
			}
			user, _, failed := a.DumpDigest(ctx)
			if err = failed; user != want {
				t.Errorf("undoing operation %d comes to something else", i+1)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !there(ahead) || !there(r.site.at("library", "backups", "daily-2009-08-07.db")) {
		t.Error("a backup is lacking")
	}
	if err := r.check(0); err != nil {
		t.Error(err)
	}
	return 1
}

// zeroed writes zeros into thumbnails, as a power cut does, and looks at the photos.
func zeroed(t *testing.T, st stage) int {
	r := undisturbed(t, st)
	files, err := filepath.Glob(r.site.at("library", "thumbs", "*", "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for i, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		from := i * len(b) / len(files)
		clear(b[from:min(from+sector, len(b))])
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err = r.site.with(func(ctx context.Context, a *app.App) error {
		photos, err := ids(ctx, a)
		if err != nil {
			return err
		}
		for _, id := range photos {
			d, err := a.Detail(ctx, id)
			if err != nil {
				return err
			}
			img, err := a.Thumbnail(ctx, d.Picture)
			if err != nil {
				return err
			}
			want, err := thumbs.Open(r.Thumbs).Load(d.Picture)
			if err != nil {
				return err
			}
			if img.Rect != want.Rect {
				return errors.New("another picture")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		want, err := os.ReadFile(filepath.Join(r.Thumbs, strings.TrimPrefix(f, r.site.at("library", "thumbs"))))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(f); err != nil || string(got) != string(want) {
			t.Errorf("%s is not as it was: %v", filepath.Base(f), err)
		}
	}
	return len(files)
}
