package look

import (
	"image/color"
	"math"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"descry/ui/desktop/pace"
)

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b color.NRGBA) float64 {
	light := func(c color.NRGBA) float64 {
		part := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// over lays a colour with transparency on an opaque one.
func over(top, bottom color.NRGBA) color.NRGBA {
	mix := func(t, b uint8) uint8 { return uint8((int(t)*int(top.A) + int(b)*(255-int(top.A))) / 255) }
	return color.NRGBA{R: mix(top.R, bottom.R), G: mix(top.G, bottom.G), B: mix(top.B, bottom.B), A: 255}
}

func TestContrast(t *testing.T) {
	type pair struct{ front, back fyne.ThemeColorName }
	text := []pair{
		{ColourOnDark, ColourDark},
		{ColourOnDark2, ColourDark},
		{ColourOnToast, ColourToast},
		{ColourToastLink, ColourToast},
		{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary},
		{theme.ColorNameForegroundOnError, theme.ColorNameError},
		{theme.ColorNameForegroundOnSuccess, theme.ColorNameSuccess},
		{theme.ColorNameForegroundOnWarning, theme.ColorNameWarning},
	}
	var controls []pair
	for _, back := range []fyne.ThemeColorName{theme.ColorNameBackground, ColourSurface, ColourMark, theme.ColorNameMenuBackground, theme.ColorNameInputBackground} {
		for _, front := range []fyne.ThemeColorName{theme.ColorNameForeground, ColourSecondary, theme.ColorNamePlaceHolder, theme.ColorNameError} {
			text = append(text, pair{front, back})
		}
		controls = append(controls, pair{theme.ColorNamePrimary, back})
	}
	for _, back := range []fyne.ThemeColorName{theme.ColorNameBackground, ColourSurface} {
		controls = append(controls, pair{ColourControl, back}, pair{theme.ColorNameInputBorder, back}, pair{theme.ColorNameScrollBar, back})
	}
	for name, p := range map[string]Palette{"light": Light(), "dark": Dark()} {
		check := func(pairs []pair, least float64) {
			for _, c := range pairs {
				front := over(p[c.front], p[c.back])
				if got := contrast(front, p[c.back]); got < least {
					t.Errorf("%s: %s on %s has a contrast of %.2f, needs %.1f", name, c.front, c.back, got, least)
				}
			}
		}
		check(text, 4.5)
		check(controls, 3)
		hovered := over(p[theme.ColorNameHover], p[ColourSurface])
		if got := contrast(p[theme.ColorNameForeground], hovered); got < 4.5 {
			t.Errorf("%s: text under the pointer has a contrast of %.2f", name, got)
		}
	}
}

func TestThemeFollowsTheSystemUnlessTold(t *testing.T) {
	for _, c := range []struct {
		mode    Mode
		variant fyne.ThemeVariant
		want    Palette
	}{
		{FollowSystem, theme.VariantLight, Light()},
		{FollowSystem, theme.VariantDark, Dark()},
		{AlwaysLight, theme.VariantDark, Light()},
		{AlwaysDark, theme.VariantLight, Dark()},
	} {
		if got := NewTheme(c.mode).Color(ColourSurface, c.variant); got != c.want[ColourSurface] {
			t.Errorf("mode %q with variant %d: surface %v", c.mode, c.variant, got)
		}
	}
}

func TestEveryIconIsThere(t *testing.T) {
	for _, i := range []Icon{Heart, HeartOutline, Star, StarOutline, PaneLeft, PaneRight, TagIcon, TextIcon, Photos, OfflineIcon, Check, Cross, SmallGrid, LargeGrid, Right, Down, StackIcon, Play, MotionIcon, TrashIcon, Copies} {
		if r := i.Resource(); !strings.HasPrefix(r.Name(), "foreground_"+string(i)) && !strings.Contains(r.Name(), string(i)) {
			t.Errorf("icon %q is %q", i, r.Name())
		}
	}
}

func TestLevel(t *testing.T) {
	for c, want := range map[float64]int{1: 3, 0.85: 3, 0.849: 2, 0.6: 2, 0.59: 1, 0.5: 1, 0.49: 0, 0: 0} {
		if got := Level(c); got != want {
			t.Errorf("confidence %v fills %d bars, want %d", c, got, want)
		}
	}
}

func TestEllipsis(t *testing.T) {
	test.NewTempApp(t)
	style := fyne.TextStyle{}
	for _, text := range []string{"", "short", "a rather long name of a photo from the summer.jpg", "日本語のとても長いファイル名です.jpg"} {
		for width := float32(10); width < 400; width += 23 {
			got := Ellipsis(text, width, 13, style)
			if got != text && !strings.HasSuffix(got, "…") {
				t.Errorf("%q is cut to %q without an ellipsis", text, got)
			}
			if got != "…" && fyne.MeasureText(got, 13, style).Width > width+1 {
				t.Errorf("%q does not fit into %v", got, width)
			}
		}
	}
}

func TestTooltipComesAfterAWhileAndGoes(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme(AlwaysLight))
	clock := pace.NewManual(time.Unix(0, 0))
	loop := pace.New(nil, clock)
	tips := NewTips(loop)
	w := test.NewTempWindow(t, tips.Layer)
	w.Resize(fyne.NewSize(300, 200))
	step := func(d time.Duration) { clock.Advance(d); loop.Settle() }
	tips.Hover("a", "what a does", fyne.NewPos(290, 190))
	step(tipDelay / 2)
	if tips.Shown() != "" {
		t.Error("the tooltip came at once")
	}
	tips.Hover("a", "what a does", fyne.NewPos(280, 190))
	step(tipDelay / 2)
	if tips.Shown() != "what a does" {
		t.Errorf("shows %q", tips.Shown())
	}
	if p, s := tips.box.Position(), tips.box.Size(); p.X+s.Width > 300 || p.Y+s.Height > 200 {
		t.Errorf("the tooltip hangs over the edge: %v, %v", p, s)
	}
	tips.Hover("b", "what b does", fyne.NewPos(1, 1))
	if tips.Shown() != "" {
		t.Error("the old tooltip stays on a new widget")
	}
	step(tipDelay)
	tips.Leave("b")
	if tips.Shown() != "" {
		t.Error("the tooltip stays after the pointer left")
	}
}
