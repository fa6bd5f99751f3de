package convert

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"descry/internal/float16"
)

// How operators behave when numbers become float16, by name.
var (
	// sameType give the type of their first input.
	sameType = set("Add", "Sub", "Mul", "Div", "MatMul", "Gemm", "Conv", "ConvTranspose", "LayerNormalization", "Softmax",
		"LogSoftmax", "Relu", "LeakyRelu", "PRelu", "Sigmoid", "Tanh", "Erf", "Gelu", "HardSigmoid", "HardSwish", "Clip",
		"Sqrt", "Pow", "Exp", "Log", "Neg", "Abs", "Reciprocal", "Floor", "Ceil", "Round", "Sign", "Sin", "Cos", "Softplus",
		"Elu", "Mish", "Swish", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceL1", "ReduceProd",
		"ReduceSumSquare", "GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool", "BatchNormalization",
		"InstanceNormalization", "GroupNormalization", "LpNormalization", "RMSNormalization", "Transpose", "Reshape",
		"Flatten", "Squeeze", "Unsqueeze", "Slice", "Split", "Concat", "Expand", "Tile", "Pad", "Gather", "GatherElements",
		"GatherND", "ScatterND", "ScatterElements", "Identity", "Dropout", "Trilu", "CumSum", "Resize", "Upsample",
		"DepthToSpace", "SpaceToDepth", "Max", "Min", "Mean", "Sum", "Mod", "Einsum", "Range")
	// other types that are known without looking further.
	boolean = set("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Not", "Xor", "IsNaN", "IsInf")
	whole   = set("Shape", "Size", "ArgMax", "ArgMin", "NonZero")
	// precise are those that stay in float32: sums of many numbers and squares leave the
	// range or the precision of float16, and so do positions and sizes. LayerNormalization and
	// Softmax are not among them: the first adds in float32 by its definition (stash_type),
	// the second adds numbers of at most 1.
	precise = set("ReduceMean", "ReduceSum", "ReduceL1", "ReduceL2", "ReduceProd", "ReduceSumSquare", "Pow", "Sqrt", "Exp",
		"Log", "Reciprocal", "InstanceNormalization", "GroupNormalization", "LpNormalization", "RMSNormalization", "CumSum",
		"Range", "Resize", "Upsample", "Floor", "Ceil", "Round", "Mod", "Sin", "Cos", "LogSoftmax")
	// follows stay in float32 after one that does, so that a norm that is written as single
	// steps stays whole.
	follows = set("Add", "Sub", "Mul", "Div", "Clip", "Max", "Min", "Neg", "Abs")
	// moves only move numbers.
	moves = set("Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Split", "Concat", "Expand",
		"Tile", "Gather", "GatherElements", "GatherND", "Pad")
)

func set(names ...string) map[string]bool {
	s := make(map[string]bool, len(names))
	for _, n := range names {
		s[n] = true
	}
	return s
}

// The range of float16. What is larger is cut off, what is smaller but not zero becomes the
// smallest, as onnxconverter-common does: a tiny number often keeps a quotient finite.
const (
	halfMost  = 65504
	halfLeast = 1e-7
)

// halve makes float16 of the weights and of the numbers between operations, except where
// float32 is needed. Inputs and outputs of the model stay what they are.
func (m *model) halve() (Result, error) {
	for _, t := range m.tensors {
		if (t.elem == elemFloat16 || t.elem == elemBFloat) && t.count > 16 {
			return Result{}, errors.New("its weights are of half precision already")
		}
	}
	h := halver{m: m, kinds: map[string]kind{}, cast: map[string]string{}, inputs: map[string]bool{}}
	for name, t := range m.tensors {
		h.kinds[name] = kind{elem: t.elem, fixed: t.elem == elemFloat && !t.asIs && t.make == nil}
		if t.elem == elemFloat && t.asIs {
			return Result{}, fmt.Errorf("%w: the weights %q are in a form that is not known", errBroken, plain(t.name))
		}
	}
	for _, p := range m.inputs {
		if p.elem == elemFloat16 {
			return Result{}, errors.New("it takes half precision already")
		}
		h.kinds[p.name], h.inputs[p.name] = kind{elem: p.elem}, true
	}
	nodes := m.nodes
	m.nodes = make([]*node, 0, len(nodes)+64)
	for _, n := range nodes {
		if err := h.node(n); err != nil {
			return Result{}, err
		}
	}
	h.edges()
	m.prune()
	for _, name := range h.halved {
		if t := m.tensors[name]; t != nil {
			h.result.Converted += t.count
		}
	}
	for _, t := range m.tensors {
		if t.elem == elemFloat {
			h.result.Weights += t.count
		}
	}
	h.result.Weights += h.result.Converted
	if h.result.Converted == 0 {
		return Result{}, fmt.Errorf("it has no float32 weights: %w", errNothing)
	}
	return h.result, nil
}

// kind is what is known of a value.
type kind struct {
	elem int64
	// half is whether it is float16 now, having been float32.
	half bool
	// fixed is a weight, counted what comes of sizes and positions.
	fixed, counted bool
	// exact is whether it comes from an operation that stays in float32.
	exact bool
}

type halver struct {
	m      *model
	kinds  map[string]kind
	cast   map[string]string // values by name and type in the other type
	inputs map[string]bool
	halved []string
	result Result
}

// outputs returns the type of each output of a node, which its operator and inputs tell.
func (h *halver) outputs(n *node) ([]int64, error) {
	elem := func(i int) int64 {
		if i < len(n.in) {
			return h.kinds[n.in[i]].elem
		}
		return 0
	}
	first := int64(0)
	rest := int64(elemInt64)
	switch {
	case n.domain != "":
	case boolean[n.op]:
		first = elemBool
	case whole[n.op]:
		first = elemInt64
	case n.op == "Cast":
		first = n.number("to", 0)
	case n.op == "ConstantOfShape":
		first = elemFloat
		if a := n.attr("value"); a != nil && a.tensor != nil {
			first = a.tensor.elem
		}
	case n.op == "Constant":
		for _, a := range n.attrs {
			if a.name == "value_int" || a.name == "value_ints" {
				first = elemInt64
			}
		}
	case n.op == "Where":
		first = elem(1)
	case n.op == "TopK":
		first = elem(0)
	case n.op == "Split":
		first, rest = elem(0), elem(0)
	case n.op == "LayerNormalization" || n.op == "BatchNormalization":
		first, rest = elem(0), elemFloat
	case n.op == "Dropout":
		first, rest = elem(0), elemBool
	case sameType[n.op]:
		first = elem(0)
	}
	if first == 0 {
		return nil, fmt.Errorf("it has the operator %q, of which is not known what float16 does to it", plain(n.op))
	}
	types := make([]int64, len(n.out))
	for i := range types {
		types[i] = rest
	}
	if len(types) > 0 {
		types[0] = first
	}
	return types, nil
}

// node adds a node with the casts that its inputs need.
func (h *halver) node(n *node) error {
	if n.op == "Cast" && n.domain == "" && len(n.in) == 1 && h.kinds[n.in[0]].elem == elemFloat && n.number("to", 0) == elemFloat {
		// Exports are full of casts from float32 to float32, of which nothing is left.
		n = &node{name: n.name, op: "Identity", in: n.in, out: n.out}
	}
	types, err := h.outputs(n)
	if err != nil {
		return err
	}
	exact, counted := h.keeps(n, types)
	for i, in := range n.in {
		k := h.kinds[in]
		if in == "" || k.elem != elemFloat {
			continue
		}
		want := !exact
		if n.op == "Cast" || whole[n.op] { // take what there is
			want = k.half
		}
		n.in[i] = h.as(in, want)
	}
	for i, out := range n.out {
		if out == "" {
			continue
		}
		// Further outputs of a norm, which are float32 by definition, are not used by any model.
		half := types[i] == elemFloat && !exact && (i == 0 || n.op == "Split")
		h.kinds[out] = kind{elem: types[i], half: half, counted: counted, exact: exact && !counted}
	}
	h.m.nodes = append(h.m.nodes, n)
	return nil
}

// keeps tells whether a node stays in float32, and whether what it gives comes of sizes,
// positions or constants alone.
func (h *halver) keeps(n *node, types []int64) (exact, counted bool) {
	floats, fixed, sizes, after := 0, 0, 0, false
	for _, in := range n.in {
		k := h.kinds[in]
		if in == "" || k.elem != elemFloat {
			continue
		}
		floats++
		switch {
		case k.fixed:
			fixed++
		case k.counted:
			sizes++
		case k.exact:
			after = true
		}
	}
	float := len(types) > 0 && types[0] == elemFloat
	switch {
	case floats == 0:
		return float, float // made of whole numbers, as masks and sizes are
	case fixed == floats && moves[n.op]:
		return false, false // weights in another order
	case fixed+sizes == floats:
		return true, true
	case n.op == "Conv" && h.inputs[n.in[0]]:
		// The first look at the pixels costs little and is where rounding would be seen by all
		// that follows. (ONNX Runtime 1.30 also crashes on CPUs where it is float16.)
		return true, false
	}
	return precise[n.op] || after && follows[n.op] || !float && !whole[n.op], false
}

// as returns a float value in the type that is wanted, by a cast where it has the other.
func (h *halver) as(name string, half bool) string {
	k := h.kinds[name]
	if k.half == half {
		return name
	}
	key := fmt.Sprint(half, name)
	if s, ok := h.cast[key]; ok {
		return s
	}
	s := h.m.fresh(name + map[bool]string{true: "_fp16", false: "_fp32"}[half])
	h.cast[key] = s
	if t := h.m.tensors[name]; t != nil && k.fixed {
		h.m.tensors[s] = halfOf(t, s)
		h.m.order = append(h.m.order, s)
		h.halved = append(h.halved, s)
		return s
	}
	to := int64(elemFloat)
	if half {
		to = elemFloat16
	}
	h.m.nodes = append(h.m.nodes, &node{op: "Cast", name: s, in: []string{name}, out: []string{s}, attrs: []attribute{intAttr("to", to)}})
	return s
}

// edges gives the outputs of the model the type that they had.
func (h *halver) edges() {
	for _, p := range h.m.outputs {
		if !h.kinds[p.name].half {
			continue
		}
		inner := h.m.fresh(p.name + "_fp16_output")
		for _, n := range h.m.nodes {
			for _, list := range [][]string{n.in, n.out} {
				for i := slices.Index(list, p.name); i >= 0; i = slices.Index(list, p.name) {
					list[i] = inner
				}
			}
		}
		h.m.nodes = append(h.m.nodes, &node{
			op: "Cast", name: p.name, in: []string{inner}, out: []string{p.name}, attrs: []attribute{intAttr("to", elemFloat)},
		})
	}
}

// halfOf is a float32 tensor in float16, made while it is written.
func halfOf(t *tensor, name string) *tensor {
	return &tensor{
		name: name, dims: t.dims, elem: elemFloat16, count: t.count, size: 2 * t.count,
		make: func(out io.Writer) error {
			var buf []byte
			return t.rows(1<<16, func(row []float32) error {
				for i, v := range row {
					switch a := math.Abs(float64(v)); {
					case math.IsNaN(a):
						return errNotFinite
					case math.IsInf(a, 0): // masks are made of it
					case a > halfMost:
						row[i] = float32(math.Copysign(halfMost, float64(v)))
					case a > 0 && a < halfLeast:
						row[i] = float32(math.Copysign(halfLeast, float64(v)))
					}
				}
				buf = float16.Append(buf[:0], row)
				_, err := out.Write(buf)
				return err
			})
		},
	}
}
