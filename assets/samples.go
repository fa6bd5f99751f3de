package assets

import (
	"embed"
	"io/fs"
)

//go:embed samples/*.jpg samples/CREDITS.md
var samples embed.FS

// Samples returns the sample photos (JPEG, at most 1,600 pixels on the long side) and
// CREDITS.md, which says who made each and under which licence it travels.
func Samples() fs.FS {
	sub, err := fs.Sub(samples, "samples")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
