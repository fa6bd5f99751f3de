package feed

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync"
	"testing"
	"time"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/pace"
)

// store answers at once and notes what was asked.
type store struct {
	mu     sync.Mutex
	cards  [][]library.PhotoID
	thumbs []byte
	fail   bool
	hold   chan struct{} // thumbnails wait for it, if not nil
}

func (s *store) Cards(_ context.Context, ids []library.PhotoID) ([]app.Card, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cards = append(s.cards, slices.Clone(ids))
	out := make([]app.Card, len(ids))
	for i, id := range ids {
		out[i] = app.Card{Photo: id, Name: "photo", Picture: picture(id)}
	}
	return out, nil
}

func picture(id library.PhotoID) library.Picture {
	p := library.Picture{Orientation: 1}
	p.Content.Scheme = "test"
	p.Content.Digest[0], p.Content.Digest[1] = byte(id), byte(id>>8)
	return p
}

func (s *store) Thumbnail(ctx context.Context, p library.Picture) (*image.RGBA, error) {
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.thumbs = append(s.thumbs, p.Content.Digest[0])
	if s.fail {
		return nil, errors.New("no thumbnail yet")
	}
	return image.NewRGBA(image.Rect(0, 0, 60, 40)), nil
}

func start(t *testing.T, s *store, bytes int64, workers int) (*Feed, *pace.Loop) {
	loop := pace.New(nil, pace.NewManual(time.Unix(0, 0)))
	return New(t.Context(), Params{Loop: loop, Backend: s, Workers: workers, Bytes: bytes, Changed: func() {}}), loop
}

func ids(from, to int) []library.PhotoID {
	var out []library.PhotoID
	for i := from; i < to; i++ {
		out = append(out, library.PhotoID(i))
	}
	return out
}

func TestWantedPhotosArrive(t *testing.T) {
	s := &store{}
	f, loop := start(t, s, 1<<20, 2)
	f.Want(ids(1, 30), 20)
	if f.Thumb(1, 20) != nil {
		t.Error("a thumbnail is there before it was fetched")
	}
	loop.Settle()
	for _, id := range ids(1, 30) {
		img := f.Thumb(id, 20)
		if img == nil || img.Bounds().Dx() != 20 || img.Bounds().Dy() != 20 {
			t.Fatalf("photo %d: %v", id, img)
		}
	}
	if len(s.cards) != 1 || len(s.thumbs) != 29 {
		t.Errorf("asked %d times for cards and %d for thumbnails", len(s.cards), len(s.thumbs))
	}
	f.Want(ids(1, 30), 20)
	loop.Settle()
	if len(s.thumbs) != 29 {
		t.Error("what is there was fetched again")
	}
}

func TestMemoryStaysWithinTheBudget(t *testing.T) {
	s := &store{}
	const one = 20 * 20 * 4
	f, loop := start(t, s, 10*one, 2)
	for from := 1; from < 200; from += 8 {
		f.Want(ids(from, from+8), 20)
		loop.Settle()
		if f.Bytes() > 10*one {
			t.Fatalf("%d bytes of thumbnails for a budget of %d", f.Bytes(), 10*one)
		}
		for _, id := range ids(from, from+8) {
			if f.Thumb(id, 20) == nil {
				t.Fatalf("photo %d is wanted and was dropped", id)
			}
		}
	}
	if f.Thumb(1, 20) != nil {
		t.Error("the first photo is still in memory")
	}
}

// TestWhatIsNoLongerWantedIsGivenUp scrolls on while thumbnails are on their way.
func TestWhatIsNoLongerWantedIsGivenUp(t *testing.T) {
	s := &store{hold: make(chan struct{})}
	f, loop := start(t, s, 1<<20, 1)
	f.Put(app.Card{Photo: 1, Picture: picture(1)})
	for _, id := range ids(1, 50) {
		f.Put(app.Card{Photo: id, Picture: picture(id)})
	}
	f.Want(ids(1, 9), 20)   // the worker takes the first four and waits
	f.Want(ids(40, 44), 20) // they are not wanted any more
	close(s.hold)
	loop.Settle()
	for _, id := range ids(40, 44) {
		if f.Thumb(id, 20) == nil {
			t.Errorf("photo %d is wanted and not there", id)
		}
	}
	if len(s.thumbs) > 4+thumbBatch {
		t.Errorf("%d thumbnails were fetched", len(s.thumbs))
	}
	if f.Thumb(8, 20) != nil {
		t.Error("a thumbnail that nobody wants any more was fetched")
	}
}

func TestAnotherSizeReplacesTheOldOne(t *testing.T) {
	s := &store{}
	f, loop := start(t, s, 1<<20, 2)
	f.Want(ids(1, 4), 20)
	loop.Settle()
	f.Want(ids(1, 4), 32)
	if f.Thumb(1, 32) == nil {
		t.Error("the cell is empty until the new size is there")
	}
	loop.Settle()
	if got := f.Thumb(1, 32).Bounds().Dx(); got != 32 {
		t.Errorf("the thumbnail is %d wide", got)
	}
}

func TestFailuresAreTriedAgainAfterAChange(t *testing.T) {
	s := &store{fail: true}
	f, loop := start(t, s, 1<<20, 2)
	f.Want(ids(1, 4), 20)
	loop.Settle()
	f.Want(ids(1, 4), 20)
	loop.Settle()
	if len(s.thumbs) != 3 {
		t.Errorf("%d attempts for 3 thumbnails that do not exist yet", len(s.thumbs))
	}
	s.fail = false
	f.Invalidate()
	loop.Settle()
	if f.Thumb(2, 20) == nil {
		t.Error("the thumbnail is not there after the change")
	}
	if len(s.cards) != 2 {
		t.Errorf("cards were asked for %d times", len(s.cards))
	}
}

func TestSquareAndFit(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for y := range 200 {
		for x := range 300 {
			img.Pix[img.PixOffset(x, y)] = uint8(x / 2)
			img.Pix[img.PixOffset(x, y)+3] = 255
		}
	}
	sq := Square(img, 100)
	if sq.Bounds() != image.Rect(0, 0, 100, 100) {
		t.Fatalf("square of %v", sq.Bounds())
	}
	if left, right := int(sq.Pix[0]), int(sq.Pix[99*4]); left < 24 || left > 27 || right < 122 || right > 126 {
		t.Errorf("the square goes from %d to %d: it is not the middle", left, right)
	}
	if got := Square(img, 400).Bounds().Dx(); got != 200 {
		t.Errorf("a picture 200 high became %d", got)
	}
	if got := Fit(img, 150, 150).Bounds(); got != image.Rect(0, 0, 150, 100) {
		t.Errorf("fitted to %v", got)
	}
	if Fit(img, 400, 400) != img {
		t.Error("a small picture was enlarged")
	}
}
