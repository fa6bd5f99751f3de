package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Button is a small button: an icon with a name for tooltip and screen reader, or a short
// text, or both.
type Button struct {
	widget.BaseWidget
	OnTapped func()
	// OnRune and OnKey get what is typed while the button has the focus and is not the
	// button's own, so that the window's keys go on working.
	OnRune func(rune)
	OnKey  func(*fyne.KeyEvent)

	name     string // what the button does
	text     string
	icon     fyne.Resource
	colour   fyne.ThemeColorName
	fill     fyne.ThemeColorName // background at rest
	line     fyne.ThemeColorName // outline at rest
	side     float32
	tips     *Tips
	disabled bool
	hovered  bool
	focused  bool
	on       bool // pressed in, for a toggle
	marked   bool // see Mark
}

// NewIcon returns a square button with an icon; name says what it does.
func (t *Tips) NewIcon(icon fyne.Resource, name string, tapped func()) *Button {
	b := &Button{OnTapped: tapped, name: name, icon: icon, side: 28, tips: t, colour: theme.ColorNameForeground}
	b.ExtendBaseWidget(b)
	return b
}

// NewText returns a flat button with a short text; name says what it does.
func (t *Tips) NewText(text, name string, tapped func()) *Button {
	b := &Button{OnTapped: tapped, name: name, text: text, side: 24, tips: t, colour: theme.ColorNameForeground}
	b.ExtendBaseWidget(b)
	return b
}

// Outlined gives the button an outline.
func (b *Button) Outlined() *Button {
	b.line = ColourControl
	return b
}

// Sized sets the height, and for a button without text the width.
func (b *Button) Sized(side float32) *Button {
	b.side = side
	return b
}

// Coloured sets the colour of icon and text.
func (b *Button) Coloured(c fyne.ThemeColorName) *Button {
	b.colour = c
	return b
}

// Filled sets the background.
func (b *Button) Filled(c fyne.ThemeColorName) *Button {
	b.fill = c
	return b
}

// SetText changes the text.
func (b *Button) SetText(text string) {
	if b.text != text {
		b.text = text
		b.Refresh()
	}
}

// Text returns the text.
func (b *Button) Text() string { return b.text }

// Name returns what the button does.
func (b *Button) Name() string { return b.name }

// Set changes icon and name.
func (b *Button) Set(icon fyne.Resource, name string) {
	b.name = name
	if b.icon != icon {
		b.icon = icon
		b.Refresh()
	}
}

// SetOn shows the button pressed in or not.
func (b *Button) SetOn(on bool) {
	if b.on != on {
		b.on = on
		b.Refresh()
	}
}

// Enable lets the button be used.
func (b *Button) Enable() { b.setDisabled(false) }

// Disable keeps the button from being used.
func (b *Button) Disable() { b.setDisabled(true) }

// Disabled says whether the button cannot be used.
func (b *Button) Disabled() bool { return b.disabled }

func (b *Button) setDisabled(d bool) {
	if b.disabled != d {
		b.disabled = d
		b.Refresh()
	}
}

// AccessibilityLabel says what the button does.
func (b *Button) AccessibilityLabel() string { return b.name }

// AccessibilityRole says that this is a button.
func (b *Button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// Tapped does what the button is for.
func (b *Button) Tapped(*fyne.PointEvent) {
	b.tips.Leave(b)
	if !b.disabled && b.OnTapped != nil {
		b.OnTapped()
	}
}

// MouseIn shows that the pointer is on the button.
func (b *Button) MouseIn(e *desktop.MouseEvent) {
	b.hovered = true
	b.MouseMoved(e)
	b.Refresh()
}

// MouseMoved waits for the tooltip.
func (b *Button) MouseMoved(e *desktop.MouseEvent) {
	if b.name != b.text {
		b.tips.Hover(b, b.name, e.AbsolutePosition)
	}
}

// MouseOut ends what MouseIn began.
func (b *Button) MouseOut() {
	b.hovered = false
	b.tips.Leave(b)
	b.Refresh()
}

// FocusGained shows the focus.
func (b *Button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost hides it.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune passes on what is typed.
func (b *Button) TypedRune(r rune) {
	if r != ' ' && b.OnRune != nil {
		b.OnRune(r)
	}
}

// TypedKey taps the button on Space and Enter.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	default:
		if b.OnKey != nil {
			b.OnKey(e)
		}
	}
}

// MinSize is the side, and for a text what it needs.
func (b *Button) MinSize() fyne.Size {
	w := b.side
	if b.text != "" {
		w = fyne.MeasureText(b.text, theme.Size(SizeSmallText), fyne.TextStyle{}).Width + 16
		if b.icon != nil {
			w += 20
		}
	}
	return fyne.NewSize(w, b.side)
}

// CreateRenderer draws the button.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{b: b, back: canvas.NewRectangle(nil), icon: canvas.NewImageFromResource(nil), text: canvas.NewText("", nil)}
	r.icon.FillMode = canvas.ImageFillContain
	r.objects = []fyne.CanvasObject{r.back, r.icon, r.text}
	r.Refresh()
	return r
}

type buttonRenderer struct {
	b       *Button
	back    *canvas.Rectangle
	icon    *canvas.Image
	text    *canvas.Text
	objects []fyne.CanvasObject
}

func (r *buttonRenderer) Layout(s fyne.Size) {
	r.back.Resize(s)
	m := r.text.MinSize()
	side := min(s.Height-8, 18)
	x := (s.Width - side) / 2
	if r.b.text != "" {
		x = 6
		left := float32(0)
		if r.b.icon != nil {
			left = side + 4
		}
		r.text.Move(fyne.NewPos(left+(s.Width-left-m.Width)/2, (s.Height-m.Height)/2))
		r.text.Resize(m)
	}
	r.icon.Move(fyne.NewPos(x, (s.Height-side)/2))
	r.icon.Resize(fyne.NewSquareSize(side))
}

func (r *buttonRenderer) MinSize() fyne.Size           { return r.b.MinSize() }
func (r *buttonRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *buttonRenderer) Destroy()                     {}
func (r *buttonRenderer) Refresh() {
	b := r.b
	ink := b.colour
	if b.disabled {
		ink = theme.ColorNameDisabled
	}
	r.back.FillColor = colour(b.fill)
	if b.on {
		r.back.FillColor = colour(ColourMark)
	}
	if b.hovered && !b.disabled && b.fill == "" {
		r.back.FillColor = colour(theme.ColorNameHover)
	}
	r.back.CornerRadius = 6
	r.back.StrokeWidth, r.back.StrokeColor = 0, nil
	if b.line != "" {
		r.back.StrokeWidth, r.back.StrokeColor = 1, colour(b.line)
	}
	if b.focused {
		r.back.StrokeWidth, r.back.StrokeColor = 2, colour(theme.ColorNamePrimary)
	}
	r.back.Refresh()
	r.icon.Hidden = b.icon == nil
	if b.icon != nil {
		r.icon.Resource = theme.NewColoredResource(b.icon, ink)
		r.icon.Refresh()
	}
	r.text.Text, r.text.Color, r.text.TextSize = b.text, colour(ink), theme.Size(SizeSmallText)
	r.text.Refresh()
	r.Layout(b.Size())
}

// SetIcon changes the icon and keeps the name.
func (b *Button) SetIcon(icon fyne.Resource) {
	if b.icon != icon {
		b.icon = icon
		b.Refresh()
	}
}

// Mark remembers whether what the button stands for is set, without changing how the
// button looks; On returns it.
func (b *Button) Mark(on bool) { b.marked = on }

// On is described at Mark.
func (b *Button) On() bool { return b.marked }
