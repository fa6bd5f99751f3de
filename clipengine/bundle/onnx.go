package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"descry/internal/wire"
)

// port is an input or output of a model's graph.
type port struct {
	name string
	// elem is the element type, a TensorProto.DataType of onnx.proto.
	elem int64
	// shape has -1 for a dimension that is not fixed; it is nil when the file gives none.
	shape []int64
}

// Element types of onnx.proto that image and text towers use.
const (
	elemFloat   = 1
	elemUint8   = 2
	elemInt8    = 3
	elemInt32   = 6
	elemInt64   = 7
	elemFloat16 = 10
	elemDouble  = 11
	elemBFloat  = 16
	elemUint4   = 21
	elemInt4    = 22
)

// extern is a part of a file beside the model that holds weights.
type extern struct {
	location       string
	offset, length string
}

// graph is what Descry needs to know of an ONNX file before it is loaded: everything but
// the weights, which are skipped, so that a file of 2 GB is read in milliseconds.
type graph struct {
	inputs, outputs []port
	externs         []extern
	// weights counts the elements of the stored weights per element type.
	weights map[int64]int64
	nodes   int
	// integers is whether some nodes compute with the weights as integers.
	integers bool
}

// message is a kind of message in onnx.proto.
type message int

const (
	msgModel message = iota + 1
	msgGraph
	msgNode
	msgAttribute
	msgTensor
	msgEntry
	msgSparse
	msgInput
	msgOutput
	msgType
	msgTensorType
	msgShape
	msgDim
	msgFunction
)

// children says which fields of a message hold messages that are looked into. External
// data may be named wherever a tensor may stand: in initializers, in attributes of nodes,
// in the graphs inside attributes and in functions.
var children = map[message]map[uint64]message{
	msgModel:      {7: msgGraph, 25: msgFunction},
	msgGraph:      {1: msgNode, 5: msgTensor, 11: msgInput, 12: msgOutput, 15: msgSparse},
	msgFunction:   {7: msgNode, 11: msgAttribute},
	msgNode:       {5: msgAttribute},
	msgAttribute:  {5: msgTensor, 6: msgGraph, 10: msgTensor, 11: msgGraph, 22: msgSparse, 23: msgSparse},
	msgSparse:     {1: msgTensor, 2: msgTensor},
	msgTensor:     {13: msgEntry},
	msgInput:      {2: msgType},
	msgOutput:     {2: msgType},
	msgType:       {1: msgTensorType},
	msgTensorType: {2: msgShape},
	msgShape:      {1: msgDim},
}

// Limits that no real model comes near; they bound the work on a hostile file.
const (
	maxDepth = 32
	maxName  = 4096
	maxPorts = 256
)

var errBroken = errors.New("the file is not a whole ONNX model")

// readGraph reads the structure of the ONNX file in r, which is size bytes long.
func readGraph(r io.ReaderAt, size int64) (*graph, error) {
	g := &graph{weights: map[int64]int64{}}
	w := walker{Reader: wire.NewReader(r, errBroken), g: g, seen: map[extern]struct{}{}}
	if err := w.message(msgModel, 0, size, 0); err != nil {
		return nil, err
	}
	if g.nodes == 0 || len(g.inputs) == 0 || len(g.outputs) == 0 {
		return nil, fmt.Errorf("%w: it has no graph with inputs and outputs", errBroken)
	}
	return g, nil
}

// precision names the type that holds most of the weights.
func (g *graph) precision() string {
	names := map[int64]string{
		elemFloat: "fp32", elemDouble: "fp64", elemFloat16: "fp16", elemBFloat: "bf16",
		elemInt8: "int8", elemUint8: "int8", elemInt4: "int4", elemUint4: "int4",
	}
	best, most := "fp32", int64(0)
	for _, elem := range []int64{elemFloat, elemDouble, elemFloat16, elemBFloat, elemInt8, elemUint8, elemInt4, elemUint4} {
		if n := g.weights[elem]; n > most {
			best, most = names[elem], n
		}
	}
	return best
}

// integerOp reports whether an operation, by its type, takes weights of 8 bits or fewer as they
// are. Where none does, the runtime makes float32 of such weights when it loads the model.
func integerOp(op string) bool {
	return strings.HasSuffix(op, "Integer") || strings.HasPrefix(op, "QLinear") ||
		op == "DynamicQuantizeMatMul" || op == "MatMulIntegerToFloat" || op == "MatMulNBits"
}

// walker goes through the protobuf wire format depth first.
type walker struct {
	*wire.Reader
	g    *graph
	seen map[extern]struct{}
	// graphs counts how deep the walk is in nested graphs; inputs and outputs count only
	// in the outermost.
	graphs int

	port   port
	tensor struct {
		elems, elem int64
		external    bool
		extern      extern
	}
	entry struct{ key, value string }
	op    string // type of the current node
}

// message reads the fields of one message that lies in [off, end).
func (w *walker) message(kind message, off, end int64, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: it is nested more than %d deep", errBroken, maxDepth)
	}
	return w.Each(off, end, func(f wire.Field) error {
		switch f.Kind {
		case wire.Number:
			w.number(kind, f.Num, int64(f.Value))
		case wire.Bytes:
			return w.bytes(kind, f.Num, f.Off, f.End, depth)
		}
		return nil
	})
}

// number takes a field of an integer type.
func (w *walker) number(kind message, field uint64, v int64) {
	switch {
	case kind == msgTensor && field == 1:
		w.dims(v)
	case kind == msgTensor && field == 2:
		w.tensor.elem = v
	case kind == msgTensor && field == 14:
		w.tensor.external = v == 1
	case kind == msgTensorType && field == 1:
		w.port.elem = v
	case kind == msgDim && field == 1 && len(w.port.shape) > 0:
		w.port.shape[len(w.port.shape)-1] = v
	}
}

func (w *walker) dims(v int64) {
	if v < 0 || v > 1<<40 || w.tensor.elems > 1<<40 {
		v = 0
	}
	w.tensor.elems *= v
}

// bytes takes a field that holds text, packed numbers or a message.
func (w *walker) bytes(kind message, field uint64, off, end int64, depth int) error {
	if kind == msgTensor && field == 1 {
		for off < end {
			v, n, err := w.Varint(off, end)
			if err != nil {
				return err
			}
			off += n
			w.dims(int64(v))
		}
		return nil
	}
	var text *string
	switch {
	case (kind == msgInput || kind == msgOutput) && field == 1:
		text = &w.port.name
	case kind == msgNode && field == 4:
		text = &w.op
	case kind == msgEntry && field == 1:
		text = &w.entry.key
	case kind == msgEntry && field == 2:
		text = &w.entry.value
	}
	if text != nil {
		s, err := w.text(off, end)
		*text = s
		return err
	}
	child, ok := children[kind][field]
	if !ok {
		return nil
	}
	return w.child(child, off, end, depth)
}

// child reads a message inside a message and takes what it said.
func (w *walker) child(kind message, off, end int64, depth int) error {
	switch kind {
	case msgGraph:
		w.graphs++
		defer func() { w.graphs-- }()
	case msgInput, msgOutput:
		w.port = port{}
	case msgShape:
		w.port.shape = []int64{}
	case msgDim:
		if len(w.port.shape) > 16 {
			return errBroken
		}
		w.port.shape = append(w.port.shape, -1)
	case msgTensor:
		w.tensor.elems, w.tensor.elem, w.tensor.external, w.tensor.extern = 1, 0, false, extern{}
	case msgEntry:
		w.entry.key, w.entry.value = "", ""
	}
	if err := w.message(kind, off, end, depth+1); err != nil {
		return err
	}
	switch kind {
	case msgNode:
		w.g.nodes++
		w.g.integers = w.g.integers || integerOp(w.op)
	case msgInput, msgOutput:
		if w.graphs != 1 {
			return nil
		}
		list := &w.g.inputs
		if kind == msgOutput {
			list = &w.g.outputs
		}
		if len(*list) >= maxPorts {
			return errBroken
		}
		*list = append(*list, w.port)
	case msgEntry:
		switch w.entry.key {
		case "location":
			// A second location may be the one that a runtime takes, so both are noted.
			if w.tensor.extern.location != "" {
				w.addExtern()
			}
			w.tensor.extern.location = w.entry.value
		case "offset":
			w.tensor.extern.offset = w.entry.value
		case "length":
			w.tensor.extern.length = w.entry.value
		}
	case msgTensor:
		w.g.weights[w.tensor.elem] += w.tensor.elems
		// A location counts even where the flag is missing: better refuse too much.
		if w.tensor.external || w.tensor.extern.location != "" {
			w.addExtern()
		}
	}
	return nil
}

// addExtern notes where the current tensor keeps its weights.
func (w *walker) addExtern() {
	if _, ok := w.seen[w.tensor.extern]; !ok {
		w.seen[w.tensor.extern] = struct{}{}
		w.g.externs = append(w.g.externs, w.tensor.extern)
	}
}

func (w *walker) text(off, end int64) (string, error) {
	if end-off > maxName {
		return "", fmt.Errorf("%w: a name in it is longer than %d bytes", errBroken, maxName)
	}
	b := make([]byte, end-off)
	for i := range b {
		c, err := w.At(off + int64(i))
		if err != nil {
			return "", err
		}
		b[i] = c
	}
	return string(bytes.ToValidUTF8(b, []byte("\uFFFD"))), nil
}
