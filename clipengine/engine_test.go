package clipengine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/testdata"
)

// openStarter loads the model that the program carries.
func openStarter(t testing.TB) *clipengine.Engine {
	t.Helper()
	library := testdata.Runtime(t)
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	e, err := clipengine.Open(b, clipengine.Options{Library: library})
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

// fixtures are vectors that the Python runtime made with the starter model.
type fixtures struct {
	Images []struct {
		Name, Rule string
		Embedding  []float32
	}
	Texts []struct {
		Text      string
		Embedding []float32
	}
}

func readFixtures(t *testing.T) fixtures {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "starter-fixtures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f fixtures
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// rules are the pictures of the fixtures, as the Rule of each says.
var rules = map[string]func(x, y int) color.RGBA{
	"gradient_x": func(x, _ int) color.RGBA { return rgb(x*255/259, 0, 0) },
	"gradient_y": func(_, y int) color.RGBA { return rgb(0, y*255/259, 128) },
	"checker_20": func(x, y int) color.RGBA {
		if (x/20+y/20)%2 == 0 {
			return rgb(255, 255, 255)
		}
		return rgb(0, 0, 0)
	},
	"stripes_13": func(x, y int) color.RGBA {
		r, g := 40, 10
		if x/13%2 == 0 {
			r = 255
		}
		if y/13%2 == 0 {
			g = 200
		}
		return rgb(r, g, 90)
	},
	"disc": func(x, y int) color.RGBA {
		if (x-130)*(x-130)+(y-130)*(y-130) < 80*80 {
			return rgb(240, 200, 30)
		}
		return rgb(30, 90, 200)
	},
	"modular": func(x, y int) color.RGBA { return rgb((x*7+y*3)%256, x*y%256, (x*5+y*11)%256) },
	"sky_field": func(_, y int) color.RGBA {
		if y < 120 {
			return rgb(120, 170, 230)
		}
		return rgb(70, 140, 50)
	},
	"flat_grey": func(int, int) color.RGBA { return rgb(127, 127, 127) },
}

func rgb(r, g, b int) color.RGBA { return color.RGBA{byte(r), byte(g), byte(b), 255} }

func draws(t *testing.T, name string) *image.RGBA {
	t.Helper()
	rule, ok := rules[name]
	if !ok {
		t.Fatalf("no rule for the fixture %s", name)
	}
	img := image.NewRGBA(image.Rect(0, 0, 260, 260))
	for y := range 260 {
		for x := range 260 {
			img.SetRGBA(x, y, rule(x, y))
		}
	}
	return img
}

func TestStarterVectorsMatchFixtures(t *testing.T) {
	e := openStarter(t)
	f := readFixtures(t)
	ctx := context.Background()
	if e.Dim() != 384 || e.InputSize() != 260 || e.MinSide() != 520 || e.Model() != "starter" || e.Provider() != "cpu" {
		t.Errorf("dim %d, size %d, min side %d, model %s, provider %s", e.Dim(), e.InputSize(), e.MinSide(), e.Model(), e.Provider())
	}
	if s := e.LogitScale(); s != 22.4596 {
		t.Errorf("logit scale %v", s)
	}
	if _, sigmoid := e.LogitBias(); sigmoid {
		t.Error("the starter is no sigmoid model")
	}

	var want, tensors, files, words, wantWords [][]float32
	for _, im := range f.Images {
		img := draws(t, im.Name)
		want = append(want, im.Embedding)
		tensors = append(tensors, must(e.EncodeTensor(ctx, plainTensor(img))))
		files = append(files, must(e.EncodeImage(ctx, throughPNG(t, img))))
	}
	for _, tx := range f.Texts {
		wantWords = append(wantWords, tx.Embedding)
		words = append(words, must(e.EncodeText(ctx, tx.Text)))
	}
	if len(want) != 8 || len(words) != 20 {
		t.Fatalf("%d pictures and %d texts, want 8 and 20", len(want), len(words))
	}
	compare(t, "pictures from tensors", want, tensors, 0.9999)
	compare(t, "pictures from files", want, files, 0.998)
	compare(t, "texts", wantWords, words, 0.9999)
}

// plainTensor is what the fixtures were made from: (channel-127)/128.
func plainTensor(img *image.RGBA) []float32 {
	n := img.Rect.Dx() * img.Rect.Dy()
	out := make([]float32, 3*n)
	for i := range n {
		for ch := range 3 {
			out[ch*n+i] = (float32(img.Pix[4*i+ch]) - 127) / 128
		}
	}
	return out
}

func throughPNG(t *testing.T, img *image.RGBA) *image.RGBA {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	back, err := png.Decode(&buf)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(back.Bounds())
	draw.Draw(out, out.Rect, back, back.Bounds().Min, draw.Src)
	return out
}

// compare checks the cosine of each pair, as it is and after the mean of the reference
// vectors has been taken off both: what all vectors share would hide a difference.
func compare(t *testing.T, what string, want, got [][]float32, least float64) {
	t.Helper()
	mean := make([]float64, len(want[0]))
	for _, v := range want {
		for i, x := range v {
			mean[i] += float64(x) / float64(len(want))
		}
	}
	none := make([]float64, len(mean))
	lowest, centred := 1.0, 1.0
	for i := range want {
		lowest = min(lowest, cosine(want[i], got[i], none))
		centred = min(centred, cosine(want[i], got[i], mean))
	}
	t.Logf("%s: lowest cosine %.6f, after the mean is taken off %.6f", what, lowest, centred)
	if lowest < least || centred < least {
		t.Errorf("%s: cosine %.6f and %.6f after the mean is taken off, want %g", what, lowest, centred, least)
	}
}

func cosine(a, b []float32, mean []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i])-mean[i], float64(b[i])-mean[i]
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSelfTestPasses(t *testing.T) {
	if err := openStarter(t).SelfTest(context.Background()); err != nil {
		t.Fatal(err)
	}
}
