package onnxtest

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// Tiny towers: a picture's vector is its mean colour times a matrix, a text's vector the
// mean of its tokens' rows.
const (
	Dim   = 8
	Size  = 16
	Vocab = 64
)

// weights are numbers between -1 and 1 without pattern, always the same for a seed.
func weights(n int, seed float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(math.Sin(seed + float64(i)*float64(i+3)*0.7))
	}
	return out
}

// VisionWeights are the numbers of the image tower's matrix, 3 by Dim.
func VisionWeights(seed float64) []float32 { return weights(3*Dim, seed) }

// Vision is an image tower: input [N,3,Size,Size], output [N,Dim]. The matrix is the
// initializer w, or kept in the model when w is nil.
func Vision(input, output string, w Message) []byte {
	if w == nil {
		w = Tensor("w", VisionWeights(1), 3, Dim)
	}
	return Graph{
		Nodes: []Message{
			Node("GlobalAveragePool", []string{input}, []string{"pooled"}),
			Node("Flatten", []string{"pooled"}, []string{"flat"}, IntAttribute("axis", 1)),
			Node("MatMul", []string{"flat", "w"}, []string{output}),
		},
		Weights: []Message{w},
		Inputs:  []Message{Value(input, Float, -1, 3, Size, Size)},
		Outputs: []Message{Value(output, Float, -1, Dim)},
	}.Model()
}

// PatchSide is how many parts along a side the image tower of VisionPatches has.
const PatchSide = 4

// VisionPatches is Vision with a further output: the vectors of the PatchSide × PatchSide parts
// of a picture, [N,PatchSide²,Dim], each the mean colour of the part times the same matrix.
func VisionPatches(input, output, patches string) []byte {
	const step = Size / PatchSide
	return Graph{
		Nodes: []Message{
			Node("GlobalAveragePool", []string{input}, []string{"pooled"}),
			Node("Flatten", []string{"pooled"}, []string{"flat"}, IntAttribute("axis", 1)),
			Node("MatMul", []string{"flat", "w"}, []string{output}),
			Node("AveragePool", []string{input}, []string{"grid"}, IntsAttribute("kernel_shape", step, step), IntsAttribute("strides", step, step)),
			Node("Reshape", []string{"grid", "shape"}, []string{"line"}),
			Node("Transpose", []string{"line"}, []string{"parts"}, IntsAttribute("perm", 0, 2, 1)),
			Node("MatMul", []string{"parts", "w"}, []string{patches}),
		},
		Weights: []Message{Tensor("w", VisionWeights(1), 3, Dim), Ints("shape", []int64{0, 3, PatchSide * PatchSide}, 3)},
		Inputs:  []Message{Value(input, Float, -1, 3, Size, Size)},
		Outputs: []Message{Value(output, Float, -1, Dim), Value(patches, Float, -1, PatchSide*PatchSide, Dim)},
	}.Model()
}

// Patches is Descry with an image tower that has vectors of the parts of a picture.
func Patches() Files {
	f := Descry()
	f["vision.onnx"] = VisionPatches("pixel_values", "image_embeds", "patch_embeds")
	f["bundle.json"] = JSON(map[string]any{"patches": "patch_embeds"})
	return f
}

// VisionHalf is Vision with half-precision input and output.
func VisionHalf(input, output string) []byte {
	return Graph{
		Nodes: []Message{
			Node("Cast", []string{input}, []string{"wide"}, IntAttribute("to", Float)),
			Node("GlobalAveragePool", []string{"wide"}, []string{"pooled"}),
			Node("Flatten", []string{"pooled"}, []string{"flat"}, IntAttribute("axis", 1)),
			Node("MatMul", []string{"flat", "w"}, []string{"embedded"}),
			Node("Cast", []string{"embedded"}, []string{output}, IntAttribute("to", Float16)),
		},
		Weights: []Message{Tensor("w", VisionWeights(1), 3, Dim)},
		Inputs:  []Message{Value(input, Float16, -1, 3, Size, Size)},
		Outputs: []Message{Value(output, Float16, -1, Dim)},
	}.Model()
}

// Text is a text tower with one input of the element type elem and length tokens (-1:
// any), and further inputs of the same kind that it ignores.
func Text(elem, length int64, output string, inputs ...string) []byte {
	g := Graph{
		Nodes: []Message{
			Node("Gather", []string{"rows", inputs[0]}, []string{"tokens"}),
			Node("ReduceMean", []string{"tokens"}, []string{output}, IntsAttribute("axes", 1), IntAttribute("keepdims", 0)),
		},
		Weights: []Message{Tensor("rows", weights(Vocab*Dim, 2), Vocab, Dim)},
		Outputs: []Message{Value(output, Float, -1, Dim)},
	}
	for _, in := range inputs {
		g.Inputs = append(g.Inputs, Value(in, elem, -1, length))
	}
	return g.Model()
}

// Endless is a model that runs practically for ever: input x [N], output y [N].
func Endless() []byte {
	g := looping()
	g.Weights = append(g.Weights, Ints("times", []int64{math.MaxInt64}))
	return g.Model()
}

// Looping is Endless with a second input, times [1], that says how often it goes round.
func Looping() []byte {
	g := looping()
	g.Inputs = append(g.Inputs, Value("times", Int64, 1))
	return g.Model()
}

// looping takes the sine of x, and of that, and so on, as often as times says, which it lacks.
func looping() Graph {
	body := Graph{
		Nodes: []Message{
			Node("Sin", []string{"v"}, []string{"s"}),
			Node("Identity", []string{"go"}, []string{"again"}),
		},
		Inputs:  []Message{Value("i", Int64), Value("go", 9), Value("v", Float, -1)},
		Outputs: []Message{Value("again", 9), Value("s", Float, -1)},
	}
	yes := Message{}.Int(2, 9).Text(8, "yes").Bytes(9, []byte{1})
	return Graph{
		Nodes:   []Message{Node("Loop", []string{"times", "yes", "x"}, []string{"y"}, GraphAttribute("body", body))},
		Weights: []Message{yes},
		Inputs:  []Message{Value("x", Float, -1)},
		Outputs: []Message{Value("y", Float, -1)},
	}
}

// Tokenizer is a tokenizer.json that knows a few words.
func Tokenizer() []byte {
	return TokenizerOf([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "photo", "of", "dog", "cat", "city", "at", "night", "the", "red"})
}

// TokenizerOf is a tokenizer.json that knows these words, each a token whose number is its
// place. They begin with [PAD], [UNK], [CLS] and [SEP].
func TokenizerOf(words []string) []byte {
	vocab := map[string]int{}
	for i, w := range words {
		vocab[w] = i
	}
	return JSON(map[string]any{
		"added_tokens":  []any{},
		"normalizer":    map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{
			"type": "BertProcessing", "cls": []any{"[CLS]", 2}, "sep": []any{"[SEP]", 3},
		},
		"model": map[string]any{
			"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
			"max_input_chars_per_word": 100, "vocab": vocab,
		},
	})
}

// JSON is v as a JSON file.
func JSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Files are the files of a folder by their paths.
type Files map[string][]byte

// Descry is a bundle in the program's own layout.
func Descry() Files {
	return Files{
		"vision.onnx": Vision("pixel_values", "image_embeds", nil),
		"text.onnx":   Text(Int64, -1, "text_embeds", "input_ids", "attention_mask"),
		"preprocess.json": JSON(map[string]any{
			"image_size": Size, "resize": map[string]any{"mode": "shortest_edge", "size": Size, "interpolation": "bicubic"},
			"mean": []float64{0.5, 0.5, 0.5}, "std": []float64{0.5, 0.5, 0.5},
			"text": map[string]any{"max_length": 32}, "embed_dim": Dim, "logit_scale": 30,
		}),
		"tokenizer.json": Tokenizer(),
	}
}

// Immich is a bundle as OpenCLIP models are published for Immich.
func Immich() Files {
	return Files{
		"visual/model.onnx":  Vision("image", "embedding", nil),
		"textual/model.onnx": Text(Int32, 24, "embedding", "text"),
		"visual/preprocess_cfg.json": JSON(map[string]any{
			"size": []int{Size, Size}, "mode": "RGB", "mean": []float64{0.48145466, 0.4578275, 0.40821073},
			"std": []float64{0.26862954, 0.26130258, 0.27577711}, "interpolation": "bicubic",
			"resize_mode": "shortest", "fill_color": 0,
		}),
		"textual/tokenizer.json":        Tokenizer(),
		"textual/tokenizer_config.json": JSON(map[string]any{"pad_token": "[PAD]"}),
		"config.json": JSON(map[string]any{
			"embed_dim": Dim, "vision_cfg": map[string]any{"image_size": Size}, "text_cfg": map[string]any{"context_length": 24},
		}),
	}
}

// TransformersJS is a bundle as models are published for transformers.js.
func TransformersJS() Files {
	return Files{
		"onnx/vision_model.onnx": Vision("pixel_values", "image_embeds", nil),
		"onnx/text_model.onnx":   Text(Int64, -1, "text_embeds", "input_ids", "attention_mask"),
		"preprocessor_config.json": JSON(map[string]any{
			"do_resize": true, "do_center_crop": true, "do_rescale": true, "do_normalize": true, "resample": 3,
			"size": map[string]any{"shortest_edge": Size}, "crop_size": map[string]any{"height": Size, "width": Size},
			"image_mean": []float64{0.48145466, 0.4578275, 0.40821073}, "image_std": []float64{0.26862954, 0.26130258, 0.27577711},
			"rescale_factor": 1.0 / 255,
		}),
		"config.json":           JSON(map[string]any{"model_type": "clip", "projection_dim": Dim, "text_config": map[string]any{}}),
		"tokenizer.json":        Tokenizer(),
		"tokenizer_config.json": JSON(map[string]any{"model_max_length": 77}),
	}
}

// Write puts the files into a folder of this name under a temporary one and returns its
// path.
func (f Files) Write(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := f.WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// WriteTo puts the files into a folder, which is made.
func (f Files) WriteTo(dir string) error {
	for path, data := range f {
		p := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
