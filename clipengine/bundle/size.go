package bundle

import (
	"fmt"
	"io/fs"
)

// Size returns how many bytes the model file and the external data beside it have.
func (t Tower) Size() (model, external int64, err error) {
	err = t.source.use(func(fsys fs.FS) error {
		for i, name := range t.files() {
			info, err := fs.Stat(fsys, name)
			if err != nil {
				return err
			}
			if i == 0 {
				model = info.Size()
			} else {
				external += info.Size()
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("ask how large the model file %s is: %w", t.name, err)
	}
	return model, external, nil
}

// WeightBits returns how many bits most weights have in the file, and in memory when a CPU
// computes with them: float32 is made of what it cannot compute with.
func (t Tower) WeightBits() (stored, held int) {
	stored = map[string]int{"fp64": 64, "fp32": 32, "fp16": 16, "bf16": 16, "int8": 8, "int4": 4}[t.weights]
	if held = max(stored, 32); stored <= 8 && t.integers {
		held = stored
	}
	return stored, held
}
