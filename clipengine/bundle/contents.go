package bundle

import (
	"fmt"
	"io/fs"
	"slices"
)

// papers are the files besides the towers that a bundle may consist of, in any layout:
// configuration, tokenizer, what people should know of it.
var papers = []string{
	"bundle.json", "config.json", "preprocess.json", "preprocessor_config.json", "preprocess_cfg.json",
	"visual/preprocess_cfg.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
	"textual/tokenizer.json", "textual/tokenizer_config.json", "textual/special_tokens_map.json",
	"merges.txt", // by it CLIP's own vocabulary is told where there is no tokenizer.json
	"README.md", "MODEL_CARD.md", "LICENSE", "LICENSE.txt", "NOTICE",
}

// Contents lists the files the bundle consists of, with "/" between folders, and their
// size in bytes together. Other files that lie in the folder are no part of it, and neither
// is the image tower of another model.
func (b *Bundle) Contents() (names []string, size int64, err error) {
	names = slices.Concat(b.Text.files(), papers)
	if b.image == nil {
		names = append(names, b.Vision.files()...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	err = b.source.use(func(fsys fs.FS) error {
		names = slices.DeleteFunc(names, func(name string) bool {
			info, err := fs.Stat(fsys, name)
			if err != nil || !info.Mode().IsRegular() {
				return true
			}
			size += info.Size()
			return false
		})
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list the files of the model %s: %w", b.ID, err)
	}
	return names, size, nil
}
