package assets

import _ "embed"

//go:embed icons/descry.png
var icon []byte

// Icon returns the program's icon: a PNG of 512 × 512 px with transparent corners, drawn
// from icons/descry.svg. The caller must not change it.
func Icon() []byte { return icon }
