package tagging

import (
	"slices"
	"strings"
)

// Vocabulary finds labels by set and name, and what each label's words already tell.
type Vocabulary struct {
	entries map[string]entry // by "set/label", lower case
	byName  map[string][]Label
}

type entry struct {
	set   LabelSet
	label Label
	role  string
}

// NewVocabulary indexes the labels of sets.
func NewVocabulary(sets []LabelSet) *Vocabulary {
	v := &Vocabulary{entries: map[string]entry{}, byName: map[string][]Label{}}
	for _, s := range sets {
		for _, l := range s.Labels {
			v.entries[strings.ToLower(s.Name+"/"+l.Name)] = entry{s, l, s.RoleOf(l)}
			name := strings.ToLower(l.Name)
			v.byName[name] = append(v.byName[name], l)
		}
	}
	return v
}

// find returns the label of a set.
func (v *Vocabulary) find(set, label string) (entry, bool) {
	if v == nil {
		return entry{}, false
	}
	e, ok := v.entries[strings.ToLower(set+"/"+label)]
	return e, ok
}

// includes lists the names, lower case, that a label already tells, directly or through
// others: puppy includes dog includes animal.
func (v *Vocabulary) includes(l Label) []string {
	var out []string
	queue := slices.Clone(l.Includes)
	for len(queue) > 0 {
		name := strings.ToLower(queue[0])
		queue = queue[1:]
		if slices.Contains(out, name) {
			continue
		}
		out = append(out, name)
		for _, wider := range v.byName[name] {
			queue = append(queue, wider.Includes...)
		}
	}
	return out
}
