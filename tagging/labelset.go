// Package tagging says things about photos in words: it scores labels that a person can
// edit against photo vectors, turns the scores into calibrated suggestions, and drafts
// alternative text from what is confidently known.
package tagging

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a label set. They keep a set file small enough to edit by hand and quick
// enough to encode (one text takes a few milliseconds per core).
const (
	MaxLabels    = 500 // labels in a set
	MaxSynonyms  = 20  // synonyms of a label, and prompts of a label
	MaxTemplates = 20  // templates of a set
	MaxName      = 60  // characters of a name, title, synonym or preposition
	MaxPhrase    = 200 // characters of a prompt, template or alt phrase
	MaxLimit     = 20  // suggestions of one set on one photo
	DefaultLimit = 3   // the limit of a set that names none
)

// The roles say where a label goes in an alt-text sentence. A label without a role is a
// tag like any other but only the extended description mentions it.
const (
	RolePerson   = "person"   // who: "a child", "people"
	RoleAnimal   = "animal"   // who: "a dog"
	RoleAction   = "action"   // what people or animals do: "running"
	RoleActivity = "activity" // what only people do: "surfing"
	RoleThing    = "thing"    // with what: "a bicycle"
	RoleFood     = "food"     // with what, or the subject: "a pizza"
	RolePlace    = "place"    // where, with its preposition: "on" "a beach"
	RoleOccasion = "occasion" // at what: "at" "a wedding"
	RoleLight    = "light"    // weather, light, time of day: "at" "sunset"
	RoleKind     = "kind"     // what kind of picture it is: "a screenshot"
)

// Roles lists the roles in the order in which a sentence uses them.
func Roles() []string {
	return []string{
		RoleKind, RolePerson, RoleAnimal, RoleAction, RoleActivity,
		RoleThing, RoleFood, RolePlace, RoleOccasion, RoleLight,
	}
}

// LabelSet is a group of labels that are looked for together. Files of this shape are
// described in docs/labels.md.
type LabelSet struct {
	Name      string   `toml:"name" json:"name"`                               // lower-case id, unique in a library: "animals"
	Title     string   `toml:"title,omitempty" json:"title,omitempty"`         // what screens show; empty: the name
	Role      string   `toml:"role,omitempty" json:"role,omitempty"`           // role of the labels that name none
	Exclusive bool     `toml:"exclusive,omitempty" json:"exclusive,omitempty"` // a photo gets the best label only
	Limit     int      `toml:"limit,omitempty" json:"limit,omitempty"`         // suggestions per photo; 0: DefaultLimit
	Templates []string `toml:"templates,omitempty" json:"templates,omitempty"` // texts with "{}" for a name; none: the program's own
	Labels    []Label  `toml:"label" json:"labels"`
}

// Label is a word that a photo may be tagged with.
type Label struct {
	Name        string   `toml:"name" json:"name"`
	Synonyms    []string `toml:"synonyms,omitempty" json:"synonyms,omitempty"`       // other words for it; each goes through the templates
	Prompts     []string `toml:"prompts,omitempty" json:"prompts,omitempty"`         // whole texts, encoded as they are
	Alt         string   `toml:"alt,omitempty" json:"alt,omitempty"`                 // phrase for alt text: "a dog"; empty: not in sentences
	Preposition string   `toml:"preposition,omitempty" json:"preposition,omitempty"` // joins a place, occasion or light: "on"
	Role        string   `toml:"role,omitempty" json:"role,omitempty"`               // empty: the set's
	Includes    []string `toml:"includes,omitempty" json:"includes,omitempty"`       // labels that this one already tells: dog includes animal
}

// DisplayTitle is the title of the set, or its name where it has none.
func (s LabelSet) DisplayTitle() string {
	if s.Title != "" {
		return s.Title
	}
	return s.Name
}

// RoleOf is the role of a label of the set: its own, or the set's.
func (s LabelSet) RoleOf(l Label) string {
	if l.Role != "" {
		return l.Role
	}
	return s.Role
}

// Validate reports the first mistake in the set as one sentence, or nil.
func (s LabelSet) Validate() error {
	if p := s.check(); len(p) > 0 {
		return fmt.Errorf("label set %q: %s", s.Name, p[0].text)
	}
	return nil
}

// problem is a mistake in a set: where (label is -1 for the set itself) and what.
type problem struct {
	label int
	key   string
	text  string
}

func (s LabelSet) check() []problem {
	var out []problem
	set := func(key, format string, args ...any) {
		out = append(out, problem{-1, key, fmt.Sprintf(format, args...)})
	}
	if !validSetName(s.Name) {
		if s.Name == "" {
			set("name", "the set has no name")
		} else {
			set("name", "the set's name %q may hold only lower-case letters, digits, spaces, \"-\" and \"_\", begins with a letter or digit and has at most %d characters", s.Name, MaxName)
		}
	}
	if why := badText(s.Title, MaxName); why != "" {
		set("title", "the set's title %s", why)
	}
	if s.Role != "" && !slices.Contains(Roles(), s.Role) {
		set("role", "the role %q is not one of %s", s.Role, strings.Join(Roles(), ", "))
	}
	if s.Limit < 0 || s.Limit > MaxLimit {
		set("limit", "the limit %d is not between 1 and %d", s.Limit, MaxLimit)
	}
	if len(s.Templates) > MaxTemplates {
		set("templates", "the set has %d templates, at most %d are allowed", len(s.Templates), MaxTemplates)
	}
	for _, t := range s.Templates {
		if strings.Count(t, "{}") != 1 {
			set("templates", "the template %q must hold {} exactly once, where the name goes", t)
		} else if why := badText(t, MaxPhrase); why != "" {
			set("templates", "the template %q %s", t, why)
		}
	}
	if len(s.Labels) == 0 {
		set("label", "the set has no labels")
	}
	if len(s.Labels) > MaxLabels {
		out = append(out, problem{MaxLabels, "name", fmt.Sprintf("the set has %d labels, at most %d are allowed", len(s.Labels), MaxLabels)})
	}
	seen := make(map[string]int, len(s.Labels))
	for i, l := range s.Labels {
		if i >= MaxLabels {
			break
		}
		out = append(out, l.check(i)...)
		if l.Name == "" {
			continue
		}
		key := strings.ToLower(l.Name)
		if first, dup := seen[key]; dup {
			out = append(out, problem{i, "name", fmt.Sprintf("the label %q is there twice (labels %d and %d of the set)", l.Name, first+1, i+1)})
			continue
		}
		seen[key] = i
	}
	return out
}

func (l Label) check(i int) []problem {
	var out []problem
	add := func(key, format string, args ...any) {
		out = append(out, problem{i, key, fmt.Sprintf(format, args...)})
	}
	if l.Name == "" {
		add("name", "label %d has no name", i+1)
	} else if why := badText(l.Name, MaxName); why != "" {
		add("name", "the label name %q %s", l.Name, why)
	} else if strings.Contains(l.Name, "/") {
		add("name", "the label name %q must not hold \"/\", which parts a set from its label", l.Name)
	}
	list := func(key string, words []string, limit int) {
		if len(words) > MaxSynonyms {
			add(key, "the label %q has %d %s, at most %d are allowed", l.Name, len(words), key, MaxSynonyms)
		}
		for _, w := range words {
			if w == "" {
				add(key, "the label %q has an empty text among its %s", l.Name, key)
			} else if why := badText(w, limit); why != "" {
				add(key, "the label %q: %q among its %s %s", l.Name, w, key, why)
			}
		}
	}
	list("synonyms", l.Synonyms, MaxName)
	list("prompts", l.Prompts, MaxPhrase)
	list("includes", l.Includes, MaxName)
	if why := badText(l.Alt, MaxPhrase); why != "" {
		add("alt", "the label %q: its alt phrase %s", l.Name, why)
	}
	if why := badText(l.Preposition, MaxName); why != "" {
		add("preposition", "the label %q: its preposition %s", l.Name, why)
	}
	if l.Role != "" && !slices.Contains(Roles(), l.Role) {
		add("role", "the label %q: the role %q is not one of %s", l.Name, l.Role, strings.Join(Roles(), ", "))
	}
	return out
}

func validSetName(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > MaxName || strings.TrimSpace(s) != s {
		return false
	}
	for i, r := range s {
		switch {
		case unicode.IsLetter(r) && unicode.ToLower(r) == r, unicode.IsDigit(r):
		case i > 0 && (r == ' ' || r == '-' || r == '_'):
		case i > 0 && unicode.Is(unicode.Mn, r): // combining marks of scripts that need them
		default:
			return false
		}
	}
	return true
}

// badText says in half a sentence what is wrong with a text of at most limit characters.
func badText(s string, limit int) string {
	if !utf8.ValidString(s) {
		return "is not valid UTF-8"
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return fmt.Sprintf("has %d characters, at most %d are allowed", n, limit)
	}
	if strings.TrimSpace(s) != s {
		return "begins or ends with a space"
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return "holds a line break or another control character"
		}
	}
	return ""
}
