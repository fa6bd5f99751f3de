package assets

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed ocr/*.onnx ocr/characters.txt
var ocr embed.FS

//go:embed labels/*.toml
var labels embed.FS

//go:embed background.txt
var background string

//go:embed templates.txt
var templates string

// Labels returns the built-in label sets: one TOML file each, in the format of
// docs/labels.md.
func Labels() fs.FS {
	sub, err := fs.Sub(labels, "labels")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Recogniser returns the models that read the text in pictures: see package clipengine/ocr.
func Recogniser() fs.FS {
	sub, err := fs.Sub(ocr, "ocr")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Background returns phrases that say nothing about a photo. What they score on it is the
// scale on which the scores of labels and queries are read.
func Background() []string { return lines(background) }

// Templates returns the prompt templates. Each holds {} once, where a name goes.
func Templates() []string { return lines(templates) }

// lines returns the lines of a text file without blank ones and # comments.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}
