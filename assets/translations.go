package assets

import "embed"

// Translations holds the texts of the window, one JSON file per language in the folder
// "translations", named after the language.
//
//go:embed translations/*.json
var Translations embed.FS
