package clipengine

import (
	"context"
	"fmt"
)

// PatchSide is how many parts along each side of what it sees the image tower has a vector
// for; 0: it has none.
func (e *Engine) PatchSide() int { return e.bundle.Vision.PatchSide }

// EncodePatches returns the unit vectors of the PatchSide × PatchSide parts of a picture, row
// by row, from its Tensor; none where PatchSide is 0. They come from a second session of the
// image tower, so that indexing neither computes nor holds them. It is on the CPU: a person who
// asks waits for one run, and no test has shown what a device makes of this output.
func (e *Engine) EncodePatches(ctx context.Context, tensor []float32) ([][]float32, error) {
	side := e.PatchSide()
	if side == 0 {
		return nil, nil
	}
	if n := 3 * e.InputSize() * e.InputSize(); len(tensor) != n {
		return nil, fmt.Errorf("encode the parts of a picture: the tensor has %d numbers, the model %s takes %d", len(tensor), e.Model(), n)
	}
	s, err := e.parts.get()
	if err != nil {
		return nil, fmt.Errorf("encode the parts of a picture: %w", err)
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
