package tagging

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A draft is built by slots: {kind of} {who or what} {doing} {with what} {where} {at what}
// {light}. What fills no slot is left to the extended description.

// statement is a piece of a sentence and the part it came from.
type statement struct {
	text string
	from part
}

// draft is a sentence with its statements.
type draft struct {
	text       string
	statements []statement
}

func (d draft) confidence() float64 {
	c := 1.0
	for _, s := range d.statements {
		if s.from.name != "" { // the place in the file is certain
			c = min(c, s.from.confidence)
		}
	}
	return c
}

func (d draft) sources() []string {
	var out []string
	for _, s := range d.statements {
		if s.from.name == "" {
			out = append(out, "“"+s.text+"”: place in the file")
			continue
		}
		out = append(out, s.from.source(s.text))
	}
	return out
}

// says reports whether the draft used a part.
func (d draft) says(p part) bool {
	return slices.ContainsFunc(d.statements, func(s statement) bool {
		return s.from.set == p.set && s.from.name == p.name
	})
}

// compose builds the sentence, "" when no part can be said. Parts come best first. Where
// something is sure, the sentence says what is sure and adds at most one guess; else it
// is hedged as a whole.
func compose(parts []part, place string) draft {
	chosen := slices.ContainsFunc(parts, func(p part) bool { return p.confirmed && p.phrase != "" && p.role != "" })
	var sure, all []part
	for _, p := range parts {
		if p.phrase == "" || p.role == "" || chosen && p.role == RoleKind && !p.confirmed {
			continue // a guess at the kind must not hide what a person confirmed
		}
		all = append(all, p)
		if p.sure() {
			sure = append(sure, p)
		}
	}
	if d := build(sure, place, true); d.text != "" {
		return d.withGuess(all)
	}
	if len(all) > 0 && all[0].role != RoleKind {
		all = slices.DeleteFunc(all, func(p part) bool { return p.role == RoleKind })
	}
	// What is probable is said without what is merely possible.
	probable := slices.DeleteFunc(slices.Clone(all), func(p part) bool { return p.confidence < probablyFrom })
	d := build(probable, place, false)
	if d.text == "" {
		d = build(all, place, false)
	}
	if d.text == "" {
		return d
	}
	hedge := "May show "
	if d.confidence() >= probablyFrom {
		hedge = "Probably "
	}
	d.text = hedge + d.text
	return d.finish()
}

// build fills the slots; the text has neither capital nor full stop yet when hedged.
func build(parts []part, place string, plain bool) draft {
	s := sorted(parts, plain)
	var d draft
	d.head(s, plain)
	if d.text == "" {
		return d
	}
	if kind := s.first(RoleKind); kind == nil || kind.prep != "" {
		d.modify(s, plain)
	}
	if place != "" {
		d.text += " in " + place
		d.statements = append(d.statements, statement{text: "in " + place})
	}
	if plain {
		return d.finish()
	}
	return d
}

// slots are the parts by role.
type slots map[string][]part

// sorted keeps as many parts of each role as a sentence bears: more when a person
// confirmed them.
func sorted(parts []part, plain bool) slots {
	limits := map[string]int{RolePerson: 1, RoleAnimal: 2, RoleThing: 2, RoleFood: 2, RoleLight: 1}
	s := slots{}
	for _, p := range parts {
		limit := max(limits[p.role], 1)
		if p.confirmed && p.role != RoleKind {
			limit++
		}
		if !plain {
			limit = 1
		}
		if len(s[p.role]) < limit {
			s[p.role] = append(s[p.role], p)
		}
	}
	return s
}

func (s slots) first(role string) *part {
	if len(s[role]) == 0 {
		return nil
	}
	return &s[role][0]
}

// take removes the parts of a role and returns them.
func (s slots) take(role string) []part {
	p := s[role]
	delete(s, role)
	return p
}

// add appends statements whose phrases are joined by commas and "and".
func (d *draft) add(lead string, parts []part) {
	if len(parts) == 0 {
		return
	}
	d.text += lead
	for i, p := range parts {
		switch {
		case i == 0:
		case i == len(parts)-1:
			d.text += " and "
		default:
			d.text += ", "
		}
		d.text += p.phrase
		d.statements = append(d.statements, statement{p.phrase, p})
	}
}

// head writes kind, who or what the photo is of, and what they do.
func (d *draft) head(s slots, plain bool) {
	if kind := s.take(RoleKind); len(kind) > 0 {
		d.add("", kind[:1])
		if kind[0].prep == "" {
			s[RoleKind] = kind // the sentence is complete
			return
		}
		n := len(d.text)
		d.text += " " + kind[0].prep + " "
		before := len(d.text)
		d.subject(s, plain)
		if len(d.text) == before {
			d.text = d.text[:n]
		}
		return
	}
	d.subject(s, plain)
}

func (d *draft) subject(s slots, plain bool) {
	persons, animals := s.take(RolePerson), s.take(RoleAnimal)
	does := s.doing(len(persons) > 0, len(animals) > 0)
	switch {
	case does != nil && does.role == RoleActivity:
		if len(persons) > 0 {
			d.add("", persons)
		} else {
			d.text += "a person"
		}
		d.add(" ", []part{*does})
		if plain {
			d.add(", with ", animals)
		}
	case len(persons)+len(animals) > 0:
		d.add("", append(slices.Clone(persons), animals...))
		if does != nil {
			d.add(" ", []part{*does})
		}
	case does != nil:
		d.text += "someone"
		d.add(" ", []part{*does})
	default:
		d.lifeless(s)
	}
}

// doing picks what is done: what only people do needs no person tagged, for it tells that
// there is one; other actions need someone, or a person who confirmed them.
func (s slots) doing(person, animal bool) *part {
	actions, activities := s.take(RoleAction), s.take(RoleActivity)
	var best *part
	for _, p := range append(activities, actions...) {
		fits := p.role == RoleActivity && (person || !animal || p.confirmed || slices.Contains(p.includes, "person")) ||
			p.role == RoleAction && (person || animal || p.confirmed)
		if fits && (best == nil || p.confidence > best.confidence) {
			best = &p
		}
	}
	return best
}

// lifeless writes a head without people or animals: things, else the place, else the
// occasion, else the light.
func (d *draft) lifeless(s slots) {
	if things := append(s.take(RoleThing), s.take(RoleFood)...); len(things) > 0 {
		d.add("", things)
		return
	}
	for _, role := range []string{RolePlace, RoleOccasion} {
		if p := s.take(role); len(p) > 0 {
			d.add("", p[:1])
			s[role] = p[1:]
			return
		}
	}
	light := s.take(RoleLight)
	if len(light) == 0 {
		return
	}
	if p := light[0]; p.prep == "with" || p.prep == "under" {
		d.add("", light[:1])
	} else {
		d.add("a view "+p.prep+" ", light[:1])
	}
	s[RoleLight] = light[1:]
}

// modify writes what comes after the head.
func (d *draft) modify(s slots, plain bool) {
	lead := " with "
	things := append(s.take(RoleThing), s.take(RoleFood)...)
	if slices.ContainsFunc(d.statements, func(st statement) bool {
		return st.from.role == RoleAction || st.from.role == RoleActivity
	}) {
		lead = ", with "
		if !plain {
			things = nil // a guess at what is done and with what is one guess too many
		}
	}
	if strings.Contains(d.text, " with ") {
		lead = " and "
	}
	d.add(lead, things)
	for _, role := range []string{RoleOccasion, RolePlace, RoleLight} {
		for _, p := range s.take(role) {
			d.add(joint(p), []part{p})
		}
	}
}

// joint is what stands between a sentence and a place, occasion or light.
func joint(p part) string {
	switch p.prep {
	case "":
		return ", "
	case "with":
		return ", with "
	}
	return " " + p.prep + " "
}

// withGuess adds the best of the parts that are not sure.
func (d draft) withGuess(all []part) draft {
	has := func(roles ...string) bool {
		return slices.ContainsFunc(d.statements, func(s statement) bool { return slices.Contains(roles, s.from.role) })
	}
	for _, p := range all {
		if p.sure() || p.confidence < probablyFrom || has(RoleKind) {
			continue
		}
		var tail string
		switch p.role {
		case RolePerson, RoleAnimal:
			if has(RolePerson, RoleAnimal, RoleActivity) {
				continue
			}
			tail = "with " + p.phrase
		case RoleActivity, RoleAction:
			if has(RoleActivity, RoleAction) || !has(RolePerson) && !(p.role == RoleAction && has(RoleAnimal)) {
				continue
			}
			tail = p.phrase
		case RolePlace, RoleOccasion:
			if has(p.role) || p.prep == "" {
				continue
			}
			tail = p.prep + " " + p.phrase
		default:
			continue
		}
		if longer := strings.TrimSuffix(d.text, ".") + ", probably " + tail + "."; utf8.RuneCountInString(longer) <= MaxAlt {
			d.text = longer
			d.statements = append(slices.Clone(d.statements), statement{"probably " + tail, p})
		}
		break
	}
	return d
}

// finish makes the text a sentence that fits.
func (d draft) finish() draft {
	text := strings.Join(strings.Fields(d.text), " ")
	r, n := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(r)) + text[n:]
	if utf8.RuneCountInString(text) >= MaxAlt {
		text = strings.TrimSuffix(cut(text, MaxAlt-1), "…")
	}
	d.text = text + "."
	return d
}
