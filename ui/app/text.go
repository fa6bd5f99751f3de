package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"

	"descry/clipengine/ocr"
	"descry/library"
	"descry/library/recognise"
)

// The values of SettingText.
const (
	TextOn  = "on"
	TextOff = "off"
)

// errYield ends looking for text for something that goes first.
var errYield = errors.New("photos wait to be looked at")

// textBox holds what reads text. Its sessions live as long as the process, like those of
// other models.
type textBox struct {
	mu     sync.Mutex
	reader *ocr.Engine // nil: not opened yet
}

func (b *textBox) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader == nil {
		return nil
	}
	return b.reader.Close()
}

// textReader opens what reads text, once. It loads no model: that happens when one is needed.
func (a *App) textReader(ctx context.Context) (*ocr.Engine, error) {
	b := &a.text
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader != nil {
		return b.reader, nil
	}
	lib, err := a.runtimeLibrary(ctx)
	if err != nil {
		return nil, err
	}
	b.reader, err = ocr.Open(a.p.Recogniser, lib)
	return b.reader, err
}

// readsText tells whether text in photos is to be read.
func (a *App) readsText(ctx context.Context) bool {
	return a.p.Recogniser != nil && !a.p.NoText && a.Setting(ctx, SettingText) != TextOff
}

// textEyes is an ocr.Engine as package recognise wants one.
type textEyes struct{ *ocr.Engine }

func (e textEyes) Read(ctx context.Context, img *image.RGBA) ([]library.TextLine, error) {
	lines, err := e.Engine.Read(ctx, img)
	if err != nil {
		return nil, err
	}
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	out := make([]library.TextLine, len(lines))
	for i, l := range lines {
		out[i] = library.TextLine{Text: l.Text, Confidence: l.Confidence}
		for j, p := range l.Box {
			out[i].Box[j] = [2]float64{p.X / w, p.Y / h}
		}
	}
	return out, nil
}

// readText looks for text in the photos in which nobody did yet. It ends at once when photos
// wait to be looked at; the run that looks at them goes on with it.
func (a *App) readText(ctx context.Context, out *IndexReport, progress func(Progress)) error {
	if !a.readsText(ctx) {
		return nil
	}
	reader, err := a.textReader(ctx)
	if err != nil {
		return err
	}
	var report recognise.Report
	err = a.yielding(ctx, func(ctx context.Context) (err error) {
		report, err = recognise.Run(ctx, recognise.Params{
			Store: a.store, Thumbs: a.thumbs, Engine: textEyes{reader}, Codecs: a.decoders(), Manner: &a.manner, Log: a.p.Log,
		}, func(p recognise.Progress) {
			progress(Progress{
				Job: jobText, Done: p.Done, Total: p.Total, PerSecond: p.PerSecond, Left: p.Left, Path: p.Path, Running: true,
			})
		})
		return err
	})
	out.TextLooked, out.TextFound = report.Looked, report.Text
	if report.Seconds > 0 {
		out.TextPerSecond = float64(report.Looked) / report.Seconds
	}
	if errors.Is(err, errYield) {
		return nil
	}
	return err
}

// yielding runs work that ends at once, with errYield, when photos wait to be looked at.
func (a *App) yielding(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.mu.Lock()
	if a.next != nil || a.waiting > 0 {
		cancel(errYield)
	}
	a.yield = cancel
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.yield = nil
		a.mu.Unlock()
	}()
	err := work(ctx)
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), errYield) {
		return errYield // not all that ends with ctx says why
	}
	return err
}

// yieldText ends looking for text, or looking again, if that is on: something goes first.
func (a *App) yieldText() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.yield != nil {
		a.yield(errYield)
	}
}

// wait notes that one more run waits until the one that is on ends, or one less does.
func (a *App) wait(n int) {
	a.mu.Lock()
	a.waiting += n
	a.mu.Unlock()
	if n > 0 {
		a.yieldText()
	}
}

// textStatus counts the photos with recognised text, and those in which it is still to be
// looked for.
func (a *App) textStatus(ctx context.Context) (found, unread int, err error) {
	if found, err = a.store.CountText(ctx); err != nil || !a.readsText(ctx) {
		return found, 0, err
	}
	b := &a.text
	b.mu.Lock()
	reader := b.reader
	b.mu.Unlock()
	if reader == nil { // what it is called does not depend on the runtime
		if reader, err = ocr.Open(a.p.Recogniser, ""); err != nil {
			return found, 0, fmt.Errorf("counting the photos without text: %w", err)
		}
	}
	unread, err = a.store.CountUnread(ctx, reader.Digest())
	return found, unread, err
}
