// Package assets holds the data that travels inside the program: the starter model, label
// sets, sample photos, icons and translations. It is data only; nothing here has logic.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed starter
var starter embed.FS

// Starter returns the folder of the starter model: a model bundle with its card.
func Starter() fs.FS {
	sub, err := fs.Sub(starter, "starter")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
