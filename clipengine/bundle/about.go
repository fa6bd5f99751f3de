package bundle

import (
	"fmt"
	"io/fs"
	"path/filepath"
)

// About returns what the bundle in a folder says of itself, its name and the languages of
// queries ("en", or "multilingual"), without looking at its models.
func About(dir string) (name string, languages []string, err error) {
	b := &Bundle{ID: filepath.Base(dir), Languages: []string{"en"}}
	b.Name = b.ID
	err = source{dir: dir}.use(func(fsys fs.FS) error {
		f := files{fsys: fsys}
		b.readCard(f)
		return b.readManifest(f)
	})
	if err != nil {
		return "", nil, fmt.Errorf("the model folder %s cannot be read: %w", dir, err)
	}
	return b.Name, b.Languages, nil
}
