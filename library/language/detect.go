package language

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a word says for a language, and against it. A text is in a language when its words say
// foreignAt for it together; they were chosen so that English captions stay English
// (docs/quality.md). The unit is of no importance.
const (
	foreignAt = 2.0

	asCommon       = 3.0  // it stands in any sentence of the language, and is no English word
	asCommonBoth   = 1.5  // the same, and it is an English word of another meaning ("die")
	asName         = 4.0  // it is the name of a thing, and no English word
	asRareName     = 3.0  // the same, and an English vocabulary has it ("kinder")
	asSharedName   = 0.8  // the same, and it is an English word ("strand")
	asLooseName    = 2.5  // it is another form of a name, and no English word
	asLooseForm    = 1.2  // the same, and it may be another form of an English word ("rotes")
	asJoined       = 2.0  // it is two names written as one, and no English word
	asEnd          = 1.0  // its end is a name, and it is no English word
	asMore         = 2.5  // it is often in queries of the language, and no English word
	asLetters      = 1.0  // it has letters that the language has and English has not
	englishWord    = -2.0 // it is an English word and none of the language
	englishForm    = -1.0 // it may be another form of an English word
	englishCommon  = -4.0 // it stands in any English sentence and is no such word of the language
	leaningTowards = 2.0  // the rest of the query is in the language

	alikeWeight    = 2.0 // of each nat a letter by which letters follow each other better than in English
	alikeAtMost    = 1.5
	alikeAllowance = 0.2 // the words that are known of English are many more
)

// englishCommonWords stand in any English sentence. Those that are so in other languages, too
// ("in", "on", "a"), say nothing.
var englishCommonWords = wordSet(`the of and with at by from to for is are his her its their this that these those it two three
	while into onto over under near next who has have being through against behind around up down out off front my our your`)

// shared are common words of English that are common in many others, too.
var shared = wordSet(`a i an in on as at am me no so do he us or to de la the die`)

// loans are English words with marks on letters.
var loans = wordSet(`café cafés piñata piñatas jalapeño jalapeños façade façades fiancé fiancée naïve décor résumé crêpe
	crêpes crème brûlée soufflé purée déjà über señor señorita niño château entrée éclair éclairs sauté matinée protégé`)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

// Detect tells in which language other than English a text is; false where it may be
// English, or no language is known well enough. Words for which own is true are names of the
// person's own (tags, files, people): they say nothing. lean is the code of the language that
// the text is in if it may be, or "".
func (s *Set) Detect(text, lean string, own func(word string) bool) (*Language, bool) {
	if l, latin := s.byScript(text); !latin {
		return l, l != nil
	}
	words := split(text)
	var best *Language
	var most float64
	for _, l := range s.languages {
		if len(l.scripts) > 0 {
			continue
		}
		said := s.weigh(l, words, own)
		if l.Code == lean && said > -leaningTowards {
			said += leaningTowards
		}
		if said > most || said == most && best == nil {
			best, most = l, said
		}
	}
	if best == nil || most < foreignAt || best.Code != lean && !best.has(words) {
		return nil, false // words that are in no list may be names, or mistyped
	}
	return best, true
}

// has reports whether one of some words is known of the language or, where there are several,
// has a letter that English has not.
func (l *Language) has(words []string) bool {
	for i, w := range words {
		if _, m, ok := l.longest(words[i:]); ok && m.english != "" || l.common[w] || l.more[w] {
			return true
		}
		if len(words) > 1 && strings.ContainsFunc(w, func(r rune) bool { return l.letters[r] }) {
			return true
		}
	}
	return false
}

// weigh adds up what words say for a language.
func (s *Set) weigh(l *Language, words []string, own func(string) bool) float64 {
	var sum float64
	for i := 0; i < len(words); {
		n, said := s.span(l, words[i:])
		if n == 1 && said > 0 && own != nil && !l.common[words[i]] && own(words[i]) {
			said = 0
		}
		sum += said
		i += n
	}
	return sum
}

// span is what the first words say for a language, and how many they are.
func (s *Set) span(l *Language, words []string) (n int, said float64) {
	for n := min(l.spans, len(words)); n > 1; n-- {
		if _, how := l.meaning(strings.Join(words[:n], " ")); how != none {
			return n, asName + asCommon
		}
	}
	w := words[0]
	bare := w
	if loans[w] {
		bare = fold(w)
	}
	english := s.english.Knows(bare)
	_, listed := s.english.Rank(bare)
	m, how := l.meaning(w)
	switch {
	case l.common[w] || l.without[w] || l.lacking[w] || l.joints[w]:
		switch {
		case shared[w] || englishCommonWords[w]:
			return 1, 0
		case s.english.is(bare):
			return 1, asCommonBoth
		}
		return 1, asCommon
	case how == exact && !english:
		return 1, asName
	case how == exact && listed && !s.english.form(bare):
		return 1, asRareName
	case how == exact:
		return 1, asSharedName
	case how == loose && !english:
		return 1, asLooseName
	case how == loose && !listed:
		return 1, asLooseForm
	case how == joined && !english && strings.Contains(m.english, " "):
		return 1, asJoined
	case how == joined && !english:
		return 1, asEnd
	case l.more[w] && !english:
		return 1, asMore
	case l.more[w]:
		return 1, 0
	case englishCommonWords[w]:
		return 1, englishCommon
	case shared[w]:
		return 1, 0
	case listed:
		return 1, englishWord
	case english:
		return 1, englishForm
	case strings.ContainsFunc(w, func(r rune) bool { return l.letters[r] }):
		return 1, asLetters + s.alike(l, w)
	case strings.ContainsFunc(w, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) }):
		return 1, -asLetters // letters of another language
	}
	return 1, s.alike(l, w)
}

// alike is what the letters of a word say that neither the language nor English is known to
// have: how much better they follow each other as in the language.
func (s *Set) alike(l *Language, word string) float64 {
	if utf8.RuneCountInString(word) < 5 {
		return 0
	}
	return max(0, min(alikeAtMost, alikeWeight*(s.english.chains().surprise(word)-l.chains().surprise(word)+alikeAllowance)))
}

// scriptNames are languages that are told by their script alone and have no file.
var scriptNames = []struct{ script, code, name string }{
	{"Hebrew", "he", "Hebrew"},
	{"Thai", "th", "Thai"},
	{"Bengali", "bn", "Bengali"},
	{"Tamil", "ta", "Tamil"},
	{"Telugu", "te", "Telugu"},
	{"Georgian", "ka", "Georgian"},
	{"Armenian", "hy", "Armenian"},
	{"Gujarati", "gu", "Gujarati"},
	{"Gurmukhi", "pa", "Punjabi"},
	{"Kannada", "kn", "Kannada"},
	{"Malayalam", "ml", "Malayalam"},
	{"Khmer", "km", "Khmer"},
	{"Lao", "lo", "Lao"},
	{"Myanmar", "my", "Burmese"},
	{"Sinhala", "si", "Sinhala"},
	{"Ethiopic", "am", "Amharic"},
	{"Tibetan", "bo", "Tibetan"},
}

// letterNames are languages told by letters that others of their script do not have.
var letterNames = []struct{ letters, code, name string }{
	{"іїєґ", "uk", "Ukrainian"}, {"ў", "be", "Belarusian"}, {"ђћљњџј", "sr", "Serbian"}, {"پچژگ", "fa", "Persian"}, {"ٹڈڑے", "ur", "Urdu"},
}

// byScript tells the language of a text at least half of whose letters are not Latin; latin
// is true where that is not so. Of a language that is told but has no file the words are not
// known.
func (s *Set) byScript(text string) (l *Language, latin bool) {
	letters, others := 0, 0
	count := map[string]int{}
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		if unicode.Is(unicode.Latin, r) {
			continue
		}
		others++
		for _, l := range s.languages {
			for _, name := range l.scripts {
				if unicode.Is(unicode.Scripts[name], r) {
					count[l.Code]++
				}
			}
		}
		for _, n := range scriptNames {
			if unicode.Is(unicode.Scripts[n.script], r) {
				count[n.code]++
			}
		}
	}
	if 2*others <= letters {
		return nil, true
	}
	for _, n := range letterNames {
		if strings.ContainsAny(strings.ToLower(text), n.letters) {
			return &Language{Code: n.code, Name: n.name}, false
		}
	}
	if count["ja"] > 0 {
		delete(count, "zh") // Japanese has kanji, Chinese has no kana
	}
	most := 0
	for _, have := range s.languages {
		if n := count[have.Code]; n > most {
			l, most = have, n
		}
	}
	for _, n := range scriptNames {
		if count[n.code] > most {
			l, most = &Language{Code: n.code, Name: n.name}, count[n.code]
		}
	}
	if l == nil {
		l = &Language{Name: "this language"}
	}
	return l, false
}
