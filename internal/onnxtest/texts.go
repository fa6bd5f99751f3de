package onnxtest

import "maps"

// TextProjected is a text tower as M-CLIP publishes them: the mean of the tokens' rows of
// another length than vectors have, then a linear projection with a bias into them.
func TextProjected(elem, length int64, output string, inputs ...string) []byte {
	const hidden = Dim + 4
	g := Graph{
		Nodes: []Message{
			Node("Gather", []string{"rows", inputs[0]}, []string{"tokens"}),
			Node("ReduceMean", []string{"tokens"}, []string{"hidden"}, IntsAttribute("axes", 1), IntAttribute("keepdims", 0)),
			Node("MatMul", []string{"hidden", "projection"}, []string{"projected"}),
			Node("Add", []string{"projected", "bias"}, []string{output}),
		},
		Weights: []Message{
			Tensor("rows", weights(Vocab*hidden, 5), Vocab, hidden),
			Tensor("projection", weights(hidden*Dim, 6), hidden, Dim), Tensor("bias", weights(Dim, 7), Dim),
		},
		Outputs: []Message{Value(output, Float, -1, Dim)},
	}
	for _, in := range inputs {
		g.Inputs = append(g.Inputs, Value(in, elem, -1, length))
	}
	return g.Model()
}

// TextsFor are the files of one of the bundles above without its image tower and its
// preprocessing, and with another text tower: one that goes with the pictures of the model
// image.
func (f Files) TextsFor(image string) Files {
	out := maps.Clone(f)
	for _, name := range []string{
		"vision.onnx", "visual/model.onnx", "visual/preprocess_cfg.json", "onnx/vision_model.onnx", "preprocessor_config.json",
	} {
		delete(out, name)
	}
	for name, tower := range map[string][]byte{
		"text.onnx":            TextProjected(Int64, -1, "text_embeds", "input_ids", "attention_mask"),
		"textual/model.onnx":   TextProjected(Int32, 24, "embedding", "text"),
		"onnx/text_model.onnx": TextProjected(Int64, -1, "text_embeds", "input_ids", "attention_mask"),
	} {
		if _, ok := f[name]; ok {
			out[name] = tower
		}
	}
	if _, ok := f["preprocess.json"]; ok {
		out["preprocess.json"] = JSON(map[string]any{"text": map[string]any{"max_length": 32}})
	}
	out["bundle.json"] = JSON(map[string]any{"name": "Other words", "image_tower": image, "languages": []string{"multilingual"}, "logit_scale": 42})
	return out
}
