package assets

import (
	"bytes"
	"embed"
	"io"
	"io/fs"
)

//go:embed languages/*.txt
var languages embed.FS

//go:embed english.gz
var english []byte

// Languages returns what is known of languages other than English: one text file each, in
// the format that package language describes.
func Languages() fs.FS {
	sub, err := fs.Sub(languages, "languages")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// English returns the list of English words that tools/english makes.
func English() io.Reader { return bytes.NewReader(english) }
