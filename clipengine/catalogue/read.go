package catalogue

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"descry/clipengine/bundle"
)

// MaxFile is the largest catalogue that is read, in bytes.
const MaxFile = 4 << 20

// document is the file as it is written.
type document struct {
	Family map[string]familyEntry `toml:"family"`
	Model  []modelEntry           `toml:"model"`
}

type familyEntry struct {
	Name        string   `toml:"name"`
	Licence     string   `toml:"licence"`
	LicenceNote string   `toml:"licence_note"`
	Restricted  bool     `toml:"restricted"`
	Languages   []string `toml:"languages"`
	Source      string   `toml:"source"`
}

type modelEntry struct {
	ID          string       `toml:"id"`
	Name        string       `toml:"name"`
	Family      string       `toml:"family"`
	Repo        string       `toml:"repo"`
	Layout      string       `toml:"layout"`
	Variants    []string     `toml:"variants"`
	Languages   []string     `toml:"languages"`
	Size        int          `toml:"input_size"`
	Dim         int          `toml:"dim"`
	ImageParams float64      `toml:"image_params"`
	TextParams  float64      `toml:"text_params"`
	Table       float64      `toml:"table"`
	GFLOPs      float64      `toml:"gflops"`
	ImageNet    float64      `toml:"imagenet"`
	TextToImage float64      `toml:"coco_text_to_image"`
	ImageToText float64      `toml:"coco_image_to_text"`
	XM3600      float64      `toml:"xm3600"`
	English     float64      `toml:"english"`
	German      float64      `toml:"german"`
	Arabic      float64      `toml:"arabic"`
	Source      string       `toml:"source"`
	MeasuredMiB int          `toml:"measured_mib"`
	ImageTower  string       `toml:"image_tower"`
	Export      *exportEntry `toml:"export"`
	Convolved   bool         `toml:"convolutions"`
	Unverified  bool         `toml:"unverified"`
	Note        string       `toml:"note"`
	Advice      string       `toml:"advice"`
	Files       []fileEntry  `toml:"files"`
}

type exportEntry struct {
	Library    string `toml:"library"`
	Name       string `toml:"name"`
	Pretrained string `toml:"pretrained"`
}

type fileEntry struct {
	Path   string `toml:"path"`
	Bytes  int64  `toml:"bytes"`
	SHA256 string `toml:"sha256"`
}

// layoutFiles are the files that a model in a layout always has.
var layoutFiles = map[bundle.Layout][]string{
	bundle.Immich: {
		"config.json", "visual/preprocess_cfg.json", "visual/model.onnx",
		"textual/model.onnx", "textual/tokenizer.json", "textual/tokenizer_config.json",
	},
	bundle.TransformersJS: {
		"config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json",
		"onnx/vision_model.onnx", "onnx/text_model.onnx",
	},
}

// Read reads a catalogue. It is strict: a key that is not known, an entry that is not complete
// or does not agree with itself, or two of one id, are errors that say where.
func Read(r io.Reader) (*Catalogue, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue of models: %w", err)
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("the catalogue of models is larger than %d MiB", MaxFile>>20)
	}
	var doc document
	meta, err := toml.Decode(string(data), &doc)
	if err != nil {
		return nil, fmt.Errorf("the catalogue of models is not valid TOML: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("the catalogue of models has the key %q, which is not known", unknown[0].String())
	}
	c := &Catalogue{}
	for i, e := range doc.Model {
		m, err := e.model(doc.Family)
		if err != nil {
			name := e.ID
			if name == "" {
				name = fmt.Sprintf("number %d", i+1)
			}
			return nil, fmt.Errorf("the catalogue's model %s: %w", name, err)
		}
		if _, twice := c.Find(m.ID); twice {
			return nil, fmt.Errorf("the catalogue's model %s is in it twice", m.ID)
		}
		c.Models = append(c.Models, m)
	}
	for _, m := range c.Models {
		if m.ImageTower == "" {
			continue
		}
		switch other, ok := c.Find(m.ImageTower); {
		case !ok || other.ID == m.ID:
			return nil, fmt.Errorf("the catalogue's model %s has the image tower of %s, which is not in it", m.ID, m.ImageTower)
		case other.Dim != m.Dim || other.InputSize != m.InputSize:
			return nil, fmt.Errorf("the catalogue's model %s does not have the picture size and vector length of %s, whose image tower it has", m.ID, m.ImageTower)
		}
	}
	return c, nil
}

var (
	idForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$`)
	repoForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// model checks an entry and fills in what its family and layout say.
func (e modelEntry) model(families map[string]familyEntry) (Model, error) {
	f, ok := families[e.Family]
	switch {
	case !idForm.MatchString(e.ID) || strings.Contains(e.ID, ".."):
		return Model{}, errors.New("its id is not a plain name of a folder")
	case e.Name == "":
		return Model{}, errors.New("it has no name")
	case !ok:
		return Model{}, fmt.Errorf("its family %q is not in the file", e.Family)
	case f.Name == "" || f.Licence == "" || f.LicenceNote == "":
		return Model{}, fmt.Errorf("its family %q lacks a name, a licence or a note on it", e.Family)
	case e.Size < 1 || e.Size > 4096 || e.Dim < 1 || e.Dim > 1<<16:
		return Model{}, errors.New("its input_size or dim is missing or out of range")
	case e.ImageParams == 0 || e.TextParams == 0:
		return Model{}, errors.New("it lacks image_params or text_params")
	case e.Table > e.TextParams:
		return Model{}, errors.New("its table is larger than its text tower")
	}
	for _, n := range []float64{e.ImageParams, e.TextParams, e.Table, e.GFLOPs, float64(e.MeasuredMiB)} {
		if !(n >= 0 && n <= 1e6) || math.IsInf(n, 0) {
			return Model{}, errors.New("a number of it is out of range")
		}
	}
	for _, n := range []float64{e.ImageNet, e.TextToImage, e.ImageToText, e.XM3600, e.English, e.German, e.Arabic} {
		if !(n >= 0 && n <= 100) {
			return Model{}, errors.New("a score of it is not between 0 and 100")
		}
	}
	m := Model{
		ID: e.ID, Name: e.Name, Family: f.Name, Repo: e.Repo,
		Licence: f.Licence, LicenceNote: f.LicenceNote, Restricted: f.Restricted, Languages: f.Languages,
		InputSize: e.Size, Dim: e.Dim, ImageParams: e.ImageParams, TextParams: e.TextParams, Table: e.Table, GFLOPs: e.GFLOPs,
		MeasuredMiB: e.MeasuredMiB, ImageTower: e.ImageTower, Convolutions: e.Convolved, Unverified: e.Unverified, Note: e.Note, Advice: e.Advice,
		Scores: Scores{e.ImageNet, e.TextToImage, e.ImageToText, e.XM3600, e.English, e.German, e.Arabic, f.Source},
	}
	if len(e.Languages) > 0 {
		m.Languages = e.Languages
	}
	if e.Source != "" {
		m.Scores.Source = e.Source
	}
	if m.Scores.Source == "" && e.ImageNet+e.TextToImage+e.ImageToText > 0 {
		return Model{}, errors.New("its scores have no source")
	}
	if len(m.Languages) == 0 || slices.Contains(m.Languages, "") {
		return Model{}, errors.New("it does not say which languages it knows")
	}
	if e.Export != nil {
		if e.Export.Library != "open_clip" && e.Export.Library != "transformers" || e.Export.Name == "" {
			return Model{}, errors.New("its export names no library or no model")
		}
		m.Export = &Export{e.Export.Library, e.Export.Name, e.Export.Pretrained}
	}
	return m, e.published(&m)
}

// published fills in what concerns the download.
func (e modelEntry) published(m *Model) error {
	if e.Repo == "" {
		switch {
		case e.Layout != "" || len(e.Files) > 0 || len(e.Variants) > 0:
			return errors.New("it has a layout, variants or files but no repo")
		case e.Note == "" && e.Export == nil:
			return errors.New("it has no repo, and neither an export nor a note says why")
		}
		return nil
	}
	names, ok := layoutFiles[bundle.Layout(e.Layout)]
	if !ok {
		return fmt.Errorf("its layout %q is not known", e.Layout)
	}
	if !repoForm.MatchString(e.Repo) || strings.Contains(e.Repo, "..") {
		return fmt.Errorf("its repo %q is not written as OWNER/NAME", e.Repo)
	}
	m.Layout, m.Variants = bundle.Layout(e.Layout), []Precision{FP32}
	if len(e.Variants) > 0 {
		m.Variants = nil
		for _, v := range e.Variants {
			p := Precision(v)
			if p != FP32 && p != FP16 && p != INT8 || m.Has(p) || m.Layout == bundle.Immich && p != FP32 {
				return fmt.Errorf("its variant %q is not known in this layout, or in it twice", v)
			}
			m.Variants = append(m.Variants, p)
		}
	}
	for _, f := range e.Files {
		sum, err := hex.DecodeString(f.SHA256)
		switch {
		case f.Path == "" || path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || strings.HasPrefix(f.Path, "..") || strings.ContainsAny(f.Path, "\\\x00:"):
			return fmt.Errorf("its file %q is not a plain path", f.Path)
		case err != nil || len(sum) != 32 && len(sum) != 0 || strings.ToLower(f.SHA256) != f.SHA256:
			return fmt.Errorf("its file %s has a digest that is not SHA-256 in hex", f.Path)
		case f.Bytes < 0 || f.Bytes > 1<<40:
			return fmt.Errorf("its file %s has a size out of range", f.Path)
		case slices.ContainsFunc(m.Files, func(g File) bool { return g.Path == f.Path }):
			return fmt.Errorf("its file %s is in it twice", f.Path)
		}
		m.Files = append(m.Files, File(f))
	}
	for _, name := range names {
		if !slices.ContainsFunc(m.Files, func(g File) bool { return g.Path == name }) {
			m.Files = append(m.Files, File{Path: name})
		}
	}
	return nil
}
