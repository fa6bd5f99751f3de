package ocr

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"os"
	"strings"
	"testing"

	"descry/assets"
	"descry/internal/testdata"
	"descry/library/decode"
)

// fixture is a picture with what stands in it and what the Python original reads: see
// tools/ocr/fixture.py.
type fixture struct {
	File     string
	Truth    []string // nil: a hand wrote it, nobody knows
	Original []struct {
		Box        [4][2]float64
		Text       string
		Confidence float64
	}
}

func open(t testing.TB) *Engine {
	t.Helper()
	e, err := Open(assets.Recogniser(), testdata.Runtime(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func fixtures(t *testing.T) (all []fixture) {
	t.Helper()
	data, err := os.ReadFile("testdata/original.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func load(t testing.TB, file string) *image.RGBA {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := decode.Decode(t.Context(), data, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// edits is the Levenshtein distance of two texts, in characters.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range y {
			cost := diagonal
			if r != s {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(y)]
}

// wrong counts the characters to change so that lines become the truth: each true line is
// compared with the line that is nearest to it, and lines that are nobody's nearest are wrong
// as a whole.
func wrong(truth, lines []string) (n int) {
	used := make([]bool, len(lines))
	for _, want := range truth {
		best, at := len([]rune(want)), -1
		for i, l := range lines {
			if e := edits(want, l); !used[i] && e < best {
				best, at = e, i
			}
		}
		n += best
		if at >= 0 {
			used[at] = true
		}
	}
	for i, l := range lines {
		if !used[i] {
			n += len([]rune(l))
		}
	}
	return n
}

// overlap is the intersection over union of the upright rectangles around two boxes.
func overlap(a, b Box) float64 {
	bounds := func(b Box) (low, high Point) {
		low, high = b[0], b[0]
		for _, p := range b {
			low, high = Point{min(low.X, p.X), min(low.Y, p.Y)}, Point{max(high.X, p.X), max(high.Y, p.Y)}
		}
		return low, high
	}
	al, ah := bounds(a)
	bl, bh := bounds(b)
	w, h := min(ah.X, bh.X)-max(al.X, bl.X), min(ah.Y, bh.Y)-max(al.Y, bl.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	area := func(l, h Point) float64 { return (h.X - l.X) * (h.Y - l.Y) }
	return w * h / (area(al, ah) + area(bl, bh) - w*h)
}

// What holds on the fixture. Reached are 2.31 % wrong characters, two thirds of them of one line
// that both find in two parts; the original reads 3.54 % wrong, spaces between words for the
// rest. Boxes overlap by 0.982, confidences differ by 0.006.
const (
	mostWrong    = 0.025 // of the characters that stand there
	leastOverlap = 0.95  // mean, with the boxes of the original
	mostApart    = 0.02  // mean difference of the confidences from the original's
	mostOther    = 1     // characters that the original reads otherwise, but for spaces
)

func TestReadsWhatStandsThere(t *testing.T) {
	e := open(t)
	var characters, ours, theirs, apart int
	var overlaps, doubts float64
	boxes := 0
	for _, f := range fixtures(t) {
		lines, err := e.Read(t.Context(), load(t, f.File))
		if err != nil {
			t.Fatal(err)
		}
		var texts, original []string
		for _, l := range lines {
			texts = append(texts, l.Text)
		}
		for _, o := range f.Original {
			original = append(original, o.Text)
		}
		if f.Truth == nil {
			t.Logf("%s: %q; the original reads %q", f.File, texts, original)
			continue
		}
		mine := wrong(f.Truth, texts)
		t.Logf("%s: %d characters, %d wrong; of the original %d", f.File, len([]rune(strings.Join(f.Truth, ""))), mine, wrong(f.Truth, original))
		characters += len([]rune(strings.Join(f.Truth, "")))
		ours += mine
		theirs += wrong(f.Truth, original)
		if len(f.Truth) == 0 && len(lines) > 0 {
			t.Errorf("%s: there is no text, and %q was read", f.File, texts)
		}
		for _, o := range f.Original {
			var b Box
			for i, p := range o.Box {
				b[i] = Point{p[0], p[1]}
			}
			best, at := 0.0, Line{}
			for _, l := range lines {
				if v := overlap(b, l.Box); v > best {
					best, at = v, l
				}
			}
			overlaps += best
			doubts += math.Abs(at.Confidence - o.Confidence)
			apart += edits(strings.ReplaceAll(o.Text, " ", ""), strings.ReplaceAll(at.Text, " ", ""))
			boxes++
		}
	}
	rate := float64(ours) / float64(characters)
	t.Logf("%d characters: %.2f %% wrong, %.2f %% by the original; %d lines: boxes overlap by %.3f, confidences differ by %.3f, %d characters but for spaces",
		characters, 100*rate, 100*float64(theirs)/float64(characters), boxes, overlaps/float64(boxes), doubts/float64(boxes), apart)
	if rate > mostWrong {
		t.Errorf("%.2f %% of the characters are wrong, more than %.2f %%", 100*rate, 100*mostWrong)
	}
	if ours > theirs {
		t.Errorf("%d characters are wrong, %d of the original", ours, theirs)
	}
	if mean := overlaps / float64(boxes); mean < leastOverlap {
		t.Errorf("the boxes overlap with the original's by %.3f, less than %.2f", mean, leastOverlap)
	}
	if mean := doubts / float64(boxes); mean > mostApart {
		t.Errorf("the confidences differ from the original's by %.3f, more than %.2f", mean, mostApart)
	}
	if apart > mostOther {
		t.Errorf("%d characters differ from the original's but for spaces", apart)
	}
}

// The look at a small picture has to let through what holds text, and spare most of the rest.
func TestSpots(t *testing.T) {
	e := open(t)
	spared, rest := 0, 0
	for _, f := range fixtures(t) {
		img := load(t, f.File)
		w, h := img.Rect.Dx(), img.Rect.Dy()
		small := shrink(img, 512*w/max(w, h), 512*h/max(w, h))
		may, err := e.Spots(t.Context(), small)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(f.Truth) > 0:
			if !may {
				t.Errorf("%s is passed over", f.File)
			}
		case f.Truth != nil:
			rest++
			if !may {
				spared++
			}
		}
	}
	if spared*2 < rest {
		t.Errorf("of %d pictures without text %d are spared", rest, spared)
	}
}

func TestReadStopsWithItsContext(t *testing.T) {
	e := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Read(ctx, load(t, "testdata/page.png")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := e.Spots(ctx, image.NewRGBA(image.Rect(0, 0, 64, 64))); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestReadTakesAnySize(t *testing.T) {
	e := open(t)
	for _, size := range []image.Point{{1, 1}, {1, 700}, {700, 1}, {33, 31}, {3000, 40}} {
		img := image.NewRGBA(image.Rectangle{Max: size})
		for i := range img.Pix {
			img.Pix[i] = 255
		}
		lines, err := e.Read(t.Context(), img)
		if err != nil || len(lines) > 0 {
			t.Errorf("%v: %v, %v", size, lines, err)
		}
	}
}

func TestSmallestRectangle(t *testing.T) {
	turned := rect{Point{20, 30}, Point{math.Cos(0.4), math.Sin(0.4)}, 24, 6}
	corners := turned.corners(0)
	for _, c := range []struct {
		name   string
		points []Point
		w, h   float64 // either way round
	}{
		{"none", nil, 0, 0},
		{"one point", []Point{{3, 4}}, 0, 0},
		{"a line", []Point{{0, 0}, {2, 2}, {4, 4}}, math.Sqrt(32), 0},
		{"upright", []Point{{1, 1}, {5, 1}, {5, 3}, {1, 3}, {3, 2}}, 4, 2},
		{"turned", append([]Point{{20, 30}}, corners[:]...), 24, 6},
	} {
		r := smallest(c.points)
		if w, h := max(r.w, r.h), min(r.w, r.h); math.Abs(w-c.w) > 1e-9 || math.Abs(h-c.h) > 1e-9 {
			t.Errorf("%s: %g × %g, want %g × %g", c.name, w, h, c.w, c.h)
		}
	}
}

func TestSpell(t *testing.T) {
	characters := []string{"a", "b"} // classes: nothing, a, b, space
	column := func(best int, p, space float32) []float32 {
		c := make([]float32, 4)
		c[3] = space
		c[best] = p
		return c
	}
	for _, c := range []struct {
		name    string
		columns [][]float32
		text    string
		sure    float64
	}{
		{"nothing", [][]float32{column(0, 1, 0), column(0, 1, 0)}, "", 0},
		{"a letter over two columns", [][]float32{column(1, 0.9, 0), column(1, 0.8, 0)}, "a", 0.9},
		{"twice the letter", [][]float32{column(1, 0.9, 0), column(0, 1, 0), column(1, 0.7, 0)}, "aa", 0.8},
		{"a space", [][]float32{column(1, 1, 0), column(3, 0.9, 0.9), column(2, 1, 0)}, "a b", 1},
		{"half a space", [][]float32{column(1, 1, 0), column(0, 0.8, 0.15), column(0, 0.8, 0.1), column(2, 1, 0)}, "a b", 1},
		{"hardly a space", [][]float32{column(1, 1, 0), column(0, 0.9, 0.05), column(2, 1, 0)}, "ab", 1},
		{"spaces around", [][]float32{column(3, 1, 1), column(1, 1, 0), column(3, 1, 1)}, "a", 1},
	} {
		var p []float32
		for _, col := range c.columns {
			p = append(p, col...)
		}
		text, sure := spell(p, len(c.columns), characters)
		if text != c.text || math.Abs(sure-c.sure) > 1e-6 {
			t.Errorf("%s: %q with %g, want %q with %g", c.name, text, sure, c.text, c.sure)
		}
	}
}

// Whatever a map of probabilities holds, its regions are boxes of numbers around it.
func FuzzRegions(f *testing.F) {
	f.Add(uint8(8), []byte{0, 0, 200, 200, 200, 200, 0, 0, 0, 0, 200, 255, 255, 200, 0, 0})
	f.Add(uint8(1), []byte{255})
	f.Add(uint8(40), []byte(strings.Repeat("\xff", 1600)))
	f.Fuzz(func(t *testing.T, width uint8, data []byte) {
		w := int(width)
		if w == 0 || len(data) < w || len(data) > 1<<14 {
			return
		}
		h := len(data) / w
		m := probabilities{w, h, make([]float32, w*h)}
		for i := range m.p {
			m.p[i] = float32(data[i]) / 255
		}
		for _, r := range m.regions(certain) {
			if !(r.score >= certain && r.score <= 1) {
				t.Errorf("score %g", r.score)
			}
			for _, p := range r.box {
				if !(math.Abs(p.X) <= 4*float64(w+h) && math.Abs(p.Y) <= 4*float64(w+h)) {
					t.Errorf("corner %v of a map of %d × %d", p, w, h)
				}
			}
		}
		for _, b := range boxes(m.regions(0), 100, 100, w, h) {
			for _, p := range b {
				if p.X < 0 || p.Y < 0 || p.X > 99 || p.Y > 99 {
					t.Errorf("corner %v is not in the picture", p)
				}
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	e := open(b)
	for _, c := range []struct {
		name string
		file string
		do   func(*image.RGBA) error
	}{
		{"spots", "../../assets/samples/forest-stream.jpg", func(img *image.RGBA) error {
			_, err := e.Spots(b.Context(), img)
			return err
		}},
		{"none", "../../assets/samples/forest-stream.jpg", func(img *image.RGBA) error {
			_, err := e.Read(b.Context(), img)
			return err
		}},
		{"screen", "testdata/screen.png", func(img *image.RGBA) error {
			_, err := e.Read(b.Context(), img)
			return err
		}},
	} {
		img := load(b, c.file)
		if c.name == "spots" {
			img = shrink(img, 512, 512*img.Rect.Dy()/img.Rect.Dx())
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.do(img); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
