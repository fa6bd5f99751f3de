package ort

import (
	"context"
	"math"
	"slices"
	"unsafe"

	onnx "github.com/yalue/onnxruntime_go"
)

// row is what an output gives for each row of the first input.
type row struct {
	elem  onnx.TensorElementDataType
	shape []int64
}

// empty makes an output of n rows, which a run fills.
func (r row) empty(n int64) (onnx.Value, error) {
	shape := onnx.NewShape(append([]int64{n}, r.shape...)...)
	switch r.elem {
	case onnx.TensorElementDataTypeFloat16:
		return onnx.NewCustomDataTensor(shape, make([]byte, 2*shape.FlattenedSize()), r.elem)
	case onnx.TensorElementDataTypeDouble:
		return onnx.NewEmptyTensor[float64](shape)
	}
	return onnx.NewEmptyTensor[float32](shape)
}

// hostMemory is the memory of a session from which the device of its provider reads by itself;
// nil: there is none.
func hostMemory(s *onnx.DynamicAdvancedSession, name string) *memory {
	devices, _, err := Devices()
	if err != nil {
		return nil
	}
	at := slices.IndexFunc(devices, func(d Device) bool { return d.Provider == name })
	if at >= 0 && devices[at].isPlug {
		return memoryOf(s, &devices[at].plugin, "")
	}
	for _, p := range providers() {
		if p.name == name && p.memory != "" {
			return memoryOf(s, nil, p.memory)
		}
	}
	return nil
}

// Input makes a tensor of floats, or of numbers of half precision, which may be anything. It lies
// in page-locked memory once runs are bound (see Options.Bind) and while there is such, else in
// ordinary memory. free is to be called once, when no run uses it any more: Close waits for that.
func (s *Session) Input(shape []int64, half bool) (in Tensor, free func()) {
	in.Shape = slices.Clone(shape)
	n := int(onnx.NewShape(shape...).FlattenedSize())
	if data := s.lend(n, half); data != nil {
		in.memory = s.memory
		if in.Float16 = data; !half {
			in.Float16, in.Float32 = nil, unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(data))), n)
		}
		return in, func() {
			s.memory.give(data)
			s.lent.Done()
		}
	}
	if half {
		in.Float16 = make([]byte, 2*n)
	} else {
		in.Float32 = make([]float32, n)
	}
	return in, func() {}
}

// lend takes page-locked memory for n numbers; nil: there is none.
func (s *Session) lend(n int, half bool) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.s == nil || s.bound.Load() == nil {
		return nil
	}
	size := 4
	if half {
		size = 2
	}
	data := s.memory.take(n * size)
	if data != nil {
		s.lent.Add(1)
	}
	return data
}

// bind has the runs of a session bound from now on, whose ordinary run with inputs gave outputs,
// if that works: a run that is bound must give the same. It tells whether runs are bound.
func (s *Session) bind(ctx context.Context, inputs []Tensor, outputs []Output) bool {
	if s.memory == nil || s.bound.Load() != nil {
		return s.bound.Load() != nil
	}
	rows := make([]row, len(outputs))
	for i, o := range outputs {
		if len(o.Shape) == 0 || o.Shape[0] != inputs[0].rows() {
			return false
		}
		rows[i] = row{o.elem, o.Shape[1:]}
	}
	s.bound.Store(&rows)
	locked := slices.Clone(inputs)
	for i, t := range inputs {
		if t.Float32 == nil && t.Float16 == nil {
			continue
		}
		in, free := s.Input(t.Shape, t.Float16 != nil)
		defer free()
		copy(in.Float32, t.Float32)
		copy(in.Float16, t.Float16)
		locked[i] = in
	}
	again, err := s.run(ctx, locked, nil)
	if err != nil || !slices.EqualFunc(outputs, again, alike) {
		s.bound.Store(nil)
		return false
	}
	return true
}

// alike reports whether two outputs differ by no more than a device may by itself.
func alike(a, b Output) bool {
	var most, off float64
	for i, x := range a.Data {
		most = max(most, math.Abs(float64(x)))
		off = max(off, math.Abs(float64(x)-float64(b.Data[i])))
	}
	return off <= 0.01*most
}

// runBound runs the session through an I/O binding, with outputs that are there. Binding an input
// copies it to the device, and nothing else does: so inputs are bound for each run, and their
// memory may hold others when it ends.
func (s *Session) runBound(inputs []Tensor, in, out []onnx.Value, o *onnx.RunOptions) error {
	// A device runs one batch at a time anyway, and not every provider can be bound meanwhile.
	s.one.Lock()
	defer s.one.Unlock()
	b, err := s.s.CreateIoBinding()
	if err != nil {
		return err
	}
	defer func() { _ = b.Destroy() }()
	for i, name := range s.inputs {
		if inputs[i].memory != nil {
			err = inputs[i].memory.bind(b, name, inputs[i])
		} else {
			err = b.BindInput(name, in[i])
		}
		if err != nil {
			return err
		}
	}
	for i, p := range s.outputs {
		if err := b.BindOutput(p.Name, out[i]); err != nil {
			return err
		}
	}
	return s.memory.run(s.s, o, b)
}
