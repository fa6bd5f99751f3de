package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// minTable is the number of rows from which on a table of embeddings becomes int8.
const minTable = 1024

// quantize turns the products with constant weights into products of whole numbers, as ONNX
// Runtime's quantize_dynamic does (QInt8, per channel, reduced range), and tables of
// embeddings into rows of int8 with a scale each.
func (m *model) quantize() (Result, error) {
	q := quantizer{
		m: m, made: m.producers(), weights: map[string][2]string{}, activations: map[string][3]string{},
	}
	if m.opset < 11 {
		return Result{}, fmt.Errorf("its operator set %d is older than 11, which int8 needs", m.opset)
	}
	for _, n := range m.nodes {
		if n.op == "MatMulInteger" || n.op == "QLinearMatMul" || n.op == "DynamicQuantizeLinear" || n.op == "DynamicQuantizeMatMul" {
			return Result{}, errors.New("it is an int8 model already")
		}
	}
	for _, t := range m.tensors {
		switch t.elem {
		case elemFloat:
			q.result.Weights += t.count
		case elemFloat16, elemBFloat:
			if t.count > 16 {
				return Result{}, errors.New("its weights are of half precision; int8 is made of the float32 model")
			}
		}
	}
	nodes := m.nodes
	m.nodes = make([]*node, 0, 2*len(nodes))
	for _, n := range nodes {
		done := false
		switch {
		case n.domain != "":
		case n.op == "MatMul" && len(n.in) == 2 && len(n.out) == 1:
			done = q.product(n, n.in[0], n.in[1], false, 1, "")
		case n.op == "Gemm" && len(n.in) >= 2 && len(n.out) == 1:
			done = q.gemm(n)
		case n.op == "Gather" && len(n.in) == 2 && len(n.out) == 1 && n.number("axis", 0) == 0:
			done = q.table(n)
		}
		if !done {
			m.nodes = append(m.nodes, n)
		}
	}
	m.prune()
	if q.result.Converted == 0 {
		return Result{}, fmt.Errorf("it has no products with constant float32 weights: %w", errNothing)
	}
	return q.result, nil
}

type quantizer struct {
	m    *model
	made map[string]*node
	// weights has the names of the whole numbers and scales of a matrix, activations those
	// of the numbers, scale and zero point of a value.
	weights     map[string][2]string
	activations map[string][3]string
	counted     map[string]bool
	result      Result
}

// constant follows a value back to a matrix of constant float32 weights.
func (q *quantizer) constant(name string) (t *tensor, transposed bool) {
	for range 8 {
		if t := q.m.tensors[name]; t != nil {
			if t.elem != elemFloat || t.asIs || t.make != nil || len(t.dims) != 2 || t.count == 0 || t.count > 1<<29 {
				return nil, false
			}
			return t, transposed
		}
		n := q.made[name]
		switch {
		case n == nil || n.domain != "" || len(n.in) != 1:
			return nil, false
		case n.op == "Identity":
		case n.op == "Transpose":
			a := n.attr("perm")
			if a != nil && !slices.Equal(a.ints, []int64{1, 0}) {
				if slices.Equal(a.ints, []int64{0, 1}) {
					break
				}
				return nil, false
			}
			transposed = !transposed
		default:
			return nil, false
		}
		name = n.in[0]
	}
	return nil, false
}

func (q *quantizer) gemm(n *node) bool {
	float := func(name string) float32 {
		if a := n.attr(name); a != nil && len(a.floats) == 1 {
			return a.floats[0]
		}
		return 1
	}
	bias := ""
	if len(n.in) > 2 {
		bias = n.in[2]
	}
	if n.number("transA", 0) != 0 || bias != "" && float("beta") != 1 {
		return false
	}
	return q.product(n, n.in[0], n.in[1], n.number("transB", 0) != 0, float("alpha"), bias)
}

// product replaces alpha · a × b + bias, where b is constant, or b's transpose.
func (q *quantizer) product(n *node, a, b string, transposed bool, alpha float32, bias string) bool {
	t, turned := q.constant(b)
	if t == nil || q.m.tensors[a] != nil {
		return false
	}
	w := q.matrix(t, turned != transposed)
	x, ok := q.activations[a]
	if !ok {
		x = [3]string{q.m.fresh(a + "_quantized"), q.m.fresh(a + "_scale"), q.m.fresh(a + "_zero_point")}
		q.activations[a] = x
		q.add("DynamicQuantizeLinear", []string{a}, x[:])
	}
	out := n.out[0]
	whole, float, scale := q.m.fresh(out+"_quantized"), q.m.fresh(out+"_cast"), q.m.fresh(out+"_scales")
	q.add("MatMulInteger", []string{x[0], w[0], x[2]}, []string{whole})
	q.add("Cast", []string{whole}, []string{float}, intAttr("to", elemFloat))
	q.add("Mul", []string{x[1], w[1]}, []string{scale})
	next := func(last bool) string {
		if last {
			return out
		}
		return q.m.fresh(out + "_part")
	}
	value := next(alpha == 1 && bias == "")
	q.add("Mul", []string{float, scale}, []string{value})
	if alpha != 1 {
		factor := q.m.fresh(out + "_alpha")
		q.put(floatTensor(factor, nil, []float32{alpha}))
		scaled := next(bias == "")
		q.add("Mul", []string{value, factor}, []string{scaled})
		value = scaled
	}
	if bias != "" {
		q.add("Add", []string{value, bias}, []string{out})
	}
	return true
}

func (q *quantizer) add(op string, in, out []string, attrs ...attribute) {
	q.m.nodes = append(q.m.nodes, &node{op: op, in: in, out: out, attrs: attrs, name: out[0]})
}

// put adds a tensor that has a fresh name.
func (q *quantizer) put(t *tensor) {
	q.m.tensors[t.name] = t
	q.m.order = append(q.m.order, t.name)
}

// count notes that the weights of a tensor are converted.
func (q *quantizer) count(t *tensor) {
	if q.counted == nil {
		q.counted = map[string]bool{}
	}
	if !q.counted[t.name] {
		q.counted[t.name] = true
		q.result.Converted += t.count
	}
}

// matrix makes the whole numbers [K, N] of a matrix of weights, or of its transpose, and a
// scale for each of the N columns. Both come about while the file is written, first the
// numbers, then the scales, so that one matrix at a time is in memory.
func (q *quantizer) matrix(t *tensor, transposed bool) [2]string {
	key := fmt.Sprint(transposed, t.name)
	if w, ok := q.weights[key]; ok {
		return w
	}
	q.count(t)
	w := [2]string{q.m.fresh(t.name + "_quantized"), q.m.fresh(t.name + "_scale")}
	q.weights[key] = w
	k, n := int(t.dims[0]), int(t.dims[1])
	if transposed {
		k, n = n, k
	}
	var scales []float32
	q.put(&tensor{
		name: w[0], dims: []int64{int64(k), int64(n)}, elem: elemInt8, count: t.count, size: t.count,
		make: func(out io.Writer) error {
			values, err := t.floats()
			if err != nil {
				return err
			}
			var whole []byte
			whole, scales, err = columns(values, k, n, transposed)
			if err != nil {
				return err
			}
			_, err = out.Write(whole)
			return err
		},
	})
	q.put(&tensor{
		name: w[1], dims: []int64{int64(n)}, elem: elemFloat, count: int64(n), size: 4 * int64(n),
		make: func(out io.Writer) error { return binary.Write(out, binary.LittleEndian, scales) },
	})
	return w
}

// table replaces the look-up of rows in a large constant table: the rows become int8, each
// with a scale of its own, and only those that are looked up become float32.
func (q *quantizer) table(n *node) bool {
	t, transposed := q.constant(n.in[0])
	if t == nil || transposed || t.dims[0] < minTable {
		return false
	}
	if q.m.tensors[n.in[1]] != nil {
		return false // always the same rows: the runtime looks them up once
	}
	key := "table" + t.name
	w, ok := q.weights[key]
	if !ok {
		q.count(t)
		w = [2]string{q.m.fresh(t.name + "_quantized"), q.m.fresh(t.name + "_scale")}
		q.weights[key] = w
		q.putTable(t, w)
	}
	out := n.out[0]
	rows, float, scales := q.m.fresh(out+"_quantized"), q.m.fresh(out+"_cast"), q.m.fresh(out+"_scales")
	q.add("Gather", []string{w[0], n.in[1]}, []string{rows})
	q.add("Cast", []string{rows}, []string{float}, intAttr("to", elemFloat))
	q.add("Gather", []string{w[1], n.in[1]}, []string{scales})
	q.add("Mul", []string{float, scales}, []string{out})
	return true
}

// putTable adds the int8 rows of a table and their scales, which come about row by row.
func (q *quantizer) putTable(t *tensor, names [2]string) {
	scales := make([]float32, 0, t.dims[0])
	q.put(&tensor{
		name: names[0], dims: t.dims, elem: elemInt8, count: t.count, size: t.count,
		make: func(out io.Writer) error {
			scales = scales[:0]
			whole := make([]byte, t.dims[1])
			return t.rows(t.dims[1], func(row []float32) error {
				var largest float32
				for _, v := range row {
					if v < 0 {
						v = -v
					}
					if !(v <= math.MaxFloat32) {
						return errNotFinite
					}
					largest = max(largest, v)
				}
				scale := max(largest/most, 1e-30)
				for i, v := range row {
					whole[i] = byte(int8(clip(math.RoundToEven(float64(v / scale)))))
				}
				scales = append(scales, scale)
				_, err := out.Write(whole)
				return err
			})
		},
	})
	q.put(&tensor{
		name: names[1], dims: []int64{t.dims[0], 1}, elem: elemFloat, count: t.dims[0], size: 4 * t.dims[0],
		make: func(out io.Writer) error { return binary.Write(out, binary.LittleEndian, scales) },
	})
}

// intAttr is an attribute that is a whole number.
func intAttr(name string, v int64) attribute {
	return attribute{name: name, kind: attrInt, number: v, raw: message{}.text(1, name).number(3, v).number(20, attrInt)}
}
