package chart

import (
	"bytes"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func example() Chart {
	return Chart{
		Title: "Retrieval", Subtitle: strings.Repeat("a long line that has to be broken somewhere ", 8),
		Measures: []string{"R@1", "R@5"}, Scales: []Scale{{"photos per second", "%.1f"}},
		Series: []Series{
			{"starter", []Value{{0.25, 0.2, 0.3}, {1, 0.9, 1}}, []float64{80}},
			{"tiny", []Value{{0, 0, 0.1}}, []float64{20}},
			{"a name that is much too long for the column of the names", nil, nil},
		},
		Note: "measured here",
	}
}

// count tells how many pixels of the area have a colour.
func count(img *image.RGBA, in image.Rectangle, col color.RGBA) (n int) {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if img.RGBAAt(x, y) == col {
				n++
			}
		}
	}
	return n
}

// TestDraw looks where the shapes lie: at their shares, each in its colour, and bars in
// proportion.
func TestDraw(t *testing.T) {
	img, err := example().Draw()
	if err != nil {
		t.Fatal(err)
	}
	around := func(share float64) image.Rectangle { return image.Rect(axis(share)-6, 0, axis(share)+6, img.Rect.Dy()) }
	for _, tt := range []struct {
		series int
		share  float64
		there  bool
	}{{0, 0.25, true}, {0, 0.28, true}, {0, 0.5, true}, {0, 1, true}, {1, 0, true}, {1, 0.35, false}, {2, 0.5, false}} {
		if got := count(img, around(tt.share), colourOf(tt.series)) > 0; got != tt.there {
			t.Errorf("series %d at %.2f: there is something: %v, want %v", tt.series, tt.share, got, tt.there)
		}
	}
	// Below the axis are the bars alone; the second is a quarter of the first.
	bars := image.Rect(axis(0)+20, img.Rect.Dy()*6/10, axis(1), img.Rect.Dy())
	long, short := count(img, bars, colourOf(0)), count(img, bars, colourOf(1))
	if ratio := float64(short) / float64(long); ratio < 0.2 || ratio > 0.3 {
		t.Errorf("the bars have %d and %d pixels", long, short)
	}
	for y := range img.Rect.Dy() {
		for _, x := range []int{0, img.Rect.Dx() - 1} {
			if img.RGBAAt(x, y) != paper {
				t.Fatalf("something is drawn at the edge, at %d, %d", x, y)
			}
		}
	}
}

func TestText(t *testing.T) {
	c := example()
	c.Series[2].Name = "none"
	want := []string{
		"R@1",
		"  starter  ███████▌                        25.0 %  (20.0 to 30.0)",
		"  tiny                                      0.0 %  (0.0 to 10.0)",
		"  none     not measured",
		"R@5",
		"  starter  ██████████████████████████████ 100.0 %  (90.0 to 100.0)",
		"  tiny     not measured",
		"  none     not measured",
		"photos per second",
		"  starter  ██████████████████████████████ 80.0",
		"  tiny     ███████▌                       20.0",
		"  none     not measured",
	}
	if diff := cmp.Diff(want, c.Text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSheet(t *testing.T) {
	red, tall := image.NewRGBA(image.Rect(0, 0, 40, 20)), image.NewRGBA(image.Rect(0, 0, 10, 90))
	for _, img := range []*image.RGBA{red, tall} {
		for i := 0; i < len(img.Pix); i += 4 {
			img.Pix[i], img.Pix[i+3] = 255, 255
		}
	}
	s := Sheet{Title: "Two models", Queries: []SheetQuery{{
		Text: "<b>dog</b>", Note: "1 of 2 in common", Rows: []SheetRow{
			{0, "starter", []SheetPicture{{"a&b.jpg", red, false}, {"c.jpg", tall, true}}},
			{1, "tiny", []SheetPicture{{"a&b.jpg", red, false}, {"gone.jpg", nil, true}}},
		},
	}}}
	img, err := s.Draw()
	if err != nil {
		t.Fatal(err)
	}
	first := image.Rect(margin, 0, margin+thumb, img.Rect.Dy())
	if n := count(img, first, color.RGBA{255, 0, 0, 255}); n < thumb*thumb/2*2*9/10 {
		t.Errorf("two pictures twice as wide as high have %d red pixels", n)
	}
	if count(img, img.Rect, colourOf(0)) == 0 || count(img, img.Rect, colourOf(1)) == 0 {
		t.Error("a series is not marked")
	}
	var html bytes.Buffer
	if err := s.HTML(&html); err != nil {
		t.Fatal(err)
	}
	got := html.String()
	for _, want := range []string{"&lt;b&gt;dog&lt;/b&gt;", "a&amp;b.jpg", "only here", "1 of 2 in common", `src="data:image/jpeg;base64,`, "#0072b2", "●", "■"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(got, "ZgotmplZ") || strings.Contains(got, "http") {
		t.Error("the page has an address that is not its own")
	}
}
