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

// wasm says how the terms of the LGPL are met for what is inside the program.
const wasm = "inside the program as WebAssembly, as part of github.com/gen2brain/heic, for HEIC pictures where the system has no libheif; " +
	"the folder lib of that module says how it is built from the sources of this version, which its authors publish, " +
	"and Descry, built from its own sources with a changed copy of that module, runs with a changed version"

// others are the parts that are no Go modules. A text with a slash is a file of the
// repository, one without is in the folder texts here. Where present is set, the part is
// shipped only if that file of the repository is there. Where kind is set, somebody has read
// the licence, which asks for more than naming it, and use says how that is met.
var others = []struct {
	name, version, use, text, present, kind string
}{
	{name: "Go standard library", use: "linked", text: "Go.txt"},
	{name: "ONNX Runtime", version: "1.30.0", use: "shipped beside the program, with its own third-party notices", text: "ONNX-Runtime.txt"},
	{name: "libjpeg-turbo", use: "linked, from the system", text: "libjpeg-turbo.txt"},
	{name: "SQLite", use: "linked, as part of github.com/mattn/go-sqlite3", text: "SQLite.txt"},
	{name: "libheif", version: "1.18.2", use: wasm, text: "libheif.txt", kind: "LGPL-3.0-or-later"},
	{name: "libde265", version: "1.0.15", use: wasm, text: "libde265.txt", kind: "LGPL-3.0-or-later"},
	{name: "EfficientNet-Lite2", use: "vision backbone of the starter model", text: "Apache-2.0.txt", present: "assets/starter/vision.onnx"},
	{name: "all-MiniLM-L6-v2", use: "text tower and vocabulary of the starter model", text: "Apache-2.0.txt", present: "assets/starter/text.onnx"},
	{name: "PP-OCRv4 models of PaddleOCR", use: "inside the program, to read text in photos; weights kept in half precision", text: "Apache-2.0.txt", present: "assets/ocr/detect.onnx"},
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
		t := newText(filepath.Base(o.text), string(body))
		if o.kind != "" {
			t.Kind = o.kind
		}
		parts = append(parts, part{Name: o.name, Version: o.version, Use: o.use, Texts: []text{t}})
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
