package desktop

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// field is a one-line entry whose Esc, Up, Down and Delete are given away, and in which places
// can be marked.
type field struct {
	widget.Entry
	OnEscape, OnDown, OnUp func()
	OnLeft                 func()                 // the focus left
	OnTab                  func()                 // nil: Tab leads to the next widget
	OnDelete               func() bool            // false: Delete is for the text
	OnPaste                func(text string) bool // false: it goes into the text

	marks []span
	drawn *fieldRenderer // nil before the field was drawn
}

// span is a place in a text, in letters.
type span struct{ start, end int }

func newField(placeholder string) *field {
	f := &field{}
	f.PlaceHolder = placeholder
	f.Scroll = fyne.ScrollHorizontalOnly
	f.ExtendBaseWidget(f)
	return f
}

// Mark draws waves under places of the text; none takes them away.
func (f *field) Mark(marks ...span) {
	f.marks = marks
	if f.drawn != nil {
		f.drawn.place()
	}
}

// TypedKey gives away what is not for the text.
func (f *field) TypedKey(e *fyne.KeyEvent) {
	var to func()
	switch e.Name {
	case fyne.KeyEscape:
		to = f.OnEscape
	case fyne.KeyDown:
		to = f.OnDown
	case fyne.KeyUp:
		to = f.OnUp
	case fyne.KeyTab:
		to = f.OnTab
	case fyne.KeyDelete:
		if f.OnDelete != nil && f.OnDelete() {
			return
		}
	}
	if to != nil {
		to()
		return
	}
	f.Entry.TypedKey(e)
}

// TypedShortcut gives away what is pasted.
func (f *field) TypedShortcut(s fyne.Shortcut) {
	if p, ok := s.(*fyne.ShortcutPaste); ok && f.OnPaste != nil && p.Clipboard != nil && f.OnPaste(p.Clipboard.Content()) {
		return
	}
	f.Entry.TypedShortcut(s)
}

// AcceptsTab reports whether Tab is for the text.
func (f *field) AcceptsTab() bool { return f.OnTab != nil }

// FocusLost tells that the focus left.
func (f *field) FocusLost() {
	f.Entry.FocusLost()
	if f.OnLeft != nil {
		f.OnLeft()
	}
}

// CreateRenderer draws the entry, and the marks over it.
func (f *field) CreateRenderer() fyne.WidgetRenderer {
	r := &fieldRenderer{WidgetRenderer: f.Entry.CreateRenderer(), f: f}
	for _, o := range r.WidgetRenderer.Objects() {
		if s, ok := o.(*container.Scroll); ok {
			r.scroll = s
			s.OnScrolled = func(fyne.Position) { r.place() }
		}
	}
	f.drawn = r
	f.OnCursorChanged = r.place // the text scrolls with the cursor
	return r
}

// fieldRenderer adds the marks to the toolkit's entry.
type fieldRenderer struct {
	fyne.WidgetRenderer
	f      *field
	scroll *container.Scroll
	waves  []fyne.CanvasObject
}

func (r *fieldRenderer) Layout(s fyne.Size) {
	r.WidgetRenderer.Layout(s)
	r.place()
}

func (r *fieldRenderer) Refresh() {
	r.WidgetRenderer.Refresh()
	r.place()
}

func (r *fieldRenderer) Objects() []fyne.CanvasObject {
	own := r.WidgetRenderer.Objects()
	return append(own[:len(own):len(own)], r.waves...)
}

// place lays a wave under each marked place, as far as it is in sight.
func (r *fieldRenderer) place() {
	for len(r.waves) < len(r.f.marks) {
		r.waves = append(r.waves, newWave())
	}
	text := []rune(r.f.Text)
	size := theme.Size(theme.SizeNameText)
	inner := theme.Size(theme.SizeNameInnerPadding)
	at := func(column int) float32 {
		before := string(text[:min(max(column, 0), len(text))])
		return r.scroll.Position().X + inner - r.scroll.Offset.X + fyne.MeasureText(before, size, r.f.TextStyle).Width
	}
	for i, o := range r.waves {
		if i >= len(r.f.marks) || r.scroll == nil {
			o.Hide()
			continue
		}
		m := r.f.marks[i]
		left, right := at(m.start), at(m.end)
		right = max(right, left+leastWave)
		left = max(left, r.scroll.Position().X)
		right = min(right, r.scroll.Position().X+r.scroll.Size().Width)
		if right <= left {
			o.Hide()
			continue
		}
		line := fyne.MeasureText("Ág", size, r.f.TextStyle).Height
		o.Move(fyne.NewPos(left, r.scroll.Position().Y+inner+line-2))
		o.Resize(fyne.NewSize(right-left, waveHeight))
		o.Show()
		o.Refresh()
	}
}

const (
	waveHeight = 4 // of a mark, in units
	leastWave  = 6 // width of a mark where there is nothing to stand under
)

// newWave returns a wavy line in the colour of errors, as wide and high as it is made.
func newWave() fyne.CanvasObject {
	return canvas.NewRasterWithPixels(func(x, y, _, h int) color.Color {
		// A triangle wave of the raster's height, 1.5 units thick.
		scale := float64(h) / waveHeight
		period := 1.5 * float64(h)
		t := math.Mod(float64(x)+0.5, period) / period
		middle := float64(h)/2 + (math.Abs(2*t-1)*2-1)*(float64(h)/2-0.8*scale)
		cover := min(max(0.75*scale+0.5-math.Abs(float64(y)+0.5-middle), 0), 1)
		c := color.NRGBAModel.Convert(theme.Color(theme.ColorNameError)).(color.NRGBA)
		c.A = uint8(float64(c.A) * cover)
		return c
	})
}

// withoutBars is the present theme without bars to scroll with: in a line of text they would
// lie on the letters, and the text follows the cursor.
type withoutBars struct{}

func (withoutBars) now() fyne.Theme { return fyne.CurrentApp().Settings().Theme() }

func (t withoutBars) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	return t.now().Color(n, v)
}
func (t withoutBars) Font(s fyne.TextStyle) fyne.Resource     { return t.now().Font(s) }
func (t withoutBars) Icon(n fyne.ThemeIconName) fyne.Resource { return t.now().Icon(n) }
func (t withoutBars) Size(n fyne.ThemeSizeName) float32 {
	if n == theme.SizeNameScrollBar || n == theme.SizeNameScrollBarSmall {
		return 0
	}
	return t.now().Size(n)
}
