//go:build linux

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"descry/assets"
	"descry/internal/photomaker"
	"descry/library"
	"descry/library/indexer"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
	"descry/tagging"
	"descry/ui/app"
)

// site is a folder with a library, its photos and all else that a stage needs. The trash
// lies in it, too: whoever uses a site sets XDG_DATA_HOME to data().
type site string

func (s site) library() string { return filepath.Join(string(s), "library") }
func (s site) photos() string  { return filepath.Join(string(s), "photos") }
func (s site) data() string    { return filepath.Join(string(s), "data") }
func (s site) at(parts ...string) string {
	return filepath.Join(append([]string{string(s)}, parts...)...)
}

// photo makes a small photo that no other seed shows.
func (s site) photo(name string, seed uint64) error {
	file := filepath.Join(s.photos(), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	data := photomaker.JPEG(photomaker.Scene(96, 64, seed), library.Metadata{}, 90)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return err
	}
	when := time.Date(2020, 1, 1, 0, 0, int(seed), 0, time.UTC)
	return os.Chtimes(file, when, when)
}

func (s site) photosNumbered(n int) error {
	for i := range n {
		if err := s.photo(fmt.Sprintf("%02d/%03d.jpg", i%3, i), uint64(i+1)); err != nil {
			return err
		}
	}
	return nil
}

// open opens the site's library as the program does, without a model.
func (s site) open(now func() time.Time) (*app.App, error) {
	return app.Open(context.Background(), s.params(now))
}

func (s site) params(now func() time.Time) app.Params {
	set := tagging.LabelSet{Name: "animals", Title: "Animals", Role: "animal"}
	for _, name := range []string{"dog", "cat", "bee", "horse", "duck"} {
		set.Labels = append(set.Labels, tagging.Label{Name: name, Alt: "a " + name})
	}
	return app.Params{
		Dir: s.library(), Runtime: "/nonexistent/libonnxruntime.so", Threads: 2, Quiet: app.QuietOff, Starter: assets.Starter(), Sets: []tagging.LabelSet{set},
		Background: assets.Background()[:4], Templates: []string{"a photo of {}."}, Now: now,
		Program: "descry test", Log: slog.New(slog.DiscardHandler),
	}
}

// with opens the library, does something and closes it.
func (s site) with(f func(ctx context.Context, a *app.App) error) error {
	return s.later(nil, f)
}

func (s site) later(now func() time.Time, f func(ctx context.Context, a *app.App) error) error {
	a, err := s.open(now)
	if err != nil {
		return err
	}
	return errors.Join(f(context.Background(), a), a.Close())
}

// killed is with, and leaves the library as a process that was killed then does: the last
// changes are in the write-ahead log alone.
func (s site) killed(f func(ctx context.Context, a *app.App) error) error {
	left := map[string][]byte{}
	err := s.with(func(ctx context.Context, a *app.App) error {
		err := f(ctx, a)
		for _, name := range []string{"library.db", "library.db-wal"} {
			b, failed := os.ReadFile(s.at("library", name))
			left[name], err = b, errors.Join(err, failed)
		}
		return err
	})
	if err == nil && len(left["library.db-wal"]) == 0 {
		err = errors.New("the write-ahead log is empty")
	}
	for name, b := range left {
		err = errors.Join(err, os.WriteFile(s.at("library", name), b, 0o600))
	}
	return err
}

// withStore does something with the site's database alone.
func (s site) withStore(f func(ctx context.Context, st *store.Store) error) error {
	ctx := context.Background()
	st, err := store.Open(ctx, s.library(), store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, st), st.Close())
}

// made makes a library of n photos of which a person said something.
func (s site) made(n int) error {
	if err := s.photosNumbered(n); err != nil {
		return err
	}
	return s.with(func(ctx context.Context, a *app.App) error {
		if _, err := a.AddRoot(ctx, s.photos()); err != nil {
			return err
		}
		report, err := a.Index(ctx, nil, nil)
		if err == nil && (report.Photos != n || len(report.Failed) > 0) {
			err = fmt.Errorf("indexing: %+v", report)
		}
		if err != nil {
			return err
		}
		return s.say(ctx, a, func(string) error { return nil })
	})
}

// ids are all photos.
func ids(ctx context.Context, a *app.App) ([]library.PhotoID, error) {
	return a.Browse(ctx, app.Scope{})
}

// say says something of the first photos and tells said after each operation.
func (s site) say(ctx context.Context, a *app.App, said func(string) error) error {
	photos, err := ids(ctx, a)
	if err != nil {
		return err
	}
	if len(photos) < 4 {
		return fmt.Errorf("%d photos are too few", len(photos))
	}
	album := func(c app.AlbumChange) func() (int64, error) {
		return func() (int64, error) {
			op, _, err := a.ChangeAlbum(ctx, c)
			return op, err
		}
	}
	for _, f := range []func() (int64, error){
		func() (int64, error) { return a.SetRating(ctx, photos[:3], 4) },
		func() (int64, error) { return a.AddTag(ctx, photos[1:3], "animals/dog") },
		func() (int64, error) { return a.SetAlt(ctx, photos[0], "A made picture.", "") },
		func() (int64, error) { return a.SetFavourite(ctx, photos[3:4], true) },
		func() (int64, error) { return a.AddTag(ctx, photos[:1], "animals/bee") },
		album(app.AlbumChange{Do: "add", Name: "Pets", Query: "tag:dog or bee"}),
		album(app.AlbumChange{Do: "add", Name: "Trip"}),
		func() (int64, error) {
			trip, err := a.Album(ctx, "Trip")
			if err != nil {
				return 0, err
			}
			return a.SetAlbumPhotos(ctx, trip.ID, photos[1:3], true)
		},
	} {
		if _, err := f(); err != nil {
			return err
		}
		user, _, err := a.DumpDigest(ctx)
		if err != nil {
			return err
		}
		if err := said(user); err != nil {
			return err
		}
	}
	return nil
}

// index brings the library up to date with vectors, without the program around it.
func (s site) index() error {
	_, err := s.indexed(&eye{})
	return err
}

func (s site) indexed(e *eye) (r indexer.Report, err error) {
	err = s.withStore(func(ctx context.Context, st *store.Store) error {
		volume, err := scan.Volume(s.photos())
		if err != nil {
			return err
		}
		if _, err := st.AddRoot(ctx, s.photos(), volume); err != nil {
			return err
		}
		r, err = s.run(ctx, st, e)
		return err
	})
	return r, err
}

func (s site) run(ctx context.Context, st *store.Store, e *eye) (indexer.Report, error) {
	roots, err := st.Roots(ctx)
	if err != nil {
		return indexer.Report{}, err
	}
	x := indexer.New(indexer.Params{Store: st, Thumbs: thumbs.Open(filepath.Join(s.library(), "thumbs")), Encoder: e, Threads: 2})
	return x.Run(ctx, roots, nil)
}

// state is what a library holds.
type state struct{ User, Derived string }

// look checks that the library is sound and returns what it holds.
func (s site) look() (out state, err error) {
	err = s.withStore(func(ctx context.Context, st *store.Store) error {
		if err := st.Integrity(ctx); err != nil {
			return err
		}
		out.User, out.Derived, err = st.Digest(ctx)
		return err
	})
	return out, err
}

// thumbnails checks that no thumbnail is shown that is not as the one in the folder want.
func (s site) thumbnails(want string) error {
	right, cache := thumbs.Open(want), thumbs.Open(filepath.Join(s.library(), "thumbs"))
	return s.withStore(func(ctx context.Context, st *store.Store) error {
		spaces, err := st.Spaces(ctx)
		if err != nil || len(spaces) == 0 || want == "" {
			return err
		}
		return st.Vectors(ctx, spaces[0].ID, 0, 0, func(v store.VectorRow) error {
			got, err := cache.Load(v.Picture)
			if err != nil {
				return nil // noticed, so it is made again
			}
			if img, err := right.Load(v.Picture); err != nil || !bytes.Equal(img.Pix, got.Pix) {
				return fmt.Errorf("a damaged thumbnail is shown (%v)", err)
			}
			return nil
		})
	})
}

// eye is an encoder whose vectors are the colours of a few spots of the picture.
type eye struct {
	before func(ctx context.Context) error // when set: called before each vector
}

const grid = 4

func (e *eye) MinSide() int  { return 64 }
func (e *eye) Space() string { return "eye" }
func (e *eye) Dim() int      { return 3 * grid * grid }
func (e *eye) Model() string { return "eye" }

func (e *eye) Ready(context.Context) error { return nil }

func (e *eye) Tensor(img *image.RGBA) []float32 {
	var t []float32
	for y := range grid {
		for x := range grid {
			c := img.RGBAAt((2*x+1)*img.Rect.Dx()/(2*grid), (2*y+1)*img.Rect.Dy()/(2*grid))
			t = append(t, float32(c.R)-127.5, float32(c.G)-127.5, float32(c.B)-127.5)
		}
	}
	return t
}

func (e *eye) EncodeBy(ctx context.Context, t []float32) ([]float32, string, error) {
	v, err := e.EncodeTensor(ctx, t)
	return v, "test", err
}

func (e *eye) EncodeTensor(ctx context.Context, t []float32) ([]float32, error) {
	if e.before != nil {
		if err := e.before(ctx); err != nil {
			return nil, err
		}
	}
	var sum float64
	for _, v := range t {
		sum += float64(v) * float64(v)
	}
	out := make([]float32, len(t))
	for i, v := range t {
		out[i] = v / float32(math.Sqrt(sum))
	}
	return out, nil
}

// there tells whether a file is there.
func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
