package viewer

import (
	"image"
	"math"
	"testing"
)

func TestFit(t *testing.T) {
	for _, c := range []struct {
		picture, screen image.Point
		want            float64
	}{
		{image.Pt(6000, 4000), image.Pt(1200, 900), 0.2},
		{image.Pt(4000, 6000), image.Pt(1200, 900), 0.15},
		{image.Pt(300, 200), image.Pt(1200, 900), 2},
		{image.Pt(1000, 500), image.Pt(1200, 900), 1.2},
	} {
		var v View
		v.Set(c.picture, c.screen)
		if math.Abs(v.Scale()-c.want) > 1e-9 || !v.Fitted() {
			t.Errorf("%v on %v: scale %v, want %v", c.picture, c.screen, v.Scale(), c.want)
		}
		if v.Visible() != (image.Rectangle{Max: c.picture}) {
			t.Errorf("%v on %v: only %v is seen", c.picture, c.screen, v.Visible())
		}
	}
}

func TestZoomKeepsThePointUnderThePointer(t *testing.T) {
	var v View
	v.Set(image.Pt(6000, 4000), image.Pt(1200, 800))
	v.ZoomTo(1, 600, 400)
	for _, p := range [][2]float64{{300, 200}, {900, 500}, {600, 400}} {
		x0, y0 := v.toPicture(p[0], p[1])
		v.ZoomTo(v.Scale()*1.5, p[0], p[1])
		x1, y1 := v.toPicture(p[0], p[1])
		if math.Abs(x1-x0) > 1e-6 || math.Abs(y1-y0) > 1e-6 {
			t.Errorf("at %v the picture moved from %v, %v to %v, %v", p, x0, y0, x1, y1)
		}
	}
	v.ZoomTo(1e9, 600, 400)
	if v.Scale() != mostScale {
		t.Errorf("scale %v", v.Scale())
	}
	v.ZoomTo(0, 600, 400)
	if !v.Fitted() || v.Scale() != v.FitScale() {
		t.Errorf("zoomed out to %v", v.Scale())
	}
}

func TestThePictureCannotBeDraggedAway(t *testing.T) {
	var v View
	v.Set(image.Pt(6000, 4000), image.Pt(1200, 800))
	v.ZoomTo(1, 0, 0)
	v.Pan(1e6, 1e6)
	if got := v.Visible().Min; got != (image.Point{}) {
		t.Errorf("the corner is %v", got)
	}
	v.Pan(-1e6, -1e6)
	if got := v.Visible().Max; got != v.Picture {
		t.Errorf("the corner is %v", got)
	}
	v.Fit()
	v.Pan(500, 500)
	if got := v.Visible(); got != (image.Rectangle{Max: v.Picture}) {
		t.Errorf("a fitted picture was dragged to %v", got)
	}
}

func TestOnScreenIsWhereThePartLies(t *testing.T) {
	var v View
	v.Set(image.Pt(1000, 1000), image.Pt(500, 500))
	v.ZoomTo(2, 250, 250)
	part := v.Visible()
	x, y, w, h := v.OnScreen(part)
	if x > 0 || y > 0 || x+w < 500 || y+h < 500 {
		t.Errorf("%v lies at %v, %v and is %v by %v: the screen is not filled", part, x, y, w, h)
	}
	if part.Dx() > 260 {
		t.Errorf("%v is rendered for a screen of 500 at scale 2", part)
	}
}

func TestResizeKeepsTheFit(t *testing.T) {
	var v View
	v.Set(image.Pt(6000, 4000), image.Pt(1200, 800))
	v.Set(image.Pt(6000, 4000), image.Pt(600, 800))
	if v.Scale() != 0.1 {
		t.Errorf("scale %v after the window became narrow", v.Scale())
	}
	v.ZoomTo(1, 300, 400)
	v.Set(image.Pt(6000, 4000), image.Pt(700, 800))
	if v.Scale() != 1 {
		t.Errorf("scale %v: a zoom chosen by the person changed with the window", v.Scale())
	}
}

func TestFollowShowsTheSameSpot(t *testing.T) {
	var a, b View
	a.Set(image.Pt(6000, 4000), image.Pt(600, 400))
	b.Set(image.Pt(3000, 2000), image.Pt(600, 400))
	a.ZoomTo(1, 150, 100)
	b.Follow(&a)
	if b.Scale() != 2 || math.Abs(b.cx-a.cx/2) > 1e-6 || math.Abs(b.cy-a.cy/2) > 1e-6 {
		t.Errorf("the other shows %v at %v, this one %v at %v", b.Visible(), b.Scale(), a.Visible(), a.Scale())
	}
	a.Fit()
	b.Follow(&a)
	if !b.Fitted() || b.Scale() != b.FitScale() {
		t.Errorf("the other stays at %v", b.Scale())
	}
}
