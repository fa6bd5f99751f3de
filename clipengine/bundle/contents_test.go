package bundle_test

import (
	"testing"

	"descry/internal/onnxtest"
)

// TestContentsAreTheModel copies what a bundle is said to consist of: the copy is the same model.
func TestContentsAreTheModel(t *testing.T) {
	all := map[string]onnxtest.Files{}
	for layout, files := range layouts {
		all[string(layout)] = files()
	}
	all["weights beside it"] = onnxtest.Immich()
	external(all["weights beside it"], "w.bin", "", "96")
	all["weights beside it"]["visual/w.bin"] = onnxtest.Floats(onnxtest.VisionWeights(1))
	all["CLIP's own vocabulary"] = onnxtest.TransformersJS()
	delete(all["CLIP's own vocabulary"], "tokenizer.json")
	all["CLIP's own vocabulary"]["merges.txt"] = []byte("#version: 0.2\n")
	for name, files := range all {
		t.Run(name, func(t *testing.T) {
			files["other.bin"] = make([]byte, 10)
			b := open(t, files, "model")
			names, size, err := b.Contents()
			if err != nil {
				t.Fatal(err)
			}
			copied, bytes := onnxtest.Files{}, 0
			for _, n := range names {
				copied[n] = files[n]
				bytes += len(files[n])
			}
			if size != int64(bytes) || copied["other.bin"] != nil {
				t.Errorf("%v, said to be %d bytes and not %d", names, size, bytes)
			}
			same := open(t, copied, "model")
			was, err := b.TextDigest()
			if is, err2 := same.TextDigest(); err != nil || err2 != nil || is != was || same.Space() != b.Space() {
				t.Errorf("another model: %v, %v", err, err2)
			}
		})
	}
}
