package language

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Lexicon is the English words that models know. It may be used by several goroutines.
type Lexicon struct {
	rank   map[string]int32 // by frequency, from 0
	words  []string         // in the order of their frequency
	common int              // so many of them stand in the vocabularies of several models
	chains func() chains    // of the common words
}

// ReadLexicon reads a list as tools/english makes it: compressed by gzip, a word a line, the
// most frequent ones first; behind an empty line those that only one vocabulary has.
func ReadLexicon(r io.Reader) (*Lexicon, error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("read the list of English words: %w", err)
	}
	l := &Lexicon{rank: make(map[string]int32, 40000), common: -1}
	lines := bufio.NewScanner(zip)
	for lines.Scan() {
		w := strings.Clone(lines.Text())
		if w == "" {
			l.common = len(l.words)
			continue
		}
		l.rank[w] = int32(len(l.words)) //nolint:gosec // some ten thousand
		l.words = append(l.words, w)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the list of English words: %w", err)
	}
	if l.common < 0 {
		return nil, fmt.Errorf("read the list of English words: it has no empty line")
	}
	l.chains = sync.OnceValue(func() chains { return newChains(l.words[:l.common]) })
	return l, nil
}

// Words are the common words, the most frequent ones first. The list is not to be changed.
func (l *Lexicon) Words() []string { return l.words[:l.common] }

// Rank is the place of a word by its frequency, from 0, and whether it is in the list.
func (l *Lexicon) Rank(word string) (int, bool) {
	r, ok := l.rank[word]
	return int(r), ok
}

// Common reports whether a lower-case word is in the vocabularies of several models.
func (l *Lexicon) Common(word string) bool { return l.is(word) }

// Form reports whether a lower-case word is the plural, the past or the participle of a
// common one, spelt by the rules.
func (l *Lexicon) Form(word string) bool {
	for _, e := range []string{"s", "es", "ed", "d", "ing", "'s"} {
		stem, ok := strings.CutSuffix(word, e)
		n := len(stem)
		if !ok || n < 3 {
			continue
		}
		switch {
		case strings.HasSuffix(stem, "i") && e != "ing" && l.is(stem[:n-1]+"y"): // ponies
			return true
		case e[0] == 's' || e == "'s" || e == "d":
			if l.is(stem) {
				return true
			}
		case stem[n-1] == stem[n-2] && l.is(stem[:n-1]), l.is(stem + "e"): // running, skating
			return true
		case l.is(stem) && !doubles(stem):
			return true
		}
	}
	return false
}

// doubles reports whether the last letter of a short word is written twice before an ending.
func doubles(w string) bool {
	n := len(w)
	vowel := func(i int) bool { return strings.IndexByte("aeiou", w[i]) >= 0 }
	return n >= 3 && n <= 4 && !vowel(n-1) && strings.IndexByte("wxy", w[n-1]) < 0 && vowel(n-2) && !vowel(n-3)
}

// is reports whether a lower-case word is a common English one as it stands.
func (l *Lexicon) is(word string) bool {
	r, ok := l.rank[word]
	return ok && int(r) < l.common
}

// Knows reports whether a lower-case word is English: it is in the list, as it stands, in
// another form (plural, past, participle), or as two words written as one.
func (l *Lexicon) Knows(word string) bool {
	if _, ok := l.rank[word]; ok {
		return true
	}
	for part := range strings.SplitSeq(word, "-") {
		if !l.form(part) && !l.compound(part) {
			return false
		}
	}
	return true
}

// form reports whether a word is in the list, as it is or as another form of one.
func (l *Lexicon) form(w string) bool {
	if w == "" || l.is(w) {
		return true
	}
	w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "'")
	for _, e := range []string{"s", "es", "ed", "d", "ing", "er", "ers", "ly", "y", "est", "r", "rs", "less", "like", "able"} {
		stem, ok := strings.CutSuffix(w, e)
		if !ok || len(stem) < 3 {
			continue
		}
		if l.is(stem) || e[0] != 's' && l.is(stem+"e") {
			return true
		}
		if n := len(stem); stem[n-1] == stem[n-2] && e[0] != 's' && l.is(stem[:n-1]) { // running
			return true
		}
		if n := len(stem); stem[n-1] == 'i' && l.is(stem[:n-1]+"y") { // ponies
			return true
		}
	}
	for _, b := range []string{"un", "re", "non"} {
		if rest, ok := strings.CutPrefix(w, b); ok && len(rest) >= 4 && l.is(rest) {
			return true
		}
	}
	return false
}

// frequent is the rank up to which a word may be half of one that is written as one:
// "mountainside", "snowboarder". Rarer ones make words out of mistakes.
const frequent = 9000

// compound reports whether a word is two frequent ones written as one.
func (l *Lexicon) compound(w string) bool {
	for i := 3; i <= len(w)-3; i++ {
		r, ok := l.rank[w[:i]]
		if !ok || r >= frequent || len(w) < 8 {
			continue
		}
		if s, ok := l.rank[w[i:]]; ok && s < frequent || len(w)-i >= 5 && l.form(w[i:]) {
			return true
		}
	}
	return false
}
