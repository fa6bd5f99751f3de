package bundle_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"descry/clipengine/bundle"
	"descry/clipengine/preprocess"
	"descry/internal/onnxtest"
)

// Each family does something of its own to a text before its tokenizer sees it, and fills
// it up in its own way; the files say so in different places.
func TestTextsAreMadeAsTheFamilyWasTrained(t *testing.T) {
	cased := bytes.Replace(onnxtest.Tokenizer(), []byte(`"lowercase":true`), []byte(`"lowercase":false`), 1)
	own := func(text string) onnxtest.Files {
		f := onnxtest.Descry()
		f["preprocess.json"] = bytes.Replace(f["preprocess.json"], []byte(`{"max_length":32}`), []byte(text), 1)
		f["tokenizer.json"] = cased
		return f
	}
	siglip := func(vocabulary string) onnxtest.Files {
		f := onnxtest.TransformersJS()
		f["config.json"] = []byte(`{"model_type":"siglip","text_config":{"vocab_size":` + vocabulary + `}}`)
		f["tokenizer.json"] = cased
		return f
	}
	mclip := onnxtest.Immich()
	mclip["textual/model.onnx"] = onnxtest.Text(onnxtest.Int32, 24, "embedding", "input_ids", "attention_mask")
	for _, c := range []struct {
		name  string
		files onnxtest.Files
		a, b  string
		same  bool
		n     int
	}{
		{"SigLIP 2 has lower case", siglip("256000"), "A Dog", "a dog", true, 64},
		{"and nothing else done to it", siglip("256000"), "a &amp; dog", "a & dog", false, 64},
		{"SigLIP leaves it to its tokenizer", siglip("32000"), "A Dog", "a dog", false, 64},
		{"the own layout says nothing", own(`{"max_length":32}`), "A Dog!", "a dog", false, 5},
		{"the own layout says what to do", own(`{"max_length":32,"clean":"canonicalize","fill":true}`), "A Dog!", "a dog", true, 32},
		{"OpenCLIP's are cleaned", onnxtest.Immich(), "a &amp; dog", "a & dog", true, 24},
		{"M-CLIP's are not", mclip, "a &amp; dog", "a & dog", false, 24},
	} {
		b := open(t, c.files, "model")
		a, _ := b.Tokens(c.a)
		other, _ := b.Tokens(c.b)
		if slices.Equal(a, other) != c.same {
			t.Errorf("%s: %q is %v and %q is %v", c.name, c.a, a, c.b, other)
		}
		if len(other) != c.n && len(a) != c.n {
			t.Errorf("%s: %d and %d tokens, want %d", c.name, len(a), len(other), c.n)
		}
	}
}

func TestCLIPIsFilledUpWithZero(t *testing.T) {
	f := onnxtest.Immich()
	delete(f, "textual/tokenizer.json")
	f["textual/tokenizer_config.json"] = []byte(`{"pad_token":"<end_of_text>"}`)
	f["config.json"] = []byte(`{"embed_dim":8,"text_cfg":{"context_length":24,"vocab_size":49408,"no_causal_mask":true}}`)
	if ids, _ := open(t, f, "MobileCLIP-S1").Tokens("a dog"); ids[3] != 49407 || ids[4] != 0 || ids[23] != 0 {
		t.Errorf("%v", ids)
	}
}

func TestUnknownCleaningIsRefused(t *testing.T) {
	f := onnxtest.Immich()
	f["config.json"] = []byte(`{"embed_dim":8,"text_cfg":{"context_length":24,"tokenizer_kwargs":{"clean":"bleach"}}}`)
	if _, err := bundle.Open(f.Write(t, "model")); err == nil || !strings.Contains(err.Error(), `the cleaning "bleach" of texts`) {
		t.Error(err)
	}
	d := onnxtest.Descry()
	d["preprocess.json"] = bytes.Replace(d["preprocess.json"], []byte(`{"max_length":32}`), []byte(`{"max_length":32,"clean":"bleach"}`), 1)
	if _, err := bundle.Open(d.Write(t, "model")); err == nil || !strings.Contains(err.Error(), `the cleaning "bleach" of texts`) {
		t.Error(err)
	}
}

// The files of MobileCLIP's models for transformers.js say nothing of how texts are filled up.
func TestMobileCLIPIsFilledUp(t *testing.T) {
	f := onnxtest.TransformersJS()
	delete(f, "tokenizer.json")
	f["merges.txt"] = nil
	f["config.json"] = []byte(`{"model_type":"clip"}`)
	if ids, _ := open(t, f, "clip-vit-base-patch32").Tokens("a dog"); len(ids) != 4 {
		t.Errorf("%v", ids)
	}
	if ids, _ := open(t, f, "mobileclip_s0").Tokens("a dog"); len(ids) != 77 || ids[3] != 49407 || ids[4] != 0 {
		t.Errorf("%v", ids)
	}
}

func TestTrainingInterpolationIsNotKept(t *testing.T) {
	f := onnxtest.Immich()
	f["visual/preprocess_cfg.json"] = bytes.Replace(f["visual/preprocess_cfg.json"], []byte("bicubic"), []byte("random"), 1)
	if b := open(t, f, "model"); b.Preprocess.Filter != preprocess.Bicubic {
		t.Errorf("%s", b.Preprocess.Filter)
	}
}
