//go:build linux

package faults

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"descry/internal/onnxtest"
	"descry/library"
	"descry/library/recognise"
	"descry/library/spool"
	"descry/library/store"
	"descry/library/thumbs"
	"descry/ui/app"
)

// What the user data may be after a fault.
const (
	atomic  = iota // as before, or as after one of the operations
	parts          // an operation on many photos may be done in part; it is in the journal
	derived        // only the end counts: there is nothing to begin with
)

// stage is something that Descry does and that is interrupted.
type stage struct {
	name string
	kind int
	// prepare makes what the stage starts from.
	prepare func(s site) error
	// run does it; said is told the digest of the user data after each operation. It can be
	// done again, whatever became of it.
	run func(s site, said func(string) error) error
	// undone makes what was done in part be undone, at every other point, which has to come to
	// the user data of before.
	undone bool
	// closed reports that the library cannot be opened before run was done again.
	closed bool
	// runtime: the stage needs the ONNX Runtime library, which runtimeVariable names.
	runtime bool
	// further checks what lies there after a fault, before run is done again.
	further func(s site) error
}

// tones reads the colours of a picture as text: what it writes is what counts here, and no model
// runs in these tests.
type tones struct{}

func (tones) Digest() string { return "tones" }

func (tones) Spots(_ context.Context, img *image.RGBA) (bool, error) { return img.Pix[0]%4 > 0, nil }

func (tones) Read(_ context.Context, img *image.RGBA) ([]library.TextLine, error) {
	return []library.TextLine{{Text: fmt.Sprintf("tone %x", img.Pix[:8]), Confidence: 1}}, nil
}

// many is a number of photos that takes several transactions.
const many = 230

// oldLibrary is a library of the first format with two photos, tags, alt text and a rating.
//
//go:embed testdata/format1.db.gz
var oldLibrary []byte

func stages() []stage {
	six := func(s site) error { return s.made(6) }
	return []stage{
		{
			name: "the first indexing of a folder", kind: derived,
			prepare: func(s site) error { return s.photosNumbered(16) },
			run:     func(s site, _ func(string) error) error { return s.index() },
		},
		{
			name: "indexing after files were moved, copied, edited and deleted",
			prepare: func(s site) error {
				err := errors.Join(s.made(9), s.index())
				return errors.Join(err, os.Rename(filepath.Join(s.photos(), "00"), filepath.Join(s.photos(), "moved")),
					os.Remove(filepath.Join(s.photos(), "01", "004.jpg")), s.photo("01/007.jpg", 70), s.photo("02/more.jpg", 3))
			},
			run: func(s site, _ func(string) error) error { return s.index() },
		},
		{
			name: "looking for text in photos", prepare: six,
			run: func(s site, _ func(string) error) error {
				return s.withStore(func(ctx context.Context, st *store.Store) error {
					r, err := recognise.Run(ctx, recognise.Params{
						Store: st, Thumbs: thumbs.Open(s.at("library", "thumbs")), Engine: tones{}, Log: slog.New(slog.DiscardHandler),
					}, nil)
					if err == nil && r.Failed > 0 {
						err = fmt.Errorf("no text was looked for in %d photos", r.Failed)
					}
					return err
				})
			},
		},
		{
			name: "looking at the photos again with another model", prepare: indexedSix,
			run: func(s site, _ func(string) error) error { return s.again() },
		},
		{
			name: "removing what a model found", prepare: func(s site) error { return errors.Join(indexedSix(s), s.again()) },
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					_, err := a.ForgetVectors(ctx, secondEye{}.Model())
					if errors.Is(err, library.ErrNotFound) {
						err = nil // it was done before
					}
					return err
				})
			},
		},
		{
			name: "tags, ratings, alt text, albums", prepare: func(s site) error {
				if err := s.photosNumbered(5); err != nil {
					return err
				}
				return s.with(func(ctx context.Context, a *app.App) error {
					if _, err := a.AddRoot(ctx, s.photos()); err != nil {
						return err
					}
					_, err := a.Index(ctx, nil, nil)
					return err
				})
			},
			run: func(s site, said func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error { return s.say(ctx, a, said) })
			},
		},
		{
			name: fmt.Sprintf("a tag for %d photos", many), kind: parts, undone: true, prepare: manyPhotos,
			run: func(s site, said func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					photos, err := ids(ctx, a)
					if err != nil {
						return err
					}
					_, err = a.AddTag(ctx, photos, "animals/cat")
					return err
				})
			},
		},
		{
			name: fmt.Sprintf("undoing a tag of %d photos", many), kind: parts,
			prepare: func(s site) error {
				return errors.Join(manyPhotos(s), s.with(func(ctx context.Context, a *app.App) error {
					photos, err := ids(ctx, a)
					if err != nil {
						return err
					}
					_, err = a.AddTag(ctx, photos, "animals/cat")
					return err
				}))
			},
			run: func(s site, said func(string) error) error { return undoLast(s, "cat") },
		},
		{
			name: "a backup to a file", prepare: six,
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					_, err := a.Backup(ctx, s.at("backup.db"))
					return err
				})
			},
			further: func(s site) error { return soundBackup(s, s.at("backup.db")) },
		},
		{
			name: "the first change of a day, with the backup of the day", prepare: six,
			run: func(s site, said func(string) error) error {
				now := func() time.Time { return time.Now().AddDate(0, 0, 3) }
				return s.later(now, func(ctx context.Context, a *app.App) error {
					photos, err := ids(ctx, a)
					if err == nil {
						_, err = a.SetRating(ctx, photos[4:], 2)
					}
					return err
				})
			},
			further: func(s site) error {
				found, err := filepath.Glob(s.at("library", "backups", "*.db"))
				for _, f := range found {
					err = errors.Join(err, soundBackup(s, f))
				}
				return err
			},
		},
		{
			name: "bringing a library of the first format up to date", kind: derived,
			prepare: func(s site) error {
				z, err := gzip.NewReader(bytes.NewReader(oldLibrary))
				if err != nil {
					return err
				}
				data, err := io.ReadAll(z)
				return errors.Join(err, os.MkdirAll(s.library(), 0o700), os.WriteFile(s.at("library", "library.db"), data, 0o600))
			},
			run: func(s site, _ func(string) error) error {
				return s.withStore(func(context.Context, *store.Store) error { return nil })
			},
			further: func(s site) error { return soundBackup(s, s.at("library", "backups", "before-migration-0002.db")) },
		},
		{
			name: "restoring a backup over a library in use when the system went down",
			prepare: func(s site) error {
				return errors.Join(s.made(6), s.killed(func(ctx context.Context, a *app.App) error {
					_, err := a.Backup(ctx, s.at("backup.db"))
					if err != nil {
						return err
					}
					photos, err := ids(ctx, a)
					if err == nil {
						_, err = a.SetRating(ctx, photos, 1)
					}
					return err
				}))
			},
			run: func(s site, _ func(string) error) error {
				return store.Restore(context.Background(), s.at("backup.db"), s.library())
			},
			further: func(s site) error { return soundBackup(s, s.at("backup.db")) },
		},
		{
			name: "repairing a damaged library", closed: true,
			prepare: func(s site) error {
				file := s.at("library", "library.db")
				if err := errors.Join(s.made(6), s.killed(func(ctx context.Context, a *app.App) error {
					photos, err := ids(ctx, a)
					if err == nil {
						_, err = a.SetRating(ctx, photos, 1)
					}
					return err
				})); err != nil {
					return err
				}
				b, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				copy(b[100:4096], bytes.Repeat([]byte{0xAA}, 3996))
				return os.WriteFile(file, b, 0o600)
			},
			run: func(s site, _ func(string) error) error {
				_, err := app.Repair(context.Background(), s.library(), nil)
				return err
			},
		},
		{
			name: "exporting what was said", prepare: six,
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					_, err := a.ExportFile(ctx, s.at("said.jsonl"))
					return err
				})
			},
			further: func(s site) error { return wholeLines(s.at("said.jsonl")) },
		},
		{
			name: "importing what was said", kind: parts, undone: true,
			prepare: func(s site) error {
				return errors.Join(s.made(6), s.with(func(ctx context.Context, a *app.App) error {
					_, err := a.ExportFile(ctx, s.at("said.jsonl"))
					if err != nil {
						return err
					}
					photos, err := ids(ctx, a)
					if err != nil {
						return err
					}
					_, err = a.SetRating(ctx, photos, 1)
					return err
				}))
			},
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					f, err := os.Open(s.at("said.jsonl"))
					if err != nil {
						return err
					}
					defer f.Close()
					_, err = a.Import(ctx, f, true)
					return err
				})
			},
		},
		{
			name: "doing what another process handed over",
			prepare: func(s site) error {
				if err := s.made(6); err != nil {
					return err
				}
				_, err := spool.Put(s.library(), spool.Request{
					Verb: spool.Rating, Paths: []spool.Path{spool.Path(filepath.Join(s.photos(), "02", "005.jpg"))}, Stars: 5,
				})
				return err
			},
			run: func(s site, _ func(string) error) error {
				return s.with(func(context.Context, *app.App) error { return nil }) // opening does it
			},
		},
		{
			name: "a folder that lies elsewhere now",
			prepare: func(s site) error {
				return errors.Join(s.made(6), os.Rename(s.photos(), s.at("elsewhere")))
			},
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					roots, err := a.Roots(ctx)
					if err != nil {
						return err
					}
					if err := a.RelocateRoot(ctx, roots[0].ID, s.at("elsewhere")); err != nil {
						return err
					}
					_, err = a.Index(ctx, nil, nil)
					return err
				})
			},
		},
		{
			name: "purging what is missing",
			prepare: func(s site) error {
				return errors.Join(s.made(6), os.Remove(filepath.Join(s.photos(), "00", "000.jpg")), s.with(func(ctx context.Context, a *app.App) error {
					_, err := a.Index(ctx, nil, nil)
					return err
				}))
			},
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					_, err := a.PurgeMissing(ctx)
					return err
				})
			},
		},
		{
			name: "forgetting a photo, its traces in backups included", prepare: six,
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					path := filepath.Join(s.photos(), "01", "001.jpg")
					found, _, err := a.Resolve(ctx, []string{path})
					if err != nil {
						return err
					}
					var photos []library.PhotoID
					for _, p := range found {
						photos = append(photos, p.Photo)
					}
					return a.Forget(ctx, photos, true)
				})
			},
		},
		{
			name: "moving a photo to the trash", prepare: six,
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					path := filepath.Join(s.photos(), "01", "001.jpg")
					if !there(path) {
						return nil
					}
					r, err := a.Trash(ctx, []app.TrashItem{{Path: path}})
					if err == nil && len(r.Failed) > 0 {
						err = errors.New(r.Failed[0].Reason)
					}
					return err
				})
			},
			further: oncePhoto,
		},
		{
			name: "bringing a photo back from the trash",
			prepare: func(s site) error {
				return errors.Join(s.made(6), s.with(func(ctx context.Context, a *app.App) error {
					r, err := a.Trash(ctx, []app.TrashItem{{Path: filepath.Join(s.photos(), "01", "001.jpg")}})
					if err == nil && len(r.Moved) != 1 {
						err = fmt.Errorf("%+v", r)
					}
					return err
				}))
			},
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					if there(filepath.Join(s.photos(), "01", "001.jpg")) {
						return nil
					}
					_, err := a.Undo(ctx, 0)
					return err
				})
			},
			further: oncePhoto,
		},
		{
			name: "writing sidecars", prepare: six,
			run: func(s site, _ func(string) error) error {
				return s.with(func(ctx context.Context, a *app.App) error {
					var paths []string
					found, err := filepath.Glob(filepath.Join(s.photos(), "*", "*.jpg"))
					if err != nil {
						return err
					}
					paths = append(paths, found...)
					photos, _, err := a.Resolve(ctx, paths)
					if err != nil {
						return err
					}
					out, err := a.WriteSidecars(ctx, photos)
					for _, o := range out {
						err = errors.Join(err, o.Err)
					}
					return err
				})
			},
			further: wholeSidecars,
		},
		{
			name: "writing the file of vectors for searching",
			prepare: func(s site) error {
				return errors.Join(s.made(6), s.search(5000, nil))
			},
			run: func(s site, _ func(string) error) error {
				for n := 9000; n <= vectorsEnd; n += 4000 { // as photos come in between searches
					if err := s.search(n, nil); err != nil {
						return err
					}
				}
				return nil
			},
			further: rightAnswers,
		},
		{
			name: "adding a model's folder and converting the model", runtime: true,
			prepare: func(s site) error {
				return errors.Join(s.made(6), os.Mkdir(s.at("small"), 0o755), onnxtest.Immich().WriteTo(s.at("small")))
			},
			run:     func(s site, _ func(string) error) error { return s.models() },
			further: wholeModels,
		},
	}
}

func manyPhotos(s site) error {
	if err := s.photosNumbered(6); err != nil {
		return err
	}
	// The database alone: that many real ones would take long.
	for i := range many {
		if err := os.WriteFile(filepath.Join(s.photos(), fmt.Sprintf("%03d.bmp", i)), dot(i), 0o644); err != nil {
			return err
		}
	}
	return s.with(func(ctx context.Context, a *app.App) error {
		if _, err := a.AddRoot(ctx, s.photos()); err != nil {
			return err
		}
		r, err := a.Index(ctx, nil, nil)
		if err == nil && len(r.Failed) > 0 {
			err = fmt.Errorf("%+v", r.Failed[0])
		}
		return err
	})
}

// dot is a picture of two pixels as a BMP file; each number gives another.
func dot(i int) []byte {
	head := []byte{
		'B', 'M', 62, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0,
		0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	}
	return append(head, byte(i), byte(i>>8), 200, 10, 20, byte(i*7), 0, 0)
}

// undoLast undoes the last operation unless nothing is left of it.
func undoLast(s site, tag string) error {
	return s.with(func(ctx context.Context, a *app.App) error {
		photos, err := ids(ctx, a)
		if err != nil {
			return err
		}
		tags, err := a.Tags(ctx, photos)
		if err != nil {
			return err
		}
		for _, list := range tags {
			for _, t := range list {
				if t.Name == tag {
					_, err := a.Undo(ctx, 0)
					return err
				}
			}
		}
		return nil
	})
}

// soundBackup checks that a backup that has its name can be restored.
func soundBackup(s site, file string) error {
	if !there(file) {
		return nil
	}
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := store.Restore(context.Background(), file, filepath.Join(dir, "library")); err != nil {
		return fmt.Errorf("%s is no sound backup: %w", filepath.Base(file), err)
	}
	_, err = site(dir).look()
	return err
}

// wholeLines checks that an export that has its name is whole.
func wholeLines(file string) error {
	if !there(file) {
		return nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if len(b) == 0 || b[len(b)-1] != '\n' || !bytes.Contains(b, []byte("A made picture.")) {
		return fmt.Errorf("an export of %d bytes is not whole", len(b))
	}
	return nil
}

// oncePhoto checks that a photo on its way is at its place or in the trash, and whole.
func oncePhoto(s site) error {
	places := []string{filepath.Join(s.photos(), "01", "001.jpg")}
	inTrash, err := filepath.Glob(filepath.Join(s.data(), "Trash", "files", "*"))
	if err != nil {
		return err
	}
	n := 0
	for _, p := range append(places, inTrash...) {
		if info, err := os.Stat(p); err == nil && info.Size() > 1000 {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("the photo is in %d places", n)
	}
	return nil
}

// wholeSidecars checks that sidecars that have their name are whole, and that the photos are.
func wholeSidecars(s site) error {
	found, err := filepath.Glob(filepath.Join(s.photos(), "*", "*.xmp"))
	if err != nil {
		return err
	}
	for _, f := range found {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if !bytes.Contains(b, []byte("</x:xmpmeta>")) {
			return fmt.Errorf("%s is cut short", filepath.Base(f))
		}
	}
	return nil
}
