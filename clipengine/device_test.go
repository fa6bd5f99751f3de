package clipengine

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/clipengine/ort"
)

const fakeSize = 4

// fakeTower gives each picture a vector that follows from it alone: its first numbers.
type fakeTower struct {
	m        *fakeMachine
	provider string
	mu       sync.Mutex
	closed   bool
	batches  []int
	lent     sync.WaitGroup
}

func (t *fakeTower) Run(ctx context.Context, in ...ort.Tensor) ([]ort.Output, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	n := int(in[0].Shape[0])
	t.mu.Lock()
	closed := t.closed
	t.batches = append(t.batches, n)
	t.mu.Unlock()
	if closed {
		return nil, ort.ErrClosed
	}
	if t.provider != ort.CPU {
		if err := t.m.run(ctx, t, n); err != nil {
			return nil, err
		}
	}
	out := ort.Output{Shape: []int64{int64(n), 3}}
	for i := range n {
		p := in[0].Float32[i*3*fakeSize*fakeSize:]
		a, b, c := p[0]+2, p[17]-p[5], p[40]
		if t.provider != ort.CPU {
			b += t.m.wrong
			if t.m.blind > 0 && p[0] == t.m.blind {
				b = float32(math.NaN())
			}
		}
		out.Data = append(out.Data, a, b, c)
	}
	if t.provider != ort.CPU && t.m.mixes > 0 && n > t.m.mixes {
		out.Data = append(out.Data[3*n-3:], out.Data[:3*n-3]...)
	}
	return []ort.Output{out}, nil
}

func (t *fakeTower) Survey(ctx context.Context, in ...ort.Tensor) (ort.Placement, error) {
	if t.m.placed != nil {
		return *t.m.placed, nil
	}
	return ort.Placement{Nodes: map[string]int{t.provider: 9, "cpu": 1}, Heavy: map[string]int{t.provider: 4}}, nil
}

func (t *fakeTower) Input(shape []int64, _ bool) (ort.Tensor, func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	in := ort.Tensor{Shape: shape, Float32: make([]float32, shape[0]*shape[1]*shape[2]*shape[3])}
	if t.closed {
		return in, func() {}
	}
	t.lent.Add(1)
	return in, func() { clear(in.Float32); t.lent.Done() }
}

// Close waits for the memory that was lent, as that of a session.
func (t *fakeTower) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.lent.Wait()
	return nil
}

// fakeMachine is a computer with the devices that a test gives it.
type fakeMachine struct {
	mu      sync.Mutex
	have    []ort.Device
	broken  map[string]error // by provider: it cannot be opened
	wrong   float32          // added to one number of each vector of a device
	placed  *ort.Placement
	blind   float32 // 0: never; a picture that begins with it has no direction on a device
	mixes   int     // 0: never; in longer runs it gives each picture the vector of the one before
	onRun   func(ctx context.Context, t *fakeTower, n int) error
	await   func(n int) // called once, before the next run of n pictures
	driver  string
	retest  bool
	opened  []string
	towers  []*fakeTower
	clock   time.Time
	notices []string
}

func (m *fakeMachine) run(ctx context.Context, t *fakeTower, n int) error {
	m.mu.Lock()
	f, await := m.onRun, m.await
	m.await = nil
	m.mu.Unlock()
	if await != nil {
		await(n)
	}
	if f != nil {
		return f(ctx, t, n)
	}
	return nil
}

func (m *fakeMachine) set(f func()) { m.mu.Lock(); defer m.mu.Unlock(); f() }

func (m *fakeMachine) now() time.Time { m.mu.Lock(); defer m.mu.Unlock(); return m.clock }

func (m *fakeMachine) told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.notices)
}

// vision is the tower of a model on the machine, with its devices tried.
func (m *fakeMachine) vision(t *testing.T, provider string, proofs *Proofs) (*vision, error) {
	t.Helper()
	v := m.begun(t, provider, proofs)
	if err := v.begin(context.Background()); err != nil {
		return v, err
	}
	return v, v.ready(context.Background())
}

func (m *fakeMachine) begun(t *testing.T, provider string, proofs *Proofs) *vision {
	t.Helper()
	v := &vision{
		space: "s1", size: fakeSize, slots: make(chan struct{}, 2),
		preprocess: func(img *image.RGBA) []float32 {
			out := make([]float32, 3*fakeSize*fakeSize)
			for i := range out {
				at := img.PixOffset(i%fakeSize, i/fakeSize%fakeSize)
				out[i] = float32(img.Pix[at+i/(fakeSize*fakeSize)]) / 255
			}
			return out
		},
		o: Options{Provider: provider, Proofs: proofs, Retest: m.retest, Now: m.now, Log: discard(), Notice: func(s string) { m.set(func() { m.notices = append(m.notices, s) }) }},
		m: machine{
			system: "linux", library: "1.30.0", driver: func(string) string { return m.driver },
			devices: func() ([]ort.Device, []string, error) { return m.have, nil, nil },
			open: func(p string) (tower, error) {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.opened = append(m.opened, p)
				if err := m.broken[p]; err != nil {
					return nil, err
				}
				tower := &fakeTower{m: m, provider: p}
				m.towers = append(m.towers, tower)
				return tower, nil
			},
		},
	}
	t.Cleanup(func() { _ = v.close() })
	return v
}

func gpus(names ...string) (out []ort.Device) {
	for _, n := range names {
		out = append(out, ort.Device{Provider: n, Kind: ort.GPUKind})
	}
	return append(out, ort.Device{Provider: ort.CPU, Kind: ort.CPUKind})
}

func TestOrderAndRefusal(t *testing.T) {
	onCPU := &ort.Placement{Nodes: map[string]int{"cuda": 90, "cpu": 10}, Heavy: map[string]int{"cpu": 3, "cuda": 1}}
	missing := errors.New("the provider cuda does not work on this machine: libcudart.so.13 is missing")
	for _, c := range []struct {
		name, asked string
		m           *fakeMachine
		want        string   // what computes
		refuses     string   // part of the error
		notices     []string // part of each
	}{
		{"the best one", "", &fakeMachine{have: gpus("webgpu", "cuda")}, "cuda", "", nil},
		{"no device", "", &fakeMachine{have: gpus()}, "cpu", "", nil},
		{"only when asked for", "auto", &fakeMachine{have: gpus("tensorrt")}, "cpu", "", nil},
		{"a plug-in on the CPU", "", &fakeMachine{have: []ort.Device{{Provider: "openvino", Kind: ort.CPUKind}}}, "cpu", "", nil},
		{"that, asked for", "openvino", &fakeMachine{have: []ort.Device{{Provider: "openvino", Kind: ort.CPUKind}}}, "openvino", "", nil},
		{"asked for", "WebGPU", &fakeMachine{have: gpus("webgpu", "cuda")}, "webgpu", "", nil},
		{"the CPU", "cpu", &fakeMachine{have: gpus("cuda")}, "cpu", "", nil},
		{"the next one", "", &fakeMachine{have: gpus("webgpu", "cuda"), broken: map[string]error{"cuda": missing}}, "webgpu", "", []string{"Cuda is not used: the provider cuda does not work"}},
		{"none works", "", &fakeMachine{have: gpus("cuda"), broken: map[string]error{"cuda": missing}}, "cpu", "", []string{"libcudart"}},
		{"asked for and broken", "cuda", &fakeMachine{have: gpus("webgpu", "cuda"), broken: map[string]error{"cuda": missing}}, "", "libcudart", nil},
		{"unknown", "abacus", &fakeMachine{have: gpus()}, "", "is not known", nil},
		{"wrong vectors", "", &fakeMachine{have: gpus("cuda"), wrong: 0.9}, "cpu", "", []string{"cosine distance"}},
		{"no numbers", "", &fakeMachine{have: gpus("cuda"), wrong: float32(math.NaN())}, "cpu", "", []string{"no direction"}},
		{"wrong vectors, asked for", "cuda", &fakeMachine{have: gpus("cuda"), wrong: 0.9}, "", "cosine distance", nil},
		{"heavy nodes on the CPU", "", &fakeMachine{have: gpus("cuda"), placed: onCPU}, "cpu", "", []string{"leaves what takes time to the CPU (cuda 90 of 100 nodes, cpu 10)"}},
		{"those, asked for", "cuda", &fakeMachine{have: gpus("cuda"), placed: onCPU}, "", "leaves what takes time", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := c.m.vision(t, c.asked, ReadProofs(""))
			if c.refuses != "" {
				if err == nil || !strings.Contains(err.Error(), c.refuses) {
					t.Fatalf("error %v, want %q", err, c.refuses)
				}
				return
			}
			if err != nil || v.provider() != c.want {
				t.Fatalf("%s computes, %v, want %s", v.provider(), err, c.want)
			}
			told := c.m.told()
			if len(told) != len(c.notices) {
				t.Fatalf("notices %q", told)
			}
			for i, n := range c.notices {
				if !strings.Contains(told[i], n) || !strings.HasSuffix(told[i], ". "+computer(c.want)+" computes.") {
					t.Errorf("notice %q, want %q", told[i], n)
				}
			}
			if len(told) != len((&Engine{vision: v}).Device().Refused) {
				t.Errorf("refusals %v", v.refused)
			}
		})
	}
}

// TestProofsAreRemembered opens the same model again and again: a device is tested once, a
// refusal holds without a test, and both end with the driver, or when a test is asked for.
func TestProofsAreRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache", "devices.json")
	m := &fakeMachine{have: gpus("cuda"), driver: "580", clock: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	open := func(retest bool) (opened, computes string) {
		t.Helper()
		m.opened, m.notices, m.retest = nil, nil, retest
		v, err := m.vision(t, "", ReadProofs(path))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = v.close() }()
		return strings.Join(m.opened, " "), v.provider()
	}
	for i, c := range []struct {
		driver           string
		wrong            float32
		retest           bool
		opened, computes string
		notices          int
	}{
		{"580", 0, false, "cuda cpu", "cuda", 0},  // tested
		{"580", 0.9, false, "cuda", "cuda", 0},    // known to be right: not tested
		{"590", 0.9, false, "cuda cpu", "cpu", 1}, // another driver: tested, and refused
		{"590", 0, false, "", "cpu", 0},           // remembered, not opened, not said again
		{"590", 0, true, "cuda cpu", "cuda", 0},   // asked for
		{"590", 0, false, "cuda", "cuda", 0},
	} {
		m.driver, m.wrong = c.driver, c.wrong
		opened, computes := open(c.retest)
		if opened != c.opened || computes != c.computes || len(m.notices) != c.notices {
			t.Errorf("step %d: opened %q, %s computes, notices %q; want %q, %s, %d", i, opened, computes, m.notices, c.opened, c.computes, c.notices)
		}
	}
}

// encodeAll encodes n different pictures at once and compares each with what the CPU gives.
func encodeAll(t *testing.T, v *vision, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			tensor := make([]float32, 3*fakeSize*fakeSize)
			for j := range tensor {
				tensor[j] = float32(i*31+j*7%13) / 100
			}
			got, by, err := v.encode(context.Background(), tensor)
			if err != nil {
				t.Errorf("picture %d: %v", i, err)
				return
			}
			if want := []float32{tensor[0] + 2, tensor[17] - tensor[5], tensor[40]}; !slices.Equal(got, want) || by != ort.CPU && by != v.device {
				t.Errorf("picture %d: %v by %s, want %v", i, got, by, want)
			}
		})
	}
	wg.Wait()
}

// crowd is encodeAll with all pictures waiting before the first of them runs, so that batches
// are as full as they may be.
func crowd(t *testing.T, m *fakeMachine, v *vision, n int) {
	t.Helper()
	m.set(func() {
		m.await = func(runs int) {
			for waiting := 0; waiting+runs < n; runtime.Gosched() {
				waiting = 0
				v.dev.mu.Lock()
				for _, b := range v.dev.waiting {
					waiting += len(b.calls)
				}
				v.dev.mu.Unlock()
			}
		}
	})
	encodeAll(t, v, n)
}

// ready opens a vision on a device and forgets what its test ran.
func ready(t *testing.T, m *fakeMachine, proofs *Proofs) (*vision, *fakeTower) {
	t.Helper()
	m.clock = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	v, err := m.vision(t, "cuda", proofs)
	if err != nil {
		t.Fatal(err)
	}
	for _, tower := range m.towers {
		if tower.provider == "cuda" && !tower.closed {
			tower.batches = nil
			return v, tower
		}
	}
	t.Fatal("no device")
	return nil, nil
}

// TestBatchesGrowWhileThatPays lets a run take 10 ms and 1 ms for each picture, up to 8 of
// them, and 3 ms for each in longer ones.
func TestBatchesGrowWhileThatPays(t *testing.T) {
	proofs := ReadProofs("")
	m := &fakeMachine{have: gpus("cuda")}
	v, tower := ready(t, m, proofs)
	m.set(func() {
		m.onRun = func(_ context.Context, _ *fakeTower, n int) error {
			each := time.Millisecond
			if n > 8 {
				each = 3 * time.Millisecond
			}
			m.set(func() { m.clock = m.clock.Add(10*time.Millisecond + time.Duration(n)*each) })
			return nil
		}
	})
	for range 40 {
		crowd(t, m, v, v.parallel())
	}
	if d := (&Engine{vision: v}).Device(); d.Batch != 8 || v.parallel() != 16 {
		t.Errorf("the batch is %d, %d wait; runs %v", d.Batch, v.parallel(), tower.batches)
	}
	if p, ok := proofs.find(v.key("cuda")); !ok || p.Batch != 8 {
		t.Errorf("remembered: %+v", p)
	}
	again, tower := ready(t, &fakeMachine{have: gpus("cuda")}, proofs)
	encodeAll(t, again, 64) // however they come
	if slices.Max(tower.batches) > 8 || again.parallel() != 16 {
		t.Errorf("runs %v, %d wait", tower.batches, again.parallel())
	}
}

func TestMemoryRunsOut(t *testing.T) {
	for _, fits := range []int{16, 2, 1} {
		t.Run(fmt.Sprint(fits), func(t *testing.T) {
			proofs := ReadProofs("")
			m := &fakeMachine{have: gpus("cuda")}
			v, tower := ready(t, m, proofs)
			v.dev.length = 32 // as if it had grown while more memory was free
			m.set(func() {
				m.onRun = func(_ context.Context, _ *fakeTower, n int) error {
					if n > fits {
						return fmt.Errorf("ONNX Runtime cannot run the model: %w: CUDA", ort.ErrMemory)
					}
					return nil
				}
			})
			crowd(t, m, v, 100)
			if v.provider() != "cuda" || len(m.told()) > 0 {
				t.Errorf("%s computes, notices %q", v.provider(), m.told())
			}
			p, _ := proofs.find(v.key("cuda"))
			if slices.Max(tower.batches) > fits && p.Batch != fits {
				t.Errorf("remembered %d, runs %v", p.Batch, tower.batches)
			}
			runs := len(tower.batches)
			crowd(t, m, v, 100)
			if slices.Max(tower.batches) > fits && slices.Max(tower.batches[runs:]) > fits {
				t.Errorf("longer runs again: %v", tower.batches[runs:])
			}
			// The next start may find the memory that another program had.
			next := &fakeMachine{have: gpus("cuda")}
			v, _ = ready(t, next, proofs)
			next.set(func() {
				next.onRun = func(_ context.Context, _ *fakeTower, n int) error { // longer ones pay
					next.set(func() { next.clock = next.clock.Add(10*time.Millisecond + time.Duration(n)*time.Millisecond) })
					return nil
				}
			})
			for range 30 {
				crowd(t, next, v, v.parallel())
			}
			if p, _ := proofs.find(v.key("cuda")); p.Batch != mostBatch || p.Short {
				t.Errorf("with memory: remembered %+v", p)
			}
		})
	}
}

func TestModelsThatTakeOnePictureRunSingly(t *testing.T) {
	m := &fakeMachine{have: gpus("cuda")}
	v, err := m.vision(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	v.dev.most, v.dev.settled = 1, true
	encodeAll(t, v, 50)
	for _, tower := range m.towers {
		if tower.provider == "cuda" && slices.Max(tower.batches[len(tower.batches)-50:]) != 1 {
			t.Errorf("runs %v", tower.batches)
		}
	}
}

// TestLostDevice makes a device fail while pictures are encoded: none is lost, the CPU takes
// over with one notice, and the device is tried again, each time later, until it works.
func TestLostDevice(t *testing.T) {
	m := &fakeMachine{have: gpus("cuda")}
	v, _ := ready(t, m, nil)
	gone := errors.New("CUDA error 700: an illegal memory access was encountered")
	m.set(func() { m.onRun = func(context.Context, *fakeTower, int) error { return gone } })
	encodeAll(t, v, 100)
	if told := m.told(); v.provider() != "cpu" || len(told) != 1 || !strings.Contains(told[0], "Cuda failed: CUDA error 700") {
		t.Fatalf("%s computes, notices %q", v.provider(), told)
	}
	if d := (&Engine{vision: v}).Device(); d.Provider != "cpu" || d.Wanted != "cuda" {
		t.Errorf("%+v", d)
	}
	tries := func() (n int) {
		v.trying.Wait()
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, p := range m.opened {
			if p == "cuda" {
				n++
			}
		}
		return n - 1
	}
	pass := func(d time.Duration) { m.set(func() { m.clock = m.clock.Add(d) }); encodeAll(t, v, 3) }
	for i, c := range []struct {
		after time.Duration
		tries int
	}{{59 * time.Second, 0}, {time.Second, 1}, {time.Minute, 1}, {time.Minute, 2}, {3 * time.Minute, 2}, {time.Minute, 3}} {
		pass(c.after)
		if n := tries(); n != c.tries || v.provider() != "cpu" {
			t.Fatalf("step %d: tried %d times, %s computes, want %d", i, n, v.provider(), c.tries)
		}
	}
	m.set(func() { m.onRun = nil })
	pass(8 * time.Minute)
	tries()
	if told := m.told(); v.provider() != "cuda" || len(told) != 2 || !strings.Contains(told[1], "works again") {
		t.Fatalf("%s computes, notices %q", v.provider(), told)
	}
	encodeAll(t, v, 20)
	// It fails again at once: it is not tried as soon as the first time.
	m.set(func() { m.onRun = func(context.Context, *fakeTower, int) error { return gone } })
	encodeAll(t, v, 20)
	before := tries()
	pass(10 * time.Minute)
	if n := tries(); n != before {
		t.Errorf("tried again after ten minutes")
	}
	// A device without memory for one picture is lost as well.
	m.set(func() { m.onRun = nil })
	pass(time.Hour)
	tries()
	m.set(func() { m.onRun = func(context.Context, *fakeTower, int) error { return ort.ErrMemory } })
	encodeAll(t, v, 20)
	if told := m.told(); v.provider() != "cpu" || !strings.Contains(told[len(told)-1], "not enough memory for one picture") {
		t.Errorf("%s computes, notices %q", v.provider(), told)
	}
}

// TestEndingTheContextLeavesABatch ends the wait of some pictures of a batch that runs: the
// others get their vectors. When all have gone the run is ended.
func TestEndingTheContextLeavesABatch(t *testing.T) {
	m := &fakeMachine{have: gpus("cuda")}
	v, _ := ready(t, m, nil)
	begun, ended := make(chan int, 10), make(chan error, 10)
	release := make(chan struct{})
	m.set(func() {
		m.onRun = func(ctx context.Context, _ *fakeTower, n int) error {
			begun <- n
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				ended <- context.Cause(ctx)
				return context.Cause(ctx)
			}
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	tensor := make([]float32, 3*fakeSize*fakeSize)
	results := make(chan error, 2)
	go func() { _, _, err := v.encode(ctx, tensor); results <- err }()
	<-begun
	cancel()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("the wait ended with %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the run ended with %v", err)
	}
	if v.provider() != "cuda" {
		t.Error("a cancelled run counts as a lost device")
	}
	go func() { _, _, err := v.encode(context.Background(), tensor); results <- err }()
	<-begun
	close(release)
	if err := <-results; err != nil {
		t.Error(err)
	}
}
