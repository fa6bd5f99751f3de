// Package recognise looks for text in the photos of a library, once in each with each engine:
// a stage of its own, behind looking at photos, that one may end at any time.
package recognise

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"descry/internal/pause"
	"descry/library"
	"descry/library/decode"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/thumbs"
)

const (
	// side is the short side, in pixels, at which pictures are decoded for reading: letters
	// that a person can read on the whole picture have some ten pixels then.
	side = 1200
	// atATime is how many photos are asked of the store, and stored together: one takes some
	// tenths of a second to a few seconds.
	atATime = 8
	// failuresInARow is how many readings may fail, and none succeed, before the fault is taken
	// to be the engine's and the run ends.
	failuresInARow = 5
)

// What counts as text: an engine reads letters into leaves and fences, with little confidence
// and in snippets.
const (
	surely     = 0.8 // confidence of a line that counts by itself
	fewLetters = 2   // letters and digits of such a line
	perhaps    = 0.6 // confidence of the other lines of a picture in which there is one
)

// Engine reads text in upright sRGB pictures without transparency, whose bounds start at (0, 0).
type Engine interface {
	// Digest names the engine: what it read is kept until another one comes.
	Digest() string
	// Spots tells whether there may be text in a picture, quickly and from a small one.
	Spots(ctx context.Context, img *image.RGBA) (bool, error)
	// Read returns the lines of text in a picture.
	Read(ctx context.Context, img *image.RGBA) ([]library.TextLine, error)
}

// Params is what a run is made of.
type Params struct {
	Store  *store.Store
	Thumbs *thumbs.Cache
	Engine Engine
	Codecs decode.Codecs // nil: pictures that need them are left for later
	Manner *pause.Manner // whether the run is held, and at which priority it works; nil: nothing holds it back
	Log    *slog.Logger
}

// Progress says how far a run has come.
type Progress struct {
	Done, Total int // photos
	PerSecond   float64
	Left        time.Duration // 0 while unknown
	Path        string        // the file that is looked at
}

// Report is what a run did.
type Report struct {
	Looked int // photos in which text was looked for
	Text   int // of those, with text
	Failed int // of those, that could not be read
	// Seconds is how long it took.
	Seconds float64
}

// Run looks for text in the photos that are at hand and were not looked through with this
// engine, newest first, one at a time. What is finished is stored when ctx ends, too; the
// next run goes on. A picture that cannot be read is noted as such and costs nothing else; a
// file that is gone, or changed since it was looked at, is left to the run after the next scan.
func Run(ctx context.Context, p Params, progress func(Progress)) (Report, error) {
	r := run{Params: p, digest: p.Engine.Digest(), started: time.Now(), progress: progress}
	if r.Manner == nil {
		r.Manner = &pause.Manner{}
	}
	var err error
	if r.total, err = p.Store.CountUnread(ctx, r.digest); err != nil || r.total == 0 {
		return r.report, err
	}
	for after, more := (store.Cursor{}), true; more; {
		photos, err := p.Store.UnreadPhotos(ctx, r.digest, atATime, after)
		if err != nil {
			return r.finish(ctx, err)
		}
		if more = len(photos) > 0; !more {
			break
		}
		after = photos[len(photos)-1].Cursor
		if err := r.some(ctx, photos); err != nil {
			return r.finish(ctx, err)
		}
	}
	return r.finish(ctx, nil)
}

type run struct {
	Params
	digest   string
	started  time.Time
	progress func(Progress)
	total    int
	seen     int // photos that are behind, those left for later, too
	failing  int
	report   Report
}

func (r *run) finish(ctx context.Context, err error) (Report, error) {
	r.report.Seconds = time.Since(r.started).Seconds()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return r.report, err
}

// some looks at a few photos and stores what it read in those that it came to.
func (r *run) some(ctx context.Context, photos []store.UnreadPhoto) error {
	var done []store.Reading
	var err error
	for _, u := range photos {
		if err = r.Manner.Wait(ctx); err != nil {
			break
		}
		r.tell(u.Path)
		var reading *store.Reading
		if r.Manner.Do(func() { reading, err = r.look(ctx, u) }); err != nil {
			break
		}
		r.seen++
		if reading != nil {
			done = append(done, *reading)
		}
	}
	if putErr := r.Store.PutReadings(context.WithoutCancel(ctx), r.digest, done); putErr != nil {
		return putErr
	}
	for _, d := range done {
		r.report.Looked++
		switch {
		case d.Failed:
			r.report.Failed++
		case len(d.Lines) > 0:
			r.report.Text++
		}
	}
	r.tell("")
	return err
}

func (r *run) tell(path string) {
	if r.progress == nil {
		return
	}
	p := Progress{Done: r.seen, Total: max(r.total, r.seen), Path: path}
	if took := time.Since(r.started); r.seen > 0 && took > 0 {
		p.PerSecond = float64(r.seen) / took.Seconds()
		p.Left = time.Duration(float64(p.Total-r.seen) / p.PerSecond * float64(time.Second))
	}
	r.progress(p)
}

// look looks for text in one photo; nil: it is left for later. Its error ends the run.
func (r *run) look(ctx context.Context, u store.UnreadPhoto) (reading *store.Reading, err error) {
	failed := func(err error) (*store.Reading, error) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r.Log.Debug("no text is read", "path", u.Path, "error", err)
		return &store.Reading{Picture: u.Picture, Failed: true}, nil
	}
	defer func() {
		if p := recover(); p != nil {
			r.Log.Error("looking for text made the program fail", "panic", p)
			reading, err = failed(fmt.Errorf("looking for text made the program fail: %v", p))
		}
	}()
	some, err := r.may(ctx, u)
	if err == nil && !some {
		r.failing = 0
		return &store.Reading{Picture: u.Picture}, nil
	}
	var lines []library.TextLine
	if err == nil {
		var img *image.RGBA
		if img, err = r.decode(ctx, u); err != nil {
			if errors.Is(err, errLater) || errors.Is(err, decode.ErrCodec) {
				r.Log.Debug("left for later", "path", u.Path, "reason", err)
				return nil, nil
			}
			return failed(err)
		}
		lines, err = r.Engine.Read(ctx, img)
	}
	if err != nil {
		if r.failing++; r.failing >= failuresInARow && ctx.Err() == nil {
			return nil, fmt.Errorf("looking for text fails in every photo: %w", err)
		}
		return failed(err)
	}
	r.failing = 0
	return &store.Reading{Picture: u.Picture, Lines: Sure(lines)}, nil
}

// may tells by the thumbnail whether there may be text in a photo. Of what no camera took
// (screenshots, scans) and of long pictures the thumbnail shows too little to tell.
func (r *run) may(ctx context.Context, u store.UnreadPhoto) (bool, error) {
	if !u.Camera && u.Format == "png" || library.Elongated(u.Width, u.Height) {
		return true, nil
	}
	thumb, err := r.Thumbs.Load(u.Picture)
	if err != nil {
		return true, nil // lost or damaged: the photo itself tells
	}
	return r.Engine.Spots(ctx, thumb)
}

// errLater says that a file is not what it was when it was looked at.
var errLater = errors.New("the file is gone, or another one than before")

func (r *run) decode(ctx context.Context, u store.UnreadPhoto) (*image.RGBA, error) {
	same := func() bool {
		info, err := os.Stat(u.Path)
		return err == nil && info.Mode().IsRegular() && scan.StatOf(info) == u.Stat
	}
	if !same() {
		return nil, errLater
	}
	if u.Stat.Size > decode.DefaultLimits.MaxBytes {
		return nil, decode.ErrTooLarge
	}
	data, err := os.ReadFile(u.Path)
	if err != nil || !same() {
		return nil, errors.Join(errLater, err)
	}
	img, _, err := decode.Decode(ctx, data, decode.Options{Orientation: u.Picture.Orientation, MinSide: side, Codecs: r.Codecs})
	return img, err
}

// Sure keeps the lines that are text beyond doubt, and those between them that may be.
func Sure(lines []library.TextLine) []library.TextLine {
	if !slices.ContainsFunc(lines, func(l library.TextLine) bool { return l.Confidence >= surely && letters(l.Text) >= fewLetters }) {
		return nil
	}
	var out []library.TextLine
	for _, l := range lines {
		if l.Confidence >= perhaps {
			out = append(out, l)
		}
	}
	return out
}

// letters counts letters and digits. A sign that stands for a word counts as many.
func letters(text string) int {
	n := 0
	for _, r := range strings.TrimSpace(text) {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			n += 2
		case unicode.IsLetter(r), unicode.IsNumber(r):
			n++
		}
	}
	return n
}
