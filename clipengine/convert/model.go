package convert

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"descry/internal/wire"
)

// Limits that no real model comes near; they bound the work and the memory that a hostile
// file can cost.
const (
	maxHeld    = 128 << 20
	maxName    = 4096
	maxNodes   = 1 << 20
	maxTensors = 1 << 18
	maxDims    = 8
	// maxTensor is the most bytes of one tensor, maxWeights those of all: no published CLIP
	// tower has 8 billion numbers.
	maxTensor  = 16 << 30
	maxWeights = 32 << 30
)

// Element types of onnx.proto.
const (
	elemFloat   = 1
	elemUint8   = 2
	elemInt8    = 3
	elemUint16  = 4
	elemInt16   = 5
	elemInt32   = 6
	elemInt64   = 7
	elemString  = 8
	elemBool    = 9
	elemFloat16 = 10
	elemDouble  = 11
	elemUint32  = 12
	elemUint64  = 13
	elemBFloat  = 16
)

// elemSize is how many bytes an element takes in a file; types that are not here are copied
// as they are.
var elemSize = map[int64]int64{
	elemFloat: 4, elemUint8: 1, elemInt8: 1, elemUint16: 2, elemInt16: 2, elemInt32: 4, elemInt64: 8,
	elemBool: 1, elemFloat16: 2, elemDouble: 8, elemUint32: 4, elemUint64: 8, elemBFloat: 2,
}

// Kinds of attributes of onnx.proto.
const (
	attrFloat  = 1
	attrInt    = 2
	attrTensor = 4
	attrGraph  = 5
	attrFloats = 6
	attrInts   = 7
)

// model is an ONNX model whose weights are still in their files.
type model struct {
	fsys  fs.FS
	files map[string]*file

	irVersion int64
	// opset is the version of ONNX's own operators.
	opset int64
	// rest are the fields of the model besides its graph that go along unchanged.
	rest message

	nodes           []*node
	tensors         map[string]*tensor // initializers, and what Constant nodes hold
	order           []string           // the names of tensors in the order of the file
	inputs, outputs []port
	names           map[string]bool // every name of a value

	weights int64 // bytes of all tensors
}

// node is an operation.
type node struct {
	name, op, domain string
	in, out          []string
	attrs            []attribute
}

// attribute is a setting of a node; raw is the whole of it as it goes into a file.
type attribute struct {
	name   string
	kind   int64
	number int64
	ints   []int64
	floats []float32
	tensor *tensor
	raw    []byte
}

// attr returns the attribute of a name, or nil.
func (n *node) attr(name string) *attribute {
	for i := range n.attrs {
		if n.attrs[i].name == name {
			return &n.attrs[i]
		}
	}
	return nil
}

// number returns an attribute that is a whole number.
func (n *node) number(name string, otherwise int64) int64 {
	if a := n.attr(name); a != nil {
		return a.number
	}
	return otherwise
}

// port is an input or output of the graph.
type port struct {
	name string
	elem int64
	raw  []byte
}

// open reads the structure of the model in a file of a folder. close gives its files back.
func open(fsys fs.FS, name string) (*model, error) {
	m := &model{fsys: fsys, files: map[string]*file{}, tensors: map[string]*tensor{}, names: map[string]bool{}}
	if err := m.read(name); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *model) read(name string) error {
	f, err := m.file(name)
	if err != nil {
		return err
	}
	r := &reader{Reader: wire.NewReader(f.r, errBroken), r: f.r}
	var graph []field
	err = r.Each(0, f.size, func(x field) error {
		switch {
		case x.Num == 1 && x.Kind == wire.Number:
			m.irVersion = int64(x.Value)
		case x.Num == 7 && x.Kind == wire.Bytes:
			graph = append(graph, x)
		case x.Num == 8 && x.Kind == wire.Bytes:
			return m.readOpset(r, x)
		case x.Num == 14 && x.Kind == wire.Bytes: // metadata_props
			b, err := r.bytes(x)
			m.rest = m.rest.bytes(x.Num, b)
			return err
		case x.Num == 25:
			return errors.New("it has functions of its own, which are not converted")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(graph) != 1 {
		return fmt.Errorf("%w: it has no graph", errBroken)
	}
	if err := m.readGraph(r, graph[0], name); err != nil {
		return err
	}
	return m.check()
}

// check refuses a model in which something is missing or said twice.
func (m *model) check() error {
	if len(m.nodes) == 0 || len(m.inputs) == 0 || len(m.outputs) == 0 {
		return fmt.Errorf("%w: its graph has no nodes, inputs or outputs", errBroken)
	}
	known := map[string]bool{"": true}
	add := func(name string) error {
		if known[name] {
			return fmt.Errorf("%w: two values of it are called %q", errBroken, plain(name))
		}
		known[name], m.names[name] = true, true
		return nil
	}
	m.inputs = slices.DeleteFunc(m.inputs, func(p port) bool { return m.tensors[p.name] != nil })
	for _, p := range m.inputs {
		if err := add(p.name); err != nil {
			return err
		}
	}
	for _, name := range m.order {
		if err := add(name); err != nil {
			return err
		}
	}
	for _, n := range m.nodes {
		for _, in := range n.in {
			if !known[in] {
				return fmt.Errorf("%w: a node uses %q before it is made", errBroken, plain(in))
			}
		}
		for _, out := range n.out {
			if out == "" {
				continue
			}
			if err := add(out); err != nil {
				return err
			}
		}
	}
	for _, p := range m.outputs {
		if !known[p.name] {
			return fmt.Errorf("%w: nothing makes its output %q", errBroken, plain(p.name))
		}
	}
	return nil
}

func (m *model) close() {
	for _, f := range m.files {
		_ = f.close()
	}
}

func (m *model) readOpset(r *reader, x field) error {
	b, err := r.bytes(x)
	if err != nil {
		return err
	}
	m.rest = m.rest.bytes(x.Num, b)
	var domain string
	var version int64
	err = r.Each(x.Off, x.End, func(x field) (err error) {
		switch x.Num {
		case 1:
			domain, err = r.text(x)
		case 2:
			version = int64(x.Value)
		}
		return err
	})
	if domain == "" || domain == "ai.onnx" {
		m.opset = max(m.opset, version)
	}
	return err
}

func (m *model) readGraph(r *reader, x field, name string) error {
	return r.Each(x.Off, x.End, func(x field) error {
		if x.Kind != wire.Bytes {
			return errBroken
		}
		switch x.Num {
		case 1:
			return m.readNode(r, x, name)
		case 5:
			t, err := m.readTensor(r, x, name)
			if err != nil {
				return err
			}
			return m.addTensor(t)
		case 11, 12:
			p, err := readPort(r, x)
			if err != nil {
				return err
			}
			if x.Num == 11 {
				m.inputs = append(m.inputs, p)
			} else {
				m.outputs = append(m.outputs, p)
			}
		case 15:
			return errors.New("it has sparse weights, which are not converted")
		}
		return nil // names and shapes between nodes are for people and tools
	})
}

func (m *model) addTensor(t *tensor) error {
	if len(m.order) >= maxTensors {
		return fmt.Errorf("%w: it has more than %d tensors", errBroken, maxTensors)
	}
	if t.name == "" || m.tensors[t.name] != nil {
		return fmt.Errorf("%w: its tensors do not have names of their own", errBroken)
	}
	m.tensors[t.name] = t
	m.order = append(m.order, t.name)
	return nil
}

func readPort(r *reader, x field) (p port, err error) {
	if p.raw, err = r.bytes(x); err != nil {
		return p, err
	}
	err = r.Each(x.Off, x.End, func(x field) (err error) {
		switch {
		case x.Num == 1:
			p.name, err = r.text(x)
		case x.Num == 2 && x.Kind == wire.Bytes:
			err = r.Each(x.Off, x.End, func(x field) error {
				if x.Num != 1 || x.Kind != wire.Bytes {
					return nil
				}
				return r.Each(x.Off, x.End, func(x field) error {
					if x.Num == 1 && x.Kind == wire.Number {
						p.elem = int64(x.Value)
					}
					return nil
				})
			})
		}
		return err
	})
	return p, err
}

func (m *model) readNode(r *reader, x field, file string) error {
	if len(m.nodes) >= maxNodes {
		return fmt.Errorf("%w: it has more than %d nodes", errBroken, maxNodes)
	}
	n := &node{}
	err := r.Each(x.Off, x.End, func(x field) error {
		var text *string
		switch x.Num {
		case 1, 2:
			s, err := r.text(x)
			if x.Num == 1 {
				n.in = append(n.in, s)
			} else {
				n.out = append(n.out, s)
			}
			return err
		case 3:
			text = &n.name
		case 4:
			text = &n.op
		case 7:
			text = &n.domain
		case 5:
			if x.Kind != wire.Bytes {
				return errBroken
			}
			a, err := m.readAttribute(r, x, file)
			n.attrs = append(n.attrs, a)
			return err
		default:
			return nil
		}
		var err error
		*text, err = r.text(x)
		return err
	})
	if err != nil {
		return err
	}
	if n.domain == "ai.onnx" {
		n.domain = ""
	}
	if t := constant(n); t != nil {
		t.name = n.out[0]
		return m.addTensor(t)
	}
	m.nodes = append(m.nodes, n)
	return nil
}

// constant returns what a Constant node holds as a tensor, or nil for another node.
func constant(n *node) *tensor {
	if n.op != "Constant" || n.domain != "" || len(n.attrs) != 1 || len(n.out) != 1 {
		return nil
	}
	switch a := n.attrs[0]; {
	case a.name == "value" && a.tensor != nil:
		return a.tensor
	case a.name == "value_float" && len(a.floats) == 1:
		return floatTensor("", nil, a.floats)
	case a.name == "value_floats" && len(a.floats) > 0:
		return floatTensor("", []int64{int64(len(a.floats))}, a.floats)
	}
	return nil
}

func (m *model) readAttribute(r *reader, x field, file string) (a attribute, err error) {
	err = r.Each(x.Off, x.End, func(x field) (err error) {
		switch x.Num {
		case 1:
			a.name, err = r.text(x)
		case 2, 7: // f, floats
			err = a.addFloats(r, x)
		case 3:
			a.number = int64(x.Value)
		case 8:
			a.ints, err = r.numbers(a.ints, x)
		case 20:
			a.kind = int64(x.Value)
		case 5:
			if x.Kind != wire.Bytes {
				return errBroken
			}
			a.tensor, err = m.readTensor(r, x, file)
		case 6, 11:
			err = errors.New("it has branches or loops, which are not converted")
		case 10, 22, 23:
			err = errors.New("a node of it holds a list of tensors, which is not converted")
		}
		return err
	})
	if err == nil && a.tensor == nil {
		a.raw, err = r.bytes(x)
	}
	return a, err
}

func (a *attribute) addFloats(r *reader, x field) error {
	if x.Kind != wire.Fixed32 && (x.Kind != wire.Bytes || (x.End-x.Off)%4 != 0) {
		return errBroken
	}
	b, err := r.bytes(x)
	if err != nil {
		return err
	}
	a.floats = append(a.floats, floatsOf(b)...)
	return nil
}

// readTensor reads what a tensor is and where its numbers are.
func (m *model) readTensor(r *reader, x field, file string) (*tensor, error) {
	t := &tensor{}
	var raw, floats, typed []field
	external := map[string]string{}
	err := r.Each(x.Off, x.End, func(x field) (err error) {
		switch x.Num {
		case 1:
			t.dims, err = r.numbers(t.dims, x)
		case 2:
			t.elem = int64(x.Value)
		case 4:
			floats = append(floats, x)
		case 5, 6, 7, 10, 11:
			typed = append(typed, x)
		case 8:
			t.name, err = r.text(x)
		case 9:
			raw = append(raw, x)
		case 13:
			err = readEntry(r, x, external)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(t.dims) > maxDims {
		return nil, fmt.Errorf("%w: a tensor of it has %d dimensions", errBroken, len(t.dims))
	}
	n := int64(1)
	for _, d := range t.dims {
		if d < 0 || d > maxTensor/max(n, 1) {
			return nil, fmt.Errorf("%w: a tensor of it has the impossible size %v", errBroken, t.dims)
		}
		n *= d
	}
	t.count = n
	own, err := m.file(file)
	if err != nil {
		return nil, err
	}
	inline := append(raw, floats...)
	size := elemSize[t.elem]
	switch {
	case len(external) > 0:
		if size == 0 {
			return nil, errors.New("it keeps numbers of an unknown type in a file beside it")
		}
		if err := m.place(t, file, external, n*size); err != nil {
			return nil, err
		}
	case len(typed) > 0 || size == 0 || t.elem != elemFloat && len(floats) > 0:
		// Whole numbers in a form of their own: they go along as they are.
		t.asIs, t.from, t.off, t.size = true, own, x.Off, x.End-x.Off
	case len(inline) == 1 && inline[0].Kind == wire.Bytes:
		t.from, t.off, t.size = own, inline[0].Off, inline[0].End-inline[0].Off
	case len(inline) == 0 && n == 0:
		t.from = own
	default:
		return nil, fmt.Errorf("%w: the numbers of the tensor %q are not in one piece", errBroken, plain(t.name))
	}
	if !t.asIs && t.size != n*size {
		return nil, fmt.Errorf("%w: the tensor %q has %d bytes instead of %d", errBroken, plain(t.name), t.size, n*size)
	}
	if m.weights += t.size; m.weights > maxWeights {
		return nil, fmt.Errorf("%w: it has more than %d GB of weights", errBroken, maxWeights>>30)
	}
	return t, nil
}

func readEntry(r *reader, x field, into map[string]string) error {
	if x.Kind != wire.Bytes {
		return errBroken
	}
	var key, value string
	err := r.Each(x.Off, x.End, func(x field) (err error) {
		switch x.Num {
		case 1:
			key, err = r.text(x)
		case 2:
			value, err = r.text(x)
		}
		return err
	})
	into[key] = value
	return err
}

// place finds the numbers of a tensor in a file beside the model, which must lie in the
// model's folder or below it.
func (m *model) place(t *tensor, model string, entry map[string]string, size int64) error {
	location := entry["location"]
	clean := path.Clean(location)
	if location == "" || strings.ContainsAny(location, "\\:\x00") || !fs.ValidPath(clean) || clean == "." {
		return fmt.Errorf("it wants to read the file %q, which is outside of its folder", plain(location))
	}
	f, err := m.file(path.Join(path.Dir(model), clean))
	if err != nil {
		return err
	}
	offset := int64(0)
	if s := entry["offset"]; s != "" {
		if offset, err = strconv.ParseInt(s, 10, 64); err != nil || offset < 0 {
			return fmt.Errorf("%w: the offset %q in it is no number", errBroken, plain(s))
		}
	}
	if s := entry["length"]; s != "" && s != strconv.FormatInt(size, 10) {
		return fmt.Errorf("%w: a tensor of %d bytes is said to have %s", errBroken, size, plain(s))
	}
	if size > f.size || offset > f.size-size {
		return fmt.Errorf("its file %s is cut short", plain(clean))
	}
	t.from, t.off, t.size = f, offset, size
	return nil
}
