package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Fill is a rectangle in a colour of the theme; it follows when the theme changes.
type Fill struct {
	widget.BaseWidget
	Colour  fyne.ThemeColorName // "" for none
	Outline fyne.ThemeColorName // "" for none
	Radius  float32
	min     fyne.Size
}

// NewFill returns a rectangle of that colour.
func NewFill(colour fyne.ThemeColorName) *Fill {
	f := &Fill{Colour: colour}
	f.ExtendBaseWidget(f)
	return f
}

// NewCard returns a rectangle with rounded corners and an outline.
func NewCard(colour, outline fyne.ThemeColorName, radius float32) *Fill {
	f := &Fill{Colour: colour, Outline: outline, Radius: radius}
	f.ExtendBaseWidget(f)
	return f
}

// NewLine returns a line one unit thick, for a border of a pane.
func NewLine() *Fill {
	f := NewFill(ColourLine)
	f.min = fyne.NewSquareSize(1)
	return f
}

// NewGap returns nothing of that size, to keep things apart.
func NewGap(w, h float32) *Fill {
	f := NewFill("")
	f.min = fyne.NewSize(w, h)
	return f
}

// MinSize is the size the rectangle was made with.
func (f *Fill) MinSize() fyne.Size { return f.min }

// CreateRenderer draws the rectangle.
func (f *Fill) CreateRenderer() fyne.WidgetRenderer {
	r := &fillRenderer{f: f, rect: canvas.NewRectangle(color.Transparent)}
	r.Refresh()
	return r
}

type fillRenderer struct {
	f    *Fill
	rect *canvas.Rectangle
}

func (r *fillRenderer) Layout(s fyne.Size)           { r.rect.Resize(s) }
func (r *fillRenderer) MinSize() fyne.Size           { return r.f.min }
func (r *fillRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rect} }
func (r *fillRenderer) Destroy()                     {}
func (r *fillRenderer) Refresh() {
	r.rect.FillColor = colour(r.f.Colour)
	r.rect.StrokeColor = colour(r.f.Outline)
	r.rect.StrokeWidth = 0
	if r.f.Outline != "" {
		r.rect.StrokeWidth = 1
	}
	r.rect.CornerRadius = r.f.Radius
	r.rect.Refresh()
}

// colour returns the present theme's colour of that name, nothing for "".
func colour(name fyne.ThemeColorName) color.Color {
	if name == "" {
		return color.Transparent
	}
	return theme.Color(name)
}
