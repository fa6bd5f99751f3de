package clipengine

import (
	"context"
	"fmt"

	"descry/clipengine/ort"
)

// MaxDistance is the largest cosine distance (1 minus the cosine) between the vectors that a
// device and the CPU may give for one picture. Half precision stays far below it; wrong kernels
// and broken drivers do not. Ente compares its models with their originals by the same number.
const MaxDistance = 0.015

// golden returns the names and the tensors of the pictures by which a device is tested: made
// ones, and the real ones of Options.Golden.
func (v *vision) golden() (names []string, tensors [][]float32, err error) {
	for _, p := range selfPictures {
		names = append(names, "the made picture "+p.name)
		tensors = append(tensors, v.preprocess(p.draw(2*v.size)))
	}
	if v.o.Golden == nil {
		return names, tensors, nil
	}
	real, err := v.o.Golden()
	if err != nil {
		return nil, nil, fmt.Errorf("read the pictures of the self-test: %w", err)
	}
	for i, img := range real {
		names = append(names, fmt.Sprintf("the photo %d", i+1))
		tensors = append(tensors, v.preprocess(img))
	}
	return names, tensors, nil
}

// compare encodes the golden pictures on the CPU and on a device, there one by one and, where
// the model takes several, all in one batch. It returns the largest cosine distance and the
// picture that has it.
func (v *vision) compare(ctx context.Context, device tower) (float64, string, error) {
	names, tensors, err := v.golden()
	if err != nil {
		return 0, "", err
	}
	cpu, err := v.onCPU()
	if err != nil {
		return 0, "", err
	}
	var all []float32
	want := make([][]float32, len(tensors))
	for i, t := range tensors {
		if want[i], err = vectorOf(ctx, cpu, v.picture(t)); err != nil {
			return 0, "", fmt.Errorf("on the CPU the model fails with %s: %w", names[i], err)
		}
		all = append(all, t...)
	}
	worst, where := 0.0, ""
	judge := func(i int, got []float32, how string) error {
		if len(got) != len(want[i]) {
			return wrong{fmt.Errorf("it gave %d numbers instead of %d for %s%s", len(got), len(want[i]), names[i], how)}
		}
		if err := normalize(got); err != nil {
			return wrong{fmt.Errorf("%w for %s%s", err, names[i], how)}
		}
		if d := max(0, 1-dot(got, want[i])); d >= worst {
			worst, where = d, names[i]+how
		}
		return nil
	}
	for i, t := range tensors {
		out, err := device.Run(ctx, v.picture(t))
		if err != nil {
			return 0, "", err
		}
		if err := judge(i, out[0].Data, ""); err != nil {
			return 0, "", err
		}
	}
	if v.single {
		return worst, where, nil
	}
	out, err := device.Run(ctx, v.pictures(all, len(tensors)))
	if err != nil {
		// The batcher finds out what fits, unless not even one picture does any more.
		if _, dead := device.Run(ctx, v.picture(tensors[0])); dead != nil {
			return 0, "", err
		}
		return worst, where, nil
	}
	dim := len(want[0])
	for i := range tensors {
		if len(out[0].Data) != dim*len(tensors) {
			return 0, "", wrong{fmt.Errorf("it gave %d numbers for %d pictures", len(out[0].Data), len(tensors))}
		}
		if err := judge(i, out[0].Data[i*dim:(i+1)*dim], " among others"); err != nil {
			return 0, "", err
		}
	}
	return worst, where, nil
}

// vectorOf is the unit vector of one picture.
func vectorOf(ctx context.Context, t tower, in ort.Tensor) ([]float32, error) {
	out, err := t.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	return out[0].Data, normalize(out[0].Data)
}

// Device is on what an engine computes pictures.
type Device struct {
	// Provider is what computes now: the wanted one, or the CPU; "" before the first was tried.
	Provider string
	// Wanted is the device that is out of order now and tried again later; "" where none is.
	Wanted string
	// Placement says which providers run the nodes; empty on the CPU.
	Placement ort.Placement
	// Tested says whether the device was compared with the CPU, Distance what came out.
	Tested   bool
	Distance float64
	// Batch is how many pictures a run takes; 0: not settled yet, or the CPU.
	Batch   int
	Refused []Refusal // devices that could not be used
}

// Device tells on what pictures are computed.
func (e *Engine) Device() Device {
	v := e.vision
	v.mu.Lock()
	defer v.mu.Unlock()
	d := Device{Provider: ort.CPU, Refused: v.refused}
	switch {
	case !v.chosen:
		d.Provider = ""
		return d
	case v.device == "":
		return d
	}
	if v.dev == nil {
		d.Wanted = v.device
		return d
	}
	d.Provider, d.Placement, d.Batch = v.device, v.proof.Placement, v.proof.Batch
	d.Tested, d.Distance = !v.proof.Tested.IsZero(), v.proof.Distance
	return d
}

// upper writes a provider's name at the beginning of a sentence.
func upper(name string) string {
	if name == "" {
		return name
	}
	return string(name[0]&^0x20) + name[1:]
}
