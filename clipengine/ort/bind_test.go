package ort_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/assets"
	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/internal/cmem"
	"descry/internal/float16"
	"descry/internal/onnxtest"
)

// The provider of these tests is the CPU: what it reads by itself is ordinary memory, but it is
// allocated, bound, run, stopped and freed as that of any device.

// model is one of which runs are compared.
type model struct {
	data    []byte
	in, out string
	side    int64
	half    bool
	port    ort.Port
}

func models(t *testing.T) map[string]model {
	t.Helper()
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	starter, err := fs.ReadFile(assets.Starter(), "vision.onnx")
	if err != nil {
		t.Fatal(err)
	}
	double := onnxtest.Graph{
		Nodes: []onnxtest.Message{
			onnxtest.Node("GlobalAveragePool", []string{"x"}, []string{"pooled"}),
			onnxtest.Node("Flatten", []string{"pooled"}, []string{"flat"}, onnxtest.IntAttribute("axis", 1)),
			onnxtest.Node("Cast", []string{"flat"}, []string{"y"}, onnxtest.IntAttribute("to", 11)),
		},
		Inputs:  []onnxtest.Message{onnxtest.Value("x", onnxtest.Float, -1, 3, onnxtest.Size, onnxtest.Size)},
		Outputs: []onnxtest.Message{onnxtest.Value("y", 11, -1, 3)},
	}.Model()
	return map[string]model{
		"starter": {starter, b.Vision.Inputs[0].Name, b.Vision.Output, int64(b.Preprocess.Size), false, ort.Port{}},
		"tiny":    {onnxtest.Vision("x", "y", nil), "x", "y", onnxtest.Size, false, ort.Port{}},
		"half":    {onnxtest.VisionHalf("x", "y"), "x", "y", onnxtest.Size, true, ort.Port{Half: []int64{onnxtest.Dim}}},
		"double":  {double, "x", "y", onnxtest.Size, false, ort.Port{}},
	}
}

func (m model) open(t *testing.T, bind bool) *ort.Session {
	t.Helper()
	initRuntime(t)
	m.port.Name = m.out
	s, err := ort.OpenBytes(m.data, ort.Options{Inputs: []string{m.in}, Outputs: []ort.Port{m.port}, Bind: bind})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// bound opens a model whose runs are bound.
func (m model) bound(t *testing.T) *ort.Session {
	t.Helper()
	s := m.open(t, true)
	in := ort.Tensor{Shape: []int64{1, 3, m.side, m.side}, Float32: make([]float32, 3*m.side*m.side)}
	if m.half {
		in.Float32, in.Float16 = nil, make([]byte, 2*len(in.Float32))
	}
	fill(in, 1)
	p, err := s.Survey(context.Background(), in)
	if err != nil || !p.Locked || !strings.HasSuffix(p.String(), "; pictures in page-locked memory") {
		t.Fatalf("%v, %v", p, err)
	}
	return s
}

// fill writes numbers from -1 to 1.
func fill(t ort.Tensor, seed float64) {
	n := max(len(t.Float32), len(t.Float16)/float16.Size)
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(math.Sin(seed + float64(i)*float64(i%101)))
	}
	copy(t.Float32, values)
	if t.Float16 != nil {
		float16.Append(t.Float16[:0], values)
	}
}

func TestBoundRunsGiveWhatOthersGive(t *testing.T) {
	ctx := context.Background()
	for name, m := range models(t) {
		t.Run(name, func(t *testing.T) {
			plain, bound := m.open(t, false), m.bound(t)
			if p, err := plain.Survey(ctx, ordinary(m, 1)); err != nil || p.Locked {
				t.Errorf("not asked for: %v, %v", p, err)
			}
			all, free := bound.Input([]int64{8, 3, m.side, m.side}, m.half)
			defer free()
			for i, n := range []int{1, 4, 8, 2, 2, 1, 3} {
				from := i % (9 - n)
				in := all.Rows(from, n)
				fill(in, float64(i))
				copied := ordinary(m, n)
				fill(copied, float64(i))
				want, err := plain.Run(ctx, copied)
				if err != nil {
					t.Fatal(err)
				}
				for what, in := range map[string]ort.Tensor{"lent": in, "ordinary": copied} {
					if got, err := bound.Run(ctx, in); err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("run %d of %d pictures in %s memory: other vectors, %v", i, n, what, err)
					}
				}
				if got, err := plain.Run(ctx, in); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("run %d from lent memory: other vectors, %v", i, err)
				}
			}
		})
	}
}

// ordinary is a tensor of n pictures.
func ordinary(m model, n int) ort.Tensor {
	t := ort.Tensor{Shape: []int64{int64(n), 3, m.side, m.side}}
	if m.half {
		t.Float16 = make([]byte, float16.Size*n*int(3*m.side*m.side))
	} else {
		t.Float32 = make([]float32, n*int(3*m.side*m.side))
	}
	return t
}

func TestBoundRunsAtOnceAgree(t *testing.T) {
	s := models(t)["tiny"].bound(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			in, free := s.Input([]int64{int64(i + 1), 3, onnxtest.Size, onnxtest.Size}, false)
			defer free()
			fill(in, float64(i))
			want, err := s.Run(context.Background(), in)
			for range 50 {
				got, again := s.Run(context.Background(), in)
				if err != nil || again != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("other vectors beside other calls, %v, %v", err, again)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestABoundRunIsStopped ends runs that last for ever, and runs again after each.
func TestABoundRunIsStopped(t *testing.T) {
	initRuntime(t)
	s, err := ort.OpenBytes(onnxtest.Looping(), ort.Options{Inputs: []string{"x", "times"}, Outputs: []ort.Port{{Name: "y"}}, Bind: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	times := func(n int64) ort.Tensor { return ort.Tensor{Shape: []int64{1}, Int64: []int64{n}} }
	if p, err := s.Survey(context.Background(), ort.Tensor{Shape: []int64{4}, Float32: []float32{1, 2, 3, 4}}, times(1)); err != nil || !p.Locked {
		t.Fatal(p, err)
	}
	x, free := s.Input([]int64{4}, false)
	defer free()
	copy(x.Float32, []float32{1, 2, 3, 4})
	want, err := s.Run(context.Background(), x, times(3))
	if err != nil || math.Abs(float64(want[0].Data[1])-math.Sin(math.Sin(math.Sin(2)))) > 1e-6 {
		t.Fatal(want, err)
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		if _, err := s.Run(ctx, x, times(math.MaxInt64)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the run ended with %v", err)
		}
		cancel()
		if got, err := s.Run(context.Background(), x, times(3)); err != nil || !slices.Equal(got[0].Data, want[0].Data) {
			t.Errorf("after a run that was stopped: %v, %v", got, err)
		}
	}
}

func TestBoundRunsGoOnAfterErrors(t *testing.T) {
	m := models(t)["tiny"]
	s := m.bound(t)
	in, free := s.Input([]int64{2, 3, m.side, m.side}, false)
	defer free()
	fill(in, 1)
	want, err := s.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	small, freeSmall := s.Input([]int64{1, 3, 2}, false)
	defer freeSmall()
	short := in
	short.Shape = []int64{64, 3, m.side, m.side}
	for name, bad := range map[string][]ort.Tensor{
		"no input": nil, "two inputs": {in, in}, "wrong shape, lent": {small}, "more than there is, lent": {short},
		"wrong shape": {{Shape: []int64{1, 3, 2}, Float32: make([]float32, 6)}},
		"wrong type":  {{Shape: []int64{1, 3, m.side, m.side}, Int64: make([]int64, 3*m.side*m.side)}},
		"no values":   {{Shape: []int64{1, 3, m.side, m.side}}},
	} {
		if _, err := s.Run(context.Background(), bad...); err == nil || strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%s: error %v", name, err)
		}
		if got, err := s.Run(context.Background(), in); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after %s: other vectors, %v", name, err)
		}
	}
}

// TestWhatCannotBeBoundRunsOrdinarily shows models, and memory, with which runs are not bound.
func TestWhatCannotBeBoundRunsOrdinarily(t *testing.T) {
	initRuntime(t)
	shape := []int64{2, 3, onnxtest.Size, onnxtest.Size}
	for name, node := range map[string]onnxtest.Message{
		"not a vector for each": onnxtest.Node("ReduceMean", []string{"x"}, []string{"y"}, onnxtest.IntsAttribute("axes", 0), onnxtest.IntAttribute("keepdims", 0)),
		"never the same":        onnxtest.Node("RandomNormalLike", []string{"x"}, []string{"y"}),
	} {
		data := onnxtest.Graph{
			Nodes:   []onnxtest.Message{node},
			Inputs:  []onnxtest.Message{onnxtest.Value("x", onnxtest.Float, -1, 3, onnxtest.Size, onnxtest.Size)},
			Outputs: []onnxtest.Message{onnxtest.Value("y", onnxtest.Float, -1, -1, -1)},
		}
		if name == "never the same" {
			data.Outputs = []onnxtest.Message{onnxtest.Value("y", onnxtest.Float, -1, -1, -1, -1)}
		}
		s, err := ort.OpenBytes(data.Model(), ort.Options{Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}, Bind: true})
		if err != nil {
			t.Fatal(err)
		}
		in, free := s.Input(shape, false)
		fill(in, 1)
		if p, err := s.Survey(context.Background(), in); err != nil || p.Locked || strings.Contains(p.String(), "page-locked") {
			t.Errorf("%s: %v, %v", name, p, err)
		}
		if _, err := s.Run(context.Background(), in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		free()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	s := tiny(t)
	for name, want := range map[string]bool{"Cpu": true, "CudaPinned": false, "HipPinned": false, "no such memory": false} {
		if got := ort.HasMemory(s, name); got != want {
			t.Errorf("memory %s of a session on the CPU: %t", name, got)
		}
	}
}

func TestCloseWaitsForLentMemory(t *testing.T) {
	m := models(t)["tiny"]
	s := m.bound(t)
	in, free := s.Input([]int64{32, 3, m.side, m.side}, false)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	for {
		if _, err := s.Run(context.Background(), ordinary(m, 1)); errors.Is(err, ort.ErrClosed) {
			break
		}
	}
	late, freeLate := s.Input([]int64{1, 3, m.side, m.side}, false)
	fill(in, 1) // is still there
	fill(late, 1)
	select {
	case <-closed:
		t.Error("closed while memory is lent")
	default:
	}
	free()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	freeLate()
	fill(late, 2)
}

// TestBoundRunsLeaveNothing runs, fails and stops again and again: the process does not grow.
func TestBoundRunsLeaveNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: it reads /proc")
	}
	m := models(t)["tiny"]
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	round := func() {
		s := m.bound(t)
		for i := range 500 {
			in, free := s.Input([]int64{int64(1 + i%32), 3, m.side, m.side}, false)
			fill(in.Rows(0, 1), float64(i))
			if _, err := s.Run(context.Background(), in); err != nil {
				t.Fatal(err)
			}
			wrong := in
			wrong.Shape = []int64{1, 3, 2}
			if _, err := s.Run(context.Background(), wrong); err == nil {
				t.Fatal("no error")
			}
			if _, err := s.Run(ended, in); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			free()
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		round()
	}
	before := anonymous(t)
	for range 40 {
		round()
	}
	grown := anonymous(t) - before
	t.Logf("%d KiB at first, %d KiB more after 20,000 runs", before, grown)
	if grown > 4<<10 {
		t.Error("the process grows")
	}
}

// anonymous is the memory of the process that no file backs, in KiB, without what is free.
func anonymous(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	cmem.Trim()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "RssAnon:" {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no RssAnon")
	return 0
}
