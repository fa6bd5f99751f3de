package desktop

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"descry/ui/app"
)

// modelChoice is a line of the list of models: a model at hand, one that can be had, or both.
type modelChoice struct {
	here  *app.ModelInfo
	offer *app.Offer // what the catalogue says of it; nil where it says nothing
}

func (c modelChoice) id() string {
	if c.here != nil {
		return c.here.ID
	}
	return c.offer.ID
}

func (c modelChoice) name() string {
	if c.here == nil {
		return c.offer.Name
	}
	if c.offer != nil && c.here.Name == c.here.ID {
		return c.offer.Name
	}
	return modelName(*c.here)
}

// modelName is what a person calls a model.
func modelName(m app.ModelInfo) string {
	if m.Name == "" {
		return m.ID
	}
	return m.Name
}

func (c modelChoice) quality() float64 {
	if c.offer == nil {
		return 0
	}
	return c.offer.Quality()
}

// perSecond is how fast it is here, and whether that was measured.
func (c modelChoice) perSecond() (rate float64, measured bool) {
	switch {
	case c.here != nil && c.here.PerSecond > 0:
		return c.here.PerSecond, true
	case c.offer != nil:
		return c.offer.PerSecond, false
	}
	return 0, false
}

func (c modelChoice) bytes() int64 {
	if c.here != nil {
		return c.here.Bytes
	}
	return c.offer.Bytes
}

func (c modelChoice) memory() int64 {
	if c.here != nil && c.here.Memory > 0 {
		return c.here.Memory
	}
	if c.offer != nil {
		return int64(c.offer.MemoryMiB) << 20
	}
	return 0
}

func (c modelChoice) languages() []string {
	if c.here != nil {
		return c.here.Languages
	}
	return c.offer.Languages
}

func (c modelChoice) manyLanguages() bool {
	l := c.languages()
	return len(l) != 1 || l[0] != "en"
}

// matches is whether all words stand in what a model is chosen by.
func (c modelChoice) matches(words []string) bool {
	if c.offer != nil && c.offer.Matches(words) {
		return true
	}
	if c.here == nil {
		return false
	}
	text := strings.ToLower(strings.Join(append([]string{c.here.ID, c.here.Name, c.here.Licence}, c.here.Languages...), "\n"))
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, strings.ToLower(w)) })
}

// rateText says how many photos a second, or where that is less than one, how many seconds a
// photo takes, with two digits that count.
func rateText(r float64) string {
	switch {
	case r >= 10:
		return tr("{{.N}} photos a second", with{"N": number(int(math.Round(r)))})
	case r >= 1:
		return tr("{{.N}} photos a second", with{"N": fmt.Sprintf("%.1f", r)})
	case r > .1:
		return tr("{{.N}} seconds a photo", with{"N": fmt.Sprintf("%.1f", 1/r)})
	}
	return tr("{{.N}} seconds a photo", with{"N": fmt.Sprintf("%.0f", 1/r)})
}

// state says in a word or two where a model stands, "" for one that can be had.
func (c modelChoice) state() string {
	switch {
	case c.here == nil && !c.offer.Published():
		return tr("not published")
	case c.here == nil && c.offer.Restricted:
		return tr("restricted")
	case c.here == nil:
		return ""
	case c.here.Gone:
		return tr("not here any more")
	case c.here.Problem != "":
		return tr("has a fault")
	case c.here.InUse:
		return tr("in use")
	case c.here.Coming:
		return tr("looks at photos")
	}
	return tr("at hand")
}

// brief is the second line of a model in the list.
func (c modelChoice) brief() string {
	if c.here != nil && c.here.Gone {
		return c.foundText()
	}
	var parts []string
	if q := c.quality(); q > 0 {
		parts = append(parts, tr("finds {{.Share}} of 100", with{"Share": fmt.Sprintf("%.0f", q)}))
	}
	if r, measured := c.perSecond(); r > 0 {
		parts = append(parts, speedText(r, measured))
	}
	if n := c.bytes(); n > 0 {
		parts = append(parts, bytesText(n))
	}
	if c.manyLanguages() {
		parts = append(parts, languagesText(c.languages()))
	}
	return strings.Join(parts, " · ")
}

// foundText says what is kept of a model at hand, or of one that was.
func (c modelChoice) foundText() string {
	return trn("what it found in {{.N}} photos takes {{.Size}}", c.here.Vectors.Vectors, with{"Size": bytesText(c.here.Vectors.Bytes)})
}

func speedText(rate float64, measured bool) string {
	if measured {
		return rateText(rate)
	}
	return tr("about {{.Rate}}", with{"Rate": rateText(rate)})
}

func languagesText(l []string) string {
	switch {
	case slices.Contains(l, "multilingual"):
		return tr("many languages")
	case len(l) == 1 && l[0] == "en":
		return tr("English")
	}
	return strings.Join(l, ", ")
}

// modelFact is what is said of a model under a short name.
type modelFact struct{ name, text string }

// facts are what a person chooses a model by.
func (c modelChoice) facts() []modelFact {
	var out []modelFact
	add := func(name, text string) {
		if text != "" {
			out = append(out, modelFact{name, text})
		}
	}
	if c.here != nil && c.here.Gone {
		add(tr("Found"), c.foundText())
		return out
	}
	add(tr("Quality"), c.qualityText())
	if r, measured := c.perSecond(); r > 0 {
		said := tr("about {{.Rate}} here, estimated; measured once you have it", with{"Rate": rateText(r)})
		switch {
		case measured:
			said = tr("{{.Rate}}, measured here; reading files is not counted", with{"Rate": rateText(r)})
		case c.here != nil:
			said = tr("about {{.Rate}} here, estimated; Test measures it", with{"Rate": rateText(r)})
		}
		add(tr("Speed"), said)
	} else if c.here != nil {
		add(tr("Speed"), tr("not measured yet; Test measures it"))
	}
	add(tr("Languages"), c.languageText())
	add(tr("Size"), c.sizeText())
	if m := c.memory(); m > 0 {
		add(tr("Memory"), tr("about {{.Size}} while it runs", with{"Size": bytesText(m)}))
	}
	if c.here != nil && c.here.Provider != "" {
		add(tr("Runs on"), c.here.Provider)
	}
	if c.here != nil && c.here.Vectors.Vectors > 0 {
		add(tr("Found"), c.foundText())
	}
	licence, note := "", ""
	if c.here != nil {
		licence, note = c.here.Licence, c.here.Note
	}
	if licence == "" && c.offer != nil {
		licence, note = c.offer.Licence, c.offer.LicenceNote
	}
	if licence != "" && note != "" {
		licence += ". "
	}
	add(tr("Licence"), licence+note)
	if c.offer != nil {
		add(tr("From"), c.fromText())
		add(tr("Note"), c.offer.Note)
	}
	return out
}

func (c modelChoice) qualityText() string {
	if c.offer == nil {
		if c.here.Bundled {
			return tr("small and quick; a larger model finds more")
		}
		return ""
	}
	s := c.offer.Scores
	var lines []string
	if s.TextToImage > 0 {
		lines = append(lines, tr("For {{.Share}} of 100 descriptions the right one of 5,000 photos comes first (COCO; {{.Back}} of 100 the other way round).",
			with{"Share": fmt.Sprintf("%.1f", s.TextToImage), "Back": fmt.Sprintf("%.1f", s.ImageToText)}))
	}
	if s.ImageNet > 0 {
		lines = append(lines, tr("Names {{.Share}} of 100 pictures rightly among 1,000 names (ImageNet).", with{"Share": fmt.Sprintf("%.1f", s.ImageNet)}))
	}
	if len(lines) > 0 {
		lines = append(lines, tr("Measured by {{.Source}}.", with{"Source": s.Source}))
	}
	return strings.Join(lines, " ")
}

func (c modelChoice) languageText() string {
	text := languagesText(c.languages())
	if c.offer == nil {
		return text
	}
	var parts []string
	for _, l := range []struct {
		name  string
		score float64
	}{{tr("English"), c.offer.Scores.English}, {tr("German"), c.offer.Scores.German}, {tr("Arabic"), c.offer.Scores.Arabic}} {
		if l.score > 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f", l.name, l.score))
		}
	}
	if len(parts) > 0 {
		text += ". " + tr("Of 100: {{.Scores}} (Crossmodal-3600, measured by Immich).", with{"Scores": strings.Join(parts, ", ")})
	}
	return text
}

func (c modelChoice) sizeText() string {
	pixels := 0
	precision := ""
	if c.here != nil {
		pixels, precision = c.here.InputSize, c.here.Precision
	} else {
		pixels, precision = c.offer.InputSize, string(c.offer.Precision)
	}
	var parts []string
	switch n := c.bytes(); {
	case n == 0:
	case c.here == nil && !c.offer.BytesKnown:
		parts = append(parts, tr("about {{.Size}}", with{"Size": bytesText(n)}))
	default:
		parts = append(parts, bytesText(n))
	}
	if precision != "" {
		parts = append(parts, precision)
	}
	if pixels > 0 {
		parts = append(parts, tr("looks at {{.N}} × {{.N}} pixels", with{"N": number(pixels)}))
	}
	return strings.Join(parts, ", ")
}

func (c modelChoice) fromText() string {
	o := c.offer
	switch {
	case o.Published() && o.Unverified:
		return tr("{{.Repo}}, which could not be verified", with{"Repo": o.Repo})
	case o.Published():
		return o.Repo
	case o.Export != nil:
		return tr("Not published in a form that Descry reads. Who works with Python can make it with tools/export: {{.Name}}.",
			with{"Name": strings.TrimSpace(o.Export.Library + " " + o.Export.Name + " " + o.Export.Pretrained)})
	}
	return tr("Not published in a form that Descry reads.")
}
