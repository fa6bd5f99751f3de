// Command bundles writes a tiny model in each layout in which models are published into folders
// of a folder: DIR/immich and DIR/transformers.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"descry/internal/onnxtest"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bundles:", err)
		os.Exit(1)
	}
}

func write(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("it takes one folder")
	}
	for name, files := range map[string]onnxtest.Files{"immich": onnxtest.Immich(), "transformers": onnxtest.TransformersJS()} {
		if err := files.WriteTo(filepath.Join(args[0], name)); err != nil {
			return fmt.Errorf("writing the model %s: %w", name, err)
		}
	}
	return nil
}
