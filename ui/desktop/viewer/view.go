// Package viewer shows one photo large: fitted to the window, pixel by pixel, or anything
// between, moved by dragging.
package viewer

import "image"

// View says which part of a picture is seen and how large. Coordinates of the screen are
// pixels of the widget, those of the picture are its own pixels.
type View struct {
	Picture image.Point // size of the picture
	Screen  image.Point // size of the widget
	scale   float64     // screen pixels per picture pixel
	cx, cy  float64     // picture point in the middle of the screen
	fitted  bool
}

const (
	mostScale = 16
	mostFit   = 2 // how far a small picture is enlarged to fill the window
)

// FitScale returns the scale at which the whole picture fills the screen; small pictures are
// enlarged a little only.
func (v *View) FitScale() float64 {
	if v.Picture.X == 0 || v.Picture.Y == 0 {
		return 1
	}
	return min(float64(v.Screen.X)/float64(v.Picture.X), float64(v.Screen.Y)/float64(v.Picture.Y), mostFit)
}

// Scale returns the present scale.
func (v *View) Scale() float64 { return v.scale }

// Fitted says whether the whole picture is seen and follows the size of the window.
func (v *View) Fitted() bool { return v.fitted }

// Fit shows the whole picture.
func (v *View) Fit() {
	v.scale, v.fitted = v.FitScale(), true
	v.cx, v.cy = float64(v.Picture.X)/2, float64(v.Picture.Y)/2
}

// Set takes over a picture and a screen, keeping what is seen where that makes sense.
func (v *View) Set(picture, screen image.Point) {
	same := v.Picture == picture && v.scale > 0
	v.Picture, v.Screen = picture, screen
	if !same || v.fitted {
		v.Fit()
		return
	}
	v.clamp()
}

// ZoomTo sets the scale; the picture point under a point of the screen stays there.
func (v *View) ZoomTo(scale, x, y float64) {
	scale = min(max(scale, min(v.FitScale(), 1)), mostScale)
	px, py := v.toPicture(x, y)
	v.scale = scale
	fit := v.FitScale()
	v.fitted = scale == fit || scale < fit && fit <= 1
	v.cx = px - (x-float64(v.Screen.X)/2)/scale
	v.cy = py - (y-float64(v.Screen.Y)/2)/scale
	if v.fitted {
		v.Fit()
		return
	}
	v.clamp()
}

// Pan moves the picture by that many pixels of the screen.
func (v *View) Pan(dx, dy float64) {
	v.cx -= dx / v.scale
	v.cy -= dy / v.scale
	v.clamp()
}

// Follow shows the part that o shows of its picture: of two pictures that differ in size the
// same spot, as large on the screen as there.
func (v *View) Follow(o *View) {
	if v.Picture.X == 0 || v.Picture.Y == 0 || o.Picture.X == 0 || o.Picture.Y == 0 {
		return
	}
	if o.fitted {
		v.Fit()
		return
	}
	v.fitted = false
	v.scale = o.scale / o.FitScale() * v.FitScale()
	v.cx = o.cx / float64(o.Picture.X) * float64(v.Picture.X)
	v.cy = o.cy / float64(o.Picture.Y) * float64(v.Picture.Y)
	v.clamp()
}

func (v *View) toPicture(x, y float64) (px, py float64) {
	return v.cx + (x-float64(v.Screen.X)/2)/v.scale, v.cy + (y-float64(v.Screen.Y)/2)/v.scale
}

// clamp keeps the picture from leaving the screen.
func (v *View) clamp() {
	limit := func(c float64, picture, screen int) float64 {
		half := float64(screen) / 2 / v.scale
		if 2*half >= float64(picture) {
			return float64(picture) / 2
		}
		return min(max(c, half), float64(picture)-half)
	}
	v.cx = limit(v.cx, v.Picture.X, v.Screen.X)
	v.cy = limit(v.cy, v.Picture.Y, v.Screen.Y)
}

// Visible returns the part of the picture that is seen, in whole pixels, a little more
// rather than less.
func (v *View) Visible() image.Rectangle {
	x0, y0 := v.toPicture(0, 0)
	x1, y1 := v.toPicture(float64(v.Screen.X), float64(v.Screen.Y))
	r := image.Rect(int(x0), int(y0), int(x1)+1, int(y1)+1)
	return r.Intersect(image.Rectangle{Max: v.Picture})
}

// OnScreen returns where a part of the picture lies on the screen: left, top, width and
// height.
func (v *View) OnScreen(r image.Rectangle) (x, y, w, h float64) {
	x = (float64(r.Min.X)-v.cx)*v.scale + float64(v.Screen.X)/2
	y = (float64(r.Min.Y)-v.cy)*v.scale + float64(v.Screen.Y)/2
	return x, y, float64(r.Dx()) * v.scale, float64(r.Dy()) * v.scale
}
