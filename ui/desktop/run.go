package desktop

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"descry/ui/app"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
)

// appID is the identity under which the desktop knows the program.
const appID = "app.descry.Descry"

// ErrNoDisplay says that there is no screen to open a window on.
var ErrNoDisplay = errors.New("there is no display to open a window on")

// Options change how the window starts.
type Options struct {
	Icon  []byte       // PNG of the program's icon, may be nil
	Log   *slog.Logger // nil: slog.Default()
	Mode  look.Mode    // "" follows the setting, then the system
	Scale float32      // of Draw: pixels per unit, 0 for 1
	Query string       // searched for at the start
	Photo int          // of Draw: 1 chooses the first photo of the list, 0 none
	Blank bool         // of Draw: an empty window, without waiting for photos
}

// Run opens the window and returns when it was closed or ctx ended. It must be called on
// the main goroutine. Error: app.RestoreAsked when the person wants a backup restored.
func Run(ctx context.Context, b Backend, o Options) error {
	if !hasDisplay() {
		return ErrNoDisplay
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := fyneapp.NewWithID(appID)
	if err := loadTranslations(); err != nil {
		return err
	}
	loop := pace.New(func(round func()) {
		// Once the toolkit's loop has ended it would run the round right here, on a thread
		// that must not touch widgets.
		if ctx.Err() == nil {
			fyne.Do(round)
		}
	}, pace.System{})
	w := prepare(ctx, b, loop, a, o)
	if o.Icon != nil {
		a.SetIcon(fyne.NewStaticResource("descry.png", o.Icon))
	}
	win := a.NewWindow("Descry")
	w.win, w.canvas = win, win.Canvas()
	win.SetPadded(false)
	win.SetMainMenu(w.mainMenu())
	win.SetContent(w.content)
	win.SetOnDropped(w.dropped)
	w.canvas.SetOnTypedKey(w.strayKey)
	w.canvas.SetOnTypedRune(w.strayRune)
	win.Resize(w.restoredSize())
	win.CenterOnScreen()
	win.SetMaster()
	w.quit = func() {
		w.detail.alt.Save()
		w.keepSize(w.canvas.Size())
		cancel()
		a.Quit()
	}
	win.SetCloseIntercept(w.quit)
	stop := context.AfterFunc(ctx, func() { fyne.Do(w.quit) })
	defer stop()
	b.Listen(w.events())
	w.start(o)
	w.focus(w.search.Box)
	win.ShowAndRun()
	// A signal ends the toolkit's loop without asking the window.
	w.detail.alt.Save()
	w.pauseDownloads()
	w.acts.Wait()
	b.Listen(app.Events{})
	return w.ending
}

// prepare builds the parts of the window in the theme that is asked for.
func prepare(ctx context.Context, b Backend, loop *pace.Loop, a fyne.App, o Options) *window {
	mode := o.Mode
	if mode == look.FollowSystem {
		mode = look.Mode(b.Setting(ctx, settingTheme))
	}
	a.Settings().SetTheme(look.NewTheme(mode))
	w := newWindow(ctx, b, loop, a, o)
	w.mode = mode
	return w
}

// start loads what the window shows first.
func (w *window) start(o Options) {
	if o.Query != "" {
		w.search.SetText(o.Query)
		w.search.last = o.Query
	}
	w.loadSidebar()
	w.loadStatus()
	w.list(false)
}

// events carries what happens in the background to the window, the latest once per frame.
func (w *window) events() app.Events {
	type progressKey struct{}
	type changedKey struct{}
	return app.Events{
		Progress: func(p app.Progress) {
			w.loop.PostLatest(progressKey{}, func() {
				w.heard = true
				w.status.SetProgress(p)
			})
		},
		Changed: func() { w.loop.PostLatest(changedKey{}, w.refreshSoon) },
		Notice:  func(s string) { w.loop.Post(func() { w.toast.Show(s, "", nil) }) },
		Folders: func(s string) { w.loop.Post(func() { w.told(s) }) },
		Finished: func(r app.IndexReport) {
			w.loop.Post(func() {
				if r.New+r.Changed+r.Moved > 0 {
					w.toast.Show(reportText(r), "", nil)
				}
				w.told(r.Followed...)
				w.refreshSoon()
			})
		},
	}
}

// reportText says what an indexing run did.
func reportText(r app.IndexReport) string {
	text := trn("{{.N}} new photos", r.New, nil)
	if r.Encoded > 0 && r.PhotosPerSecond > 0 {
		text += ", " + tr("{{.Rate}} a second", with{"Rate": fmt.Sprintf("%.0f", r.PhotosPerSecond)})
	}
	if n := len(r.Failed); n > 0 {
		text += ", " + trn("{{.N}} unreadable", n, nil)
	}
	return text + "."
}

func (w *window) restoredSize() fyne.Size {
	var width, height float32
	if _, err := fmt.Sscan(w.setting(settingSize), &width, &height); err == nil && width > 400 && height > 300 {
		return fyne.NewSize(width, height)
	}
	return fyne.NewSize(1280, 800)
}

// keepSize waits for the answer: the program may end right after.
func (w *window) keepSize(s fyne.Size) {
	if w.win.FullScreen() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), time.Second)
	defer cancel()
	if err := w.b.SetSetting(ctx, settingSize, fmt.Sprintf("%.0f %.0f", s.Width, s.Height)); err != nil {
		w.log.Warn("the window's size was not kept", "error", err)
	}
}

// Draw writes a PNG of the window as it looks with the given size in units, once everything
// in sight has loaded. It needs no display: the toolkit's software renderer draws it.
func Draw(b Backend, width, height int, file string, o Options) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := fyneapp.NewWithID(appID)
	if err := loadTranslations(); err != nil {
		return err
	}
	if o.Mode == look.FollowSystem {
		o.Mode = look.AlwaysLight
	}
	clock := pace.NewManual(time.Now())
	loop := pace.New(nil, clock)
	c := surface(a)
	w := prepare(ctx, b, loop, a, o)
	c.SetPadded(false)
	if o.Scale > 0 {
		c.SetScale(o.Scale)
	}
	w.canvas = c
	c.SetContent(w.content)
	c.Resize(fyne.NewSize(float32(width), float32(height)))
	if !o.Blank {
		settle := func() { // until nothing is loading and every short wait is over
			for range 3 {
				loop.Settle()
				clock.Advance(time.Second)
			}
			loop.Settle()
		}
		w.start(o)
		settle()
		if o.Photo > 0 {
			w.grid.Select(o.Photo - 1)
			settle()
		}
	}
	out, err := os.Create(filepath.Clean(file))
	if err != nil {
		return fmt.Errorf("draw the window: %w", err)
	}
	if err := png.Encode(out, c.Capture()); err != nil {
		return errors.Join(fmt.Errorf("draw the window into %s: %w", file, err), out.Close())
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("draw the window into %s: %w", file, err)
	}
	return nil
}
