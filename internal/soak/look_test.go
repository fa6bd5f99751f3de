package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"descry/library"
	"descry/library/spool"
	"descry/ui/app"
)

// fleeting are errors of looking at what somebody takes away meanwhile.
func fleeting(err error) error {
	if errors.Is(err, library.ErrNotFound) || errors.Is(err, app.ErrNotInLibrary) {
		return errSkip
	}
	return err
}

var queries = []string{"a red box", "a photo of a dog", "sky over a field", "tag:dog", "rating>=3", "photo 12", "a cat holiday", "2020", "favourite:yes blue", "-tag:cat round thing"}

func (s *soak) search(ctx context.Context, rng *rand.Rand) error {
	text := pick(rng, queries)
	r, err := s.app().Search(ctx, app.SearchRequest{Text: text, Explain: rng.IntN(2) == 0, All: rng.IntN(4) == 0})
	if err != nil {
		return err
	}
	if r.Coverage < 0 || r.Coverage > 1 {
		return fmt.Errorf("coverage %g of %q", r.Coverage, text)
	}
	var ids []library.PhotoID
	for _, h := range r.Hits {
		ids = append(ids, h.Photo)
	}
	_, err = s.app().Cards(ctx, ids)
	return fleeting(err)
}

// one is any photo of the library.
func (s *soak) one(ctx context.Context, rng *rand.Rand) (library.PhotoID, error) {
	ids, err := s.app().Browse(ctx, app.Scope{Stacked: rng.IntN(2) == 0})
	if err != nil || len(ids) == 0 {
		return 0, errors.Join(err, errSkip)
	}
	return pick(rng, ids), nil
}

func (s *soak) similar(ctx context.Context, rng *rand.Rand) error {
	id, err := s.one(ctx, rng)
	if err != nil {
		return err
	}
	_, err = s.app().Similar(ctx, id, app.SearchRequest{})
	return fleeting(err)
}

func (s *soak) similarFile(ctx context.Context, rng *rand.Rand) error {
	s.w.tree.Lock()
	defer s.w.tree.Unlock()
	at, _, err := s.some(rng, func(_ place, f file) bool { return f.photo.editable })
	if err != nil {
		return err
	}
	_, err = s.app().SimilarFile(ctx, at.String(), app.SearchRequest{})
	return err
}

func (s *soak) detail(ctx context.Context, rng *rand.Rand) error {
	id, err := s.one(ctx, rng)
	if err != nil {
		return err
	}
	d, err := s.app().Detail(ctx, id)
	if err != nil {
		return fleeting(err)
	}
	if d.Measures.Width > 0 {
		// Its file may be away, or gone a moment later.
		if img, err := s.app().Thumbnail(ctx, d.Picture); err == nil && img.Rect.Empty() {
			return fmt.Errorf("the thumbnail of %s is empty", d.Path)
		}
	}
	if rng.IntN(4) == 0 {
		_, _ = s.app().Picture(ctx, id)
	}
	if _, _, err := s.app().Stack(ctx, id); err != nil {
		return fleeting(err)
	}
	_, err = s.app().AltText(ctx, id)
	return fleeting(err)
}

func (s *soak) sidebar(ctx context.Context, _ *rand.Rand) error {
	_, err := s.app().Sidebar(ctx)
	if err == nil {
		_, err = s.app().Status(ctx)
	}
	if err == nil {
		_, err = s.app().History(ctx, 50)
	}
	if err == nil {
		_, err = s.app().Failures(ctx)
	}
	if err == nil {
		_, err = s.app().MissingFiles(ctx)
	}
	return err
}

func (s *soak) duplicates(ctx context.Context, _ *rand.Rand) error {
	_, err := s.app().DuplicateGroups(ctx, nil, app.DuplicateExact, app.DuplicateNear, app.DuplicateBurst)
	return fleeting(err)
}

func (s *soak) dump(ctx context.Context, _ *rand.Rand) error {
	return s.app().Dump(ctx, io.Discard, true, true)
}

// index brings everything up to date; cutShort ends that in the middle.
func (s *soak) index(ctx context.Context, _ *rand.Rand) error {
	_, err := s.app().Index(ctx, nil, nil)
	return err
}

func (s *soak) cutShort(ctx context.Context, rng *rand.Rand) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	left := rng.IntN(30)
	_, err := s.app().Index(inner, nil, func(app.Progress) {
		if left--; left < 0 {
			cancel()
		}
	})
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return nil
	}
	return err
}

// background starts, holds and ends runs as a window does.
func (s *soak) background(_ context.Context, rng *rand.Rand) error {
	switch rng.IntN(4) {
	case 0:
		s.app().CancelIndexing()
	case 1:
		s.app().PauseIndexing()
		s.app().ResumeIndexing()
	default:
		s.app().StartIndexing()
	}
	return nil
}

// askIndex lets another process ask for a run.
func (s *soak) askIndex(ctx context.Context, _ *rand.Rand) error {
	_, err := s.ask(ctx, spool.Request{Verb: spool.Index})
	return err
}

func (s *soak) retry(ctx context.Context, _ *rand.Rand) error {
	_, err := s.app().RetryFailed(ctx)
	return err
}
