package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Role says what an input of a tower is.
type Role string

// The roles.
const (
	Pixels    Role = "pixels"
	IDs       Role = "ids"
	Mask      Role = "mask"
	Types     Role = "types"
	Positions Role = "positions"
)

// Elem is the type of an input's numbers.
type Elem string

// The types of inputs.
const (
	Float32 Elem = "float32"
	Float16 Elem = "float16"
	Int64   Elem = "int64"
	Int32   Elem = "int32"
)

// Input is one input of a tower.
type Input struct {
	Name string
	Role Role
	Elem Elem
	// shape is as in the file, with -1 for what is not fixed.
	shape []int64
}

// Tower is one of the two models of a bundle.
type Tower struct {
	// Inputs are all inputs of the model; Output is the name of the vector among its
	// outputs.
	Inputs []Input
	Output string
	// Half is whether the vector comes in half precision.
	Half bool
	// Patches is the name of an output of the image tower with one vector for each of
	// PatchSide × PatchSide parts of what it sees, row by row, in the same space as Output;
	// "" where it has none.
	Patches   string
	PatchSide int

	name    string
	outputs []port
	extern  []string
	shape   []int64
	source  source
	weights string
	// integers is whether weights of 8 bits or fewer are computed with as they are.
	integers bool
}

// File returns the path of the model on disk, or "" for a bundle that is not in a folder.
func (t Tower) File() string {
	if t.source.dir == "" {
		return ""
	}
	return filepath.Join(t.source.dir, filepath.FromSlash(t.name))
}

// Bytes returns the contents of the model file.
func (t Tower) Bytes() ([]byte, error) {
	var data []byte
	err := t.source.use(func(fsys fs.FS) (err error) {
		data, err = files{fsys}.read(t.name, maxModel)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	return data, nil
}

// files lists the model file and then its external data in order of name.
func (t Tower) files() []string { return append([]string{t.name}, t.extern...) }

// dim returns the length of the vectors where the file fixes it, else 0.
func (t Tower) dim() int64 {
	if n := len(t.shape); n > 0 && t.shape[n-1] > 0 {
		return t.shape[n-1]
	}
	return 0
}

// fixedLength returns the number of tokens where the file fixes it, else 0.
func (t Tower) fixedLength() int64 {
	for _, in := range t.Inputs {
		if in.Role == IDs && len(in.shape) == 2 && in.shape[1] > 0 {
			return in.shape[1]
		}
	}
	return 0
}

// names says, in order of preference, what the inputs and the vector are called in the
// exports that exist.
var (
	pixelNames = []string{"pixel_values", "image", "images", "input", "x"}
	tokenNames = map[string]Role{
		"input_ids": IDs, "text": IDs, "tokens": IDs, "ids": IDs, "input": IDs,
		"attention_mask": Mask, "token_type_ids": Types, "position_ids": Positions,
	}
	imageOutputs = []string{
		"image_embeds", "image_embedding", "image_embeddings", "image_features", "embedding", "embeddings",
		"sentence_embedding", "pooler_output", "pooled_output", "output",
	}
	textOutputs = []string{
		"text_embeds", "text_embedding", "text_embeddings", "text_features", "embedding", "embeddings",
		"sentence_embedding", "pooler_output", "pooled_output", "output",
	}
)

// image reads and checks the image tower in a file.
func (f files) image(src source, name string) (Tower, error) {
	t, g, err := f.tower(src, name, imageOutputs)
	if err != nil {
		return Tower{}, err
	}
	if len(g.inputs) != 1 {
		return Tower{}, fmt.Errorf("the image model %s must have one input, not %d (%s)", name, len(g.inputs), portNames(g.inputs))
	}
	in := g.inputs[0]
	if !slices.Contains(pixelNames, in.name) && len(in.shape) != 4 {
		return Tower{}, fmt.Errorf("the input %q of the image model %s is not a picture", in.name, name)
	}
	elem := map[int64]Elem{elemFloat: Float32, elemFloat16: Float16}[in.elem]
	if elem == "" {
		return Tower{}, fmt.Errorf("the input %q of the image model %s takes neither float32 nor float16", in.name, name)
	}
	t.Inputs = []Input{{in.name, Pixels, elem, in.shape}}
	return t, nil
}

// checkImage compares the input's shape with the preprocessing.
func (t Tower) checkImage(size int) error {
	in := t.Inputs[0]
	if in.shape == nil {
		return nil
	}
	want := []int64{1, 3, int64(size), int64(size)}
	ok := len(in.shape) == 4
	for i := 0; ok && i < 4; i++ {
		ok = in.shape[i] <= 0 || in.shape[i] == want[i]
	}
	if !ok {
		return fmt.Errorf("the image model %s takes %s, but the preprocessing makes %s",
			t.name, shapeText(in.shape), shapeText(want))
	}
	return nil
}

// findPatches looks for the output that bundle.json names as the vectors of the parts of a
// picture: float32 of shape [N, parts, dim], the parts being those of a square.
func (t *Tower) findPatches(name string, dim int) error {
	for _, p := range t.outputs {
		if p.name != name {
			continue
		}
		if p.elem != elemFloat || len(p.shape) != 3 || p.shape[0] > 1 {
			return fmt.Errorf("the output %q for the parts of a picture must be float32 of shape [N, parts, %d]", Plain(name, 60), dim)
		}
		side := int64(math.Round(math.Sqrt(float64(p.shape[1]))))
		if side < 2 || side > maxPatchSide || side*side != p.shape[1] || p.shape[2] > 0 && int(p.shape[2]) != dim {
			return fmt.Errorf("the output %q for the parts of a picture has the shape %s, not [N, parts, %d] with the parts of a square",
				Plain(name, 60), shapeText(p.shape), dim)
		}
		t.Patches, t.PatchSide = name, int(side)
		return nil
	}
	return fmt.Errorf("the image model has no output %q for the parts of a picture among %s", Plain(name, 60), portNames(t.outputs))
}

// maxPatchSide is the most parts along a side; the largest published models have 40.
const maxPatchSide = 128

// text reads and checks the text tower in a file.
func (f files) text(src source, name string) (Tower, error) {
	t, g, err := f.tower(src, name, textOutputs)
	if err != nil {
		return Tower{}, err
	}
	ids := false
	for _, in := range g.inputs {
		role, ok := tokenNames[in.name]
		if !ok && len(g.inputs) == 1 {
			role, ok = IDs, true
		}
		if !ok {
			return Tower{}, fmt.Errorf("the text model %s has an input %q that is not known", name, in.name)
		}
		elem := map[int64]Elem{elemInt64: Int64, elemInt32: Int32}[in.elem]
		if elem == "" {
			return Tower{}, fmt.Errorf("the input %q of the text model %s takes neither int64 nor int32", in.name, name)
		}
		if in.shape != nil && (len(in.shape) != 2 || in.shape[0] > 1) {
			return Tower{}, fmt.Errorf("the input %q of the text model %s takes %s instead of one row of tokens",
				in.name, name, shapeText(in.shape))
		}
		ids = ids || role == IDs
		t.Inputs = append(t.Inputs, Input{in.name, role, elem, in.shape})
	}
	if !ids {
		return Tower{}, fmt.Errorf("the text model %s has no input for tokens among %s", name, portNames(g.inputs))
	}
	return t, nil
}

// tower reads what image and text towers have in common.
func (f files) tower(src source, name string, outputs []string) (Tower, *graph, error) {
	r, size, err := open(f.fsys, name)
	if err != nil {
		return Tower{}, nil, err
	}
	defer func() { _ = r.Close() }()
	g, err := readGraph(r, size)
	if err != nil {
		return Tower{}, nil, fmt.Errorf("its model %s is broken: %w", name, err)
	}
	t := Tower{name: name, source: src, weights: g.precision(), integers: g.integers, outputs: g.outputs}
	if t.extern, err = f.external(name, g, src.dir != ""); err != nil {
		return Tower{}, nil, err
	}
	out, err := chooseOutput(g.outputs, outputs)
	if err != nil {
		return Tower{}, nil, fmt.Errorf("its model %s cannot be used: %w", name, err)
	}
	t.Output, t.Half, t.shape = out.name, out.elem == elemFloat16, out.shape
	return t, g, nil
}

// chooseOutput finds the vector among the outputs: by name, or the only one with a single
// vector for each item.
func chooseOutput(ports []port, names []string) (port, error) {
	flat := func(p port) bool {
		return (p.shape == nil || len(p.shape) == 2) &&
			(p.elem == elemFloat || p.elem == elemFloat16 || p.elem == elemDouble)
	}
	for _, n := range names {
		for _, p := range ports {
			if p.name == n && flat(p) {
				return p, nil
			}
		}
	}
	var only []port
	for _, p := range ports {
		if flat(p) {
			only = append(only, p)
		}
	}
	if len(only) == 1 {
		return only[0], nil
	}
	return port{}, fmt.Errorf("none of its outputs (%s) is known to be one vector for each picture or text", portNames(ports))
}

// external checks the files beside a model that hold its weights: each must lie in the
// model's own folder or below, and be as long as the model says.
func (f files) external(model string, g *graph, allowed bool) ([]string, error) {
	var names []string
	for _, e := range g.externs {
		name, err := externalPath(model, e.location)
		if err != nil {
			return nil, err
		}
		if !allowed {
			return nil, fmt.Errorf("its model %s keeps weights in %s, which is possible only for a folder on disk", model, Plain(e.location, 200))
		}
		shown := Plain(name, 200)
		st, err := fs.Stat(f.fsys, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("its model %s needs the file %s, which is missing: %w", model, shown, fs.ErrNotExist)
		case err != nil && strings.Contains(err.Error(), "escapes"):
			return nil, fmt.Errorf("its file %s is a link that leads out of the folder; copy the file into it", shown)
		case err != nil:
			return nil, fmt.Errorf("its file %s cannot be read: %w", shown, err)
		case !st.Mode().IsRegular():
			return nil, fmt.Errorf("its file %s is not a regular file", shown)
		}
		offset, ok1 := number(e.offset)
		length, ok2 := number(e.length)
		if !ok1 || !ok2 || offset > st.Size() || length > st.Size()-offset {
			return nil, fmt.Errorf("its file %s is cut short: the model %s wants %s bytes from %s on, the file has %d",
				shown, model, Plain(e.length, 30), Plain(e.offset, 30), st.Size())
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// externalPath returns where external data lies in the bundle, for a location as written
// in a model file.
func externalPath(model, location string) (string, error) {
	clean := path.Clean(strings.ReplaceAll(location, "\\", "/"))
	if location == "" || !filepath.IsLocal(filepath.FromSlash(clean)) || !fs.ValidPath(clean) ||
		clean == "." || strings.ContainsAny(location, "\\:\x00") {
		return "", fmt.Errorf("its model %s wants to read the file %q, which is outside of its folder", model, location)
	}
	return path.Join(path.Dir(model), clean), nil
}

// number reads the decimal number of an external data entry; none means 0.
func number(s string) (int64, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0
}

// portNames lists ports in a sentence. The names come from the file, so they are made safe
// to show and few enough to read.
func portNames(ports []port) string {
	const most = 8
	var names []string
	for _, p := range ports[:min(len(ports), most)] {
		names = append(names, Plain(p.name, 60))
	}
	if len(ports) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// shapeText writes a shape as [N, 3, 224, 224].
func shapeText(shape []int64) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = "N"
		if n >= 0 {
			parts[i] = strconv.FormatInt(n, 10)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
