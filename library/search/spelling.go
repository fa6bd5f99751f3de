package search

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"descry/internal/spelling"
	"descry/library/language"
	"descry/library/query"
)

// Ranks by frequency that words of the library have among the English ones: what a person
// tagged is likelier meant than what a file is called, and both than most English words.
const (
	labelRank = 300
	ownRank   = 2000
)

// alphabets are the letters that may have been left out or mistyped, by script.
var alphabets = []struct {
	script  *unicode.RangeTable
	letters []rune
}{
	{unicode.Latin, []rune("abcdefghijklmnopqrstuvwxyz")},
	{unicode.Cyrillic, []rune("абвгдежзийклмнопрстуфхцчшщъыьэюя")},
	{unicode.Greek, []rune("αβγδεζηθικλμνξοπρστυφχψω")},
}

// suspect is a word that may be mistyped.
type suspect struct {
	word  string // lower case
	doubt bool   // it may be a word: a vocabulary has it, as they have many mistakes, or it could be made of others
}

// didYouMean puts a query with mistyped words right, if it has any. It looks at words that
// neither the model's vocabulary nor the library knows and, where nothing is likely, at rare
// ones of the vocabulary, too. Phrases that the model cannot read are left alone. Words that
// are like none are noted where nothing is likely.
func (s *Searcher) didYouMean(ctx context.Context, q query.Query, t *tongue, res *Result) error {
	if s.p.Tongues == nil || s.p.Tongues().English() == nil {
		return nil
	}
	var words []suspect
	for _, p := range phrasesOf(q.Terms) {
		if t.foreign[p] {
			continue
		}
		for w := range strings.FieldsSeq(p) {
			if c, ok := s.suspect(strings.ToLower(strings.Trim(w, ".,;:!?'’\"()"))); ok && !slices.Contains(words, c) {
				words = append(words, c)
			}
		}
	}
	if len(words) == 0 {
		return nil
	}
	plain := make([]string, len(words))
	for i, c := range words {
		plain[i] = c.word
	}
	own, err := s.p.Store.KnownWords(ctx, plain)
	if err != nil {
		return err
	}
	right := map[string]string{}
	var unknown []string
	for _, c := range words {
		if own[c.word] || c.doubt && res.Matched > 0 {
			continue
		}
		if right[c.word], err = s.meant(ctx, c); err != nil {
			return err
		}
		if right[c.word] == "" && !c.doubt {
			unknown = append(unknown, "“"+short(c.word)+"”")
		}
	}
	if res.Matched == 0 && len(unknown) > 0 {
		words := "word "
		if len(unknown) > 1 {
			words = "words "
		}
		res.Notes = append(res.Notes, "Descry does not know the "+words+list(unknown)+".")
	}
	fixed := false
	q.Terms = corrected(q.Terms, func(word string) string {
		lower := strings.ToLower(strings.Trim(word, ".,;:!?'’\"()"))
		if meant := right[lower]; meant != "" {
			fixed = true
			return strings.Replace(strings.ToLower(word), lower, meant, 1)
		}
		return word
	})
	if fixed {
		res.DidYouMean = q.String()
	}
	return nil
}

// suspect reports whether a word of a query may be mistyped.
func (s *Searcher) suspect(w string) (suspect, bool) {
	if strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) || utf8.RuneCountInString(w) < 3 {
		return suspect{}, false
	}
	english := s.p.Tongues().English()
	if english.Common(w) || english.Form(w) {
		return suspect{}, false
	}
	return suspect{w, english.Knows(w) || s.p.Tongues().Has(w)}, true
}

// meant is the word that a mistyped one was meant to be, or "".
func (s *Searcher) meant(ctx context.Context, c suspect) (string, error) {
	best, _ := s.words().Nearest(c.word)
	if c.doubt && best.Cost > slip {
		best = spelling.Guess{}
	}
	consider := func(word string, rank int) {
		if cost, ok := spelling.Cost(c.word, word, rank); ok && (best.Word == "" || cost < best.Cost) {
			best = spelling.Guess{Word: word, Cost: cost}
		}
	}
	sets, err := s.p.Store.LabelSets(ctx)
	if err != nil {
		return "", err
	}
	for _, set := range sets {
		for _, l := range set.Labels {
			for w := range strings.FieldsSeq(strings.ToLower(l.Name)) {
				consider(w, labelRank)
			}
		}
	}
	if c.doubt || best.Word != "" && best.Cost <= plainly {
		return best.Word, nil
	}
	edits := spelling.Edits(c.word, alphabetOf(c.word))
	own, err := s.p.Store.KnownWords(ctx, edits)
	if err != nil {
		return "", err
	}
	for _, w := range edits {
		if own[w] {
			consider(w, ownRank)
		}
	}
	return best.Word, nil
}

// slip is the cost up to which a text that may be a word is taken for a slip: one letter, in
// a word that is not too rare.
const slip = 1.75

// plainly is the cost up to which a word is put right without a look at the words of the
// library, which takes some hundred look-ups: a frequent word, but for one letter.
const plainly = 1.4

func alphabetOf(word string) []rune {
	first, _ := utf8.DecodeRuneInString(word)
	for _, a := range alphabets {
		if unicode.Is(a.script, first) {
			return a.letters
		}
	}
	return nil
}

// corrected replaces the words of descriptions.
func corrected(nodes []query.Node, replace func(string) string) []query.Node {
	out := slices.Clone(nodes)
	for i, n := range out {
		out[i].Kids = corrected(n.Kids, replace)
		if n.Kind != query.Phrase {
			continue
		}
		words := strings.Fields(n.Text)
		for k, w := range words {
			words[k] = replace(w)
		}
		out[i].Text = strings.Join(words, " ")
	}
	return out
}

// englishWords is the list from which mistyped words are put right.
func englishWords(tongues func() *language.Set) func() *spelling.Words {
	return func() *spelling.Words { return spelling.NewWords(tongues().English().Words()) }
}
