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
	// Input makes a tensor for pictures that a device gets at well; free gives it back.
	Input(shape []int64, half bool) (in ort.Tensor, free func())
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
	model, space string
	need         Need
	size         int  // side of a picture in pixels
	half, single bool // it takes half precision; it takes one picture in a run
	preprocess   func(*image.RGBA) []float32
	o            Options
	m            machine
	// slots holds one token for each picture that the CPU may encode at once.
	slots chan struct{}

	candidates []string   // devices to be tried, the best first
	named      bool       // one of them was asked for by name: the CPU does not stand in for it
	told       []string   // sentences about devices that are no candidates
	choosing   sync.Mutex // held while the candidates are tried, so that others wait for that
	loading    sync.Mutex // held while the tower is loaded on the CPU

	mu      sync.Mutex
	closed  bool
	chosen  bool     // the candidates were tried, or there are none
	free    func()   // gives back the memory of the tower; nil: it was not loaded yet
	cpu     tower    // nil: not needed yet
	dev     *batcher // nil: the CPU computes
	device  string   // provider of the device, also while it is out of order; "": none
	proof   Proof    // of the device
	refused []Refusal
	failed  int       // times in a row that the device failed or could not be had again
	since   time.Time // when the device was last had
	retry   time.Time // when it may be tried again
	trying  sync.WaitGroup
	busy    bool               // it is being tried
	stop    context.CancelFunc // ends the try, also the first one
}

func newVision(b *bundle.Bundle, space string, need Need, o Options, m machine) *vision {
	return &vision{
		model: b.ID, space: space, need: need, size: b.Preprocess.Size, preprocess: b.Preprocess.Tensor,
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

// begin finds out which devices are to be tried. They are tried when the first picture comes, but
// for those that are to be tested anyway, or that were asked for by name and not tested: whoever
// asks for one wants to know whether it works.
func (v *vision) begin(ctx context.Context) error {
	if err := v.find(); err != nil {
		return notRunning("the image tower", v.model, err)
	}
	if len(v.candidates) > 0 && !v.o.Retest {
		p, _ := v.o.Proofs.find(v.key(v.candidates[0]))
		if !v.named || !p.Tested.IsZero() && p.Refused == "" {
			return nil
		}
	}
	return v.ready(ctx)
}

// find lists the candidates: the provider that was asked for, or all that are there.
func (v *vision) find() error {
	asked := strings.ToLower(v.o.Provider)
	if asked == "" {
		asked = Auto
	}
	switch {
	case asked == ort.CPU:
		return nil
	case asked != Auto && !slices.Contains(ort.Providers(), asked):
		return fmt.Errorf("the provider %q is not known; it is %s or one of %s", asked, Auto, strings.Join(ort.Providers(), ", "))
	case asked != Auto:
		v.candidates, v.named = []string{asked}, true
		return nil
	}
	devices, problems, err := v.m.devices()
	if err != nil {
		return err
	}
	for _, p := range problems {
		v.told = append(v.told, "A device is not used: "+p)
	}
	for _, name := range ort.Order(v.m.system) {
		// What a plug-in computes on the CPU is no gain that was measured: it has to be asked for.
		if slices.ContainsFunc(devices, func(d ort.Device) bool { return d.Provider == name && d.Kind == ort.GPUKind }) {
			v.candidates = append(v.candidates, name)
		}
	}
	return nil
}

// ready tries the candidates until one works, once. On the CPU, which stands in for all that were
// not named, the tower is not loaded yet.
func (v *vision) ready(ctx context.Context) error {
	v.choosing.Lock()
	defer v.choosing.Unlock()
	v.mu.Lock()
	if v.chosen || v.closed {
		v.mu.Unlock()
		return nil
	}
	trying, stop := context.WithCancel(ctx)
	defer stop()
	v.stop = stop
	v.mu.Unlock()
	if len(v.candidates) > 0 {
		if err := v.takeRoom(); err != nil {
			return notRunning("the image tower", v.model, err)
		}
		defer v.giveUnused()
	}
	told := slices.Clone(v.told)
	var refused []Refusal
	for _, name := range v.candidates {
		known, _ := v.o.Proofs.find(v.key(name))
		err := v.use(trying, name)
		if err == nil {
			break
		}
		if trying.Err() != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return ort.ErrClosed
		}
		var r *refuse
		if v.named || !errors.As(err, &r) {
			return notRunning("the image tower", v.model, err)
		}
		refused = append(refused, Refusal{name, r.reason})
		if known.Refused != r.reason {
			told = append(told, upper(r.Error()))
		}
	}
	v.mu.Lock()
	v.refused, v.chosen = refused, true
	v.mu.Unlock()
	for _, t := range told {
		v.notice(fmt.Sprintf("%s. %s computes.", t, computer(v.provider())))
	}
	return nil
}

// load makes the tower ready, and loads it where the CPU computes. Errors: ErrNotRunning, that of
// ctx, and ort.ErrClosed.
func (v *vision) load(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := v.ready(ctx); err != nil {
		return err
	}
	if v.there() {
		return nil
	}
	_, err := v.onCPU()
	return err
}

// there reports whether a device computes.
func (v *vision) there() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.dev != nil
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
	t, proof, err := v.have(ctx, provider, !found || known.Tested.IsZero() || v.o.Retest)
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.device = provider
	v.mu.Unlock()
	return v.put(t, proof)
}

// put lets a device compute, and frees the tower on the CPU. A picture that was about to run
// there comes back for the device.
func (v *vision) put(t tower, proof Proof) error {
	most := mostBatch
	if v.single {
		most = 1
	}
	v.loading.Lock()
	defer v.loading.Unlock()
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return errors.Join(ort.ErrClosed, t.Close())
	}
	v.proof, v.since = proof, v.o.Now()
	v.dev = newBatcher(t, v.size, v.half, most, proof, v.o.Now, func(length int, short bool) {
		v.mu.Lock()
		v.proof.Batch, v.proof.Short = length, short
		proof := v.proof
		v.mu.Unlock()
		v.remember(proof)
	})
	cpu := v.cpu
	v.cpu = nil
	v.mu.Unlock()
	if cpu == nil {
		return nil
	}
	return cpu.Close()
}

// have opens the tower on a device, sees that it is the device that computes, and tests it
// where test says so or nothing is known. A device that cannot be used is a *refuse, and is
// remembered: for good where a test has shown it, for the next start to see where it may pass.
func (v *vision) have(ctx context.Context, provider string, test bool) (tower, Proof, error) {
	proof, _ := v.o.Proofs.find(v.key(provider))
	proof.Refused = ""
	var t tower
	fail := func(err error) (tower, Proof, error) {
		if t != nil {
			_ = t.Close()
		}
		if err := context.Cause(ctx); err != nil {
			return nil, proof, err
		}
		proof.Refused, proof.Tested = err.Error(), time.Time{}
		if shown := (wrong{}); errors.As(err, &shown) {
			proof.Tested = v.o.Now()
		}
		v.remember(proof)
		return nil, proof, &refuse{provider: provider, reason: proof.Refused}
	}
	opened, err := v.m.open(provider)
	if err != nil {
		return fail(err)
	}
	t = opened
	tensor := v.picture(v.preprocess(selfPictures[0].draw(2 * v.size)))
	if proof.Placement, err = t.Survey(ctx, tensor); err != nil {
		return fail(err)
	}
	if proof.Placement.Share(ort.CPU) >= 0.5 {
		return fail(wrong{fmt.Errorf("it leaves what takes time to the CPU (%s)", proof.Placement)})
	}
	if test {
		distance, where, err := v.compare(ctx, t)
		if err != nil {
			return fail(err)
		}
		proof.Tested, proof.Distance, proof.Batch, proof.Short = v.o.Now(), distance, 0, false
		if !(distance <= MaxDistance) {
			return fail(wrong{fmt.Errorf("its vectors are not those of the CPU (cosine distance %.4f for %s, the limit is %.3f)",
				distance, where, MaxDistance)})
		}
		v.remember(proof)
	}
	return t, proof, nil
}

// wrong is the error of a device that did compute, but not what it should.
type wrong struct{ error }

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

// onCPU returns the tower on the CPU, which is loaded when it is first needed. Errors:
// ErrNotRunning and ort.ErrClosed.
func (v *vision) onCPU() (tower, error) {
	v.loading.Lock()
	defer v.loading.Unlock()
	v.mu.Lock()
	cpu, closed := v.cpu, v.closed
	v.mu.Unlock()
	switch {
	case closed:
		return nil, ort.ErrClosed
	case cpu != nil:
		return cpu, nil
	}
	if err := v.takeRoom(); err != nil {
		return nil, notRunning("the image tower", v.model, err)
	}
	t, err := v.m.open(ort.CPU)
	if err != nil {
		if !v.there() {
			v.giveRoom()
		}
		return nil, notRunning("the image tower", v.model, err)
	}
	v.mu.Lock()
	v.cpu = t // close waits for it
	v.mu.Unlock()
	return t, nil
}

// encode returns what the tower gives for one picture, and the provider that computed it.
func (v *vision) encode(ctx context.Context, tensor []float32) ([]float32, string, error) {
	if err := v.ready(ctx); err != nil {
		return nil, "", err
	}
	v.mu.Lock()
	if v.dev == nil && v.device != "" && !v.busy && !v.closed && !v.o.Now().Before(v.retry) {
		v.busy = true
		var trying context.Context
		trying, v.stop = context.WithCancel(context.Background())
		v.trying.Go(func() { v.again(trying) })
	}
	dev, device := v.dev, v.device
	v.mu.Unlock()
	if dev != nil {
		out, err := dev.encode(ctx, tensor)
		switch {
		case err == nil && length(out) > 0:
			return out, device, nil
		case err == nil: // half precision is too small for some pictures of some models
		case context.Cause(ctx) != nil:
			return nil, "", context.Cause(ctx)
		case !v.lost(dev, err):
			return nil, "", err
		}
	}
	t, err := v.onCPU()
	if err != nil {
		return nil, "", err
	}
	free, err := v.slot(ctx)
	if err != nil {
		return nil, "", err
	}
	out, err := t.Run(ctx, v.picture(tensor))
	free()
	switch {
	case errors.Is(err, ort.ErrClosed): // the device has taken over, or the engine is closed
		return v.encode(ctx, tensor)
	case err != nil:
		return nil, "", err
	}
	return out[0].Data, ort.CPU, nil
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
	_ = dev.close()
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
func (v *vision) again(ctx context.Context) {
	t, proof, err := v.have(ctx, v.device, true)
	if err == nil {
		err = v.put(t, proof)
	}
	v.mu.Lock()
	v.stop()
	v.busy = false
	if err != nil {
		v.later()
	}
	v.mu.Unlock()
	if err != nil {
		v.o.Log.Info("the device does not work yet", "provider", v.device, "error", err)
		return
	}
	v.notice(fmt.Sprintf("%s works again and computes.", upper(v.device)))
}

// computer is a provider at the beginning of a sentence.
func computer(provider string) string {
	if provider == ort.CPU {
		return "The CPU"
	}
	return upper(provider)
}

// provider is what computes now, "" while that is not known.
func (v *vision) provider() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case !v.chosen:
		return ""
	case v.dev == nil:
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
	case v.proof.Batch > 0 && !v.proof.Short:
		return max(2*v.proof.Batch, cap(v.slots))
	}
	return max(2*v.dev.most, cap(v.slots))
}

func (v *vision) close() error {
	v.mu.Lock()
	v.closed = true
	if v.stop != nil {
		v.stop()
	}
	v.mu.Unlock()
	// What is being loaded or tested is waited for.
	v.choosing.Lock()
	defer v.choosing.Unlock()
	v.trying.Wait()
	v.loading.Lock()
	defer v.loading.Unlock()
	v.mu.Lock()
	dev, cpu := v.dev, v.cpu
	v.mu.Unlock()
	defer v.giveRoom()
	var errs []error
	if dev != nil {
		errs = append(errs, dev.close())
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
