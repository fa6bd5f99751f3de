package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// texts are the licences of parts that are no Go modules.
//
//go:embed texts
var texts embed.FS

// others are the parts that are no Go modules. A text with a slash is a file of the
// repository, one without is in the folder texts here. Where present is set, the part is
// shipped only if that file of the repository is there.
var others = []struct {
	name, version, use, text, present string
}{
	{name: "Go standard library", use: "linked", text: "Go.txt"},
	{name: "ONNX Runtime", version: "1.30.0", use: "shipped beside the program, with its own third-party notices", text: "ONNX-Runtime.txt"},
	{name: "libjpeg-turbo", use: "linked, from the system", text: "libjpeg-turbo.txt"},
	{name: "SQLite", use: "linked, as part of github.com/mattn/go-sqlite3", text: "SQLite.txt"},
	{name: "EfficientNet-Lite2", use: "vision backbone of the starter model", text: "Apache-2.0.txt", present: "assets/starter/vision.onnx"},
	{name: "all-MiniLM-L6-v2", use: "text tower and vocabulary of the starter model", text: "Apache-2.0.txt", present: "assets/starter/text.onnx"},
	{name: "CLIP vocabulary", use: "inside the program, for models that bring none", text: "clipengine/tokenize/clipvocab/LICENSE", present: "clipengine/tokenize/clipvocab/LICENSE"},
}

// credits are texts of the repository that travel with what they speak of.
var credits = []struct {
	name, use, kind, file string
}{
	{"Sample photos", "shipped inside the program, each under the licence in its credit", "as credited", "assets/samples/CREDITS.md"},
}

// extras returns the parts that are no Go modules, of the checkout at root.
func extras(root string) ([]part, error) {
	var parts []part
	for _, o := range others {
		if o.present != "" {
			if _, err := os.Stat(filepath.Join(root, o.present)); err != nil {
				continue
			}
		}
		read := func() ([]byte, error) { return texts.ReadFile("texts/" + o.text) }
		if strings.Contains(o.text, "/") {
			read = func() ([]byte, error) { return os.ReadFile(filepath.Join(root, o.text)) }
		}
		body, err := read()
		if err != nil {
			return nil, fmt.Errorf("read the licence of %s: %w", o.name, err)
		}
		parts = append(parts, part{Name: o.name, Version: o.version, Use: o.use, Texts: []text{newText(filepath.Base(o.text), string(body))}})
	}
	for _, c := range credits {
		body, err := os.ReadFile(filepath.Join(root, c.file))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the credits of %s: %w", c.name, err)
		}
		t := newText(filepath.Base(c.file), string(body))
		t.Kind = c.kind
		parts = append(parts, part{Name: c.name, Use: c.use, Texts: []text{t}})
	}
	return parts, nil
}
