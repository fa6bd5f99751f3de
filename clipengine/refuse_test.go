package clipengine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"descry/clipengine/ort"
)

// TestWhatIsRememberedOfARefusal starts three times: on a device that works or not, on one with
// a fault, and again without it. Wrong vectors refuse a device until something changes; that it
// was full, or could not be opened, refuses it for that start alone.
func TestWhatIsRememberedOfARefusal(t *testing.T) {
	full := func(context.Context, *fakeTower, int) error { return fmt.Errorf("%w: CUDA", ort.ErrMemory) }
	for _, c := range []struct {
		name     string
		before   bool // it worked before
		fault    func(m *fakeMachine)
		computes string // in the end
	}{
		{"full at first", false, func(m *fakeMachine) { m.onRun = full }, "cuda"},
		{"full later, asked to be tested", true, func(m *fakeMachine) { m.onRun, m.retest = full, true }, "cuda"},
		{"not opened at first", false, func(m *fakeMachine) { m.broken = map[string]error{"cuda": errors.New("busy")} }, "cuda"},
		{"not opened later", true, func(m *fakeMachine) { m.broken = map[string]error{"cuda": errors.New("busy")} }, "cuda"},
		{"wrong vectors", false, func(m *fakeMachine) { m.wrong = 0.9 }, "cpu"},
		{"no numbers", false, func(m *fakeMachine) { m.wrong = float32(math.NaN()) }, "cpu"},
		{"nodes on the CPU", false, func(m *fakeMachine) {
			m.placed = &ort.Placement{Nodes: map[string]int{"cpu": 9}, Heavy: map[string]int{"cpu": 3}}
		}, "cpu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "devices.json")
			start := func(m *fakeMachine) string {
				t.Helper()
				m.have, m.clock = gpus("cuda"), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
				v, err := m.vision(t, "", ReadProofs(path))
				if err != nil {
					t.Fatal(err)
				}
				return v.provider()
			}
			if c.before && start(&fakeMachine{}) != "cuda" {
				t.Fatal("it does not work")
			}
			faulty := &fakeMachine{}
			c.fault(faulty)
			if got := start(faulty); got != "cpu" {
				t.Fatalf("%s computes on a device with a fault", got)
			}
			if got := start(&fakeMachine{}); got != c.computes {
				t.Errorf("%s computes in the end, want %s", got, c.computes)
			}
		})
	}
}

// TestAWrongDeviceIsRememberedAfterItWasLost lets a device fail and come back with wrong vectors.
func TestAWrongDeviceIsRememberedAfterItWasLost(t *testing.T) {
	proofs := ReadProofs("")
	m := &fakeMachine{have: gpus("cuda")}
	v, _ := ready(t, m, proofs)
	m.set(func() { m.onRun = func(context.Context, *fakeTower, int) error { return errors.New("CUDA error 700") } })
	encodeAll(t, v, 1)
	m.set(func() { m.onRun, m.wrong, m.clock = nil, 0.9, m.clock.Add(retryMost) })
	encodeAll(t, v, 1)
	v.trying.Wait()
	if p, _ := proofs.find(v.key("cuda")); !strings.Contains(p.Refused, "cosine distance") {
		t.Errorf("remembered: %+v", p)
	}
}

// TestTheCPUIsNotHeldInVain counts the towers that are in memory.
func TestTheCPUIsNotHeldInVain(t *testing.T) {
	m := &fakeMachine{have: gpus("cuda")}
	v, _ := ready(t, m, nil)
	held := func() (out []string) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, tower := range m.towers {
			tower.mu.Lock()
			if !tower.closed {
				out = append(out, tower.provider)
			}
			tower.mu.Unlock()
		}
		return out
	}
	m.set(func() { m.onRun = func(context.Context, *fakeTower, int) error { return errors.New("CUDA error 700") } })
	encodeAll(t, v, 9)
	if got := fmt.Sprint(held()); got != "[cpu]" {
		t.Errorf("while the device is out of order %s are held", got)
	}
	m.set(func() { m.onRun, m.clock = nil, m.clock.Add(retryMost) })
	encodeAll(t, v, 50) // while it is tried and the CPU goes
	v.trying.Wait()
	if got := fmt.Sprint(held()); got != "[cuda]" {
		t.Errorf("once it works again %s are held", got)
	}
	wrong := &fakeMachine{have: gpus("cuda"), wrong: 0.9}
	v, err := wrong.vision(t, "cuda", nil)
	if err == nil {
		t.Fatal("wrong vectors are taken")
	}
	_ = v.close() // as Open does
	for _, tower := range wrong.towers {
		if !tower.closed {
			t.Errorf("%s is held by an engine that could not be opened", tower.provider)
		}
	}
}

// TestClosingEndsATest closes an engine while a device that failed is tested again.
func TestClosingEndsATest(t *testing.T) {
	proofs := ReadProofs("")
	m := &fakeMachine{have: gpus("cuda")}
	v, _ := ready(t, m, proofs)
	m.set(func() { m.onRun = func(context.Context, *fakeTower, int) error { return errors.New("CUDA error 700") } })
	encodeAll(t, v, 1)
	begun := make(chan bool)
	m.set(func() {
		m.clock = m.clock.Add(retryMost)
		m.onRun = func(ctx context.Context, _ *fakeTower, _ int) error {
			begun <- true
			<-ctx.Done()
			return context.Cause(ctx)
		}
	})
	encodeAll(t, v, 1)
	<-begun
	if err := v.close(); err != nil {
		t.Error(err)
	}
	if p, _ := proofs.find(v.key("cuda")); p.Refused != "" || p.Tested.IsZero() {
		t.Errorf("remembered: %+v", p)
	}
}

// TestVectorsNameWhatComputedThem encodes on a device, on one that is lost just after, on the CPU
// in its place, and on a device that gives no direction for a picture.
func TestVectorsNameWhatComputedThem(t *testing.T) {
	m := &fakeMachine{have: gpus("cuda")}
	v, _ := ready(t, m, nil)
	encode := func(want string) {
		t.Helper()
		out, by, err := v.encode(context.Background(), make([]float32, 3*fakeSize*fakeSize))
		if err != nil || by != want || normalize(out) != nil {
			t.Errorf("%v by %s, %v, want %s", out, by, err, want)
		}
	}
	encode("cuda")
	m.set(func() { m.wrong = float32(math.NaN()) })
	encode("cpu")
	if v.provider() != "cuda" {
		t.Error("a picture without a direction counts as a lost device")
	}
	dev := v.dev
	m.set(func() {
		m.wrong = 0
		m.onRun = func(context.Context, *fakeTower, int) error {
			go v.lost(dev, errors.New("gone")) // waits for this run
			for v.provider() != "cpu" {
				runtime.Gosched()
			}
			return nil
		}
	})
	encode("cuda")
	if v.provider() != "cpu" {
		t.Error("the device is not lost")
	}
	encode("cpu")
}

// TestDevicesAreTriedWhenTheFirstPictureComes opens models on a machine with a device: nothing is
// loaded until a picture comes, but a device that was asked for and that no test has shown to work.
func TestDevicesAreTriedWhenTheFirstPictureComes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devices.json")
	for _, c := range []struct {
		name, asked string
		m           *fakeMachine
		atOnce      string // what is opened before a picture comes
		opened      string // and all in all
	}{
		{"asked for, not tested", "cuda", &fakeMachine{}, "cuda cpu", "cuda cpu"},
		{"asked for, tested", "cuda", &fakeMachine{}, "", "cuda"},
		{"to be tested again", "", &fakeMachine{retest: true}, "cuda cpu", "cuda cpu"},
		{"the best one", "", &fakeMachine{}, "", "cuda"},
		{"the CPU", "cpu", &fakeMachine{}, "", "cpu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.have, c.m.clock = gpus("cuda"), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
			v := c.m.begun(t, c.asked, ReadProofs(path))
			if err := v.begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.m.opened, " "); got != c.atOnce {
				t.Errorf("before a picture came %q is opened", got)
			}
			if known := c.atOnce != "" || c.asked == "cpu"; known != (v.provider() != "") {
				t.Errorf("before a picture came %q computes", v.provider())
			}
			encodeAll(t, v, 20)
			if got := strings.Join(c.m.opened, " "); got != c.opened {
				t.Errorf("%q was opened in the end, want %q", got, c.opened)
			}
		})
	}
}

// TestARefusedDeviceLoadsNothing asks what computes where a device was refused before.
func TestARefusedDeviceLoadsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devices.json")
	var held int64
	start := func(m *fakeMachine) *vision {
		t.Helper()
		m.have, m.clock = gpus("cuda"), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		v := m.begun(t, "", ReadProofs(path))
		v.need.Weights = 5
		v.o.Room = func(n Need) (func(), error) { held += n.Weights; return func() { held -= n.Weights }, nil }
		if err := errors.Join(v.begin(t.Context()), v.ready(t.Context())); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if err := start(&fakeMachine{wrong: 0.9}).close(); err != nil || held != 0 {
		t.Fatalf("%d are held, %v", held, err)
	}
	m := &fakeMachine{}
	v := start(m)
	if v.provider() != "cpu" || len(m.opened) > 0 || held != 0 {
		t.Errorf("%q computes, %q is opened, %d are held", v.provider(), m.opened, held)
	}
	encodeAll(t, v, 3)
	if held != 5 || fmt.Sprint(m.opened) != "[cpu]" {
		t.Errorf("after pictures %d are held, %q is opened", held, m.opened)
	}
}
