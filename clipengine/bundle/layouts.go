package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"descry/clipengine/preprocess"
	"descry/clipengine/tokenize"
)

// Values for models whose files do not say with what scale and bias they were trained.
// CLIP training clips the scale at 100 and nearly all models end there. SigLIP's are near
// those with which its base model was published; bundle.json can give a model's own.
const (
	clipScale   = 100
	siglipScale = 117.33
	siglipBias  = -12.93
)

// readDescry reads the program's own layout: vision.onnx, text.onnx, tokenizer.json and
// preprocess.json.
func (b *Bundle) readDescry(f files) error {
	var c struct {
		Size   int `json:"image_size"`
		Resize struct {
			Mode, Interpolation, Rounding string
			Size                          int
		}
		Mean, Std []float64
		Range     string `json:"value_range"`
		Text      struct {
			MaxLength int `json:"max_length"`
			Clean     tokenize.Cleaning
			Fill      bool
		}
		Dim        int      `json:"embed_dim"`
		LogitScale float64  `json:"logit_scale"`
		LogitBias  *float64 `json:"logit_bias"`
	}
	if err := f.json("preprocess.json", b.image != nil, &c); err != nil {
		return err
	}
	b.Dim, b.ContextLength, b.LogitScale = c.Dim, c.Text.MaxLength, c.LogitScale
	if !c.Text.Clean.Known() {
		return fmt.Errorf("its file preprocess.json names the cleaning %q of texts, which is not known", c.Text.Clean)
	}
	b.cleaning, b.fill = c.Text.Clean, c.Text.Fill
	if c.LogitBias != nil {
		b.Sigmoid, b.LogitBias = true, *c.LogitBias
	}
	if err := b.readTokenizer(f, "tokenizer.json", "tokenizer_config.json", false); err != nil {
		return err
	}
	if b.image != nil {
		if b.LogitScale == 0 {
			b.LogitScale = clipScale
		}
		return b.readTowers(f, "", "text.onnx")
	}
	p := preprocess.Config{Size: c.Size, Filter: preprocess.Filter(c.Resize.Interpolation), Scale: 1.0 / 255}
	// The file gives mean and std for values of 0 to 1 or, if it says so, of 0 to 255.
	if strings.HasPrefix(c.Range, "0..255") {
		p.Scale = 1
	}
	switch c.Resize.Mode {
	case "shortest_edge":
		p.Mode, p.Resize, p.Rounding = preprocess.Crop, c.Resize.Size, preprocess.Rounding(c.Resize.Rounding)
	case "squash":
		p.Mode = preprocess.Squash
	default:
		return fmt.Errorf("its file preprocess.json has the resize mode %q, which is not known", c.Resize.Mode)
	}
	if err := p.SetChannels(c.Mean, c.Std); err != nil {
		return fmt.Errorf("its file preprocess.json cannot be used: %w", err)
	}
	b.Preprocess = p
	return b.readTowers(f, "vision.onnx", "text.onnx")
}

// readImmich reads the layout in which OpenCLIP and other models are published for Immich:
// visual/ with model.onnx and preprocess_cfg.json, textual/ with model.onnx, tokenizer.json
// and tokenizer_config.json, and config.json, OpenCLIP's configuration.
func (b *Bundle) readImmich(f files) error {
	if b.image == nil {
		if err := b.readImmichPreprocessing(f); err != nil {
			return err
		}
	}
	return b.readImmichTexts(f)
}

func (b *Bundle) readImmichPreprocessing(f files) error {
	var p struct {
		Size          json.RawMessage
		Mean, Std     []float64
		Interpolation string
		ResizeMode    string `json:"resize_mode"`
	}
	if err := f.json(f.first("visual/preprocess_cfg.json", "preprocess_cfg.json"), false, &p); err != nil {
		return err
	}
	size, err := side(p.Size)
	if err != nil {
		return fmt.Errorf("its file preprocess_cfg.json cannot be used: %w", err)
	}
	b.Preprocess = preprocess.Config{Size: size, Filter: preprocess.Filter(p.Interpolation), Scale: 1.0 / 255}
	if p.Interpolation == "random" { // of training; after it OpenCLIP takes its usual one
		b.Preprocess.Filter = preprocess.Bicubic
	}
	switch p.ResizeMode {
	case "", "shortest":
		b.Preprocess.Mode = preprocess.Crop
	case "squash":
		b.Preprocess.Mode = preprocess.Squash
	default:
		return fmt.Errorf("its file preprocess_cfg.json has the resize mode %q, which is not supported", p.ResizeMode)
	}
	if p.Mean == nil && p.Std == nil {
		p.Mean, p.Std = clipMean[:], clipStd[:]
	}
	if err := b.Preprocess.SetChannels(p.Mean, p.Std); err != nil {
		return fmt.Errorf("its file preprocess_cfg.json cannot be used: %w", err)
	}
	return nil
}

func (b *Bundle) readImmichTexts(f files) error {
	var c struct {
		Dim  int      `json:"embed_dim"`
		Bias *float64 `json:"init_logit_bias"`
		Text struct {
			ContextLength int    `json:"context_length"`
			VocabSize     int    `json:"vocab_size"`
			Named         string `json:"hf_tokenizer_name"`
			Tokenizer     struct {
				Clean tokenize.Cleaning
			} `json:"tokenizer_kwargs"`
		} `json:"text_cfg"`
	}
	if err := f.json("config.json", true, &c); err != nil {
		return err
	}
	b.Dim, b.ContextLength = c.Dim, c.Text.ContextLength
	if b.ContextLength == 0 {
		b.ContextLength = 77
	}
	b.family(c.Bias != nil || isSigLIP(b.ID))
	tokenizer := f.first("textual/tokenizer.json", "tokenizer.json")
	clip := c.Text.VocabSize == clipVocabulary && c.Text.Named == ""
	if err := b.readTokenizer(f, tokenizer, path.Join(path.Dir(tokenizer), "tokenizer_config.json"), clip); err != nil {
		return err
	}
	if clip {
		// OpenCLIP's own tokenizer fills up with 0, whatever the file beside it says; towers
		// without a causal mask, as MobileCLIP's, see that.
		if err := b.Tokenizer.SetPad("!"); err != nil {
			return fmt.Errorf("its tokenizer is not CLIP's: %w", err)
		}
	}
	b.cleaning = tokenize.Whitespace
	if clip {
		b.cleaning = tokenize.Lower
	}
	if k := c.Text.Tokenizer.Clean; k != tokenize.NoCleaning {
		if !k.Known() {
			return fmt.Errorf("its file config.json names the cleaning %q of texts, which is not known", k)
		}
		b.cleaning = k
	}
	b.fill = true
	if err := b.readTowers(f, "visual/model.onnx", "textual/model.onnx"); err != nil {
		return err
	}
	// OpenCLIP's towers find out themselves what is filled up. One that is told is M-CLIP's,
	// which takes texts as they are.
	for _, in := range b.Text.Inputs {
		if in.Role == Mask {
			b.cleaning = tokenize.NoCleaning
		}
	}
	return nil
}

// readTransformers reads the layout of transformers.js: vision_model.onnx and
// text_model.onnx, in onnx/ or beside the configuration, and preprocessor_config.json,
// tokenizer.json and config.json.
func (b *Bundle) readTransformers(f files) error {
	if b.image == nil {
		if err := b.readTransformersPreprocessing(f); err != nil {
			return err
		}
	}
	if err := b.readTransformersConfig(f); err != nil {
		return err
	}
	dir := "onnx"
	if len(f.variants(dir, "vision_model")) == 0 && len(f.variants(dir, "text_model")) == 0 {
		dir = "."
	}
	text, err := f.variant(dir, "text_model", textOrder[b.want])
	if err != nil {
		return err
	}
	if b.image != nil {
		return b.readTowers(f, "", text)
	}
	b.Variants = precisions(f.variants(dir, "vision_model"))
	vision, err := f.variant(dir, "vision_model", imageOrder[b.want])
	if err != nil {
		return err
	}
	return b.readTowers(f, vision, text)
}

func (b *Bundle) readTransformersPreprocessing(f files) error {
	var p struct {
		Resize   *bool           `json:"do_resize"`
		Crop     *bool           `json:"do_center_crop"`
		Rescale  *bool           `json:"do_rescale"`
		Normal   *bool           `json:"do_normalize"`
		Size     json.RawMessage `json:"size"`
		CropSize json.RawMessage `json:"crop_size"`
		Mean     []float64       `json:"image_mean"`
		Std      []float64       `json:"image_std"`
		Factor   *float64        `json:"rescale_factor"`
		Resample *int            `json:"resample"`
	}
	if err := f.json("preprocessor_config.json", false, &p); err != nil {
		return err
	}
	is := func(v *bool, otherwise bool) bool { return v == nil && otherwise || v != nil && *v }
	fail := func(err error) error { return fmt.Errorf("its file preprocessor_config.json cannot be used: %w", err) }
	if !is(p.Resize, true) {
		return fail(errors.New("it does not resize pictures"))
	}
	length, err := side(p.Size)
	if err != nil {
		return fail(err)
	}
	c := preprocess.Config{Size: length, Mode: preprocess.Squash, Rounding: preprocess.Floor, Scale: 1}
	// Only "size" with a shortest edge, or written as one number, keeps the shape.
	if shape := bytes.TrimSpace(p.Size); bytes.Contains(shape, []byte("shortest_edge")) || len(shape) > 0 && shape[0] != '{' && shape[0] != '[' {
		c.Mode = preprocess.Crop
		if !is(p.Crop, false) {
			return fail(errors.New("it keeps the shape of pictures but crops nothing"))
		}
	}
	if is(p.Crop, false) {
		c.Resize = length
		if c.Size, err = side(p.CropSize); err != nil {
			return fail(err)
		}
		if c.Mode == preprocess.Squash && c.Size != length {
			return fail(errors.New("it squashes pictures and then crops them, which is not supported"))
		}
	}
	if is(p.Rescale, true) {
		c.Scale = 1.0 / 255
		if p.Factor != nil {
			c.Scale = *p.Factor
		}
	}
	// The numbers are those of Pillow's filters.
	kind := 3
	if p.Resample != nil {
		kind = *p.Resample
	}
	c.Filter = map[int]preprocess.Filter{1: preprocess.Lanczos, 2: preprocess.Bilinear, 3: preprocess.Bicubic, 4: preprocess.Box}[kind]
	if c.Filter == "" {
		return fail(fmt.Errorf("its resample filter %d is not supported", kind))
	}
	if !is(p.Normal, true) {
		p.Mean, p.Std = []float64{0, 0, 0}, []float64{1, 1, 1}
	} else if p.Mean == nil && p.Std == nil {
		p.Mean, p.Std = clipMean[:], clipStd[:]
	}
	if err := c.SetChannels(p.Mean, p.Std); err != nil {
		return fail(err)
	}
	b.Preprocess = c
	return nil
}

// readTransformersConfig reads what concerns texts, vectors and scales.
func (b *Bundle) readTransformersConfig(f files) error {
	var c struct {
		Type string `json:"model_type"`
		Dim  int    `json:"projection_dim"`
		Text struct {
			Positions int `json:"max_position_embeddings"`
			VocabSize int `json:"vocab_size"`
		} `json:"text_config"`
		Positions int `json:"max_position_embeddings"` // of a text tower alone
	}
	if err := f.json("config.json", false, &c); err != nil {
		return err
	}
	siglip := strings.HasPrefix(c.Type, "siglip") || isSigLIP(b.ID)
	if !siglip {
		b.Dim = c.Dim
	}
	b.family(siglip)
	clip := c.Type == "clip" && (c.Text.VocabSize == 0 || c.Text.VocabSize == clipVocabulary) && f.exists("merges.txt")
	if err := b.readTokenizer(f, "tokenizer.json", "tokenizer_config.json", clip); err != nil {
		return err
	}
	var t struct {
		MaxLength float64 `json:"model_max_length"`
	}
	if err := f.json("tokenizer_config.json", true, &t); err != nil {
		return err
	}
	b.ContextLength = c.Text.Positions
	if b.image != nil && b.ContextLength == 0 {
		b.ContextLength = c.Positions
	}
	if b.ContextLength == 0 {
		// These are the defaults of the two families, which their files leave out.
		b.ContextLength = 77
		if siglip {
			b.ContextLength = 64
		}
	}
	if t.MaxLength > 0 && t.MaxLength < float64(b.ContextLength) {
		b.ContextLength = int(t.MaxLength)
	}
	if siglip {
		// SigLIP was trained on texts filled up to the whole length, without a mask.
		b.fill = true
		// SigLIP 2 was trained on lower case, which Gemma's tokenizer does not make. Most of
		// its models call themselves "siglip"; the vocabulary tells.
		if strings.HasPrefix(c.Type, "siglip2") || c.Text.VocabSize >= gemmaVocabulary || named(b.ID, "siglip2") {
			b.cleaning = tokenize.LowerCase
		}
	}
	if named(b.ID, "mobileclip") {
		// Most of MobileCLIP's text towers look at what is filled up, and theirs is 0. Its
		// files say only that it is a CLIP.
		b.fill = true
		if err := b.Tokenizer.SetPad("!"); err != nil {
			return fmt.Errorf("its tokenizer is not MobileCLIP's: %w", err)
		}
	}
	return nil
}

func (b *Bundle) readTowers(f files, vision, text string) error {
	var err error
	if b.image != nil {
		b.Vision, b.Preprocess = b.image.Vision, b.image.Preprocess
	} else if b.Vision, err = f.image(b.source, vision); err != nil {
		return err
	}
	if b.Text, err = f.text(b.source, text); err != nil {
		return err
	}
	if b.Precision = b.Vision.weights; b.image != nil {
		b.Precision = b.image.Precision
	}
	return nil
}

// readTokenizer reads a tokenizer and, from the configuration beside it, with what texts
// are filled up. clip allows CLIP's built-in vocabulary in the place of a missing file.
func (b *Bundle) readTokenizer(f files, name, config string, clip bool) error {
	data, err := f.read(name, tokenize.MaxJSON)
	switch {
	case clip && errors.Is(err, fs.ErrNotExist):
		if b.Tokenizer, err = tokenize.CLIP(); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if b.Tokenizer, err = tokenize.ReadJSON(data); err != nil {
			return fmt.Errorf("its file %s cannot be used: %w", name, err)
		}
		sum := sha256.Sum256(data)
		b.vocab = hex.EncodeToString(sum[:])
	}
	if b.ContextLength == 0 {
		b.ContextLength = b.Tokenizer.Limit()
	}
	var c struct {
		Pad json.RawMessage `json:"pad_token"`
	}
	if err := f.json(config, true, &c); err != nil {
		return err
	}
	// The token is written as a text or as an object with its content.
	var pad struct{ Content string }
	if json.Unmarshal(c.Pad, &pad.Content) != nil && json.Unmarshal(c.Pad, &pad) != nil || pad.Content == "" {
		return nil
	}
	if err := b.Tokenizer.SetPad(pad.Content); err != nil {
		return fmt.Errorf("its file %s cannot be used: %w", config, err)
	}
	b.pad = pad.Content
	return nil
}

// clipVocabulary is the number of tokens by which a model of CLIP's kind is told.
const clipVocabulary = 49408

// gemmaVocabulary is the number of tokens from which on a SigLIP model has Gemma's
// vocabulary and is a SigLIP 2; SigLIP's own have 32,000, or 250,000 for many languages.
const gemmaVocabulary = 256000

// family sets scale and bias, where the files are silent, by the kind of training.
func (b *Bundle) family(sigmoid bool) {
	b.Sigmoid = sigmoid
	if sigmoid {
		b.LogitScale, b.LogitBias = siglipScale, siglipBias
	} else {
		b.LogitScale = clipScale
	}
}

func isSigLIP(id string) bool { return named(id, "siglip") }

// named tells whether a family's name, in small letters, is part of a model's.
func named(id, family string) bool { return strings.Contains(strings.ToLower(id), family) }

// The channel statistics of CLIP's training pictures, which files leave out as default.
var (
	clipMean = [3]float64{0.48145466, 0.4578275, 0.40821073}
	clipStd  = [3]float64{0.26862954, 0.26130258, 0.27577711}
)

// side reads the length of a square in the ways in which it is written: 224, [224, 224],
// {"shortest_edge": 224} or {"height": 224, "width": 224}.
func side(raw json.RawMessage) (int, error) {
	var one int
	if json.Unmarshal(raw, &one) == nil && one != 0 {
		return one, nil
	}
	var list []int
	if json.Unmarshal(raw, &list) == nil && len(list) == 2 {
		if list[0] == list[1] {
			return list[0], nil
		}
		return 0, fmt.Errorf("pictures of %d by %d pixels, which are not square, are not supported", list[0], list[1])
	}
	var named struct {
		Shortest      int `json:"shortest_edge"`
		Width, Height int
	}
	if json.Unmarshal(raw, &named) == nil {
		switch {
		case named.Shortest != 0:
			return named.Shortest, nil
		case named.Width != 0 && named.Width == named.Height:
			return named.Width, nil
		}
	}
	return 0, errors.New("it does not give one size for a square picture")
}

// readManifest reads bundle.json, in which a folder of any layout may say what its other
// files do not.
func (b *Bundle) readManifest(f files) error {
	m := struct {
		Name, Licence, Source *string
		Note                  *string `json:"licence_note"`
		Languages             []string
		LogitScale            *float64 `json:"logit_scale"`
		LogitBias             *float64 `json:"logit_bias"`
		Patches               string
		Digests               map[string]string
	}{}
	if err := f.json("bundle.json", true, &m); err != nil {
		return err
	}
	for to, from := range map[*string]*string{
		&b.Name: m.Name, &b.Licence: m.Licence, &b.Source: m.Source, &b.LicenceNote: m.Note,
	} {
		if from != nil {
			*to = Plain(*from, 600)
		}
	}
	if m.Licence != nil && m.Note == nil {
		b.LicenceNote = "The folder names this licence; read it before you use the model for more than trying."
	}
	if len(m.Languages) > 0 {
		b.Languages = nil
		for _, l := range m.Languages[:min(len(m.Languages), 200)] {
			b.Languages = append(b.Languages, Plain(l, 20))
		}
	}
	if m.LogitScale != nil {
		b.LogitScale = *m.LogitScale
	}
	if m.LogitBias != nil {
		b.Sigmoid, b.LogitBias = true, *m.LogitBias
	}
	b.Digests, b.patches = m.Digests, m.Patches
	return nil
}

// readCard takes licence and languages from the head of a model card as Hugging Face
// writes it (README.md), and falls back on the name of the folder.
func (b *Bundle) readCard(f files) {
	if multilingual.MatchString(b.ID) {
		b.Languages = []string{"multilingual"}
	}
	b.LicenceNote = "The folder does not say under which licence the model may be used."
	data, err := f.read("README.md", maxConfig)
	if err != nil {
		return
	}
	head, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return
	}
	head, _, _ = bytes.Cut(head, []byte("\n---"))
	var languages []string
	list := false
	for line := range strings.Lines(string(head)) {
		line = strings.TrimRight(line, "\r\n")
		if item, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok && list {
			languages = append(languages, Plain(item, 20))
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		list = key == "language" && value == ""
		switch {
		case key == "license" && value != "":
			b.Licence = Plain(value, 60)
			b.LicenceNote = "Its model card names this licence; read it before you use the model for more than trying."
		case key == "language" && value != "":
			languages = []string{Plain(value, 20)}
		}
	}
	if len(languages) > 0 {
		b.Languages = languages
	}
}

var multilingual = regexp.MustCompile(`(?i)xlm|nllb|multiling|mclip|m-clip|siglip2|i18n|visualglm|jina-clip-v2`)

// Plain makes text from a file safe to show: one line of printable characters, at most limit.
func Plain(s string, limit int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7F || r >= 0x80 && r < 0xA0 || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))), " ")
	runes := []rune(s)
	return string(runes[:min(len(runes), limit)])
}
