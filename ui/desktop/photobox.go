package desktop

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
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
}

func newPhotoBox(most float32) *photoBox {
	p := &photoBox{most: most, aspect: 1.5, back: canvas.NewRectangle(nil), image: canvas.NewImageFromImage(nil)}
	p.image.ScaleMode = canvas.ImageScaleFastest
	p.image.FillMode = canvas.ImageFillContain
	p.image.CornerRadius = 4
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
}
func (r *photoBoxRenderer) MinSize() fyne.Size { return r.p.MinSize() }
func (r *photoBoxRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.p.back, r.p.image}
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
