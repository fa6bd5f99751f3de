package clipengine

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/internal/float16"
)

// Auto is the provider that means the best one that works.
const Auto = "auto"

// tower is a loaded image tower; *ort.Session is one.
type tower interface {
	Run(ctx context.Context, inputs ...ort.Tensor) ([]ort.Output, error)
	Survey(ctx context.Context, inputs ...ort.Tensor) (ort.Placement, error)
	Close() error
}

// machine is what a computer has to run an image tower on.
type machine struct {
	system  string // runtime.GOOS
	library string // version of the runtime library
	driver  func(provider string) string
	devices func() ([]ort.Device, []string, error)
	open    func(provider string) (tower, error)
}

// Trying a device again that failed.
const (
	retryFirst = time.Minute
	retryMost  = time.Hour
)

// vision is the image tower of an engine, on the CPU or on a device. Where the device fails
// the CPU computes until it works again.
type vision struct {
	space        string
	size         int  // side of a picture in pixels
	half, single bool // it takes half precision; it takes one picture in a run
	preprocess   func(*image.RGBA) []float32
	o            Options
	m            machine
	// slots holds one token for each picture that the CPU may encode at once.
	slots chan struct{}

	mu      sync.Mutex
	closed  bool
	cpu     tower    // nil: not needed yet
	dev     *batcher // nil: the CPU computes
	device  string   // provider of the device, also while it is out of order; "": none
	proof   Proof    // of the device
	placed  ort.Placement
	refused []Refusal
	failed  int       // times in a row that the device failed or could not be had again
	since   time.Time // when the device was last had
	retry   time.Time // when it may be tried again
	trying  sync.WaitGroup
	busy    bool // it is being tried
}

func newVision(b *bundle.Bundle, space string, o Options, m machine) *vision {
	return &vision{
		space: space, size: b.Preprocess.Size, preprocess: b.Preprocess.Tensor,
		half: b.Vision.Inputs[0].Elem == bundle.Float16, single: b.Vision.OneAtATime(),
		o: o, m: m, slots: make(chan struct{}, o.Threads),
	}
}

// Refusal is a device that is not used, and why in one sentence.
type Refusal struct{ Provider, Reason string }

// refuse is the error of a device that cannot be used, for good or for now.
type refuse struct {
	provider, reason string
	remembered       time.Time // when a test showed it; zero: now
}

func (r *refuse) Error() string {
	if r.remembered.IsZero() {
		return fmt.Sprintf("%s is not used: %s", r.provider, r.reason)
	}
	return fmt.Sprintf("%s is not used since its test on %s: %s", r.provider, r.remembered.Format(time.DateOnly), r.reason)
}

// choose finds out on what the tower runs: on the provider that was asked for, or on the best
// that works.
func (v *vision) choose(ctx context.Context) error {
	asked := strings.ToLower(v.o.Provider)
	if asked == "" {
		asked = Auto
	}
	switch {
	case asked == ort.CPU:
		_, err := v.onCPU()
		return err
	case asked != Auto && !slices.Contains(ort.Providers(), asked):
		return fmt.Errorf("the provider %q is not known; it is %s or one of %s", asked, Auto, strings.Join(ort.Providers(), ", "))
	case asked != Auto:
		return v.use(ctx, asked)
	}
	devices, problems, err := v.m.devices()
	if err != nil {
		return err
	}
	for _, p := range problems {
		v.notice("A device is not used: " + p + ".")
	}
	for _, name := range ort.Order(v.m.system) {
		// What a plug-in computes on the CPU is no gain that was measured: it has to be asked for.
		if !slices.ContainsFunc(devices, func(d ort.Device) bool { return d.Provider == name && d.Kind == ort.GPUKind }) {
			continue
		}
		known, _ := v.o.Proofs.find(v.key(name))
		err := v.use(ctx, name)
		if err == nil {
			return nil
		}
		var r *refuse
		if !errors.As(err, &r) {
			return err
		}
		v.refused = append(v.refused, Refusal{name, r.reason})
		if known.Refused != r.reason {
			v.notice(upper(r.Error()) + ". The CPU computes.")
		}
	}
	_, err = v.onCPU()
	return err
}

// key is the proof about the tower on a provider, as long as nothing is known.
func (v *vision) key(provider string) Proof {
	return Proof{Space: v.space, Provider: provider, Library: v.m.library, Driver: v.m.driver(provider)}
}

// use makes a device the one that computes. Its error is a *refuse where that cannot be.
func (v *vision) use(ctx context.Context, provider string) error {
	known, found := v.o.Proofs.find(v.key(provider))
	if found && known.Refused != "" && !known.Tested.IsZero() && !v.o.Retest {
		return &refuse{provider, known.Refused, known.Tested}
	}
	t, proof, placed, err := v.have(ctx, provider, !found || known.Tested.IsZero() || v.o.Retest)
	var r *refuse
	if errors.As(err, &r) {
		proof.Refused = r.reason
		v.remember(proof)
	}
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.device, v.since = provider, v.o.Now()
	v.put(t, proof, placed)
	return nil
}

// put lets a device compute. v.mu is held.
func (v *vision) put(t tower, proof Proof, placed ort.Placement) {
	most := mostBatch
	if v.single {
		most = 1
	}
	v.proof, v.placed = proof, placed
	v.dev = newBatcher(t, v.size, v.half, most, proof.Batch, v.o.Now, func(length int) {
		v.mu.Lock()
		v.proof.Batch = length
		proof := v.proof
		v.mu.Unlock()
		v.remember(proof)
	})
}

// have opens the tower on a device, sees that it is the device that computes, and tests it
// where test says so or nothing is known. A device that cannot be used is a *refuse.
func (v *vision) have(ctx context.Context, provider string, test bool) (tower, Proof, ort.Placement, error) {
	proof, _ := v.o.Proofs.find(v.key(provider))
	proof.Refused = ""
	t, err := v.m.open(provider)
	if err != nil {
		return nil, proof, ort.Placement{}, &refuse{provider: provider, reason: err.Error()}
	}
	fail := func(reason string) (tower, Proof, ort.Placement, error) {
		_ = t.Close()
		if err := context.Cause(ctx); err != nil {
			return nil, proof, ort.Placement{}, err
		}
		return nil, proof, ort.Placement{}, &refuse{provider: provider, reason: reason}
	}
	tensor := v.picture(v.preprocess(selfPictures[0].draw(2 * v.size)))
	placed, err := t.Survey(ctx, tensor)
	if err != nil {
		return fail(err.Error())
	}
	if placed.Share(ort.CPU) >= 0.5 {
		return fail(fmt.Sprintf("it leaves what takes time to the CPU (%s)", placed))
	}
	if test {
		distance, where, err := v.compare(ctx, t)
		if err != nil {
			return fail(err.Error())
		}
		proof.Tested, proof.Distance, proof.Batch = v.o.Now(), distance, 0
		if !(distance <= MaxDistance) {
			return fail(fmt.Sprintf("its vectors are not those of the CPU (cosine distance %.4f for %s, the limit is %.3f)",
				distance, where, MaxDistance))
		}
		v.remember(proof)
	}
	return t, proof, placed, nil
}

func (v *vision) remember(p Proof) {
	if err := v.o.Proofs.put(p); err != nil {
		v.o.Log.Warn("a device is tested again next time", "error", err)
	}
}

func (v *vision) notice(sentence string) {
	if v.o.Notice != nil {
		v.o.Notice(sentence)
	}
}

// picture is one tensor as the tower takes it.
func (v *vision) picture(tensor []float32) ort.Tensor { return v.pictures(tensor, 1) }

// pictures is n tensors, one behind the other, as the tower takes them.
func (v *vision) pictures(tensors []float32, n int) ort.Tensor {
	in := ort.Tensor{Shape: []int64{int64(n), 3, int64(v.size), int64(v.size)}}
	if v.half {
		in.Float16 = float16.Append(nil, tensors)
	} else {
		in.Float32 = tensors
	}
	return in
}

// onCPU returns the tower on the CPU, which is loaded when it is first needed.
func (v *vision) onCPU() (tower, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil, ort.ErrClosed
	}
	if v.cpu == nil {
		t, err := v.m.open(ort.CPU)
		if err != nil {
			return nil, err
		}
		v.cpu = t
	}
	return v.cpu, nil
}

// encode returns what the tower gives for one picture.
func (v *vision) encode(ctx context.Context, tensor []float32) ([]float32, error) {
	v.mu.Lock()
	if v.dev == nil && v.device != "" && !v.busy && !v.closed && !v.o.Now().Before(v.retry) {
		v.busy = true
		v.trying.Go(v.again)
	}
	dev := v.dev
	v.mu.Unlock()
	if dev != nil {
		out, err := dev.encode(ctx, tensor)
		switch {
		case err == nil:
			return out, nil
		case context.Cause(ctx) != nil:
			return nil, context.Cause(ctx)
		case !v.lost(dev, err):
			return nil, err
		}
	}
	t, err := v.onCPU()
	if err != nil {
		return nil, err
	}
	free, err := v.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	out, err := t.Run(ctx, v.picture(tensor))
	if err != nil {
		return nil, err
	}
	return out[0].Data, nil
}

// slot waits until the CPU may encode one more picture.
func (v *vision) slot(ctx context.Context) (free func(), err error) {
	select {
	case v.slots <- struct{}{}:
		return func() { <-v.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// lost takes a device out of use that failed with err; false: the engine is closed.
func (v *vision) lost(dev *batcher, err error) bool {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return false
	}
	if v.dev != dev { // another picture told already
		v.mu.Unlock()
		return true
	}
	v.dev = nil
	if now := v.o.Now(); now.Sub(v.since) > retryMost {
		v.failed = 0
	}
	v.later()
	v.mu.Unlock()
	_ = dev.t.Close()
	if errors.Is(err, ort.ErrMemory) {
		v.notice(fmt.Sprintf("%s has not enough memory for one picture. The CPU computes until it has.", upper(v.device)))
	} else {
		v.notice(fmt.Sprintf("%s failed: %v. The CPU computes until it works again.", upper(v.device), err))
	}
	return true
}

// later puts off the next try of a device that failed, each time for twice as long. v.mu is held.
func (v *vision) later() {
	wait := retryMost
	if v.failed < 6 {
		wait = min(retryMost, retryFirst<<v.failed)
	}
	v.failed++
	v.retry = v.o.Now().Add(wait)
}

// again tries a device that failed.
func (v *vision) again() {
	t, proof, placed, err := v.have(context.Background(), v.device, true)
	v.mu.Lock()
	v.busy = false
	if err != nil {
		v.later()
		v.mu.Unlock()
		v.o.Log.Info("the device does not work yet", "provider", v.device, "error", err)
		return
	}
	if v.closed {
		v.mu.Unlock()
		_ = t.Close()
		return
	}
	v.since = v.o.Now()
	v.put(t, proof, placed)
	v.mu.Unlock()
	v.notice(fmt.Sprintf("%s works again and computes.", upper(v.device)))
}

// provider is what computes now.
func (v *vision) provider() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dev == nil {
		return ort.CPU
	}
	return v.device
}

// parallel is how many pictures should wait to be encoded, so that what computes has enough.
func (v *vision) parallel() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.dev == nil:
		return cap(v.slots)
	case v.proof.Batch > 0:
		return max(2*v.proof.Batch, cap(v.slots))
	}
	return max(2*v.dev.most, cap(v.slots))
}

func (v *vision) close() error {
	v.mu.Lock()
	v.closed = true
	dev, cpu := v.dev, v.cpu
	v.mu.Unlock()
	v.trying.Wait()
	var errs []error
	if dev != nil {
		errs = append(errs, dev.t.Close())
	}
	if cpu != nil {
		errs = append(errs, cpu.Close())
	}
	return errors.Join(errs...)
}

// realMachine is this computer.
func realMachine(open func(provider string) (*ort.Session, error)) machine {
	return machine{
		system: runtime.GOOS, library: ort.Version(), driver: ort.Driver, devices: ort.Devices,
		open: func(provider string) (tower, error) {
			s, err := open(provider)
			if err != nil {
				return nil, err // not a nil *ort.Session in the interface
			}
			return s, nil
		},
	}
}
