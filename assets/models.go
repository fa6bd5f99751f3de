package assets

import (
	"io"
	"strings"

	_ "embed"
)

//go:embed models.toml
var models string

// Models returns the catalogue of models that can be had, in the format that package
// clipengine/catalogue reads.
func Models() io.Reader { return strings.NewReader(models) }
