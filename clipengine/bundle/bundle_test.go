package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"descry/assets"
	"descry/clipengine/bundle"
	"descry/clipengine/preprocess"
	"descry/internal/onnxtest"
)

var layouts = map[bundle.Layout]func() onnxtest.Files{
	bundle.Descry: onnxtest.Descry, bundle.Immich: onnxtest.Immich, bundle.TransformersJS: onnxtest.TransformersJS,
}

func open(t *testing.T, f onnxtest.Files, name string) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Open(f.Write(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLayoutsAreRead(t *testing.T) {
	for layout, files := range layouts {
		t.Run(string(layout), func(t *testing.T) {
			b := open(t, files(), "tiny")
			if b.ID != "tiny" || b.Layout != layout || b.Dim != onnxtest.Dim || b.Precision != "fp32" {
				t.Errorf("id %s, layout %s, dim %d, precision %s", b.ID, b.Layout, b.Dim, b.Precision)
			}
			if b.Preprocess.Size != onnxtest.Size || b.Preprocess.Filter != preprocess.Bicubic && b.Preprocess.Filter != "" {
				t.Errorf("preprocessing %v", b.Preprocess)
			}
			length := map[bundle.Layout]int{bundle.Descry: 32, bundle.Immich: 24, bundle.TransformersJS: 77}[layout]
			scale := map[bundle.Layout]float64{bundle.Descry: 30, bundle.Immich: 100, bundle.TransformersJS: 100}[layout]
			if b.ContextLength != length || b.LogitScale != scale || b.Sigmoid {
				t.Errorf("length %d, scale %g, sigmoid %v", b.ContextLength, b.LogitScale, b.Sigmoid)
			}
			ids, mask := b.Tokens("a photo of a dog")
			want := 7
			if layout == bundle.Immich {
				want = 24
			}
			if len(ids) != want || len(mask) != want {
				t.Errorf("%d tokens and a mask of %d, want %d", len(ids), len(mask), want)
			}
			if len(b.Space()) != 64 {
				t.Errorf("space %q", b.Space())
			}
		})
	}
}

func TestStarterIsRead(t *testing.T) {
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	if b.Dim != 384 || b.ContextLength != 64 || b.Preprocess.Size != 260 || b.Preprocess.Scale != 1 || b.LogitScale != 22.4596 {
		t.Errorf("%+v", b)
	}
	if b.Name == "" || b.Licence == "" || !strings.Contains(b.LicenceNote, "research") || len(b.Languages) != 1 || b.Languages[0] != "en" {
		t.Errorf("name %q, licence %q, note %q, languages %v", b.Name, b.Licence, b.LicenceNote, b.Languages)
	}
	if b.Precision != "int8" {
		t.Errorf("precision %s", b.Precision)
	}
	if err := b.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestSpaceIsTheImageSide changes one part after another: the space must change with what
// decides a picture's vector, and with nothing else.
func TestSpaceIsTheImageSide(t *testing.T) {
	space := func(change func(onnxtest.Files)) string {
		f := onnxtest.Immich()
		change(f)
		return open(t, f, "model").Space()
	}
	base := space(func(onnxtest.Files) {})
	if other := open(t, onnxtest.Immich(), "another-name").Space(); other != base {
		t.Error("the folder's name changes the space")
	}
	for name, change := range map[string]func(onnxtest.Files){
		"text tower": func(f onnxtest.Files) {
			f["textual/model.onnx"] = onnxtest.Text(onnxtest.Int64, 32, "text_embeds", "input_ids", "attention_mask")
		},
		"tokenizer": func(f onnxtest.Files) {
			f["textual/tokenizer.json"] = bytes.Replace(f["textual/tokenizer.json"], []byte(`"dog"`), []byte(`"fox"`), 1)
		},
	} {
		if space(change) != base {
			t.Errorf("another %s changes the space", name)
		}
	}
	for name, change := range map[string]func(onnxtest.Files){
		"weights": func(f onnxtest.Files) {
			f["visual/model.onnx"] = onnxtest.Vision("image", "embedding", onnxtest.Tensor("w", onnxtest.VisionWeights(9), 3, onnxtest.Dim))
		},
		"mean": func(f onnxtest.Files) {
			f["visual/preprocess_cfg.json"] = bytes.Replace(f["visual/preprocess_cfg.json"], []byte("0.48145466"), []byte("0.5"), 1)
		},
		"resize mode": func(f onnxtest.Files) {
			f["visual/preprocess_cfg.json"] = bytes.Replace(f["visual/preprocess_cfg.json"], []byte("shortest"), []byte("squash"), 1)
		},
	} {
		if space(change) == base {
			t.Errorf("other %s leave the space as it is", name)
		}
	}
}

func external(f onnxtest.Files, location, offset, length string) {
	w := onnxtest.External("w", location, offset, length, 3, onnxtest.Dim)
	f["visual/model.onnx"] = onnxtest.Vision("image", "embedding", w)
}

func TestExternalDataBelongsToTheSpace(t *testing.T) {
	space := func(seed float64) string {
		f := onnxtest.Immich()
		external(f, "model.onnx.data", "8", "96")
		f["visual/model.onnx.data"] = append(make([]byte, 8), onnxtest.Floats(onnxtest.VisionWeights(seed))...)
		return open(t, f, "big").Space()
	}
	if space(1) == space(2) {
		t.Error("other weights in the external file leave the space as it is")
	}
	if first, again := space(3), space(3); first != again {
		t.Error("the same weights give two spaces")
	}
}

func TestHostileExternalDataIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ location, offset, length, want string }{
		"parent":      {"../secret.bin", "", "96", "outside of its folder"},
		"hidden":      {"sub/../../secret.bin", "", "96", "outside of its folder"},
		"absolute":    {"/etc/passwd", "", "96", "outside of its folder"},
		"drive":       {`C:\secret.bin`, "", "96", "outside of its folder"},
		"backslash":   {`..\secret.bin`, "", "96", "outside of its folder"},
		"folder":      {".", "", "96", "outside of its folder"},
		"zero byte":   {"w\x00.bin", "", "96", "outside of its folder"},
		"missing":     {"nowhere.bin", "", "96", "nowhere.bin, which is missing"},
		"cut short":   {"w.bin", "0", "4096", "cut short"},
		"past end":    {"w.bin", "97", "", "cut short"},
		"negative":    {"w.bin", "-1", "96", "cut short"},
		"no number":   {"w.bin", "zero", "96", "cut short"},
		"overflowing": {"w.bin", "9223372036854775807", "96", "cut short"},
		"its folder":  {"sub", "", "96", "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			f := onnxtest.Immich()
			external(f, c.location, c.offset, c.length)
			f["visual/w.bin"] = make([]byte, 96)
			f["visual/sub/x"] = nil
			f["secret.bin"] = make([]byte, 96)
			_, err := bundle.Open(f.Write(t, "hostile"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a word on %q", err, c.want)
			}
		})
	}
}

// TestSecondLocationIsSeen hides the real location behind a harmless one.
func TestSecondLocationIsSeen(t *testing.T) {
	for _, order := range [][2]string{{"w.bin", "../../secret"}, {"../../secret", "w.bin"}} {
		f := onnxtest.Immich()
		w := onnxtest.External("w", order[0], "", "96", 3, onnxtest.Dim).
			Bytes(13, onnxtest.Message{}.Text(1, "location").Text(2, order[1]))
		f["visual/model.onnx"] = onnxtest.Vision("image", "embedding", w)
		f["visual/w.bin"] = make([]byte, 96)
		if _, err := bundle.Open(f.Write(t, "hostile")); err == nil || !strings.Contains(err.Error(), "outside") {
			t.Errorf("%v: %v", order, err)
		}
	}
}

// TestHiddenTensorsAreSeen puts the outside location where tensors stand less often.
func TestHiddenTensorsAreSeen(t *testing.T) {
	evil := onnxtest.External("evil", "../../secret", "", "96", 3, onnxtest.Dim)
	attribute := onnxtest.Message{}.Text(1, "value").Bytes(5, evil).Int(20, 4)
	constant := onnxtest.Node("Constant", nil, []string{"c"}, attribute)
	inner := onnxtest.Graph{Nodes: []onnxtest.Message{constant}}
	for name, node := range map[string]onnxtest.Message{
		"constant": constant,
		"subgraph": onnxtest.Node("If", []string{"x"}, []string{"y"}, onnxtest.GraphAttribute("then_branch", inner)),
	} {
		g := onnxtest.Graph{
			Nodes:   []onnxtest.Message{node},
			Inputs:  []onnxtest.Message{onnxtest.Value("image", onnxtest.Float, -1, 3, 16, 16)},
			Outputs: []onnxtest.Message{onnxtest.Value("embedding", onnxtest.Float, -1, onnxtest.Dim)},
		}
		f := onnxtest.Immich()
		f["visual/model.onnx"] = g.Model()
		if _, err := bundle.Open(f.Write(t, "hostile")); err == nil || !strings.Contains(err.Error(), "outside") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLinksOutOfTheFolderAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: making symbolic links needs a privilege on Windows")
	}
	for layout, files := range layouts {
		for name := range files() {
			f := files()
			data := f[name]
			delete(f, name)
			dir := f.Write(t, "linked")
			outside := filepath.Join(t.TempDir(), "outside")
			if err := os.WriteFile(outside, data, 0o644); err != nil {
				t.Fatal(err)
			}
			link := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, link); err != nil {
				t.Fatal(err)
			}
			if _, err := bundle.Open(dir); err == nil || !strings.Contains(err.Error(), "leads out of the folder") {
				t.Errorf("%s, %s: %v", layout, name, err)
			}
		}
	}
}

// TestEveryPartIsNeeded takes one file after another away, empties it, and fills it with
// noise.
func TestEveryPartIsNeeded(t *testing.T) {
	optional := map[string]bool{"textual/tokenizer_config.json": true, "tokenizer_config.json": true, "config.json": true}
	for layout, files := range layouts {
		for name := range files() {
			for how, spoil := range map[string]func(onnxtest.Files){
				"missing": func(f onnxtest.Files) { delete(f, name) },
				"empty":   func(f onnxtest.Files) { f[name] = nil },
				"noise":   func(f onnxtest.Files) { f[name] = bytes.Repeat([]byte{0x9b, 0xff, 0x13}, 200) },
				"cut":     func(f onnxtest.Files) { f[name] = f[name][:len(f[name])*2/3] },
			} {
				f := files()
				spoil(f)
				_, err := bundle.Open(f.Write(t, "model"))
				base := name[strings.LastIndex(name, "/")+1:]
				switch {
				case err == nil && optional[name] && how == "missing":
				case err == nil:
					t.Errorf("%s with %s %s was accepted", layout, how, name)
				case !strings.Contains(err.Error(), base) && !strings.Contains(err.Error(), "known layouts"):
					t.Errorf("%s with %s %s: %v does not name it", layout, how, name, err)
				case how == "missing" && !strings.Contains(err.Error(), "lacks"):
					t.Errorf("%s with %s %s: %v", layout, how, name, err)
				}
			}
		}
	}
}

func TestWhatIsNoModelFolderIsSaid(t *testing.T) {
	empty := t.TempDir()
	file := filepath.Join(empty, "sub", "file")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		filepath.Join(empty, "nowhere"): "does not exist",
		file:                            "is not a folder",
		empty:                           "none of the known layouts",
	} {
		if _, err := bundle.Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := bundle.Open(filepath.Join(empty, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not ErrNotExist", err)
	}
}

func TestPartsThatDoNotFitAreSaid(t *testing.T) {
	for want, spoil := range map[string]func(onnxtest.Files){
		"do not belong together": func(f onnxtest.Files) {
			g := onnxtest.Graph{
				Nodes:   []onnxtest.Message{onnxtest.Node("Identity", []string{"text"}, []string{"embedding"})},
				Inputs:  []onnxtest.Message{onnxtest.Value("text", onnxtest.Int32, 1, 24)},
				Outputs: []onnxtest.Message{onnxtest.Value("embedding", onnxtest.Float, 1, 99)},
			}
			f["textual/model.onnx"] = g.Model()
		},
		"its configuration says": func(f onnxtest.Files) { f["config.json"] = []byte(`{"embed_dim":512}`) },
		"the preprocessing makes [1, 3, 224, 224]": func(f onnxtest.Files) {
			f["visual/preprocess_cfg.json"] = []byte(`{"size":224}`)
		},
		"not square": func(f onnxtest.Files) { f["visual/preprocess_cfg.json"] = []byte(`{"size":[224,336]}`) },
		"one size":   func(f onnxtest.Files) { f["visual/preprocess_cfg.json"] = []byte(`{}`) },
		`"longest"`: func(f onnxtest.Files) {
			f["visual/preprocess_cfg.json"] = []byte(`{"size":16,"resize_mode":"longest"}`)
		},
		"interpolation": func(f onnxtest.Files) {
			f["visual/preprocess_cfg.json"] = []byte(`{"size":16,"interpolation":"nearest"}`)
		},
		"three numbers": func(f onnxtest.Files) { f["visual/preprocess_cfg.json"] = []byte(`{"size":16,"mean":[0.5],"std":[1]}`) },
		"positive numbers": func(f onnxtest.Files) {
			f["visual/preprocess_cfg.json"] = []byte(`{"size":16,"mean":[0,0,0],"std":[1,0,1]}`)
		},
		`an input "magic" that is not known`: func(f onnxtest.Files) {
			f["textual/model.onnx"] = onnxtest.Text(onnxtest.Int64, -1, "embedding", "input_ids", "magic")
		},
		"neither int64 nor int32": func(f onnxtest.Files) {
			f["textual/model.onnx"] = onnxtest.Text(onnxtest.Float, -1, "embedding", "text")
		},
		"is not a picture": func(f onnxtest.Files) {
			f["visual/model.onnx"] = onnxtest.Text(onnxtest.Float, -1, "embedding", "tokens")
		},
		`padding token "[NONE]"`: func(f onnxtest.Files) { f["textual/tokenizer_config.json"] = []byte(`{"pad_token":"[NONE]"}`) },
	} {
		f := onnxtest.Immich()
		spoil(f)
		if _, err := bundle.Open(f.Write(t, "model")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a word on %q", err, want)
		}
	}
}

func TestVariantsAreChosen(t *testing.T) {
	for _, c := range []struct {
		have []string
		want string
	}{
		{[]string{"", "_int8", "_fp16"}, ""},
		{[]string{"_quantized", "_fp16", "_q4"}, "_quantized"},
		{[]string{"_int8", "_quantized", "_uint8"}, "_int8"},
		{[]string{"_q4", "_fp16"}, "_fp16"},
		{[]string{"_bnb4", "_q4f16"}, "_q4f16"},
	} {
		f := onnxtest.TransformersJS()
		vision, text := f["onnx/vision_model.onnx"], f["onnx/text_model.onnx"]
		delete(f, "onnx/vision_model.onnx")
		delete(f, "onnx/text_model.onnx")
		for _, v := range c.have {
			f["onnx/vision_model"+v+".onnx"], f["onnx/text_model"+v+".onnx"] = vision, text
		}
		b := open(t, f, "model")
		if got := filepath.Base(b.Vision.File()); got != "vision_model"+c.want+".onnx" {
			t.Errorf("%v: took %s", c.have, got)
		}
	}
	f := onnxtest.TransformersJS()
	f["vision_model.onnx"], f["text_model.onnx"] = f["onnx/vision_model.onnx"], f["onnx/text_model.onnx"]
	delete(f, "onnx/vision_model.onnx")
	delete(f, "onnx/text_model.onnx")
	if b := open(t, f, "flat"); filepath.Base(filepath.Dir(b.Vision.File())) != "flat" {
		t.Errorf("took %s", b.Vision.File())
	}
}

func TestSigLIPIsTold(t *testing.T) {
	f := onnxtest.TransformersJS()
	f["config.json"] = []byte(`{"model_type":"siglip","text_config":{"max_position_embeddings":64}}`)
	f["preprocessor_config.json"] = []byte(`{"do_resize":true,"size":{"height":16,"width":16},"resample":2,
		"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5],"rescale_factor":0.00392156862745098}`)
	b := open(t, f, "model")
	if !b.Sigmoid || b.LogitBias >= 0 || b.LogitScale < 100 || b.Preprocess.Mode != preprocess.Squash || b.Preprocess.Filter != preprocess.Bilinear {
		t.Errorf("sigmoid %v, bias %g, scale %g, preprocessing %v", b.Sigmoid, b.LogitBias, b.LogitScale, b.Preprocess)
	}
	if ids, _ := b.Tokens("a dog"); len(ids) != 64 {
		t.Errorf("texts are filled up to %d", len(ids))
	}
	i := onnxtest.Immich()
	i["config.json"] = []byte(`{"embed_dim":8,"init_logit_bias":-10,"text_cfg":{"context_length":24,"tokenizer_kwargs":{"clean":"canonicalize"}}}`)
	if b := open(t, i, "ViT-B-16"); !b.Sigmoid {
		t.Error("the bias in config.json was not seen")
	} else if a, c := first(b.Tokens("A DOG!!")), first(b.Tokens("a dog")); !bytes.Equal(a, c) {
		t.Errorf("%v and %v: the text is not canonicalised", a, c)
	}
	if b := open(t, onnxtest.Immich(), "ViT-SO400M-16-SigLIP2-384__webli"); !b.Sigmoid || b.Languages[0] != "multilingual" {
		t.Errorf("the name was not understood: %v %v", b.Sigmoid, b.Languages)
	}
}

func first(ids, _ []int64) []byte {
	var out []byte
	for _, id := range ids {
		out = append(out, byte(id))
	}
	return out
}

func TestPadIsTakenFromTheConfiguration(t *testing.T) {
	for _, config := range []string{`{"pad_token":"cat"}`, `{"pad_token":{"content":"cat"}}`} {
		f := onnxtest.Immich()
		f["textual/tokenizer_config.json"] = []byte(config)
		if ids, mask := open(t, f, "model").Tokens("a dog"); ids[23] != 8 || mask[23] != 0 {
			t.Errorf("%s: filled up with %d", config, ids[23])
		}
	}
}

func TestBuiltInVocabularyStandsIn(t *testing.T) {
	f := onnxtest.Immich()
	delete(f, "textual/tokenizer.json")
	delete(f, "textual/tokenizer_config.json")
	f["config.json"] = []byte(`{"embed_dim":8,"text_cfg":{"context_length":24,"vocab_size":49408}}`)
	if ids, _ := open(t, f, "ViT-B-32__openai").Tokens("a photo of a dog"); ids[0] != 49406 || ids[6] != 49407 || ids[7] != 0 {
		t.Errorf("%v", ids)
	}
	f["config.json"] = []byte(`{"embed_dim":8,"text_cfg":{"context_length":24,"vocab_size":49408,"hf_tokenizer_name":"other"}}`)
	if _, err := bundle.Open(f.Write(t, "model")); err == nil || !strings.Contains(err.Error(), "lacks the file textual/tokenizer.json") {
		t.Error(err)
	}
}

func TestManifestAndCardSayMore(t *testing.T) {
	f := onnxtest.Immich()
	f["README.md"] = []byte("---\nlicense: mit\nlanguage:\n- en\n- de\n---\n# A model\n")
	b := open(t, f, "model")
	if b.Licence != "mit" || strings.Join(b.Languages, " ") != "en de" || b.LicenceNote == "" {
		t.Errorf("licence %q, languages %v", b.Licence, b.Languages)
	}
	f["bundle.json"] = []byte(`{"name":"My\u202e model\n","licence":"own","licence_note":"Ask me.","source":"home",
		"languages":["fr\u001b[2J"],"logit_scale":50,"logit_bias":-3}`)
	b = open(t, f, "model")
	if b.Name != "My model" || b.Licence != "own" || b.LicenceNote != "Ask me." || b.Source != "home" ||
		b.Languages[0] != "fr [2J" || b.LogitScale != 50 || !b.Sigmoid || b.LogitBias != -3 {
		t.Errorf("%+v", b)
	}
	f["bundle.json"] = []byte(`{"logit_scale":-1}`)
	if _, err := bundle.Open(f.Write(t, "model")); err == nil || !strings.Contains(err.Error(), "logit scale") {
		t.Error(err)
	}
}

// What a file calls things reaches a terminal in an error: it must not command it.
func TestNamesInErrorsAreSafeToShow(t *testing.T) {
	const evil = "\x1b[2J\u202e"
	many := make([]onnxtest.Message, 200)
	for i := range many {
		many[i] = onnxtest.Value(evil+strings.Repeat("x", 4000), onnxtest.Float, 1, 3, 16, 16)
	}
	out := []onnxtest.Message{onnxtest.Value("embedding", onnxtest.Float, 1, 8)}
	node := []onnxtest.Message{onnxtest.Node("Identity", []string{"a"}, []string{"embedding"})}
	for name, g := range map[string]onnxtest.Graph{
		"ports": {Nodes: node, Inputs: many, Outputs: out},
		"external data": {
			Nodes: node, Inputs: many[:1], Outputs: out,
			Weights: []onnxtest.Message{onnxtest.External("w", evil+"weights", "", "", 1)},
		},
	} {
		f := onnxtest.Immich()
		f["visual/model.onnx"] = g.Model()
		_, err := bundle.Open(f.Write(t, "model"))
		if err == nil || strings.ContainsAny(err.Error(), evil[:1]+"\u202e") || len(err.Error()) > 2000 {
			t.Errorf("%s: %.300q", name, err)
		}
	}
}

func TestVerifyFindsTheDifference(t *testing.T) {
	ctx := context.Background()
	f := onnxtest.Immich()
	if err := open(t, f, "model").Verify(ctx); err == nil || !strings.Contains(err.Error(), "no digests") {
		t.Error(err)
	}
	const config = `{"embed_dim":8}`
	f["config.json"] = []byte(config)
	f["bundle.json"] = []byte(`{"digests":{"config.json":"1e7c0ef3ba3ba5d9fa1b4ed1ae4a9a3ba5b9e6a27c5df23b9ed0d5de3b0b3a51"}}`)
	if err := open(t, f, "model").Verify(ctx); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Error(err)
	}
	f["bundle.json"] = []byte(`{"digests":{"../x":"00"}}`)
	if err := open(t, f, "model").Verify(ctx); err == nil {
		t.Error("a digest of a file outside of the folder was computed")
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	f["bundle.json"] = []byte(`{"digests":{"config.json":"00"}}`)
	if err := open(t, f, "model").Verify(done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFileSystemsInMemory(t *testing.T) {
	m := fstest.MapFS{}
	for name, data := range onnxtest.Descry() {
		m[name] = &fstest.MapFile{Data: data}
	}
	b, err := bundle.OpenFS(m, "memory")
	if err != nil {
		t.Fatal(err)
	}
	if b.Vision.File() != "" {
		t.Errorf("a file on disk: %s", b.Vision.File())
	}
	if data, err := b.Vision.Bytes(); err != nil || len(data) == 0 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	delete(m, "vision.onnx")
	if b.Space() != "" {
		t.Error("a space without weights")
	}
	other := maps.Clone(m)
	other["vision.onnx"] = &fstest.MapFile{Data: onnxtest.Vision("x", "y", onnxtest.External("w", "w.bin", "", "96", 3, 8))}
	other["w.bin"] = &fstest.MapFile{Data: make([]byte, 96)}
	if _, err := bundle.OpenFS(other, "memory"); err == nil || !strings.Contains(err.Error(), "only for a folder") {
		t.Error(err)
	}
}

func FuzzModel(f *testing.F) {
	f.Add(onnxtest.Vision("image", "embedding", nil))
	f.Add(onnxtest.Vision("image", "embedding", onnxtest.External("w", "w.bin", "0", "96", 3, 8)))
	f.Add(onnxtest.Endless())
	f.Fuzz(func(t *testing.T, data []byte) {
		files := onnxtest.Descry()
		files["vision.onnx"] = data
		m := fstest.MapFS{}
		for name, data := range files {
			m[name] = &fstest.MapFile{Data: data}
		}
		if b, err := bundle.OpenFS(m, "fuzz"); err == nil && b.Space() == "" {
			t.Error("an accepted bundle has no space")
		}
	})
}

func FuzzConfigs(f *testing.F) {
	for _, files := range layouts {
		all := files()
		f.Add(all["preprocess.json"], all["visual/preprocess_cfg.json"], all["preprocessor_config.json"], all["config.json"])
	}
	f.Fuzz(func(_ *testing.T, a, b, c, d []byte) {
		for _, files := range layouts {
			m := fstest.MapFS{}
			for name, data := range files() {
				m[name] = &fstest.MapFile{Data: data}
			}
			m["preprocess.json"], m["visual/preprocess_cfg.json"] = &fstest.MapFile{Data: a}, &fstest.MapFile{Data: b}
			m["preprocessor_config.json"], m["config.json"] = &fstest.MapFile{Data: c}, &fstest.MapFile{Data: d}
			if _, err := bundle.OpenFS(m, "fuzz"); err != nil {
				continue
			}
		}
	})
}

// What bundle.json says of an output for the parts of a picture has to be so.
func TestPatchesAreChecked(t *testing.T) {
	b := open(t, onnxtest.Patches(), "tiny")
	if b.Vision.Patches != "patch_embeds" || b.Vision.PatchSide != onnxtest.PatchSide {
		t.Errorf("output %q, %d parts a side", b.Vision.Patches, b.Vision.PatchSide)
	}
	without := onnxtest.Patches()
	delete(without, "bundle.json")
	if plain := open(t, without, "tiny"); plain.Vision.Patches != "" || plain.Space() != b.Space() {
		t.Error("what bundle.json says of the parts changes more than that")
	}
	for name, want := range map[string]string{
		"none":         `no output "none"`,
		"image_embeds": "must be float32 of shape [N, parts, 8]",
	} {
		f := onnxtest.Patches()
		f["bundle.json"] = onnxtest.JSON(map[string]any{"patches": name})
		if _, err := bundle.Open(f.Write(t, "tiny")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
