package ort

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	onnx "github.com/yalue/onnxruntime_go"

	"descry/internal/cmem"
	"descry/internal/float16"
)

// Options are the settings of a session.
type Options struct {
	// Provider is one of Providers, or "" for CPU.
	Provider string
	// Inputs are the names of the tensors that Run takes.
	Inputs []string
	// Outputs are the tensors that Run gives.
	Outputs []Port
	// Half is whether the weights are of half precision.
	Half bool
	// Bind has runs go through an I/O binding, from page-locked memory, where the provider has
	// such memory and the first Survey finds that it works. Else runs are ordinary ones.
	Bind bool
}

// Port is an output.
type Port struct {
	Name string
	// Half is the shape, but for the first dimension, of an output of half precision; the
	// first is that of the first input. It must be known beforehand, because the binding can
	// have such tensors filled but not made. Others leave it nil.
	Half []int64
}

// Session is one loaded model. Its methods are safe for concurrent use: one call per
// core is how it is meant to be used, since each call runs on the calling thread alone.
type Session struct {
	inputs  []string
	outputs []Port
	planned Placement // empty on CPU, which has no other
	// mu is held for reading by each running call, so that Close waits for them.
	mu sync.RWMutex
	s  *onnx.DynamicAdvancedSession

	memory *memory               // page-locked; nil: there is none
	lent   sync.WaitGroup        // parts of it that are in use
	bound  atomic.Pointer[[]row] // what outputs look like where runs are bound, else nil
	one    sync.Mutex            // held by the bound run
}

// Tensor is one input: a shape and the values in exactly one of the slices.
type Tensor struct {
	Shape   []int64
	Float32 []float32
	// Float16 are IEEE half-precision values, two bytes each, little-endian.
	Float16 []byte
	Int64   []int64
	Int32   []int32

	memory *memory // where the values lie if Input made it; nil: ordinary memory
}

// Rows is a part of a tensor, in the same memory: n of its rows from one on.
func (t Tensor) Rows(from, n int) Tensor {
	all := int(t.rows())
	t.Shape = append([]int64{int64(n)}, t.Shape[1:]...)
	t.Float32, t.Float16 = part(t.Float32, all, from, n), part(t.Float16, all, from, n)
	t.Int64, t.Int32 = part(t.Int64, all, from, n), part(t.Int32, all, from, n)
	return t
}

func part[T any](values []T, rows, from, n int) []T {
	each := len(values) / rows
	return values[from*each : (from+n)*each]
}

// Output is one result of Run, converted to float32 whatever the model computes in.
type Output struct {
	Shape []int64
	Data  []float32

	elem onnx.TensorElementDataType // what the model computes in
}

// ErrClosed is returned by calls on a closed session.
var ErrClosed = errors.New("the model is closed")

// OpenFile loads the model in a file. External data is looked for beside the file.
func OpenFile(path string, o Options) (*Session, error) {
	return open(o, func(outputs []string, so *onnx.SessionOptions) (*onnx.DynamicAdvancedSession, error) {
		return onnx.NewDynamicAdvancedSession(path, o.Inputs, outputs, so)
	})
}

// OpenBytes loads a model held in memory, which cannot have external data. The bytes are
// no longer needed when OpenBytes returns.
func OpenBytes(data []byte, o Options) (*Session, error) {
	if len(data) == 0 {
		return nil, errors.New("the model is empty")
	}
	return open(o, func(outputs []string, so *onnx.SessionOptions) (*onnx.DynamicAdvancedSession, error) {
		return onnx.NewDynamicAdvancedSessionWithONNXData(data, o.Inputs, outputs, so)
	})
}

// loader makes a session of a model that a caller has at hand.
type loader func(outputs []string, o *onnx.SessionOptions) (*onnx.DynamicAdvancedSession, error)

func open(o Options, load loader) (*Session, error) {
	if Path() == "" {
		return nil, ErrNoRuntime
	}
	if len(o.Inputs) == 0 || len(o.Outputs) == 0 {
		return nil, errors.New("a session needs the names of its inputs and outputs")
	}
	so, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("make session options: %w", err)
	}
	defer func() { _ = so.Destroy() }()
	if o.Half {
		// ONNX Runtime 1.30 crashes while it changes the layout of such a model for the CPU (a
		// ViT-B/32, also as onnxconverter-common makes it), even where a GPU runs most of it.
		if err := so.AddSessionConfigEntry("optimization.disable_specified_optimizers", "NchwcTransformer"); err != nil {
			return nil, fmt.Errorf("configure the session: %w", err)
		}
	}
	o.Provider = strings.ToLower(o.Provider)
	if o.Provider == "" {
		o.Provider = CPU
	}
	if err := configure(so, o.Provider); err != nil {
		return nil, err
	}
	names := make([]string, len(o.Outputs))
	for i, p := range o.Outputs {
		names[i] = p.Name
	}
	var s *onnx.DynamicAdvancedSession
	make := func() (err error) {
		s, err = load(names, so)
		return err
	}
	if o.Provider == CPU {
		err = make()
	} else {
		err = keepingSignals(make)
	}
	cmem.Trim() // loading takes twice the memory that the model does
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime cannot load the model: %w", runtimeError(err))
	}
	session := &Session{inputs: o.Inputs, outputs: o.Outputs, s: s}
	if o.Bind {
		session.memory = hostMemory(s, o.Provider)
	}
	if o.Provider != CPU {
		if session.planned, err = assigned(s); err != nil {
			return nil, errors.Join(err, session.Close())
		}
	}
	return session, nil
}

// configure applies what was measured: one thread per call and one call per core beat
// threads inside a call by a tenth to a third; spinning threads steal from the decoders;
// the memory arena is worth about 8 % and costs 20 MB.
func configure(so *onnx.SessionOptions, provider string) error {
	steps := []func() error{
		func() error { return so.SetIntraOpNumThreads(1) },
		func() error { return so.SetInterOpNumThreads(1) },
		func() error { return so.SetExecutionMode(onnx.ExecutionModeSequential) },
		func() error { return so.SetGraphOptimizationLevel(onnx.GraphOptimizationLevelEnableAll) },
		func() error { return so.SetCpuMemArena(true) },
		func() error { return so.SetMemPattern(true) },
		func() error { return so.SetLogSeverityLevel(onnx.LoggingLevelFatal) },
		func() error { return so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0") },
		func() error { return so.AddSessionConfigEntry("session.inter_op.allow_spinning", "0") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("configure the session: %w", err)
		}
	}
	if provider == CPU {
		return nil
	}
	return keepingSignals(func() error { return addProvider(so, provider) })
}

// Run gives the model its inputs, in the order of Options.Inputs, and returns the
// outputs in the order of Options.Outputs. When ctx ends the running call is stopped and
// Run returns the cause.
func (s *Session) Run(ctx context.Context, inputs ...Tensor) ([]Output, error) {
	return s.run(ctx, inputs, nil)
}

// run is Run with options that set may change.
func (s *Session) run(ctx context.Context, inputs []Tensor, set func(*onnx.RunOptions) error) ([]Output, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.s == nil {
		return nil, ErrClosed
	}
	if len(inputs) != len(s.inputs) {
		return nil, fmt.Errorf("%d inputs are given to a model that takes %d", len(inputs), len(s.inputs))
	}
	in := make([]onnx.Value, len(inputs))
	out := make([]onnx.Value, len(s.outputs))
	defer func() { destroy(in); destroy(out) }()
	for i, t := range inputs {
		v, err := t.value()
		if err != nil {
			return nil, fmt.Errorf("make a tensor of the input: %w", err)
		}
		in[i] = v
	}
	bound := s.bound.Load()
	for i, p := range s.outputs {
		made := row{onnx.TensorElementDataTypeFloat16, p.Half}
		if bound != nil {
			made = (*bound)[i]
		} else if p.Half == nil {
			continue
		}
		v, err := made.empty(inputs[0].rows())
		if err != nil {
			return nil, fmt.Errorf("make a tensor for the output %s: %w", p.Name, err)
		}
		out[i] = v
	}
	opts, err := onnx.NewRunOptions()
	if err != nil {
		return nil, fmt.Errorf("make run options: %w", err)
	}
	if set != nil {
		if err := set(opts); err != nil {
			_ = opts.Destroy()
			return nil, err
		}
	}
	// The watcher must be done with the options before they are freed.
	watched := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(watched)
		_ = opts.Terminate()
	})
	if bound != nil {
		err = s.runBound(inputs, in, out, opts)
	} else {
		err = s.s.RunWithOptions(in, out, opts)
	}
	if !stop() {
		<-watched
	}
	_ = opts.Destroy()
	if err != nil {
		// What the binding leaves in the outputs that it was to make is not usable.
		for i, p := range s.outputs {
			if bound == nil && p.Half == nil {
				out[i] = nil
			}
		}
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, fmt.Errorf("ONNX Runtime cannot run the model: %w", runtimeError(err))
	}
	results := make([]Output, len(out))
	for i, v := range out {
		if results[i], err = output(v); err != nil {
			return nil, fmt.Errorf("read the output %s: %w", s.outputs[i].Name, err)
		}
	}
	return results, nil
}

// Close frees the model after the calls that are running have ended and the memory that Input
// lent has come back. Closing twice is allowed.
func (s *Session) Close() error {
	s.mu.Lock()
	session := s.s
	s.s = nil
	s.mu.Unlock()
	if session == nil {
		return nil
	}
	s.lent.Wait()
	if s.memory != nil {
		s.memory.release(session)
	}
	err := session.Destroy()
	cmem.Trim()
	if err != nil {
		return fmt.Errorf("close the model: %w", err)
	}
	return nil
}

// rows is the first dimension.
func (t Tensor) rows() int64 {
	if len(t.Shape) == 0 {
		return 1
	}
	return t.Shape[0]
}

func (t Tensor) value() (onnx.Value, error) {
	shape := onnx.NewShape(t.Shape...)
	var v onnx.Value
	var err error
	// A typed nil in the interface would be destroyed later; so v is set on success only.
	switch {
	case t.Float32 != nil:
		var x *onnx.Tensor[float32]
		if x, err = onnx.NewTensor(shape, t.Float32); err == nil {
			v = x
		}
	case t.Int64 != nil:
		var x *onnx.Tensor[int64]
		if x, err = onnx.NewTensor(shape, t.Int64); err == nil {
			v = x
		}
	case t.Int32 != nil:
		var x *onnx.Tensor[int32]
		if x, err = onnx.NewTensor(shape, t.Int32); err == nil {
			v = x
		}
	case t.Float16 != nil:
		var x *onnx.CustomDataTensor
		if x, err = onnx.NewCustomDataTensor(shape, t.Float16, onnx.TensorElementDataTypeFloat16); err == nil {
			v = x
		}
	default:
		return nil, errors.New("it has no values")
	}
	return v, err
}

func output(v onnx.Value) (Output, error) {
	o := Output{Shape: slices.Clone([]int64(v.GetShape()))}
	switch t := v.(type) {
	case *onnx.Tensor[float32]:
		o.elem, o.Data = onnx.TensorElementDataTypeFloat, slices.Clone(t.GetData())
	case *onnx.Tensor[float64]:
		o.elem = onnx.TensorElementDataTypeDouble
		for _, x := range t.GetData() {
			o.Data = append(o.Data, float32(x))
		}
	case *onnx.CustomDataTensor:
		if t.DataType() != onnx.TensorElementDataTypeFloat16 {
			return Output{}, errors.New("its type is not a floating-point number of 16, 32 or 64 bits")
		}
		raw := t.GetData()
		o.elem = onnx.TensorElementDataTypeFloat16
		o.Data = make([]float32, len(raw)/float16.Size)
		float16.Unpack(o.Data, raw)
	default:
		return Output{}, errors.New("its type is not a floating-point number of 16, 32 or 64 bits")
	}
	return o, nil
}

func destroy(values []onnx.Value) {
	for _, v := range values {
		if v != nil {
			_ = v.Destroy()
		}
	}
}

// reason takes the wrapping of the binding and the source positions off a message of the
// runtime, so that one sentence remains.
func reason(err error) string {
	msg := err.Error()
	for _, prefix := range []string{
		"Error creating C session from file: ", "Error creating C session: ", "Error running network: ",
	} {
		msg = strings.TrimPrefix(msg, prefix)
	}
	msg, _, _ = strings.Cut(strings.TrimSpace(msg), "\n")
	// "/src/x.cc:88 f() [ONNXRuntimeError] : 1 : FAIL : what happened", or "... was false. what".
	if _, after, ok := strings.Cut(msg, "[ONNXRuntimeError] : "); ok {
		if parts := strings.SplitN(after, " : ", 3); len(parts) == 3 {
			msg = parts[2]
		}
	} else if _, after, ok := strings.Cut(msg, " was false. "); ok && strings.HasPrefix(msg, "/") {
		msg = after
	}
	if _, after, ok := strings.Cut(msg, " with error: "); ok && strings.HasPrefix(msg, "Failed to load library") {
		msg = after // what it needs and does not find; where it lies itself is known
	}
	return strings.TrimRight(msg, ".")
}

// ErrMemory says that the device has not enough memory for what was asked of it; a smaller
// batch may do.
var ErrMemory = errors.New("the memory does not suffice")

// memoryWords are what providers say when memory runs out.
var memoryWords = []string{
	"out of memory", "out_of_memory", "outofmemory", "out_of_device_memory", "out_of_host_memory", "failed to allocate memory",
	"alloc_failed", "bad_alloc", "bad allocation", "8007000e", "not enough memory", "insufficient memory", "available memory of",
}

// runtimeError is the reason in an error of the runtime; ErrMemory when memory ran out.
func runtimeError(err error) error {
	all := strings.ToLower(err.Error())
	for _, w := range memoryWords {
		if strings.Contains(all, w) {
			return fmt.Errorf("%w: %s", ErrMemory, reason(err))
		}
	}
	return errors.New(reason(err))
}
