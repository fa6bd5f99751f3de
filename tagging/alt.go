package tagging

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"descry/library"
)

// MaxAlt is the longest alt text in characters (IPTC Photo Metadata Standard 2021.1).
const MaxAlt = 250

// From these confidences on, a suggestion is said plainly, with "probably", with "may
// show". Below the last it is not said at all.
const (
	sureFrom     = 0.85
	probablyFrom = 0.65
	perhapsFrom  = 0.5
)

// AltInput is what a draft is made from.
type AltInput struct {
	Tags       []library.Tag // suggested, confirmed and rejected
	Vocabulary *Vocabulary   // what the tags' labels mean; tags it lacks count as plain words
	Calibrated bool          // confidences were fitted for the space; if not, none counts as sure
	Metadata   library.Metadata
	Measures   *library.Measures // nil: not measured
	Place      string            // name of the place, where the file's metadata or the person says it
}

// part is a tag that may be said.
type part struct {
	set, name  string
	role       string
	phrase     string
	prep       string
	includes   []string // lower-case names that it tells already
	confirmed  bool
	confidence float64
	order      int // in the vocabulary's order of roles; ties are broken by name
}

func (p part) sure() bool { return p.confirmed || p.confidence >= sureFrom }

// DraftAlt writes one plain sentence about a photo, of at most MaxAlt characters and never
// empty, and a longer description. The file's own alt text or description comes first:
// words that a person wrote are better than what pixels tell. Else the sentence is built
// from confirmed tags, which count as certain, and from confident suggestions, hedged
// when less sure; rejected tags never appear. It says nothing of who someone is, of
// gender, origin, feelings, or of age beyond child and adult, unless a person confirmed a
// tag that does. Confidence is that of the least certain statement; Sources names where
// each statement came from.
func DraftAlt(in AltInput) library.AltText {
	parts := in.parts()
	s := compose(parts, in.Place)
	alt := library.AltText{Lang: "en", State: library.AltDraft}
	switch {
	case ownWords(in.Metadata.AltText) != "":
		alt.Text = sentence(ownWords(in.Metadata.AltText))
		alt.Confidence = 1
		alt.Sources = []string{"alt text in the file"}
	case ownWords(in.Metadata.Description) != "":
		alt.Text = sentence(ownWords(in.Metadata.Description))
		alt.Confidence = 1
		alt.Sources = []string{"description in the file"}
	case s.text != "":
		alt.Text, alt.Confidence, alt.Sources = s.text, s.confidence(), s.sources()
	default:
		alt.Text, alt.Sources = floor(in.Metadata)
		alt.Confidence = 1
	}
	alt.Extended = in.extended(alt, parts, s)
	return alt
}

// floor is what can be said when nothing is known of what a photo shows.
func floor(m library.Metadata) (text string, sources []string) {
	text = "Photo"
	sources = []string{"nothing is known of what the photo shows"}
	if title := ownWords(m.Title); title != "" {
		text += " titled “" + cut(strings.TrimRight(title, "."), 150) + "”"
		sources = append(sources, "title in the file")
	}
	if !m.Taken.IsZero() {
		text += ", taken " + date(m.Taken)
		sources = append(sources, "date in the file")
	}
	return text + ".", sources
}

func date(t time.Time) string { return t.Format("2 January 2006") }

// parts turns tags into parts that may be said, best first.
func (in AltInput) parts() []part {
	rejected := map[string]bool{}
	exclusive := map[string]bool{} // exclusive sets in which the person chose
	for _, t := range in.Tags {
		switch t.State {
		case library.Rejected:
			rejected[strings.ToLower(t.Name)] = true
		case library.Confirmed:
			if e, ok := in.Vocabulary.find(t.Set, t.Name); ok && e.set.Exclusive {
				exclusive[t.Set] = true
			}
		}
	}
	var out []part
	for _, t := range in.Tags {
		if t.State == library.Rejected || rejected[strings.ToLower(t.Name)] && t.State != library.Confirmed {
			continue
		}
		p := part{set: t.Set, name: t.Name, confirmed: t.State == library.Confirmed, confidence: t.Confidence}
		if p.confirmed {
			p.confidence = 1
		} else if !in.Calibrated {
			p.confidence = min(p.confidence, sureFrom-0.01)
		}
		if e, ok := in.Vocabulary.find(t.Set, t.Name); ok {
			p.role, p.prep = e.role, e.label.Preposition
			p.phrase = strings.TrimRight(strings.Join(strings.Fields(e.label.Alt), " "), ".,;:!?… ")
			p.includes = in.Vocabulary.includes(e.label)
			if p.role == RolePerson && !p.sure() {
				// How old someone is, or that there are many, is said only when it is sure.
				for _, wider := range e.label.Includes {
					if w, ok := in.Vocabulary.find(t.Set, wider); ok && w.role == RolePerson {
						p.phrase = w.label.Alt
						break
					}
				}
			}
		}
		if !p.confirmed {
			if !(p.confidence >= perhapsFrom) || exclusive[t.Set] || claimsTooMuch(p.phrase) || claimsTooMuch(p.name) {
				continue
			}
			if slices.ContainsFunc(p.includes, func(n string) bool { return rejected[n] }) {
				continue // no animal, so no dog
			}
		}
		p.order = slices.Index(Roles(), p.role)
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b part) int {
		return cmp.Or(
			cmp.Compare(boolInt(b.confirmed), boolInt(a.confirmed)),
			cmp.Compare(b.confidence, a.confidence),
			cmp.Compare(a.order, b.order),
			cmp.Compare(a.set, b.set), cmp.Compare(a.name, b.name),
		)
	})
	if !slices.ContainsFunc(out, func(p part) bool { return p.role == RolePerson || p.role == RoleAnimal }) {
		// Nobody is known who could do it.
		out = slices.DeleteFunc(out, func(p part) bool { return p.role == RoleAction && !p.confirmed })
	}
	return withoutRepeats(out)
}

// withoutRepeats drops parts that another one tells already: the wider of two when the
// narrower is as sure ("a dog", not "a dog and an animal"), else the narrower ("an
// animal", not "probably a dog"). A person stays beside what they do: the sentence needs
// someone.
func withoutRepeats(parts []part) []part {
	drop := make([]bool, len(parts))
	for i, p := range parts {
		for j, q := range parts {
			if i == j {
				continue
			}
			same := strings.EqualFold(p.name, q.name) || p.phrase != "" && strings.EqualFold(p.phrase, q.phrase)
			if same && i < j {
				drop[j] = true
			}
			if !slices.Contains(q.includes, strings.ToLower(p.name)) || slices.Contains(p.includes, strings.ToLower(q.name)) {
				continue
			}
			if p.role == RolePerson && q.role != RolePerson {
				continue
			}
			if q.sure() || !p.sure() {
				drop[i] = true
			} else if p.role == q.role {
				drop[j] = true
			}
		}
	}
	out := parts[:0:0]
	for i, p := range parts {
		if !drop[i] {
			out = append(out, p)
		}
	}
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Words that say who someone is, or how they feel. A suggestion that holds one is not
// said: pixels do not tell it.
var tooMuch = regexp.MustCompile(`(?i)\b(?:m[ae]n|wom[ae]n|boys?|girls?|males?|females?|lad(?:y|ies)|gentlem[ae]n|guys?|gay|lesbian|trans|queer|` +
	`husband|wife|mothers?|fathers?|moms?|mums?|dads?|sons?|daughters?|brothers?|sisters?|grand\w+|granny|aunts?|uncles?|cousins?|famil(?:y|ies)|couples?|lovers?|` +
	`asians?|africans?|europeans?|arabs?|latin[ao]s?|hispanics?|caucasians?|indians?|jews?|jewish|muslims?|christians?|hindus?|buddhists?|blacks?|whites?|` +
	`(?:black|white|brown|old|young|elderly|disabled|fat|thin|poor|rich|homeless) (?:person|people|child|children|adults?|bab(?:y|ies)|teenagers?)|` +
	`elderly|teenagers?|seniors?|toddlers?|pregnant|disabled|blind|deaf|homeless|fat|obese|` +
	`happy|sad|angry|afraid|scared|proud|excited|bored|smiling|crying|laughing|depressed|lonely|surprised|worried|beautiful|pretty|handsome|ugly|sexy|cute)\b`)

// capitals that are no one's name.
var plainCapitals = map[string]bool{"American": true, "Christmas": true, "Halloween": true, "QR": true, "TV": true, "T-shirt": true, "I": true}

// claimsTooMuch reports whether a phrase names someone or says what pixels cannot tell.
func claimsTooMuch(phrase string) bool {
	for _, w := range strings.Fields(phrase) {
		w = strings.Trim(w, ",.;:()\"'")
		if r, _ := utf8.DecodeRuneInString(w); unicode.IsUpper(r) && !plainCapitals[w] {
			return true
		}
	}
	return tooMuch.MatchString(phrase)
}

// Descriptions and titles that cameras and programs write by themselves.
var (
	fileName = regexp.MustCompile(`(?i)^(?:img|dsc|dscn|dscf|pxl|p|mvimg|image|photo|picture|screenshot|scan|gopr|sam|cimg|wp|dji)?[-_ ]?[0-9][-_0-9 .:()]*(?:\.(?:jpe?g|png|heic|tiff?|webp))?$`)
	machine  = regexp.MustCompile(`(?i)^(?:.*digital camera.*|sony dsc|samsung\b.*|.*exif.?jpeg.*|dcim|created with.*|file source.*|default|untitled|no (?:title|description|caption)|charset\s*=.*|ascii|unicode|jpe?g|hdr|dav|cof|oznor|rbt|mde|sdr|rhdr|vsco|instagram|untitled export|<.*>|\?+|-+|null|none|n/a)$`)
)

// ownWords is a text that a person may have written, or "": on one line, without what
// cameras and programs fill in.
func ownWords(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if !strings.ContainsFunc(s, unicode.IsLetter) || machine.MatchString(s) || fileName.MatchString(s) {
		return ""
	}
	return s
}

// sentence makes a text one sentence of at most MaxAlt characters that ends as such.
func sentence(s string) string {
	if utf8.RuneCountInString(s) <= MaxAlt && strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	if utf8.RuneCountInString(s) < MaxAlt {
		if r, _ := utf8.DecodeLastRuneInString(s); strings.ContainsRune("…。！？”\"»)", r) {
			return s
		}
		return s + "."
	}
	// The sentences that fit, if that is a fair part of it; else words.
	runes := []rune(s)
	for i := MaxAlt - 1; i >= MaxAlt/3; i-- {
		if strings.ContainsRune(".!?", runes[i]) && (i+1 == len(runes) || runes[i+1] == ' ') {
			return string(runes[:i+1])
		}
	}
	return cut(s, MaxAlt)
}

// cut shortens s to n characters, at a space where it can, and says so by "…".
func cut(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	s = string(runes[:n-1])
	if i := strings.LastIndexByte(s, ' '); i > len(s)/2 {
		s = s[:i]
	}
	return strings.TrimRight(s, " ,;:.") + "…"
}

// source says where a statement came from.
func (p part) source(what string) string {
	if p.confirmed {
		return fmt.Sprintf("“%s”: tag %s, confirmed", what, p.name)
	}
	return fmt.Sprintf("“%s”: suggestion %s, %d %%", what, p.name, min(int(math.Round(p.confidence*100)), 99))
}
