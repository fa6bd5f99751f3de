package clipengine

import (
	"context"
	"fmt"
	"sync"

	"descry/clipengine/bundle"
	"descry/clipengine/ort"
)

// parts is a second session of the image tower, which gives the vectors of the parts of a
// picture as well. It is made when they are first asked for, so that indexing neither
// computes nor holds them. It is on the CPU: a person who asks waits for one run, and no test
// has shown what a device makes of this output.
type parts struct {
	mu     sync.Mutex
	s      *ort.Session
	closed bool
}

func (p *parts) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.s == nil {
		return nil
	}
	return p.s.Close()
}

func (p *parts) open(t bundle.Tower) (*ort.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ort.ErrClosed
	}
	if p.s != nil {
		return p.s, nil
	}
	t.Output, t.Half = t.Patches, false
	s, err := load(t, 0, ort.CPU)
	p.s = s
	return s, err
}

// PatchSide is how many parts along each side of what it sees the image tower has a vector
// for; 0: it has none.
func (e *Engine) PatchSide() int { return e.bundle.Vision.PatchSide }

// EncodePatches returns the unit vectors of the PatchSide × PatchSide parts of a picture, row
// by row, from its Tensor; none where PatchSide is 0. It is safe for concurrent use.
func (e *Engine) EncodePatches(ctx context.Context, tensor []float32) ([][]float32, error) {
	side := e.PatchSide()
	if side == 0 {
		return nil, nil
	}
	if n := 3 * e.InputSize() * e.InputSize(); len(tensor) != n {
		return nil, fmt.Errorf("encode the parts of a picture: the tensor has %d numbers, the model %s takes %d", len(tensor), e.Model(), n)
	}
	s, err := e.parts.open(e.bundle.Vision)
	if err != nil {
		return nil, fmt.Errorf("load the image tower of the model %s for the parts of a picture: %w", e.Model(), err)
	}
	free, err := e.vision.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	out, err := s.Run(ctx, e.vision.picture(tensor))
	if err != nil {
		return nil, fmt.Errorf("encode the parts of a picture with the model %s: %w", e.Model(), err)
	}
	data := out[0].Data
	if len(data) != side*side*e.dim {
		return nil, fmt.Errorf("encode the parts of a picture with the model %s: it gave %d numbers instead of %d × %d × %d",
			e.Model(), len(data), side, side, e.dim)
	}
	vectors := make([][]float32, side*side)
	for i := range vectors {
		vectors[i] = data[i*e.dim : (i+1)*e.dim]
		if err := normalize(vectors[i]); err != nil {
			return nil, fmt.Errorf("encode the parts of a picture with the model %s: %w", e.Model(), err)
		}
	}
	return vectors, nil
}
