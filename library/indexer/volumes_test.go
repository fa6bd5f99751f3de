package indexer

import (
	"os"
	"path/filepath"
	"testing"

	"descry/library"
	"descry/library/store"
)

func (l *lib) root() library.Root {
	l.Helper()
	return l.roots()[0]
}

// away expects the only root to be offline for a reason.
func (l *lib) away(r Report, reason string) {
	l.Helper()
	root := l.root()
	if root.State != library.Offline || root.Reason != reason {
		l.Errorf("the root is %s (%q), want offline (%q)", root.State, root.Reason, reason)
	}
	if len(r.Away) != 1 || r.Away[0].ID != root.ID || r.Away[0].Reason != reason || r.Missing != 0 {
		l.Errorf("report %+v", r)
	}
}

func rename(l *lib, from, to string) {
	l.Helper()
	if err := os.Rename(from, to); err != nil {
		l.Fatal(err)
	}
}

// TestEmptyRootWaitsForThePerson empties a root. It is offline until the person says that
// the photos are gone; then they are missing, and still come back without a second look.
func TestEmptyRootWaitsForThePerson(t *testing.T) {
	l := newLib(t)
	l.album("album", 5)
	l.photo("a.jpg", 100)
	l.index()
	l.encoded(6)
	was := l.photosIn(".")
	away := l.photos + "-away"
	rename(l, l.photos, away)
	mkdir(l, l.photos)
	for range 2 {
		l.away(l.index(), store.EmptyFolder)
	}
	if err := l.store.ConfirmRoot(t.Context(), l.root().ID); err != nil {
		t.Fatal(err)
	}
	l.expect(l.index(), Report{Missing: 6})
	if r := l.root(); r.State != library.Present || r.Reason != "" {
		t.Errorf("the root is %s (%q)", r.State, r.Reason)
	}
	if missing, err := l.store.MissingFiles(t.Context()); err != nil || len(missing) != 6 {
		t.Errorf("missing %v, %v", missing, err)
	}
	// Nothing more to lose, so an empty folder is just that.
	l.expect(l.index(), Report{})
	l.remove("")
	rename(l, away, l.photos)
	l.expect(l.index(), Report{Files: 6, Photos: 6, Unchanged: 6})
	l.encoded(0)
	l.samePhotos(was, l.photosIn("."))
}

// TestConfirmedRootThatComesBackFirst plugs the disk in again before the confirmed photos
// were marked as missing.
func TestConfirmedRootThatComesBackFirst(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.photo("b.jpg", 2)
	l.index()
	if err := l.store.ConfirmRoot(t.Context(), l.root().ID); err != nil {
		t.Fatal(err)
	}
	// A scan of a part does not use up the person's word.
	l.scan(Target{Root: l.root(), Parts: []Part{{Dir: "none"}}})
	if r := l.root(); r.Reason != store.ConfirmedGone {
		t.Errorf("the word is gone: %+v", r)
	}
	l.expect(l.index(), Report{Files: 2, Photos: 2, Unchanged: 2})
	if r := l.root(); r.Reason != "" {
		t.Errorf("the root is %s (%q)", r.State, r.Reason)
	}
}

func TestAnotherVolumeWaitsForThePerson(t *testing.T) {
	l := newLib(t)
	l.photo("a.jpg", 1)
	l.index()
	l.encoded(1)
	if err := l.store.SetRootVolume(t.Context(), l.root().ID, "uuid:of-the-right-one"); err != nil {
		t.Fatal(err)
	}
	away := l.photos + "-away"
	rename(l, l.photos, away)
	l.photo("other.jpg", 2)
	l.away(l.index(), store.OtherVolume)
	if err := l.store.ConfirmRoot(t.Context(), l.root().ID); err != nil {
		t.Fatal(err)
	}
	l.expect(l.index(), Report{Files: 1, Photos: 1, New: 1, Missing: 1, Encoded: 1})
	l.expect(l.index(), Report{Files: 1, Photos: 1, Unchanged: 1})
}

// TestRootIsFollowedToAnotherMountPoint brings the volume of a root back at another path.
func TestRootIsFollowedToAnotherMountPoint(t *testing.T) {
	const volume = "uuid:1234-5678"
	for _, tt := range []struct {
		name   string
		under  string // what of the old path lies below the new mount point
		spoil  func(l *lib, to string)
		follow bool
	}{
		{"the root is the mount point", "", nil, true},
		{"the root lies below", "photos", nil, true},
		{"other files lie there", "", func(l *lib, to string) {
			for _, name := range []string{"a.jpg", "dir/b.jpg"} {
				if err := os.WriteFile(filepath.Join(to, name), []byte("no photo of ours"), 0o644); err != nil {
					l.Fatal(err)
				}
			}
		}, false},
		{"another root lies there", "", func(l *lib, to string) {
			if _, err := l.store.AddRoot(l.Context(), filepath.Join(to, "dir"), ""); err != nil {
				l.Fatal(err)
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLib(t)
			l.photo("a.jpg", 1)
			l.photo("dir/b.jpg", 2)
			l.index()
			l.encoded(2)
			was := l.photosIn(".")
			root := l.root()
			if err := l.store.SetRootVolume(t.Context(), root.ID, volume); err != nil {
				t.Fatal(err)
			}
			mounted := filepath.Join(filepath.Dir(l.photos), "media", "Stick 1")
			to := filepath.Join(mounted, tt.under)
			mkdir(l, filepath.Dir(to))
			rename(l, l.photos, to)
			mkdir(l, l.photos) // the old mount point
			if tt.spoil != nil {
				tt.spoil(l, to)
			}
			x := l.indexer()
			x.volume = func(path string) (string, error) {
				if path == to {
					return volume, nil
				}
				return "uuid:of-the-system", nil
			}
			x.mounts = func(v string) []string {
				if v != volume {
					return nil
				}
				return []string{mounted}
			}
			root, err := l.store.Root(t.Context(), root.ID)
			if err != nil {
				t.Fatal(err)
			}
			r, err := x.Run(t.Context(), []library.Root{root}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !tt.follow {
				if len(r.Relocated) > 0 || len(r.Away) != 1 {
					t.Errorf("report %+v", r)
				}
				return
			}
			if len(r.Relocated) != 1 || r.Relocated[0] != (Relocation{root.ID, root.Path, to}) {
				t.Errorf("relocated %+v", r.Relocated)
			}
			l.expect(r, Report{Files: 2, Photos: 2, Unchanged: 2})
			if is := l.root(); is.Path != to || is.State != library.Present || is.Volume != volume {
				t.Errorf("the root is %+v", is)
			}
			l.encoded(0)
			l.samePhotos(was, l.photosIn("."))
		})
	}
}

// TestRootUnpluggedDuringTheScan takes the root away each time that the scan asks for its
// volume: before the walk, after it, and before what is gone is noted.
func TestRootUnpluggedDuringTheScan(t *testing.T) {
	for at := 1; at <= 3; at++ {
		l := newLib(t)
		l.album("album", 10)
		l.photo("a.jpg", 100)
		l.photo("old/b.jpg", 101)
		l.index()
		l.encoded(12)
		before := l.photosIn("album")
		l.remove("old")         // something to find gone
		l.photo("new.jpg", 102) // and something new
		away := l.photos + "-away"
		x, asked := l.indexer(), 0
		volume := x.volume
		x.volume = func(path string) (string, error) {
			v, err := volume(path)
			if asked++; asked == at {
				rename(l, l.photos, away)
			}
			return v, err
		}
		r, err := x.Run(t.Context(), l.roots(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if asked < at {
			continue // the scan asks less often
		}
		l.away(Report{Away: r.Away}, store.NotThere)
		l.samePhotos(before, l.photosIn("album"))
		rename(l, away, l.photos)
		r = l.index()
		if r.Photos != 12 || r.Files != 12 {
			t.Errorf("taken at %d: %+v", at, r)
		}
		l.encoded(1)
	}
}
