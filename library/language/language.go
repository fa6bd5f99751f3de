// Package language tells in which language a short text is, and reads photo queries in
// other languages than English word by word, by the names that labels have in them.
//
// It is made for queries of one to six words, for which the statistics of letters that long
// texts are told by say little: it goes by the script, by words that stand in any sentence,
// and by the names of things in photos. In doubt a text is English.
package language

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Language is one that is told from others. It is not changed once read.
type Language struct {
	Code string // as in "de"
	Name string // in English: "German"

	scripts   []string            // names of its scripts in package unicode
	unspaced  bool                // words are not separated
	compounds bool                // several nouns are written as one
	common    map[string]bool     // words that stand in any sentence
	more      map[string]bool     // further words that are often in queries
	joints    map[string]bool     // an exclusion ends at them
	without   map[string]bool     // what follows is excluded
	lacking   map[string]bool     // what comes before is excluded
	endings   []string            // that words take, longest first
	names     map[string]meaning  // by the words of this language, lower case
	folded    map[string]meaning  // the same without marks on letters
	stems     map[string]meaning  // the same without endings
	spans     int                 // most words that a name has
	letters   map[rune]bool       // Latin letters with marks that its words have
	ambiguous map[string]struct{} // stems of several meanings
	chains    func() chains       // of its words
}

// meaning is what a word of another language is in English.
type meaning struct {
	english string
	adds    bool // it describes another word, as "red" does
}

// Set is the languages that can be told apart. It may be used by several goroutines.
type Set struct {
	languages []*Language // by code
	english   *Lexicon
}

// headers are the keys of a language's file that are no English words.
const (
	keyName, keyScript, keyJoined, keyCommon, keyMore = "name", "script", "joined", "common", "more"
	keyJoints, keyWithout, keyLacking, keyEndings     = "joints", "without", "lacking", "endings"
	keyCompounds                                      = "compounds"
)

// Read reads a folder of languages, one file each, called by its code: "de.txt". A line is
// an English word, a colon and what it is called, several words with commas between; a ~
// before the English word says that it describes another one. Lines with the keys name,
// script, joined (words are not separated), compounds (nouns are written as one), common,
// more, joints, without, lacking and endings are lists with spaces between, of which Language
// says what they are for.
func Read(files fs.FS, english *Lexicon) (*Set, error) {
	names, err := fs.Glob(files, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("list languages: %w", err)
	}
	s := &Set{english: english}
	for _, name := range names {
		f, err := files.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read a language: %w", err)
		}
		l, err := read(strings.TrimSuffix(path.Base(name), ".txt"), bufio.NewScanner(f))
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("read the language %s: %w", name, err)
		}
		s.languages = append(s.languages, l)
	}
	return s, nil
}

func read(code string, lines *bufio.Scanner) (*Language, error) {
	l := &Language{
		Code: code, names: map[string]meaning{}, folded: map[string]meaning{}, stems: map[string]meaning{}, letters: map[rune]bool{},
		ambiguous: map[string]struct{}{}, spans: 1,
	}
	lines.Buffer(nil, 1<<20)
	sets := map[string]*map[string]bool{keyCommon: &l.common, keyMore: &l.more, keyJoints: &l.joints, keyWithout: &l.without, keyLacking: &l.lacking}
	type entry struct {
		words string
		meaning
	}
	var entries []entry
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("line %d has no colon", n)
		}
		switch key {
		case keyName:
			l.Name = strings.TrimSpace(value)
		case keyScript:
			l.scripts = strings.Fields(value)
			for _, s := range l.scripts {
				if unicode.Scripts[s] == nil {
					return nil, fmt.Errorf("line %d: there is no script %q", n, s)
				}
			}
		case keyJoined:
			l.unspaced = true
		case keyCompounds:
			l.compounds = true
		case keyEndings:
			l.endings = strings.Fields(fold(value))
			slices.SortStableFunc(l.endings, func(a, b string) int { return len(b) - len(a) })
		case keyCommon, keyMore, keyJoints, keyWithout, keyLacking:
			set := map[string]bool{}
			for w := range strings.FieldsSeq(value) {
				set[lower(w)] = true
				l.see(w)
			}
			*sets[key] = set
		default:
			m := meaning{english: strings.TrimPrefix(key, "~"), adds: strings.HasPrefix(key, "~")}
			for w := range strings.SplitSeq(value, ",") {
				if w = strings.Join(split(w), " "); w != "" {
					entries = append(entries, entry{w, m})
					l.see(w)
				}
			}
		}
	}
	if l.Name == "" {
		return nil, errors.New("it has no name")
	}
	// Endings may stand below the names.
	for _, e := range entries {
		l.spans = max(l.spans, strings.Count(e.words, " ")+1)
		if _, ok := l.names[e.words]; !ok {
			l.names[e.words] = e.meaning
		}
		if f := fold(e.words); l.folded[f].english == "" {
			l.folded[f] = e.meaning
		}
		stem := l.stem(e.words)
		if have, ok := l.stems[stem]; ok && have.english != e.english {
			l.ambiguous[stem] = struct{}{}
		} else {
			l.stems[stem] = e.meaning
		}
	}
	l.chains = sync.OnceValue(func() chains {
		var words []string
		for _, e := range entries {
			words = append(words, strings.Fields(e.words)...)
		}
		for _, set := range sets {
			words = slices.AppendSeq(words, maps.Keys(*set))
		}
		slices.Sort(words)
		return newChains(words)
	})
	return l, lines.Err()
}

// see notes the letters of a word that English does not have.
func (l *Language) see(word string) {
	for _, r := range lower(word) {
		if r > unicode.MaxASCII && unicode.Is(unicode.Latin, r) {
			l.letters[r] = true
		}
	}
}

// Names returns what English words, label names among them, are called in the language: for
// each of its words the English one.
func (l *Language) Names() map[string]string {
	out := make(map[string]string, len(l.names))
	for w, m := range l.names {
		out[w] = m.english
	}
	return out
}

// English is the list of English words; nil: none.
func (s *Set) English() *Lexicon { return s.english }

// Has reports whether a lower-case word is one of those known of some language other than
// English.
func (s *Set) Has(word string) bool {
	return slices.ContainsFunc(s.languages, func(l *Language) bool {
		_, exactly := l.names[word]
		return exactly || l.common[word] || l.more[word]
	})
}

// Exactly reports whether the language has a lower-case word as it is written.
func (l *Language) Exactly(word string) bool {
	_, ok := l.names[word]
	return ok || l.common[word] || l.more[word] || len(l.scripts) > 0
}

// Languages lists the languages of the set by code.
func (s *Set) Languages() []*Language { return slices.Clone(s.languages) }

// match is how well words fit a name.
type match int

const (
	none   match = iota
	joined       // their end is a name
	loose        // in another form, or written without marks on letters
	exact
)

// meaning finds what words mean.
func (l *Language) meaning(words string) (meaning, match) {
	if m, ok := l.names[words]; ok {
		return m, exact
	}
	f := fold(words)
	if m, ok := l.folded[f]; ok {
		return m, loose
	}
	for _, e := range l.endings { // "hästar" is "häst" with one, which ends like a word with one
		if rest, ok := strings.CutSuffix(f, e); ok && utf8.RuneCountInString(rest) >= leastStem {
			if m, ok := l.folded[rest]; ok {
				return m, loose
			}
		}
	}
	stem := l.stem(words)
	if _, several := l.ambiguous[stem]; several {
		return meaning{}, none
	}
	if m, ok := l.stems[stem]; ok {
		return m, loose
	}
	if l.compounds && !strings.Contains(f, " ") {
		if m, ok := l.compound(f); ok {
			return m, joined
		}
	}
	if l.Code == "de" { // written on a keyboard without the marks
		if bare := strings.NewReplacer("ae", "a", "oe", "o", "ue", "u").Replace(f); bare != f {
			if m, how := l.meaning(bare); how != none {
				return m, min(how, loose)
			}
		}
	}
	return meaning{}, none
}

// compound finds what a word means that is written as one of two: its end is a name, and its
// beginning may be another one, to which a letter or two are joined.
func (l *Language) compound(w string) (meaning, bool) {
	const leastHead, leastFirst = 4, 3
	for i := range w {
		if utf8.RuneCountInString(w[:i]) < leastFirst || utf8.RuneCountInString(w[i:]) < leastHead {
			continue
		}
		head, ok := l.folded[w[i:]]
		if !ok || head.adds {
			continue
		}
		first := w[:i]
		for _, joint := range []string{"", "s", "n", "es", "en", "e"} {
			if bare, ok := strings.CutSuffix(first, joint); ok && len(bare) >= leastFirst {
				if m, ok := l.folded[bare]; ok {
					return meaning{english: m.english + " " + head.english}, true
				}
			}
		}
		return head, true
	}
	return meaning{}, false
}

// leastStem is how many letters of a word stay when an ending is taken off.
const leastStem = 3

// stem takes the longest ending off each word that leaves enough of it.
func (l *Language) stem(words string) string {
	least := leastStem
	if slices.Contains(l.scripts, "Hangul") {
		least = 1 // a syllable
	}
	var out []string
	for w := range strings.FieldsSeq(fold(words)) {
		if l.Code == "ar" {
			if rest, ok := strings.CutPrefix(w, "ال"); ok && utf8.RuneCountInString(rest) >= least-1 {
				w = rest // the article
			}
		}
		for _, e := range l.endings {
			if rest, ok := strings.CutSuffix(w, e); ok && utf8.RuneCountInString(rest) >= least {
				w = rest
				break
			}
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

func lower(s string) string {
	return norm.NFC.String(strings.ToLower(strings.ReplaceAll(s, "’", "'")))
}

// fold is lower case without marks on letters.
func fold(s string) string {
	s = lower(s)
	plain := true
	for _, r := range s {
		plain = plain && r <= unicode.MaxASCII
	}
	if plain {
		return s
	}
	for _, r := range s {
		if unicode.In(r, unicode.Devanagari, unicode.Hangul, unicode.Hiragana, unicode.Katakana) {
			return s // marks are letters there
		}
	}
	out, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	if err != nil {
		return s
	}
	return strings.NewReplacer("ß", "ss", "ø", "o", "ł", "l", "ı", "i", "æ", "ae", "œ", "oe", "đ", "d").Replace(out)
}

// split returns the words of a text in lower case. An article that an apostrophe joins to
// the next word is a word of its own ("l'" "eau"); "dog's" stays one.
func split(text string) []string {
	var out []string
	words := strings.FieldsFunc(lower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '-' && !unicode.IsDigit(r)
	})
	for _, w := range words {
		w = strings.Trim(w, "-")
		if before, after, ok := strings.Cut(w, "'"); ok && len(before) >= 1 && len(before) <= 5 && utf8.RuneCountInString(after) > 2 {
			out = append(out, before+"'", after)
			continue
		}
		if w != "" && w != "'" {
			out = append(out, w)
		}
	}
	return out
}
