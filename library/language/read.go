package language

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Part is something that a query in another language asks for.
type Part struct {
	English string // what it is in English: the name of a label, or other words
	Label   string // the name in English without what describes it: "car" of "red car"
	Word    string // the words of the query
	Not     bool   // it is excluded
}

// Reading is a query in another language read word by word.
type Reading struct {
	Parts  []Part
	Passed []Part // words that could not be read, of which only Word and Not are known
}

// Read reads a text of the language: what it asks for, and what it excludes. Names that the
// language shares with English are read when english knows them.
func (s *Set) Read(l *Language, text string) Reading {
	if l.unspaced {
		return l.readUnspaced(text)
	}
	words := split(text)
	var r Reading
	var pending *Part // a describing word that waits for what it describes
	not, last := false, -1
	add := func(p Part, adds bool, at int) {
		if n := len(r.Parts) - 1; n >= 0 && last == at && r.Parts[n].Not == p.Not && adds && l.after() && r.Parts[n].Label != "" {
			r.Parts[n].English = p.English + " " + r.Parts[n].English
			r.Parts[n].Word += " " + p.Word
			return
		}
		if adds {
			if pending != nil && pending.Not == p.Not {
				p.English, p.Word = pending.English+" "+p.English, pending.Word+" "+p.Word
			}
			p.Label = ""
			pending = &p
			return
		}
		if pending != nil {
			if pending.Not == p.Not {
				p.English, p.Word = pending.English+" "+p.English, pending.Word+" "+p.Word
			} else {
				r.Parts = append(r.Parts, *pending)
			}
			pending = nil
		}
		r.Parts = append(r.Parts, p)
	}
	for i := 0; i < len(words); {
		w := words[i]
		n, m, ok := l.longest(words[i:])
		switch {
		case ok && (n > 1 || !l.common[w] && !l.without[w] && !l.lacking[w]):
			add(Part{English: m.english, Label: m.english, Word: strings.Join(words[i:i+n], " "), Not: not}, m.adds, i)
			last = i + n
		case l.lacking[w]:
			if pending != nil {
				r.Parts, pending = append(r.Parts, *pending), nil
			}
			r.exclude(words[:i])
			if l.without[w] {
				not = true
			}
		case l.without[w]:
			not = true
		case l.joints[w] && not:
			not = false
		case l.common[w] || l.joints[w] || utf8.RuneCountInString(w) < 2:
		case s.english.is(w) && !l.more[w]:
			add(Part{English: w, Label: w, Word: w, Not: not}, false, i)
			last = i + 1
		default:
			r.Passed = append(r.Passed, Part{Word: w, Not: not})
		}
		i += n
	}
	if pending != nil {
		r.Parts = append(r.Parts, *pending)
	}
	return r
}

// after reports whether what describes a thing stands behind it: "coche rojo".
func (l *Language) after() bool { return slices.Contains([]string{"fr", "es", "it", "pt"}, l.Code) }

// exclude makes what stands last in words an exclusion.
func (r *Reading) exclude(words []string) {
	if len(words) == 0 {
		return
	}
	if n := len(r.Parts) - 1; n >= 0 && strings.HasSuffix(r.Parts[n].Word, words[len(words)-1]) {
		r.Parts[n].Not = true
	} else if n := len(r.Passed) - 1; n >= 0 && r.Passed[n].Word == words[len(words)-1] {
		r.Passed[n].Not = true
	}
}

// longest finds the name that the first words are.
func (l *Language) longest(words []string) (n int, m meaning, ok bool) {
	for n := min(l.spans, len(words)); n > 0; n-- {
		if m, how := l.meaning(strings.Join(words[:n], " ")); how != none {
			return n, m, true
		}
	}
	return 1, meaning{}, false
}

// readUnspaced reads a text whose words are not separated: the longest names, from its
// beginning on.
func (l *Language) readUnspaced(text string) Reading {
	runes := []rune(lower(text))
	var r Reading
	not := false
	var passed []rune
	flush := func() {
		if len(passed) > 0 {
			r.Passed = append(r.Passed, Part{Word: string(passed), Not: not})
			passed = nil
		}
	}
	find := func(i int, in func(string) bool) int {
		for n := min(8, len(runes)-i); n > 0; n-- {
			if in(string(runes[i : i+n])) {
				return n
			}
		}
		return 0
	}
	for i := 0; i < len(runes); {
		if n := find(i, func(w string) bool { return l.without[w] }); n > 0 {
			flush()
			not, i = true, i+n
			continue
		}
		if n := find(i, func(w string) bool { return l.lacking[w] }); n > 0 {
			flush()
			if k := len(r.Parts) - 1; k >= 0 {
				r.Parts[k].Not = true
			}
			i += n
			continue
		}
		if n := find(i, func(w string) bool { return l.names[w].english != "" }); n > 0 {
			flush()
			word := string(runes[i : i+n])
			m := l.names[word]
			p := Part{English: m.english, Label: m.english, Word: word, Not: not}
			if k := len(r.Parts) - 1; k >= 0 && r.Parts[k].Label == "" && r.Parts[k].Not == not {
				p.English, p.Word = r.Parts[k].English+" "+p.English, r.Parts[k].Word+p.Word
				r.Parts = r.Parts[:k]
			}
			if m.adds {
				p.Label = ""
			}
			r.Parts = append(r.Parts, p)
			i += n
			continue
		}
		c := runes[i]
		if l.common[string(c)] || !unicode.IsLetter(c) {
			flush()
			// 的 and の join what stands before to what comes behind: "没有人的海滩".
			if not && l.common[string(c)] {
				not = false
			}
		} else {
			passed = append(passed, c)
		}
		i++
	}
	flush()
	return r
}
