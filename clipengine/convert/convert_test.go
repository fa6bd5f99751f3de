package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"descry/clipengine/ort"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
)

// noise is n numbers between -1 and 1 that look like none in particular.
func noise(n int, seed float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(math.Sin(seed + 1.7*float64(i)*float64(i%97+3)))
	}
	return out
}

func floatAttribute(name string, v float32) onnxtest.Message {
	return append(onnxtest.Message{}.Text(1, name), append([]byte{2<<3 | 5}, append(onnxtest.Floats([]float32{v}), onnxtest.Message{}.Int(20, 1)...)...)...)
}

// graphs are the ways in which exports write products with constant weights; input x [n, 48],
// output y.
func graphs() map[string]onnxtest.Graph {
	const k, n = 48, 32
	w, turned := onnxtest.Tensor("w", noise(k*n, 1), k, n), onnxtest.Tensor("w", noise(k*n, 1), n, k)
	bias := onnxtest.Tensor("b", noise(n, 5), n)
	constantNode := onnxtest.Node("Constant", nil, []string{"w"}, onnxtest.Message{}.Text(1, "value").Bytes(5, onnxtest.Tensor("", noise(k*n, 1), k, n)).Int(20, 4))
	all := map[string]onnxtest.Graph{
		"product":              {Nodes: []onnxtest.Message{onnxtest.Node("MatMul", []string{"x", "w"}, []string{"y"})}, Weights: []onnxtest.Message{w}},
		"sum":                  {Nodes: []onnxtest.Message{onnxtest.Node("Gemm", []string{"x", "w", "b"}, []string{"y"})}, Weights: []onnxtest.Message{w, bias}},
		"sum, turned":          {Nodes: []onnxtest.Message{onnxtest.Node("Gemm", []string{"x", "w", "b"}, []string{"y"}, onnxtest.IntAttribute("transB", 1), floatAttribute("alpha", 0.5))}, Weights: []onnxtest.Message{turned, bias}},
		"transposed":           {Nodes: []onnxtest.Message{onnxtest.Node("Transpose", []string{"w"}, []string{"wt"}, onnxtest.IntsAttribute("perm", 1, 0)), onnxtest.Node("MatMul", []string{"x", "wt"}, []string{"y"})}, Weights: []onnxtest.Message{turned}},
		"constant":             {Nodes: []onnxtest.Message{constantNode, onnxtest.Node("MatMul", []string{"x", "w"}, []string{"y"})}},
		"the same, two ways":   {Nodes: []onnxtest.Message{onnxtest.Node("Identity", []string{"w"}, []string{"w2"}), onnxtest.Node("MatMul", []string{"x", "w"}, []string{"p"}), onnxtest.Node("MatMul", []string{"x", "w2"}, []string{"q"}), onnxtest.Node("Add", []string{"p", "q"}, []string{"y"})}, Weights: []onnxtest.Message{w}},
		"used elsewhere too":   {Nodes: []onnxtest.Message{onnxtest.Node("MatMul", []string{"x", "w"}, []string{"p"}), onnxtest.Node("ReduceMean", []string{"w"}, []string{"m"}, onnxtest.IntsAttribute("axes", 0)), onnxtest.Node("Add", []string{"p", "m"}, []string{"y"})}, Weights: []onnxtest.Message{w}},
		"names that are taken": {Nodes: []onnxtest.Message{onnxtest.Node("Identity", []string{"x"}, []string{"x_quantized"}), onnxtest.Node("MatMul", []string{"x", "w"}, []string{"y_cast"}), onnxtest.Node("Add", []string{"y_cast", "x_scale"}, []string{"y_scales"}), onnxtest.Node("Mul", []string{"y_scales", "one"}, []string{"y"})}, Weights: []onnxtest.Message{w, onnxtest.Tensor("x_scale", noise(n, 3), n), onnxtest.Tensor("one", []float32{1})}},
		"a norm in steps": {Nodes: []onnxtest.Message{
			onnxtest.Node("MatMul", []string{"x", "w"}, []string{"h"}),
			onnxtest.Node("ReduceMean", []string{"h"}, []string{"mean"}, onnxtest.IntsAttribute("axes", -1)),
			onnxtest.Node("Sub", []string{"h", "mean"}, []string{"d"}),
			onnxtest.Node("Pow", []string{"d", "two"}, []string{"d2"}),
			onnxtest.Node("ReduceMean", []string{"d2"}, []string{"var"}, onnxtest.IntsAttribute("axes", -1)),
			onnxtest.Node("Add", []string{"var", "eps"}, []string{"v"}),
			onnxtest.Node("Sqrt", []string{"v"}, []string{"s"}),
			onnxtest.Node("Div", []string{"d", "s"}, []string{"z"}),
			onnxtest.Node("Mul", []string{"z", "large"}, []string{"y"}),
		}, Weights: []onnxtest.Message{w, onnxtest.Tensor("two", []float32{2}), onnxtest.Tensor("eps", []float32{1e-12}), onnxtest.Tensor("large", []float32{1e5})}},
	}
	for name, g := range all {
		g.Inputs = []onnxtest.Message{onnxtest.Value("x", onnxtest.Float, -1, k)}
		g.Outputs = []onnxtest.Message{onnxtest.Value("y", onnxtest.Float, -1, n)}
		all[name] = g
	}
	return all
}

// run gives a model file the input x and returns y.
func run(t *testing.T, path string, in ort.Tensor) []float32 {
	t.Helper()
	if err := ort.Init(testdata.Runtime(t)); err != nil {
		t.Fatal(err)
	}
	s, err := ort.OpenFile(path, ort.Options{Inputs: []string{"x"}, Outputs: []ort.Port{{Name: "y"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Data
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

func target(t *testing.T) (*os.Root, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root, dir
}

func TestConvertedGraphsComputeTheSame(t *testing.T) {
	in := ort.Tensor{Shape: []int64{3, 48}, Float32: noise(3*48, 9)}
	for name, g := range graphs() {
		for to, least := range map[Precision]float64{Int8: 0.9995, Float16: 0.99999} {
			for _, limit := range []int64{maxInline, 0} { // 0: the weights go into a file beside the model
				t.Run(fmt.Sprint(name, " ", to, " ", limit), func(t *testing.T) {
					root, dir := target(t)
					fsys := fstest.MapFS{"m.onnx": {Data: g.Model()}}
					if _, err := convert(t.Context(), fsys, "m.onnx", root, "m.onnx", to, limit, nil); err != nil {
						t.Fatal(err)
					}
					original := filepath.Join(t.TempDir(), "m.onnx")
					if err := os.WriteFile(original, fsys["m.onnx"].Data, 0o600); err != nil {
						t.Fatal(err)
					}
					want, got := run(t, original, in), run(t, filepath.Join(dir, "m.onnx"), in)
					if c := cosine(want, got); len(got) != len(want) || c < least {
						t.Errorf("cosine %.6f, %d numbers", c, len(got))
					}
					if _, err := os.Stat(filepath.Join(dir, "m.onnx_data")); (err == nil) != (limit == 0) {
						t.Errorf("file beside the model: %v", err)
					}
				})
			}
		}
	}
}

func TestTablesOfEmbeddingsBecomeSmall(t *testing.T) {
	const rows, dim = 2000, 64
	values := noise(rows*dim, 4)
	g := onnxtest.Graph{
		Nodes:   []onnxtest.Message{onnxtest.Node("Gather", []string{"table", "x"}, []string{"e"}), onnxtest.Node("MatMul", []string{"e", "w"}, []string{"y"})},
		Weights: []onnxtest.Message{onnxtest.External("table", "weights/t.bin", "64", "", rows, dim), onnxtest.Tensor("w", noise(dim*dim, 2), dim, dim)},
		Inputs:  []onnxtest.Message{onnxtest.Value("x", onnxtest.Int64, 1, -1)}, Outputs: []onnxtest.Message{onnxtest.Value("y", onnxtest.Float, 1, -1, dim)},
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "weights"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"m.onnx": g.Model(), "weights/t.bin": append(make([]byte, 64), onnxtest.Floats(values)...)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, out := target(t)
	r, err := Model(t.Context(), os.DirFS(dir), "m.onnx", root, "m.onnx", Int8, nil)
	if err != nil || r.Converted != rows*dim+dim*dim {
		t.Fatal(r, err)
	}
	in := ort.Tensor{Shape: []int64{1, 5}, Int64: []int64{3, 1999, 0, 700, 3}}
	if c := cosine(run(t, filepath.Join(dir, "m.onnx"), in), run(t, filepath.Join(out, "m.onnx"), in)); c < 0.9999 {
		t.Errorf("cosine %.6f", c)
	}
	if st, err := os.Stat(filepath.Join(out, "m.onnx")); err != nil || st.Size() > 160_000 {
		t.Errorf("%d bytes, %v", st.Size(), err)
	}
}

// TestNeighboursDoNotOverflow holds what makes vectors independent of the processor.
func TestNeighboursDoNotOverflow(t *testing.T) {
	const k, n = 101, 40
	values := noise(k*n, 3)
	for i := range values { // some columns are one-sided, some have one large weight
		switch i % n % 4 {
		case 1:
			values[i] = float32(math.Abs(float64(values[i])))
		case 2:
			values[i] *= values[i] * values[i]
		case 3:
			values[i] = 0
		}
	}
	whole, scales, err := columns(values, k, n, false)
	if err != nil {
		t.Fatal(err)
	}
	for j := range n {
		for i := 0; i+1 < k; i += 2 {
			a, b := int(int8(whole[i*n+j])), int(int8(whole[(i+1)*n+j]))
			if 255*(max(a, 0)+max(b, 0)) > math.MaxInt16 || 255*(min(a, 0)+min(b, 0)) < math.MinInt16 {
				t.Fatalf("column %d has the neighbours %d and %d", j, a, b)
			}
		}
		var wrong, all float64
		for i := range k {
			v := float64(values[i*n+j])
			d := v - float64(int8(whole[i*n+j]))*float64(scales[j])
			wrong, all = wrong+d*d, all+v*v
		}
		if wrong > 1e-3*all {
			t.Errorf("column %d is off by %.2g of its square", j, wrong/all)
		}
	}
	turned := make([]float32, len(values))
	for i := range k {
		for j := range n {
			turned[j*k+i] = values[i*n+j]
		}
	}
	other, _, err := columns(turned, k, n, true)
	if err != nil || !bytes.Equal(whole, other) {
		t.Error("the transposed matrix gives other numbers", err)
	}
}

func TestWhatCannotBeConvertedIsRefused(t *testing.T) {
	fine := graphs()["product"]
	with := func(change func(*onnxtest.Graph)) []byte {
		g := fine
		change(&g)
		return g.Model()
	}
	nan := noise(48*32, 1)
	nan[7] = float32(math.NaN())
	for name, c := range map[string]struct {
		data []byte
		to   Precision
		want string
	}{
		"empty":    {nil, Int8, "not a whole ONNX model"},
		"cut":      {fine.Model()[:400], Int8, "ends before its contents do"},
		"noise":    {[]byte("this is no model at all, only a few words"), Int8, "not a whole ONNX model"},
		"a loop":   {onnxtest.Endless(), Int8, "branches or loops"},
		"half":     {with(func(g *onnxtest.Graph) { g.Weights = []onnxtest.Message{halfTensor("w", 48, 32)} }), Int8, "half precision"},
		"half too": {with(func(g *onnxtest.Graph) { g.Weights = []onnxtest.Message{halfTensor("w", 48, 32)} }), Float16, "half precision already"},
		"no weights": {with(func(g *onnxtest.Graph) {
			g.Nodes, g.Weights = []onnxtest.Message{onnxtest.Node("Relu", []string{"x"}, []string{"y"})}, nil
		}), Int8, "would change nothing"},
		"unknown operator": {with(func(g *onnxtest.Graph) {
			g.Nodes = []onnxtest.Message{onnxtest.Node("Frobnicate", []string{"x", "w"}, []string{"y"})}
		}), Float16, `operator "Frobnicate"`},
		"wrong size": {with(func(g *onnxtest.Graph) { g.Weights = []onnxtest.Message{onnxtest.Tensor("w", noise(10, 1), 48, 32)} }), Int8, "40 bytes instead of 6144"},
		"twice":      {with(func(g *onnxtest.Graph) { g.Weights = []onnxtest.Message{g.Weights[0], g.Weights[0]} }), Int8, "names of their own"},
		"before made": {with(func(g *onnxtest.Graph) {
			g.Nodes = []onnxtest.Message{onnxtest.Node("MatMul", []string{"z", "w"}, []string{"y"})}
		}), Int8, `uses "z" before it is made`},
		"huge": {with(func(g *onnxtest.Graph) {
			g.Weights = []onnxtest.Message{onnxtest.External("w", "w.bin", "", "", 1<<33, 1<<33)}
		}), Int8, "impossible size"},
		"out of folder": {with(func(g *onnxtest.Graph) {
			g.Weights = []onnxtest.Message{onnxtest.External("w", "../w.bin", "", "", 48, 32)}
		}), Int8, "outside of its folder"},
		"no such file": {with(func(g *onnxtest.Graph) {
			g.Weights = []onnxtest.Message{onnxtest.External("w", "w.bin", "", "", 48, 32)}
		}), Int8, "w.bin cannot be read"},
		"not a number":   {with(func(g *onnxtest.Graph) { g.Weights = []onnxtest.Message{onnxtest.Tensor("w", nan, 48, 32)} }), Int8, "not numbers"},
		"not a number 2": {with(func(g *onnxtest.Graph) { g.Weights = []onnxtest.Message{onnxtest.Tensor("w", nan, 48, 32)} }), Float16, "not numbers"},
		"to what":        {fine.Model(), "int3", "not known"},
	} {
		t.Run(name, func(t *testing.T) {
			root, dir := target(t)
			_, err := Model(t.Context(), fstest.MapFS{"m.onnx": {Data: c.data}}, "m.onnx", root, "m.onnx", c.to, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error: %v", err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%s is left", left[0].Name())
			}
		})
	}
}

func halfTensor(name string, dims ...int64) onnxtest.Message {
	var m onnxtest.Message
	n := int64(1)
	for _, d := range dims {
		m, n = m.Int(1, d), n*d
	}
	return m.Int(2, onnxtest.Float16).Text(8, name).Bytes(9, make([]byte, 2*n))
}

// TestConvertingCanBeCancelled cancels it in one file and between two: the weights go first.
func TestConvertingCanBeCancelled(t *testing.T) {
	for _, limit := range []int64{maxInline, 0} {
		for _, after := range []int64{0, 48 * 32} {
			ctx, cancel := context.WithCancelCause(t.Context())
			stop := errors.New("enough")
			root, dir := target(t)
			_, err := convert(ctx, fstest.MapFS{"m.onnx": {Data: graphs()["sum"].Model()}}, "m.onnx", root, "m.onnx", Int8, limit, func(done, _ int64) {
				if done >= after {
					cancel(stop)
				}
			})
			if !errors.Is(err, stop) {
				t.Errorf("error: %v", err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%s is left", left[0].Name())
			}
		}
	}
}

func FuzzModel(f *testing.F) {
	for _, g := range graphs() {
		f.Add(g.Model())
	}
	f.Add(onnxtest.Endless())
	for _, files := range []onnxtest.Files{onnxtest.Descry(), onnxtest.Immich()} {
		for name, data := range files {
			if strings.HasSuffix(name, ".onnx") {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, dir := target(t)
		fsys := fstest.MapFS{"m.onnx": {Data: data}, "w.bin": {Data: make([]byte, 64)}}
		for _, to := range []Precision{Int8, Float16} {
			if _, err := Model(t.Context(), fsys, "m.onnx", root, "m.onnx", to, nil); err != nil {
				continue
			}
			// What was written can be read again and is no longer than it may be.
			m, err := open(os.DirFS(dir), "m.onnx")
			if err != nil {
				t.Fatalf("%s: %v", to, err)
			}
			m.close()
			if st, err := fs.Stat(os.DirFS(dir), "m.onnx"); err != nil || st.Size() > 64*int64(len(data))+1<<16 {
				t.Fatalf("%d bytes of %d, %v", st.Size(), len(data), err)
			}
		}
	})
}
