package desktop

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/library/heatmap"
)

// photoBox shows a small picture whole, in a box as wide as its place and as high as the
// picture needs, within a limit. A tap opens the viewer.
type photoBox struct {
	widget.BaseWidget
	OnTapped func()

	most   float32 // greatest height
	aspect float32 // width by height
	back   *canvas.Rectangle
	image  *canvas.Image
	shown  image.Image // the photo, while another picture stands for it
	layer  *canvas.Image
	area   heatmap.Area // of the picture, that layer covers
}

func newPhotoBox(most float32) *photoBox {
	p := &photoBox{most: most, aspect: 1.5, back: canvas.NewRectangle(nil), image: canvas.NewImageFromImage(nil), layer: canvas.NewImageFromImage(nil)}
	p.image.ScaleMode = canvas.ImageScaleFastest
	p.image.FillMode = canvas.ImageFillContain
	p.image.CornerRadius = 4
	p.layer.FillMode = canvas.ImageFillStretch
	p.layer.Hide()
	p.back.CornerRadius = 4
	p.ExtendBaseWidget(p)
	return p
}

// SetShape says how wide the picture is for its height, before it is there.
func (p *photoBox) SetShape(width, height int) {
	if width > 0 && height > 0 {
		p.aspect = float32(width) / float32(height)
		p.Refresh()
	}
}

// SetImage shows a picture; nil shows none.
func (p *photoBox) SetImage(img image.Image) {
	p.image.Image = img
	if img != nil {
		b := img.Bounds()
		p.aspect = float32(b.Dx()) / float32(max(b.Dy(), 1))
	}
	p.Refresh()
}

// SetMark lays a translucent picture over an area of the photo, or takes it away.
func (p *photoBox) SetMark(m mark) {
	switch {
	case m.frame != nil && p.shown == nil:
		p.shown = p.image.Image
		p.SetImage(m.frame)
	case m.frame != nil:
		p.SetImage(m.frame)
	case p.shown != nil:
		p.SetImage(p.shown)
		p.shown = nil
	}
	p.layer.Image, p.area = m.layer, m.area
	p.layer.Hidden = m.layer == nil
	p.place(p.Size())
	p.layer.Refresh()
}

// place puts the layer where its area of the picture is, which is shown whole in the middle.
func (p *photoBox) place(s fyne.Size) {
	w, h := min(s.Width, s.Height*p.aspect), min(s.Height, s.Width/p.aspect)
	x, y := (s.Width-w)/2, (s.Height-h)/2
	p.layer.Move(fyne.NewPos(x+w*float32(p.area.X0), y+h*float32(p.area.Y0)))
	p.layer.Resize(fyne.NewSize(w*float32(p.area.X1-p.area.X0), h*float32(p.area.Y1-p.area.Y0)))
}

// MinSize is the height that the picture needs at the present width.
func (p *photoBox) MinSize() fyne.Size {
	w := p.Size().Width
	if w < 40 {
		w = 280
	}
	return fyne.NewSize(40, min(w/p.aspect, p.most))
}

// Tapped opens the viewer.
func (p *photoBox) Tapped(*fyne.PointEvent) {
	if p.OnTapped != nil {
		p.OnTapped()
	}
}

func (p *photoBox) CreateRenderer() fyne.WidgetRenderer { return &photoBoxRenderer{p} }

type photoBoxRenderer struct{ p *photoBox }

func (r *photoBoxRenderer) Layout(s fyne.Size) {
	r.p.back.Resize(s)
	r.p.image.Resize(s)
	r.p.place(s)
}
func (r *photoBoxRenderer) MinSize() fyne.Size { return r.p.MinSize() }
func (r *photoBoxRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.p.back, r.p.image, r.p.layer}
}
func (r *photoBoxRenderer) Destroy() {}
func (r *photoBoxRenderer) Refresh() {
	r.p.back.FillColor = theme.Color(theme.ColorNameBackground)
	r.p.back.Hidden = r.p.image.Image != nil
	r.p.back.Refresh()
	r.p.image.Hidden = r.p.image.Image == nil
	if r.p.image.Image != nil {
		r.p.image.Refresh()
	}
}
