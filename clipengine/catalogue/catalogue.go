// Package catalogue knows the models that can be had: where each is published, how large it
// is, under which licence, and what was measured of it elsewhere. It reads that from a TOML
// file, opens nothing and asks nobody.
package catalogue

import (
	"slices"
	"strings"

	"descry/clipengine/bundle"
)

// Catalogue is a list of models in the order of its file.
type Catalogue struct {
	Models []Model
}

// Model is one model of the catalogue.
type Model struct {
	// ID is the name of the folder that the model is installed in, and so its id.
	ID string
	// Name is for people: "ViT-B/32 (OpenAI)".
	Name string
	// Family groups models of one maker: "OpenAI CLIP", "SigLIP 2".
	Family string
	// Repo is the repository on the model hub, OWNER/NAME. It is "" where the model is published
	// in no layout that Descry reads; Export then says what to make it from.
	Repo   string
	Layout bundle.Layout
	// Files are those that the model cannot do without, in float32. A tower that takes more than
	// 2 GiB has its weights in further files; see MoreFiles.
	Files []File
	// Variants are the precisions it is published in, "fp32" first where there is one.
	Variants []Precision
	// Licence is its short name, LicenceNote one sentence on what it means for who uses the model.
	Licence, LicenceNote string
	// Restricted is whether the licence forbids some uses, such as commercial ones; a person is
	// told before the download.
	Restricted bool
	// Languages are those of queries: "en", or "multilingual".
	Languages []string
	// InputSize is the side of the square picture it looks at, in pixels; Dim the length of its
	// vectors.
	InputSize, Dim int
	// ImageParams and TextParams are the weights of its towers in millions.
	ImageParams, TextParams float64
	// Table is how many millions of TextParams are vectors of single tokens; 0 where there are few.
	Table float64
	// GFLOPs are the operations for one picture, in thousand millions, an addition and a
	// multiplication counted as two; 0 where nobody published them.
	GFLOPs float64
	Scores Scores
	// MeasuredMiB is the memory that both towers took in float32 on a CPU, as published for
	// Immich; 0 where nobody measured it.
	MeasuredMiB int
	// ImageTower is the id of the model whose image tower it has, where only its text tower is
	// its own: photos that were looked at by that one need not be looked at again.
	ImageTower string
	// Export says what tools/export makes the model from; nil where that is not possible.
	Export *Export
	// Convolutions is whether most of the image tower's weights are in convolutions, of which no
	// int8 model is made.
	Convolutions bool
	// Unverified is whether the repository's name could not be checked; Note says more about the
	// model, in one sentence, or is "".
	Unverified bool
	Note       string
	// Advice is for whom the model is a good choice, in a few words; "" for most.
	Advice string
}

// File is a file of a model, by its path in the repository.
type File struct {
	Path string
	// Bytes is its size, 0 where it is not known.
	Bytes int64
	// SHA256 is its digest in hex, "" where it is not known.
	SHA256 string
}

// Scores are what others measured, in percent; 0 stands for not published.
type Scores struct {
	// ImageNet is the top-1 accuracy of zero-shot classification.
	ImageNet float64
	// TextToImage and ImageToText are recall at 1 on COCO.
	TextToImage, ImageToText float64
	// XM3600 is recall at 1 from text to image on Crossmodal-3600, the mean of its 36 languages.
	XM3600 float64
	// English, German and Arabic are the mean of recall at 1, 5 and 10 on the same photos for
	// queries in one language, in Immich's measurement.
	English, German, Arabic float64
	// Source says who measured the first three.
	Source string
}

// Export names a model for tools/export.
type Export struct {
	Library    string // "open_clip" or "transformers"
	Name       string
	Pretrained string // "" for transformers
}

// Precision is the type of a model's weights.
type Precision string

// The precisions.
const (
	FP32 Precision = "fp32"
	FP16 Precision = "fp16"
	INT8 Precision = "int8"
)

// Find returns the model with an id.
func (c *Catalogue) Find(id string) (Model, bool) {
	i := slices.IndexFunc(c.Models, func(m Model) bool { return m.ID == id })
	if i < 0 {
		return Model{}, false
	}
	return c.Models[i], true
}

// Published is whether the model can be downloaded in a layout that Descry reads.
func (m Model) Published() bool { return m.Repo != "" }

// Has is whether the model is published in a precision.
func (m Model) Has(p Precision) bool { return slices.Contains(m.Variants, p) }

// Makeable lists the precisions that the model is not published in, and in which it can be made
// of its float32 files, as clipengine/convert does.
func (m Model) Makeable() []Precision {
	var list []Precision
	if !m.Published() || !m.Has(FP32) || m.ImageTower != "" {
		return nil
	}
	if !m.Has(INT8) && !m.Convolutions {
		list = append(list, INT8)
	}
	if !m.Has(FP16) {
		list = append(list, FP16)
	}
	return list
}

// MoreFiles is whether weights lie in files beside those of Files, whose names only the
// repository tells: a single ONNX file cannot be larger than 2 GiB.
func (m Model) MoreFiles() bool {
	return m.Published() && max(m.ImageParams, m.TextParams)*4e6 > 2<<30
}

// FilesIn returns the files of the model in a precision that it Has. Models for Immich come in
// float32 alone; those for transformers.js have a file name for each precision, and two for int8:
// the one that Files names, or the one that all of them are published under.
func (m Model) FilesIn(p Precision) []File {
	suffix := map[Precision]string{FP16: "_fp16", INT8: "_quantized"}[p]
	files := make([]File, 0, len(m.Files))
	for _, f := range m.Files {
		tower, precision, isTower := towerFile(f.Path)
		named := func(g File) bool {
			t, q, ok := towerFile(g.Path)
			return ok && t == tower && q == p
		}
		switch {
		case !isTower || m.Layout == bundle.Immich || precision == p:
			files = append(files, f)
		case precision == FP32 && !slices.ContainsFunc(m.Files, named):
			files = append(files, File{Path: tower + suffix + ".onnx"})
		}
	}
	return files
}

// towerFile tells of the path of a tower which tower it is and in which precision.
func towerFile(path string) (tower string, p Precision, ok bool) {
	base, ok := strings.CutSuffix(path, ".onnx")
	if !ok {
		return "", "", false
	}
	for suffix, p := range map[string]Precision{"_fp16": FP16, "_int8": INT8, "_quantized": INT8} {
		if tower, ok := strings.CutSuffix(base, suffix); ok {
			return tower, p, true
		}
	}
	return base, FP32, true
}

// Multilingual is whether queries may be in other languages than English.
func (m Model) Multilingual() bool {
	return len(m.Languages) != 1 || m.Languages[0] != "en"
}
