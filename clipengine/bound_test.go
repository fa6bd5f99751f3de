package clipengine

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"descry/assets"
	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/internal/testdata"
)

// asDevice passes a session on the CPU off as one on a device.
type asDevice struct{ *ort.Session }

func (d asDevice) Survey(ctx context.Context, in ...ort.Tensor) (ort.Placement, error) {
	p, err := d.Session.Survey(ctx, in...)
	p.Nodes, p.Heavy = map[string]int{"cuda": 1}, map[string]int{"cuda": 1}
	return p, err
}

// TestPicturesGoThroughLentMemory has the starter encode pictures in bound batches, some of which
// nobody waits for any more, loses the device in between, and closes it.
func TestPicturesGoThroughLentMemory(t *testing.T) {
	if err := ort.Init(testdata.Runtime(t)); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	data, err := b.Vision.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	m := &fakeMachine{clock: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	v := newVision(b, "s1", Need{}, Options{Provider: "cuda", Threads: 2, Now: m.now, Log: discard()}, machine{
		system: "linux", driver: func(string) string { return "" },
		open: func(provider string) (tower, error) {
			s, err := ort.OpenBytes(data, ort.Options{
				Inputs: []string{b.Vision.Inputs[0].Name}, Outputs: []ort.Port{{Name: b.Vision.Output}}, Bind: provider != ort.CPU,
			})
			if err != nil || provider == ort.CPU {
				return s, err
			}
			return asDevice{s}, nil
		},
	})
	if err := v.begin(context.Background()); err != nil {
		t.Fatal(err)
	}
	if d := (&Engine{vision: v}).Device(); d.Provider != "cuda" || !d.Placement.Locked {
		t.Fatalf("%+v", d)
	}
	cpu, err := v.m.open(ort.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cpu.Close() }()
	var tensors, want [][]float32
	for i := range 12 {
		img := image.NewRGBA(image.Rect(0, 0, 300, 300))
		for j := range img.Pix {
			img.Pix[j] = byte(128 + 127*math.Sin(float64(i)+float64(j)/float64(50+i)))
		}
		tensors = append(tensors, b.Preprocess.Tensor(img))
		out, err := cpu.Run(context.Background(), v.picture(tensors[i]))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, out[0].Data)
	}
	gone, cancel := context.WithCancel(context.Background())
	defer cancel()
	crowd := func() {
		var wg sync.WaitGroup
		for i := range 3 * len(tensors) {
			wg.Go(func() {
				ctx, at := context.Background(), i%len(tensors)
				if i%5 == 4 {
					ctx = gone
				}
				got, _, err := v.encode(ctx, tensors[at])
				switch {
				case ctx == gone && errors.Is(err, context.Canceled):
				case err != nil:
					t.Errorf("picture %d: %v", at, err)
				case !slices.Equal(got, want[at]):
					t.Errorf("picture %d has another vector", at)
				}
			})
		}
		wg.Wait()
	}
	for i := range 4 {
		m.set(func() { m.clock = m.clock.Add(2 * retryFirst) })
		if i == 2 {
			dev := v.dev
			go v.lost(dev, errors.New("gone"))
		}
		if i == 1 {
			cancel()
		}
		crowd()
	}
	v.trying.Wait()
	if v.provider() != "cuda" {
		t.Errorf("%s computes", v.provider())
	}
	if err := v.close(); err != nil {
		t.Error(err)
	}
}
