package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"descry/library"
	"descry/library/contentid"
	"descry/ui/app"
)

// The tree is kept between these numbers of files.
const (
	fewest = 60
	most   = 150
)

// errSkip says that there is nothing at the moment that an act could be done to.
var errSkip = errors.New("nothing to do it to")

// where is a folder that is there, or may come to be.
func (s *soak) where(rng *rand.Rand) (place, error) {
	roots := s.w.plugged()
	if len(roots) == 0 {
		return place{}, errSkip
	}
	r := pick(rng, roots)
	dirs := s.w.folders(r)
	dir := pick(rng, dirs)
	if len(dirs) < 8 && rng.IntN(3) == 0 {
		dir = join(dir, fmt.Sprintf("folder %d", s.w.number()))
	}
	return place{r, dir}, nil
}

// some is a file that is there.
func (s *soak) some(rng *rand.Rand, want func(place, file) bool) (place, file, error) {
	found := s.w.places(func(p place, f file) bool { return here(p, f) && (want == nil || want(p, f)) })
	if len(found) == 0 {
		return place{}, file{}, errSkip
	}
	p := pick(rng, found)
	f, _ := s.w.at(p)
	return p, f, nil
}

func (s *soak) add(_ context.Context, rng *rand.Rand) error {
	if len(s.w.places(nil)) >= most {
		return errSkip
	}
	dir, err := s.where(rng)
	if err != nil {
		return err
	}
	for range 1 + rng.IntN(4) {
		photos, err := s.w.make(rng)
		if err != nil {
			return err
		}
		for _, m := range photos {
			at := place{dir.root, join(dir.rel, fmt.Sprintf("photo %d.%s", photos[0].photo.number, m.ext))}
			if err := s.w.write(at, m.photo, m.data); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *soak) moveFile(_ context.Context, rng *rand.Rand) error {
	from, f, err := s.some(rng, nil)
	if err != nil {
		return err
	}
	dir, err := s.where(rng)
	if err != nil {
		return err
	}
	to := place{dir.root, join(dir.rel, fmt.Sprintf("moved %d%s", s.w.number(), filepath.Ext(from.rel)))}
	if err := os.MkdirAll(filepath.Dir(to.String()), 0o755); err != nil {
		return err
	}
	s.w.put(to, f)
	s.w.take(from)
	return os.Rename(from.String(), to.String())
}

func (s *soak) moveFolder(_ context.Context, rng *rand.Rand) error {
	from, err := s.where(rng)
	if err != nil || from.rel == "" {
		return errors.Join(err, errSkip)
	}
	inside := s.w.places(func(p place, _ file) bool { return p.root == from.root && strings.HasPrefix(p.rel, from.rel+"/") })
	dir, err := s.where(rng)
	if err != nil || len(inside) == 0 || dir.root == from.root && strings.HasPrefix(dir.rel+"/", from.rel+"/") {
		return errors.Join(err, errSkip)
	}
	to := place{dir.root, join(dir.rel, fmt.Sprintf("folder %d", s.w.number()))}
	if err := os.MkdirAll(filepath.Dir(to.String()), 0o755); err != nil {
		return err
	}
	for _, p := range inside {
		f, _ := s.w.at(p)
		s.w.put(place{to.root, to.rel + strings.TrimPrefix(p.rel, from.rel)}, f)
		s.w.take(p)
	}
	return os.Rename(from.String(), to.String())
}

func (s *soak) copyFile(_ context.Context, rng *rand.Rand) error {
	from, f, err := s.some(rng, nil)
	if err != nil || len(s.w.places(nil)) >= most {
		return errors.Join(err, errSkip)
	}
	dir, err := s.where(rng)
	if err != nil {
		return err
	}
	to := place{dir.root, join(dir.rel, fmt.Sprintf("copy %d%s", s.w.number(), filepath.Ext(from.rel)))}
	f.photo.copied = true
	if rng.IntN(4) == 0 {
		if err := os.MkdirAll(filepath.Dir(to.String()), 0o755); err != nil {
			return err
		}
		s.w.put(to, f)
		return os.Link(from.String(), to.String())
	}
	data, err := os.ReadFile(from.String())
	if err != nil {
		return err
	}
	return s.w.write(to, f.photo, data)
}

// editWords writes other words into a photo, as another program would: it stays the same.
func (s *soak) editWords(_ context.Context, rng *rand.Rand) error {
	at, f, err := s.some(rng, func(_ place, f file) bool { return f.photo.editable })
	if err != nil {
		return err
	}
	data := f.photo.jpeg(s.w.number())
	if id, err := contentid.Of(data); err != nil || id != f.photo.content {
		return fmt.Errorf("words made %s of %s: %w", id, f.photo.content, err)
	}
	return s.w.write(at, f.photo, data)
}

// editPixels gives a photo other pixels: what was said goes along. Nothing is said meanwhile.
func (s *soak) editPixels(ctx context.Context, rng *rand.Rand) error {
	at, f, err := s.some(rng, func(_ place, f file) bool { return f.photo.editable && !f.photo.copied })
	if err != nil {
		return err
	}
	s.w.word.Lock()
	defer s.w.word.Unlock()
	a := s.app()
	if _, err := a.Index(ctx, nil, nil); err != nil {
		return err
	}
	id, err := s.id(ctx, at)
	if err != nil {
		return err
	}
	d, err := a.Detail(ctx, id)
	if err != nil {
		return err
	}
	if len(d.Files) != 1 {
		return errSkip // a missing file of it is remembered: a copy keeps what was said
	}
	was := f.photo.seed
	f.photo.seed = s.w.seed<<20 | uint64(s.w.number())
	data := f.photo.jpeg(0)
	content, err := contentid.Of(data)
	if err != nil || was == f.photo.seed {
		return fmt.Errorf("an edit that changes nothing: %w", err)
	}
	if err := s.w.write(at, f.photo, data); err != nil {
		return err
	}
	s.w.mu.Lock()
	f.photo.content = content
	s.w.mu.Unlock()
	if _, err = a.Index(ctx, nil, nil); err != nil {
		return err
	}
	now, err := s.id(ctx, at)
	if err == nil && now != id {
		err = fmt.Errorf("photo %d became photo %d when it was edited", id, now)
	}
	return err
}

func (s *soak) deleteFile(_ context.Context, rng *rand.Rand) error {
	if len(s.w.places(nil)) <= fewest {
		return errSkip
	}
	at, _, err := s.some(rng, nil)
	if err != nil {
		return err
	}
	s.w.take(at)
	return os.Remove(at.String())
}

// unplug takes a root away, or leaves an empty folder as an unmounted disk does; plug brings
// it back.
func (s *soak) unplug(_ context.Context, rng *rand.Rand) error {
	roots := s.w.plugged()
	if len(roots) < 2 {
		return errSkip
	}
	r := pick(rng, roots)
	s.w.setAway(r, true)
	if err := os.Rename(r.path, r.path+" (away)"); err != nil {
		return err
	}
	if rng.IntN(2) == 0 {
		return os.Mkdir(r.path, 0o755)
	}
	return nil
}

func (s *soak) plug(context.Context, *rand.Rand) error {
	for _, r := range s.w.roots {
		if !r.away {
			continue
		}
		if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.Rename(r.path+" (away)", r.path); err != nil {
			return err
		}
		s.w.setAway(r, false)
		return nil
	}
	return errSkip
}

// relocate moves a root to another path and says so.
func (s *soak) relocate(ctx context.Context, rng *rand.Rand) error {
	roots := s.w.plugged()
	if len(roots) == 0 || len(s.w.trashed) > 0 { // those go back to where they were
		return errSkip
	}
	r := pick(rng, roots)
	s.w.word.Lock() // what is said names photos by their paths
	defer s.w.word.Unlock()
	to := filepath.Join(filepath.Dir(r.path), fmt.Sprintf("%s %d", r.name, s.w.number()))
	if err := os.Rename(r.path, to); err != nil {
		return err
	}
	s.w.mu.Lock()
	r.path = to
	s.w.mu.Unlock()
	return s.app().RelocateRoot(ctx, r.id, to)
}

// trash moves a file to the trash; where it is a copy, another of its files stays for it.
func (s *soak) trash(ctx context.Context, rng *rand.Rand) error {
	if len(s.w.places(nil)) <= fewest {
		return errSkip
	}
	at, f, err := s.some(rng, isPhoto)
	if err != nil {
		return err
	}
	keep, kept, err := s.some(rng, isPhoto)
	if err != nil || keep == at {
		return errors.Join(err, errSkip)
	}
	item := app.TrashItem{Path: at.String()}
	if rng.IntN(2) == 0 {
		item.Keep = keep.String()
	}
	s.w.word.Lock()
	defer s.w.word.Unlock()
	r, err := s.app().Trash(ctx, []app.TrashItem{item})
	if err != nil {
		return err
	}
	if len(r.Moved) == 0 {
		return errSkip // not looked at yet
	}
	var said saying
	if item.Keep != "" && kept.photo != f.photo {
		said.inherit(f.photo, kept.photo)
	}
	key := "trashed " + item.Path
	said = append(said, change{s.w.bin, key, s.w.bin.said[key], "yes"})
	o, err := s.w.record(r.Operation, said, true)
	if err != nil {
		return err
	}
	s.w.mu.Lock()
	s.w.trashed[item.Path] = trashed{at: at, file: f, op: o}
	s.w.mu.Unlock()
	f.photo.copied = true // its file is remembered
	s.w.take(at)
	return nil
}

// inherit says of one photo what is said of another; what is said of it already stands.
func (s *saying) inherit(from, to *photo) {
	for key, value := range from.said {
		switch {
		case key == "mark":
			f, t := markOf(from), markOf(to)
			s.set(to, key, mark{stars: max(f.stars, t.stars), favourite: f.favourite || t.favourite}.String())
		case strings.HasPrefix(key, "distinct"):
		case to.said[key] == "":
			s.set(to, key, value)
		}
	}
}

// restore undoes a move to the trash.
func (s *soak) restore(ctx context.Context, rng *rand.Rand) error {
	var paths []string
	for path, t := range s.w.trashed {
		if !t.at.root.away {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return errSkip
	}
	path := pick(rng, paths)
	t := s.w.trashed[path]
	s.w.word.Lock()
	defer s.w.word.Unlock()
	if err := s.undo(ctx, t.op); err != nil {
		return err
	}
	if t.op.undone {
		s.w.mu.Lock()
		delete(s.w.trashed, path)
		s.w.mu.Unlock()
		s.w.put(t.at, t.file)
	}
	return nil
}

// forget deletes a photo and lets the library forget it.
func (s *soak) forget(ctx context.Context, rng *rand.Rand) error {
	at, f, err := s.some(rng, func(_ place, f file) bool { return isPhoto(place{}, f) && !f.photo.copied })
	if err != nil || len(s.w.places(nil)) <= fewest {
		return errors.Join(err, errSkip)
	}
	s.w.word.Lock()
	defer s.w.word.Unlock()
	id, err := s.id(ctx, at)
	if err != nil {
		return err
	}
	s.w.take(at)
	if err := os.Remove(at.String()); err != nil {
		return err
	}
	if _, err := s.app().Index(ctx, nil, nil); err != nil {
		return err
	}
	if err := s.app().Forget(ctx, []library.PhotoID{id}, rng.IntN(4) == 0); err != nil {
		return err
	}
	s.w.forget(map[*photo]bool{f.photo: true})
	return nil
}
