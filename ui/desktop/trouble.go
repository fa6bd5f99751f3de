package desktop

import (
	"context"
	"maps"
	"path/filepath"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"descry/ui/app"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
)

// Troubled is a library that cannot be opened: what app.Trouble can do for it.
type Troubled interface {
	Damaged() bool
	Sentence() string
	Backups() ([]app.BackupFile, error)
	Repair(ctx context.Context) (app.Repaired, error)
	Restore(ctx context.Context, file string) error
}

// RunTrouble opens a window that says why the library cannot be opened, and offers to mend
// it. It returns whether the library is to be opened again. It must be called on the main
// goroutine, and the program can open no other window afterwards.
func RunTrouble(ctx context.Context, t Troubled, o Options) (again bool, err error) {
	if !hasDisplay() {
		return false, ErrNoDisplay
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := fyneapp.NewWithID(appID)
	if err := loadTranslations(); err != nil {
		return false, err
	}
	a.Settings().SetTheme(look.NewTheme(o.Mode))
	loop := pace.New(func(round func()) {
		if ctx.Err() == nil {
			fyne.Do(round)
		}
	}, pace.System{})
	win := a.NewWindow("Descry")
	if o.Icon != nil {
		a.SetIcon(fyne.NewStaticResource("descry.png", o.Icon))
	}
	p := newTroublePage(ctx, loop, t)
	p.end = func(open bool) {
		again = open
		cancel()
		a.Quit()
	}
	win.SetPadded(false)
	win.SetContent(p.content)
	win.Canvas().SetOnTypedKey(p.typedKey)
	p.focus = win.Canvas().Focus
	p.focus(p.main)
	win.Resize(fyne.NewSize(760, 560))
	win.CenterOnScreen()
	win.SetMaster()
	win.SetCloseIntercept(func() {
		if !p.busy { // a repair that is on ends by itself, in good order
			p.end(false)
		}
	})
	stop := context.AfterFunc(ctx, func() { fyne.Do(a.Quit) })
	defer stop()
	win.ShowAndRun()
	p.acts.Wait()
	return again, nil
}

// troublePage is the content of the window for a library that cannot be opened.
type troublePage struct {
	content fyne.CanvasObject
	end     func(again bool)

	ctx     context.Context
	loop    *pace.Loop
	tips    *look.Tips
	t       Troubled
	acts    sync.WaitGroup
	busy    bool
	title   *look.Paragraph
	text    *look.Paragraph
	body    *fyne.Container // below the text: what can be done, or what was done
	buttons []*look.Button
	main    *look.Button         // the one to press
	focus   func(fyne.Focusable) // gives the keyboard to a button
}

func newTroublePage(ctx context.Context, loop *pace.Loop, t Troubled) *troublePage {
	p := &troublePage{ctx: ctx, loop: loop, tips: look.NewTips(loop), t: t, title: look.NewParagraph(""), text: look.NewParagraph("")}
	p.end, p.focus = func(bool) {}, func(fyne.Focusable) {}
	p.title.Rank = look.SizeBigText
	p.body = container.New(flow{gap: 8})
	page := container.New(flow{gap: 14}, p.title, p.text, p.body)
	p.content = container.NewStack(look.NewFill(theme.ColorNameBackground),
		container.NewVScroll(container.New(layout.NewCustomPaddedLayout(36, 28, 44, 44), page)), p.tips.Layer)
	p.offer()
	return p
}

// offer says what is wrong and what can be done.
func (p *troublePage) offer() {
	p.body.Objects, p.buttons = nil, nil
	if !p.t.Damaged() {
		p.title.SetText(tr("The library cannot be opened"))
		p.text.SetText(p.t.Sentence())
		p.body.Add(inRow(p.button(tr("Try again"), true, func() { p.end(true) }), p.button(tr("Quit"), false, func() { p.end(false) })))
		p.content.Refresh()
		return
	}
	p.title.SetText(tr("The library is damaged"))
	p.text.SetText(tr("Part of what Descry keeps cannot be read, perhaps because of a fault of the disk. Your photos are not touched by that. Repairing saves everything that can be read, what you said first, and takes what is lacking from the newest backup. The damaged library is kept."))
	p.body.Add(inRow(p.button(tr("Repair the library"), true, p.repair), p.button(tr("Quit"), false, func() { p.end(false) })))
	detail := secondary(p.t.Sentence())
	detail.Rank = look.SizeSmallText
	p.body.Add(detail)
	backups, err := p.t.Backups()
	if err != nil {
		p.body.Add(secondary(sentence(err)))
	}
	if len(backups) > 0 {
		p.body.Add(look.NewGap(1, 4))
		p.body.Add(secondary(tr("Or go back to a backup. What you said after it was made is not in it.")))
	}
	for _, b := range backups {
		text := container.New(layout.NewCustomPaddedVBoxLayout(0), p.tips.NewLabel(dateText(b.Made.Local())), p.tips.NewSmall(backupKind(b.Kind)+" · "+bytesText(b.Bytes)))
		p.body.Add(cardOf(container.NewBorder(nil, nil, nil, container.NewCenter(p.button(tr("Restore"), false, func() { p.restore(b) })), text)))
	}
	p.content.Refresh()
}

func (p *troublePage) button(text string, main bool, f func()) *look.Button {
	b := p.tips.NewText(text, text, f).Outlined().Sized(30)
	if main {
		b.Filled(theme.ColorNamePrimary).Coloured(theme.ColorNameForegroundOnPrimary)
		p.main = b
	}
	b.OnKey = func(e *fyne.KeyEvent) { p.typedKey(e) }
	p.buttons = append(p.buttons, b)
	return b
}

// typedKey ends the window on Esc, unless the library is being worked on.
func (p *troublePage) typedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape && !p.busy {
		p.end(false)
	}
}

// work does something with the library; nothing else can be started meanwhile.
func (p *troublePage) work(said string, do func() (then func())) {
	p.busy = true
	for _, b := range p.buttons {
		b.Disable()
	}
	p.text.SetText(said)
	p.content.Refresh()
	p.acts.Add(1)
	p.loop.Go(func() func() {
		defer p.acts.Done()
		then := do()
		return func() {
			p.busy = false
			then()
			p.content.Refresh()
			p.focus(p.main)
		}
	})
}

func (p *troublePage) repair() {
	p.work(tr("Reading what can be read. For a large library this takes minutes."), func() func() {
		r, err := p.t.Repair(context.WithoutCancel(p.ctx))
		return func() {
			if err != nil {
				p.failed(tr("The library could not be repaired"), err)
				return
			}
			p.repaired(r)
		}
	})
}

func (p *troublePage) restore(b app.BackupFile) {
	p.work(tr("Putting the backup in the place of the library."), func() func() {
		err := p.t.Restore(context.WithoutCancel(p.ctx), b.File)
		return func() {
			if err != nil {
				p.failed(tr("The backup could not be restored"), err)
				return
			}
			p.done(tr("The backup is restored"), tr("The library is as it was on {{.Date}}. The damaged one is kept among the backups.", with{"Date": dateText(b.Made.Local())}))
		}
	})
}

// failed offers the ways out once more, and says what went wrong with the last one.
func (p *troublePage) failed(what string, err error) {
	p.offer()
	p.text.SetText(what + ": " + sentence(err))
}

// repaired says what was saved.
func (p *troublePage) repaired(r app.Repaired) {
	if r.Sound {
		p.done(tr("The library is sound"), tr("Nothing had to be done."))
		return
	}
	lines := []string{tr("Saved: {{.What}}.", with{"What": saidCounts(r.Saved)})}
	if r.Backup != "" {
		lines = append(lines, tr("Taken from the backup {{.File}}: {{.What}}.", with{"File": filepath.Base(r.Backup), "What": saidCounts(r.FromBackup)}))
	}
	lines = append(lines,
		tr("The damaged library is kept as {{.File}}.", with{"File": filepath.Base(r.Kept)}),
		tr("What Descry had worked out of photos and is lacking now comes back by itself as it looks at them again."))
	p.done(tr("The library is sound again"), lines...)
}

// done says what was done and offers to open the library.
func (p *troublePage) done(title string, lines ...string) {
	p.title.SetText(title)
	p.text.SetText(lines[0])
	p.body.Objects, p.buttons = nil, nil
	for _, l := range lines[1:] {
		p.body.Add(look.NewParagraph(l))
	}
	p.body.Add(look.NewGap(1, 4))
	p.body.Add(inRow(p.button(tr("Open the library"), true, func() { p.end(true) })))
}

// saidCounts lists what a repair found of what the person said, by kind.
func saidCounts(rows map[string]int) string {
	rows = maps.Clone(rows)
	var parts []string
	add := func(kind string, text func(n int) string) {
		if n := rows[kind]; n > 0 {
			parts = append(parts, text(n))
		}
		delete(rows, kind)
	}
	add("tag", func(n int) string { return trn("{{.N}} tags", n, nil) })
	add("alt_text", func(n int) string { return trn("{{.N}} alt texts", n, nil) })
	add("mark", func(n int) string { return trn("favourites or ratings of {{.N}} photos", n, nil) })
	add("album", func(n int) string { return trn("{{.N}} albums", n, nil) })
	add("album_photo", func(n int) string { return trn("{{.N}} photos in albums", n, nil) })
	add("label", func(n int) string { return trn("{{.N}} labels", n, nil) })
	add("photo", func(n int) string { return trn("{{.N}} photos", n, nil) })
	add("root", func(n int) string { return trn("{{.N}} folders", n, nil) })
	add("journal", func(n int) string { return trn("{{.N}} entries of the history", n, nil) })
	left := 0
	for _, n := range rows {
		left += n
	}
	if left > 0 {
		parts = append(parts, trn("{{.N}} further entries", left, nil))
	}
	if len(parts) == 0 {
		return tr("nothing")
	}
	return strings.Join(parts, ", ")
}
