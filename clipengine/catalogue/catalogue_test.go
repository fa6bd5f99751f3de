package catalogue_test

import (
	"io"
	"math"
	"strings"
	"testing"

	"descry/assets"
	"descry/clipengine/bundle"
	"descry/clipengine/catalogue"
)

func read(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Read(assets.Models())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryEntryIsComplete holds each model to what a person who chooses is told of it.
func TestEveryEntryIsComplete(t *testing.T) {
	for _, m := range read(t).Models {
		t.Run(m.ID, func(t *testing.T) {
			if m.Published() {
				if m.GFLOPs == 0 {
					t.Error("its speed cannot be estimated: it has no gflops")
				}
				if !m.Has(catalogue.FP32) {
					t.Error("it is not published in float32")
				}
			} else if m.Export == nil && m.Note == "" {
				t.Error("it cannot be had, and no word says why")
			}
			if m.Unverified && m.Note == "" {
				t.Error("it is unverified, and no note says what")
			}
			for _, p := range m.Variants {
				files := m.FilesIn(p)
				if len(files) < 6 {
					t.Errorf("%d files in %s", len(files), p)
				}
				bytes, _ := m.Download(p)
				if want := (m.ImageParams + m.TextParams) * map[catalogue.Precision]float64{catalogue.FP32: 4e6, catalogue.FP16: 2e6, catalogue.INT8: 1e6}[p]; float64(bytes) < .8*want || float64(bytes) > 2.5*want {
					t.Errorf("%d bytes in %s, about %.0f expected", bytes, p, want)
				}
			}
			if m.Multilingual() && m.Table == 0 {
				t.Error("it knows many languages but its table of tokens is not given")
			}
			// A score of zero stands for none: one that is there is no fraction.
			for _, s := range []float64{m.Scores.ImageNet, m.Scores.TextToImage, m.Scores.ImageToText, m.Scores.English} {
				if s != 0 && s < 20 {
					t.Errorf("a score of %g %%", s)
				}
			}
		})
	}
}

// TestNamedModelsAreThere looks for the families that the catalogue promises.
func TestNamedModelsAreThere(t *testing.T) {
	c := read(t)
	for _, id := range strings.Fields(`RN50__openai RN101__openai RN50x4__openai RN50x16__openai RN50x64__openai
		ViT-B-32__openai ViT-B-16__openai ViT-L-14__openai ViT-L-14-336__openai ViT-B-32__laion2b-s34b-b79k
		ViT-B-32-256__datacomp_s34b_b86k ViT-L-14__laion2b-s32b-b82k ViT-H-14__laion2b-s32b-b79k
		ViT-g-14__laion2b-s12b-b42k convnext_large_d_320__laion2b_s29b_b131k_ft_soup EVA02-L-14__merged2b_s4b_b131k
		ViT-H-14-378-quickgelu__dfn5b ViT-B-16-SigLIP__webli ViT-SO400M-14-SigLIP-384__webli ViT-B-16-SigLIP2__webli
		ViT-gopt-16-SigLIP2-384__webli mobileclip_s0 MobileCLIP2-S4__dfndr2b TinyCLIP-ViT-8M-16-Text-3M-YFCC15M LiT-L16L
		XLM-Roberta-Base-ViT-B-32__laion5b_s13b_b90k nllb-clip-large-siglip__mrl LABSE-Vit-L-14`) {
		if _, ok := c.Find(id); !ok {
			t.Errorf("%s is not in the catalogue", id)
		}
	}
	if _, ok := c.Find("starter"); ok {
		t.Error("the starter model comes with the program and has no entry")
	}
	labse, _ := c.Find("LABSE-Vit-L-14")
	if labse.ImageTower != "ViT-L-14__openai" || !labse.Multilingual() {
		t.Errorf("%+v", labse)
	}
	for id, restricted := range map[string]bool{
		"ViT-L-14-quickgelu__dfn2b": true, "mobileclip_s2": true, "MobileCLIP2-S0__dfndr2b": true, "nllb-clip-base-siglip__v1": true,
		"ViT-B-32__openai": false, "ViT-B-16-SigLIP2__webli": false, "LABSE-Vit-L-14": false,
	} {
		if m, _ := c.Find(id); m.Restricted != restricted {
			t.Errorf("%s: restricted %v", id, m.Restricted)
		}
	}
}

func TestFilesOfVariants(t *testing.T) {
	c := read(t)
	m, _ := c.Find("siglip2-base-patch16-224")
	paths := func(p catalogue.Precision) string {
		var names []string
		for _, f := range m.FilesIn(p) {
			names = append(names, f.Path)
		}
		return strings.Join(names, " ")
	}
	for id, name := range map[string]string{
		"clip-vit-base-patch32": "quantized", "siglip2-base-patch16-224": "int8", "siglip2-base-patch16-256": "quantized",
	} {
		m, _ = c.Find(id)
		got := paths(catalogue.INT8)
		if strings.Count(got, ".onnx") != 2 || !strings.Contains(got, "onnx/vision_model_"+name+".onnx") || !strings.Contains(got, "onnx/text_model_"+name+".onnx") {
			t.Errorf("%s in int8: %s", id, got)
		}
	}
	m, _ = c.Find("siglip2-base-patch16-224")
	if got := paths(catalogue.FP32); strings.Contains(got, "int8") || !strings.Contains(got, "onnx/text_model.onnx") {
		t.Errorf("fp32: %s", got)
	}
	bytes, exact := m.Download(catalogue.INT8)
	if bytes != 94553333+283438275 || !exact {
		t.Errorf("%d bytes, exact %v", bytes, exact)
	}
	if _, exact := m.Download(catalogue.FP32); exact {
		t.Error("the size in float32 is not known, but called exact")
	}
	if h, _ := c.Find("ViT-H-14__laion2b-s32b-b79k"); !h.MoreFiles() || h.Layout != bundle.Immich {
		t.Errorf("%s: more files %v, layout %s", h.ID, h.MoreFiles(), h.Layout)
	}
}

// TestMemoryIsAsMeasured compares the estimate with the peak that was measured for Immich. That
// counts Immich's program as well, and the loading of a model from one file, which takes up to 1.1
// times the larger tower more; where a tower lies in several files, for being of more than 2 GiB, it
// does not count the table of tokens, of which the system reads only the rows that are used.
func TestMemoryIsAsMeasured(t *testing.T) {
	compared := 0
	for _, m := range read(t).Models {
		if m.MeasuredMiB == 0 {
			continue
		}
		compared++
		const (
			program = 400 // MiB
			each    = 4e6 / (1 << 20)
		)
		least := float64(m.MemoryMiB(catalogue.FP32)) + program
		most := least
		loading := 0.
		for _, tower := range []float64{m.ImageParams * each, m.TextParams * each} {
			if tower <= 2048 {
				loading = max(loading, 1.1*tower)
			}
		}
		most += loading
		if m.TextParams*each > 2048 {
			least -= m.Table * each
		}
		if got := float64(m.MeasuredMiB); got < .85*least || got > 1.15*most {
			t.Errorf("%s: %.0f to %.0f MiB estimated, %.0f measured", m.ID, least, most, got)
		}
	}
	if compared < 40 {
		t.Errorf("only %d models compared", compared)
	}
}

// TestMemoryOfInt8 holds the promise that Descry needs at most 1.5 GB with a model of ViT-L/14's size.
func TestMemoryOfInt8(t *testing.T) {
	m, _ := read(t).Find("ViT-L-14__openai")
	if got := m.MemoryMiB(catalogue.INT8); got+400 > 1430 || got < 400 {
		t.Errorf("%d MiB", got)
	}
}

// TestSpeedIsAsMeasured scales the time of ViT-B/16 and compares with what was measured for
// Immich on one machine (milliseconds for a picture).
func TestSpeedIsAsMeasured(t *testing.T) {
	c := read(t)
	base, _ := c.Find("ViT-B-16__openai")
	for id, ms := range map[string]float64{
		"RN50__openai": 2.39, "RN50x64__openai": 48.79, "ViT-B-32__openai": 2.26, "ViT-L-14__openai": 19.91, "ViT-L-14-336__openai": 43.45,
		"ViT-H-14__laion2b-s32b-b79k": 39.06, "ViT-H-14-378-quickgelu__dfn5b": 108.4, "ViT-B-32-SigLIP2-256__webli": 3.31,
		"ViT-B-16-SigLIP2__webli": 5.81, "ViT-SO400M-16-SigLIP2-384__webli": 56.57, "ViT-gopt-16-SigLIP2-384__webli": 146.84,
	} {
		m, ok := c.Find(id)
		if got := m.PhotosPerSecond(catalogue.FP32, base.GFLOPs, 1000/5.03); !ok || math.Abs(math.Log(got*ms/1000)) > math.Log(2.05) {
			t.Errorf("%s: %.1f a second estimated, %.1f measured", id, got, 1000/ms)
		}
	}
	if got := base.PhotosPerSecond(catalogue.INT8, catalogue.StarterGFLOPs, 46.1); math.Abs(got-3*2.5) > .1 {
		t.Errorf("int8 after the starter model: %.2f", got)
	}
	if got := (catalogue.Model{}).PhotosPerSecond(catalogue.FP32, 1, 1); got != 0 {
		t.Errorf("a model of unknown operations does %g a second", got)
	}
}

const family = `[family.f]
name = "F"
licence = "MIT"
licence_note = "Any use."
languages = ["en"]
source = "S"
`

const entry = `[[model]]
id = "a"
name = "A"
family = "f"
repo = "o/a"
layout = "immich"
input_size = 224
dim = 512
image_params = 88.0
text_params = 63.0
`

func TestWhatIsWrongIsSaid(t *testing.T) {
	if c, err := catalogue.Read(strings.NewReader(family + entry)); err != nil || len(c.Models) != 1 || c.Models[0].Licence != "MIT" {
		t.Fatalf("%v %v", c, err)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"unknown key":         {`name = "A"`, `name = "A"` + "\nspeed = 3", `"model.speed", which is not known`},
		"unknown family key":  {`licence = "MIT"`, `licence = "MIT"` + "\nlicense = \"MIT\"", "which is not known"},
		"no TOML":             {`id = "a"`, `id = `, "not valid TOML"},
		"no name":             {`name = "A"`, "", "has no name"},
		"no family":           {`family = "f"`, `family = "g"`, "not in the file"},
		"no licence":          {`licence = "MIT"`, "", "lacks a name, a licence"},
		"path as id":          {`id = "a"`, `id = "../a"`, "plain name of a folder"},
		"path in id":          {`id = "a"`, `id = "a..b"`, "plain name of a folder"},
		"no repo":             {`repo = "o/a"`, "", "no repo"},
		"repo with host":      {`repo = "o/a"`, `repo = "http://x/o/a"`, "OWNER/NAME"},
		"repo upwards":        {`repo = "o/a"`, `repo = "o/a..b"`, "OWNER/NAME"},
		"layout":              {`layout = "immich"`, `layout = "zip"`, "layout"},
		"variant":             {`layout = "immich"`, `layout = "immich"` + "\nvariants = [\"int8\"]", "variant"},
		"size":                {`input_size = 224`, ``, "input_size"},
		"no weights":          {`image_params = 88.0`, ``, "image_params"},
		"infinite":            {`image_params = 88.0`, `image_params = inf`, "out of range"},
		"not a number":        {`image_params = 88.0`, `image_params = nan`, "out of range"},
		"score":               {`dim = 512`, "dim = 512\nimagenet = 163.0", "between 0 and 100"},
		"score not a number":  {`dim = 512`, "dim = 512\nxm3600 = nan", "between 0 and 100"},
		"file upwards":        {`dim = 512`, "dim = 512\nfiles = [{ path = \"../x\" }]", "plain path"},
		"file absolute":       {`dim = 512`, "dim = 512\nfiles = [{ path = \"/x\" }]", "plain path"},
		"file of windows":     {`dim = 512`, "dim = 512\nfiles = [{ path = 'a\\b' }]", "plain path"},
		"digest":              {`dim = 512`, "dim = 512\nfiles = [{ path = \"x\", sha256 = \"00\" }]", "SHA-256"},
		"same file twice":     {`dim = 512`, "dim = 512\nfiles = [{ path = \"x\" }, { path = \"x\" }]", "twice"},
		"negative size":       {`dim = 512`, "dim = 512\nfiles = [{ path = \"x\", bytes = -1 }]", "out of range"},
		"export":              {`dim = 512`, "dim = 512\nexport = { library = \"magic\", name = \"x\" }", "export"},
		"image tower":         {`dim = 512`, "dim = 512\nimage_tower = \"b\"", "not in it"},
		"its own image tower": {`dim = 512`, "dim = 512\nimage_tower = \"a\"", "not in it"},
	} {
		text := strings.Replace(family+entry, test.from, test.to, 1)
		if text == family+entry {
			t.Fatalf("%s changes nothing", name)
		}
		if _, err := catalogue.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want a word on %q", name, err, test.want)
		}
	}
	if _, err := catalogue.Read(strings.NewReader(family + entry + entry)); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one model twice: %v", err)
	}
	if _, err := catalogue.Read(io.LimitReader(endless{}, catalogue.MaxFile+10)); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a large file: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

// FuzzRead reads anything: what is accepted holds what callers rely on.
func FuzzRead(f *testing.F) {
	f.Add(family + entry)
	f.Add(family)
	f.Add("[[model]]\nfiles = [{ path = \"../../x\" }]")
	all, err := io.ReadAll(assets.Models())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(all[:6000]))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := catalogue.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, m := range c.Models {
			if m.ID == "" || strings.ContainsAny(m.ID, `/\`) || m.ID[0] == '.' || m.Licence == "" || len(m.Languages) == 0 {
				t.Fatalf("%+v", m)
			}
			for _, p := range []catalogue.Precision{catalogue.FP32, catalogue.FP16, catalogue.INT8} {
				for _, file := range m.FilesIn(p) {
					if strings.Contains(file.Path, `\`) || strings.HasPrefix(file.Path, "/") || strings.HasPrefix(file.Path, "..") {
						t.Fatalf("a file %q", file.Path)
					}
				}
				if n := m.MemoryMiB(p); n < 0 {
					t.Fatalf("%d MiB", n)
				}
				m.Download(p)
			}
		}
	})
}
