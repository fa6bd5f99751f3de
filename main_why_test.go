package main

import (
	"image"
	_ "image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhy checks what descry why says in words, and the picture that it writes.
func TestWhy(t *testing.T) {
	folder, paths := photos(t, 3) // an astronaut, a beanbag, a bridge at night
	lib := newLibrary(t)
	must(t, lib, "index", folder)
	bridge := paths[2]
	file := filepath.Join(t.TempDir(), "where.png")
	for _, c := range []struct {
		args []string
		want []string // parts of what it prints
	}{
		{[]string{"bridge", "at", "night, 0.5*kitten -sheep", bridge, "--map", file}, []string{
			"looks like “bridge at night” (", "%), mostly ", "looks like “kitten” (", "weight 0.5), if at all ", "without “sheep” (",
		}},
		{[]string{"type:photo", bridge}, []string{"filter “type:photo” (100 %)"}},
		{[]string{"bridge type:video", bridge}, []string{"does not match: a filter, a quoted text or an exclusion leaves it out"}},
	} {
		a := must(t, lib, append([]string{"why"}, c.args...)...)
		for _, w := range c.want {
			if !strings.Contains(a.out, w) {
				t.Errorf("why %q lacks %q:\n%s%s", c.args, w, a.out, a.err)
			}
		}
	}
	marked, photo := decoded(t, file), decoded(t, bridge)
	if marked.Bounds() != photo.Bounds() {
		t.Errorf("the map is on a picture of %v, the photo has %v", marked.Bounds(), photo.Bounds())
	}
	differ, n := 0, 0
	for y := 0; y < photo.Bounds().Dy(); y += 5 {
		for x := 0; x < photo.Bounds().Dx(); x += 5 {
			r, g, b, _ := marked.At(x, y).RGBA()
			r0, g0, b0, _ := photo.At(x, y).RGBA()
			far := func(a, b uint32) bool { return max(a, b)-min(a, b) > 0x1000 }
			if far(r, r0) || far(g, g0) || far(b, b0) {
				differ++
			}
			n++
		}
	}
	if differ == 0 || differ > n*9/10 {
		t.Errorf("%d of %d dots are marked", differ, n)
	}
	for name, args := range map[string][]string{
		"the photo itself":       {"bridge", bridge, "--map", bridge},
		"no such description":    {"bridge", bridge, "--map", file, "--of", "horse"},
		"a folder":               {"bridge", folder},
		"a map of words alone":   {"type:photo", bridge, "--map", file},
		"a file that is nowhere": {"bridge", filepath.Join(folder, "no.jpg")},
	} {
		if a := descry(t, lib, append([]string{"why"}, args...)...); a.status != 1 && a.status != 2 {
			t.Errorf("%s: status %d, %s%s", name, a.status, a.out, a.err)
		}
	}
}

func decoded(t *testing.T, file string) image.Image {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if strings.HasSuffix(file, ".png") {
		img, err := png.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
