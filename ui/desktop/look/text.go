package look

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

func splitLines(s string) []string { return strings.Split(s, "\n") }
func splitWords(s string) []string { return strings.Fields(s) }

// Paragraph is text that breaks into lines, without the padding of the toolkit's label.
type Paragraph struct {
	widget.BaseWidget
	Colour fyne.ThemeColorName
	Rank   fyne.ThemeSizeName
	Style  fyne.TextStyle
	Align  fyne.TextAlign

	text   string
	width  float32 // that the lines were broken for
	lines  []string
	height float32
}

// NewParagraph returns a paragraph in the body size.
func NewParagraph(text string) *Paragraph {
	p := &Paragraph{Colour: theme.ColorNameForeground, Rank: theme.SizeNameText, text: text}
	p.ExtendBaseWidget(p)
	return p
}

// Text returns the whole text.
func (p *Paragraph) Text() string { return p.text }

// SetText changes the text.
func (p *Paragraph) SetText(text string) {
	if p.text != text {
		p.text, p.width = text, -1
		p.Refresh()
	}
}

// AccessibilityLabel returns the text.
func (p *Paragraph) AccessibilityLabel() string { return p.text }

// AccessibilityRole says that this is text.
func (p *Paragraph) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// MinSize is the height of the lines at the present width.
func (p *Paragraph) MinSize() fyne.Size {
	p.breakLines()
	return fyne.NewSize(40, p.height)
}

// Resize breaks the lines anew.
func (p *Paragraph) Resize(s fyne.Size) {
	p.BaseWidget.Resize(s)
	p.breakLines()
}

func (p *Paragraph) breakLines() {
	w := p.Size().Width
	if w == p.width && p.lines != nil {
		return
	}
	p.width = w
	size := theme.Size(p.Rank)
	if w <= 0 {
		w = 300 // before the first layout; a narrow guess costs a second layout at most
	}
	p.lines = Wrap(p.text, w, size, p.Style)
	if p.text == "" {
		p.lines = []string{}
	}
	p.height = float32(len(p.lines)) * fyne.MeasureText("Ág", size, p.Style).Height
}

// CreateRenderer draws the lines.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer {
	return &paragraphRenderer{p: p}
}

type paragraphRenderer struct {
	p       *Paragraph
	objects []fyne.CanvasObject
}

func (r *paragraphRenderer) Layout(s fyne.Size) {
	r.p.breakLines()
	for len(r.objects) < len(r.p.lines) {
		r.objects = append(r.objects, canvas.NewText("", nil))
	}
	r.objects = r.objects[:len(r.p.lines)]
	y := float32(0)
	for i, line := range r.p.lines {
		t := r.objects[i].(*canvas.Text)
		t.Text, t.Color = line, colour(r.p.Colour)
		t.TextSize, t.TextStyle, t.Alignment = theme.Size(r.p.Rank), r.p.Style, r.p.Align
		h := t.MinSize().Height
		t.Move(fyne.NewPos(0, y))
		t.Resize(fyne.NewSize(s.Width, h))
		t.Refresh()
		y += h
	}
}

func (r *paragraphRenderer) MinSize() fyne.Size           { return r.p.MinSize() }
func (r *paragraphRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *paragraphRenderer) Destroy()                     {}
func (r *paragraphRenderer) Refresh() {
	r.p.breakLines()
	r.Layout(r.p.Size())
}
