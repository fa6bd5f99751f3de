package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"descry/clipengine/bundle"
)

// Want says which files of a published model are wanted.
type Want struct {
	Layout bundle.Layout // Immich or TransformersJS
	// Precision is that of the variant: "fp32", "fp16", "int8", or "" for fp32. Only the
	// layout of transformers.js publishes variants; of Immich's there is one.
	Precision string
	// TextOnly leaves the image tower out, for text towers that go with that of another model.
	TextOnly bool
}

// papers are the files besides the models that are taken where they are there.
var papers = map[bundle.Layout][]string{
	bundle.Immich: {
		"config.json", "README.md", "LICENSE", "LICENSE.txt", "NOTICE", "preprocess_cfg.json", "visual/preprocess_cfg.json",
		"tokenizer.json", "tokenizer_config.json",
		"textual/tokenizer.json", "textual/tokenizer_config.json", "textual/special_tokens_map.json",
	},
	bundle.TransformersJS: {
		"config.json", "README.md", "LICENSE", "LICENSE.txt", "NOTICE", "preprocessor_config.json",
		"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
	},
}

// suffixes are the endings of the published variants of a precision, the best first, of the
// image tower and the text tower. They agree with those that package bundle takes: texts are
// encoded on the CPU, where half precision is slower than float32.
func suffixes(precision string) (image, text []string, err error) {
	switch precision {
	case "", "fp32":
		return []string{""}, []string{""}, nil
	case "fp16":
		return []string{"_fp16"}, []string{"", "_fp16"}, nil
	case "int8":
		// "quantized" is int8 or uint8, as the tool that made it chose.
		return []string{"_int8", "_quantized", "_uint8"}, []string{"_int8", "_quantized", "_uint8", ""}, nil
	}
	return nil, nil, fmt.Errorf("there is no precision %q: it is fp32, fp16 or int8", precision)
}

// Choose picks from the files of a published model those that are wanted: configuration,
// tokenizer, licence, the models and what lies beside them with their weights, but not what
// is made for other programs. It says in a sentence what is missing.
func Choose(files []File, w Want) ([]File, error) {
	towers := []string{"visual", "textual"}
	if w.TextOnly {
		towers = towers[1:]
	}
	var chosen []File
	take := func(wanted func(name string) bool) {
		for _, f := range files {
			if wanted(f.Path) && !slices.ContainsFunc(chosen, func(c File) bool { return c.Path == f.Path }) {
				chosen = append(chosen, f)
			}
		}
	}
	take(func(name string) bool {
		return slices.Contains(papers[w.Layout], name) && !(w.TextOnly && strings.HasPrefix(name, "visual/"))
	})
	switch w.Layout {
	case bundle.Immich:
		if w.Precision != "" && w.Precision != "fp32" {
			return nil, errors.New("the model is published in fp32 only")
		}
		for _, tower := range towers {
			if !has(files, tower+"/model.onnx") {
				return nil, missing(tower + "/model.onnx")
			}
			take(func(name string) bool { return path.Dir(name) == tower && isWeights(path.Base(name)) })
		}
	case bundle.TransformersJS:
		image, text, err := suffixes(w.Precision)
		if err != nil {
			return nil, err
		}
		for _, tower := range towers {
			name, endings := "vision_model", image
			if tower == "textual" {
				name, endings = "text_model", text
			}
			model, err := variant(files, name, endings)
			if err != nil {
				return nil, err
			}
			take(func(name string) bool {
				// Weights beside NAME.onnx are in NAME.onnx_data, NAME.onnx_data_1, NAME.onnx.data …
				rest, ok := strings.CutPrefix(name, model)
				return ok && (rest == "" || strings.HasPrefix(rest, "_data") || strings.HasPrefix(rest, ".data"))
			})
		}
		if !has(files, "tokenizer.json") {
			// CLIP's own vocabulary is part of the program; this file says that it is the one.
			take(func(name string) bool { return name == "merges.txt" })
		}
	default:
		return nil, fmt.Errorf("models are not published in the layout %q", w.Layout)
	}
	return chosen, nil
}

func has(files []File, name string) bool {
	return slices.ContainsFunc(files, func(f File) bool { return f.Path == name })
}

func missing(name string) error {
	return sayf(ErrNotPublished, fs.ErrNotExist, "the published model lacks the file %s", name)
}

// isWeights tells whether a file in the folder of an Immich tower belongs to its model: the
// model itself, or weights outside of it, which have any name. Papers are taken by name.
func isWeights(base string) bool {
	if base == "model.onnx" {
		return true
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".json", ".txt", ".md", ".model", ".onnx", ".armnn", ".rknn", ".tflite", ".mlmodel", ".py", ".pt", ".safetensors":
		return false
	}
	return true
}

// variant finds the model file of a tower in the layout of transformers.js.
func variant(files []File, name string, suffixes []string) (string, error) {
	for _, suffix := range suffixes {
		for _, dir := range []string{"onnx", "."} {
			if p := path.Join(dir, name+suffix+".onnx"); has(files, p) {
				return p, nil
			}
		}
	}
	return "", missing(path.Join("onnx", name+suffixes[0]+".onnx"))
}
