package kinds

import "testing"

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name          string
		format        string
		width, height int
		camera        bool
		files         []string
		want          Kind
	}{
		{"a photo", "jpeg", 4000, 3000, true, []string{"IMG_1.JPG"}, Photo},
		{"a film, whatever it is called", "mov", 1920, 1080, false, []string{"screenshot.mov"}, Video},
		{"called a screenshot", "jpeg", 800, 600, false, []string{"a.jpg", "Bildschirmfoto 2021.jpg"}, Screenshot},
		{"in other letters", "jpeg", 800, 600, false, []string{"Снимок экрана 1.jpg"}, Screenshot},
		{"a PNG of the size of a screen", "png", 1440, 2560, false, []string{"1.png"}, Screenshot},
		{"a JPEG of that size", "jpeg", 1440, 2560, false, []string{"1.jpg"}, Photo},
		{"a camera took it", "png", 2560, 1440, true, []string{"screenshot.png"}, Photo},
		{"twice as wide as high", "jpeg", 2000, 1000, true, nil, Photo},
		{"wider than that", "jpeg", 2001, 1000, true, nil, Panorama},
		{"as high", "jpeg", 1000, 2001, true, nil, Panorama},
		{"of a size that is not known", "jpeg", 0, 0, false, nil, Photo},
	} {
		if got := Of(c.format, c.width, c.height, c.camera, c.files); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if !Raw("nef") || Raw("jpeg") {
		t.Error("camera RAW is not told apart")
	}
	for _, s := range screens {
		if s[0] < s[1] {
			t.Errorf("the screen %v lies", s)
		}
	}
}
