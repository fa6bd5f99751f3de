package convert

import (
	"errors"
	"fmt"
	"io/fs"

	"descry/clipengine/bundle"
)

// Size returns how many bytes of disk Bundle will take, but for what it changes of the graphs
// themselves, which is some megabytes at most. It reads graphs, no weights. Errors are those of
// Bundle that show without the weights.
func Size(b *bundle.Bundle, to Precision) (int64, error) {
	_, size, err := b.Contents()
	if err != nil {
		return 0, err
	}
	err = b.Use(func(fsys fs.FS) error {
		was := b.TowerFiles()
		for i, name := range []string{b.Vision.Name(), b.Text.Name()} {
			if i == 1 && !convertsText(b, to) {
				continue
			}
			m, _, err := prepare(fsys, name, to)
			if i == 1 && errors.Is(err, errNothing) {
				continue
			}
			if err != nil {
				return err
			}
			for _, id := range m.order {
				size += m.tensors[id].size
			}
			m.close()
			for _, file := range was[i] {
				info, err := fs.Stat(fsys, file)
				if err != nil {
					return fmt.Errorf("ask how large %s of the model is: %w", file, err)
				}
				size -= info.Size()
			}
		}
		return nil
	})
	return size, err
}

// convertsText tells whether the text tower is converted, too: to fp16, which is for GPUs, it
// is not, since texts are encoded on the CPU.
func convertsText(b *bundle.Bundle, to Precision) bool {
	return to != Float16 && b.Text.Precision() == bundle.Float32Weights
}
