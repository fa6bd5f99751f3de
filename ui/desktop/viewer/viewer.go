package viewer

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"golang.org/x/image/draw"

	"descry/library/heatmap"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
)

const zoomStep = 1.2

// Pane shows a picture. Its callbacks are called on the window's thread.
type Pane struct {
	widget.BaseWidget
	OnKey  func(*fyne.KeyEvent)
	OnRune func(rune)
	// OnZoom is called when the scale changed.
	OnZoom func()
	// OnDouble is called for a double click; nil toggles between fitted and 100 %.
	OnDouble func()

	loop     *pace.Loop
	full     *image.RGBA // the whole picture, nil while it is loading
	view     View
	frame    *canvas.Image   // what was rendered last
	part     image.Rectangle // of the picture that frame shows
	layer    *canvas.Image   // over the picture
	over     heatmap.Area    // that layer covers
	back     *canvas.Rectangle
	drawing  bool
	again    bool
	version  int // counts pictures, so that a late rendering of an older one is dropped
	dragging bool
}

// NewPane returns an empty pane.
func NewPane(loop *pace.Loop) *Pane {
	p := &Pane{loop: loop, back: canvas.NewRectangle(theme.Color(look.ColourDark)), frame: canvas.NewImageFromImage(nil), layer: canvas.NewImageFromImage(nil)}
	p.frame.ScaleMode = canvas.ImageScaleFastest
	p.frame.Hide()
	p.layer.FillMode = canvas.ImageFillStretch
	p.layer.Hide()
	p.ExtendBaseWidget(p)
	return p
}

// Preview shows a small picture of a photo of that size until SetPicture brings the real one.
func (p *Pane) Preview(small image.Image, size image.Point) {
	p.version++
	p.full = nil
	p.again = false
	p.view = View{}
	if small == nil || size.X == 0 || size.Y == 0 {
		p.frame.Hide()
		p.Refresh()
		return
	}
	p.view.Set(size, p.pixels())
	p.put(small, image.Rectangle{Max: size})
}

// SetPicture shows a picture; first is a rendering of the whole of it that fits the window, if
// there is one already.
func (p *Pane) SetPicture(img *image.RGBA, first *image.RGBA) {
	p.version++
	p.full = img
	p.view.Set(img.Bounds().Size(), p.pixels())
	p.view.Fit()
	if first != nil {
		p.put(first, image.Rectangle{Max: img.Bounds().Size()})
	}
	p.render()
	p.zoomed()
}

// SetLayer lays a translucent picture over an area of the photo; nil takes it away.
func (p *Pane) SetLayer(img image.Image, area heatmap.Area) {
	if img == nil && !p.layer.Visible() {
		return
	}
	p.layer.Image, p.over = img, area
	p.layer.Hidden = img == nil
	p.arrange()
	p.layer.Refresh()
}

// Scale returns the pixels of the screen per pixel of the picture.
func (p *Pane) Scale() float64 { return p.view.Scale() }

// Fit shows the whole picture.
func (p *Pane) Fit() { p.change(p.view.Fit) }

// Actual shows the picture pixel by pixel, around the middle.
func (p *Pane) Actual() {
	p.change(func() { p.view.ZoomTo(1, float64(p.view.Screen.X)/2, float64(p.view.Screen.Y)/2) })
}

// Zoom makes the picture larger (steps > 0) or smaller around the middle.
func (p *Pane) Zoom(steps int) {
	p.zoomAt(math.Pow(zoomStep, float64(steps)), float64(p.view.Screen.X)/2, float64(p.view.Screen.Y)/2)
}

// Fitted says whether the whole picture is seen.
func (p *Pane) Fitted() bool { return p.view.Fitted() }

// Follow shows the part of the picture that another pane shows of its own. OnZoom is not
// called, so two panes may follow each other.
func (p *Pane) Follow(o *Pane) {
	if p.view.Picture == (image.Point{}) {
		return
	}
	p.dragging = o.dragging
	p.view.Follow(&o.view)
	p.arrange()
	p.render()
}

func (p *Pane) zoomAt(factor, x, y float64) {
	p.change(func() { p.view.ZoomTo(p.view.Scale()*factor, x, y) })
}

func (p *Pane) change(f func()) {
	if p.view.Picture == (image.Point{}) {
		return
	}
	f()
	p.arrange()
	p.render()
	p.zoomed()
}

func (p *Pane) zoomed() {
	if p.OnZoom != nil {
		p.OnZoom()
	}
}

func (p *Pane) canvasScale() float64 {
	if c := fyne.CurrentApp().Driver().CanvasForObject(p); c != nil && c.Scale() > 0 {
		return float64(c.Scale())
	}
	return 1
}

// pixels returns the size of the widget in pixels of the screen.
func (p *Pane) pixels() image.Point {
	s := p.canvasScale()
	return image.Pt(int(float64(p.Size().Width)*s), int(float64(p.Size().Height)*s))
}

// put shows a rendering of a part of the picture.
func (p *Pane) put(img image.Image, part image.Rectangle) {
	p.part = part
	p.frame.Image = img
	p.frame.Show()
	p.arrange()
	p.frame.Refresh()
}

// arrange places the last rendering where its part of the picture now lies, so that a drag
// or a zoom shows at once and the sharp rendering follows.
func (p *Pane) arrange() {
	if p.part.Empty() {
		return
	}
	s := p.canvasScale()
	x, y, w, h := p.view.OnScreen(p.part)
	p.frame.Move(fyne.NewPos(float32(x/s), float32(y/s)))
	if size := fyne.NewSize(float32(w/s), float32(h/s)); size != p.frame.Size() {
		p.frame.Resize(size)
	}
	if p.layer.Visible() {
		x, y, w, h := p.view.OnScreen(p.over.In(p.view.Picture.X, p.view.Picture.Y))
		p.layer.Move(fyne.NewPos(float32(x/s), float32(y/s)))
		if size := fyne.NewSize(float32(w/s), float32(h/s)); size != p.layer.Size() {
			p.layer.Resize(size)
		}
	}
}

// render draws what is seen in the background; one rendering at a time, the latest wins.
func (p *Pane) render() {
	if p.full == nil || p.view.Screen.X < 1 || p.view.Screen.Y < 1 {
		return
	}
	if p.drawing {
		p.again = true
		return
	}
	part := p.view.Visible()
	if part.Empty() {
		return
	}
	_, _, w, h := p.view.OnScreen(part)
	full, version := p.full, p.version
	rough := p.dragging
	p.drawing = true
	p.loop.Go(func() func() {
		dst := image.NewRGBA(image.Rect(0, 0, max(int(w+0.5), 1), max(int(h+0.5), 1)))
		var scaler draw.Scaler = draw.BiLinear
		if rough || w > float64(part.Dx()) {
			scaler = draw.ApproxBiLinear
		}
		scaler.Scale(dst, dst.Bounds(), full, part.Add(full.Bounds().Min), draw.Src, nil)
		return func() {
			p.drawing = false
			if version == p.version {
				p.put(dst, part)
			}
			if p.again {
				p.again = false
				p.render()
			}
		}
	})
}

// Resize fits the picture to the new size.
func (p *Pane) Resize(s fyne.Size) {
	if s == p.Size() {
		return
	}
	p.BaseWidget.Resize(s)
	p.back.Resize(s)
	if p.view.Picture != (image.Point{}) {
		p.view.Set(p.view.Picture, p.pixels())
		p.arrange()
		p.render()
		p.zoomed()
	}
}

// MinSize lets the window become small.
func (p *Pane) MinSize() fyne.Size { return fyne.NewSize(100, 100) }

// Scrolled zooms to the pointer.
func (p *Pane) Scrolled(e *fyne.ScrollEvent) {
	s := p.canvasScale()
	factor := zoomStep
	if e.Scrolled.DY < 0 {
		factor = 1 / zoomStep
	}
	p.zoomAt(factor, float64(e.Position.X)*s, float64(e.Position.Y)*s)
}

// Dragged moves the picture.
func (p *Pane) Dragged(e *fyne.DragEvent) {
	s := p.canvasScale()
	p.dragging = true
	p.change(func() { p.view.Pan(float64(e.Dragged.DX)*s, float64(e.Dragged.DY)*s) })
}

// DragEnd renders the final place in full quality.
func (p *Pane) DragEnd() {
	p.dragging = false
	p.render()
	p.zoomed()
}

// DoubleTapped toggles between fitted and 100 % at the pointer.
func (p *Pane) DoubleTapped(e *fyne.PointEvent) {
	if p.OnDouble != nil {
		p.OnDouble()
		return
	}
	s := p.canvasScale()
	if p.view.Fitted() && p.view.Scale() < 1 {
		p.change(func() { p.view.ZoomTo(1, float64(e.Position.X)*s, float64(e.Position.Y)*s) })
		return
	}
	p.Fit()
}

// Cursor shows that the picture can be moved.
func (p *Pane) Cursor() desktop.Cursor {
	if p.view.Fitted() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// FocusGained and FocusLost take part in the focus; the pane shows nothing of it, being
// all there is to see.
func (p *Pane) FocusGained() {}

// FocusLost is described at FocusGained.
func (p *Pane) FocusLost() {}

// TypedRune passes on what is typed.
func (p *Pane) TypedRune(r rune) {
	if p.OnRune != nil {
		p.OnRune(r)
	}
}

// TypedKey passes on keys.
func (p *Pane) TypedKey(e *fyne.KeyEvent) {
	if p.OnKey != nil {
		p.OnKey(e)
	}
}

// CreateRenderer draws the pane.
func (p *Pane) CreateRenderer() fyne.WidgetRenderer {
	return &renderer{p: p, objects: []fyne.CanvasObject{p.back, p.frame, p.layer}}
}

type renderer struct {
	p       *Pane
	objects []fyne.CanvasObject
}

func (r *renderer) Layout(s fyne.Size)           { r.p.back.Resize(s) }
func (r *renderer) MinSize() fyne.Size           { return r.p.MinSize() }
func (r *renderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *renderer) Destroy()                     {}

// IsClip tells the toolkit to cut what hangs over the edges of the widget.
func (r *renderer) IsClip() {}

func (r *renderer) Refresh() {
	r.p.back.FillColor = theme.Color(look.ColourDark)
	r.p.back.Refresh()
	r.p.frame.Refresh()
}
