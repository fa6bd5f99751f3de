package search

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"descry/library/language"
	"descry/library/query"
)

// tongue is what is known of the language of a query.
type tongue struct {
	foreign map[string]bool     // phrases that the model cannot read: they are looked up as words
	beside  map[string]bool     // those of them beside which stands what they are in English
	prompts map[string][]string // of a label that a phrase stands for: what the model is given
	read    []string            // how phrases were read
	also    []string            // the same of those that may be names, a sentence each

	language *language.Language // that the model does not know; nil: it knows it
}

// foreign reports whether the model cannot read a phrase. Scored all the same, it would bring
// up any photos.
func (r *run) foreign(phrase string) bool { return r.shared.tongue.foreign[phrase] }

// wordsOnly reports whether the alternative is the one in which words are looked up and the
// model is not asked: what it says of the rest would let photos through that lack the words.
func (r *run) wordsOnly() bool {
	return slices.ContainsFunc(r.plan.pick(false), func(n query.Node) bool { return r.shared.tongue.beside[n.Text] })
}

// reads reports whether the model in use reads a language. Of one whose languages are not
// known this is assumed.
func (s *Searcher) reads(l *language.Language) bool {
	if s.p.Text == nil {
		return false
	}
	known := len(s.p.Languages) == 0
	for _, code := range s.p.Languages {
		code = strings.ToLower(code)
		known = known || code == "multilingual" || strings.SplitN(code, "-", 2)[0] == l.Code
	}
	return known
}

// readLanguage finds out in which language a query is. asked is the query as the person means
// it; meant is the one to be answered, in which phrases that the model cannot read stand
// beside what their words are in English.
func (s *Searcher) readLanguage(ctx context.Context, req Request, q query.Query) (asked, meant query.Query, t *tongue, err error) {
	t = &tongue{foreign: map[string]bool{}, beside: map[string]bool{}, prompts: map[string][]string{}}
	if s.p.Tongues == nil {
		return q, q, t, nil
	}
	phrases := phrasesOf(q.Terms)
	if len(phrases) == 0 {
		return q, q, t, nil
	}
	lean, in := "", unnegated(q.Terms, req.Text)
	if len(phrasesOf(in)) > 0 && !slices.EqualFunc(in, q.Terms, query.Node.Equal) {
		lean = "pt" // in doubt, since Spanish says "sin"
	}
	l, sure, err := s.detect(ctx, strings.Join(phrases, " "), lean)
	if err != nil {
		return q, q, t, err
	}
	lean = ""
	if l != nil && sure {
		lean = l.Code
	}
	if lean == "pt" {
		q.Terms = in
	}
	asked = q
	f := foreigner{Searcher: s, ctx: ctx, tongue: t, lean: lean}
	if q.Terms, err = f.nodes(q.Terms); err != nil {
		return asked, q, t, err
	}
	return asked, q, t, nil
}

// phrasesOf are the descriptions of some nodes.
func phrasesOf(nodes []query.Node) []string {
	var out []string
	for _, n := range nodes {
		if n.Kind == query.Phrase {
			out = append(out, n.Text)
		}
		out = append(out, phrasesOf(n.Kids)...)
	}
	return out
}

// unnegated takes "no" for the Portuguese "in the" and not for an exclusion.
func unnegated(nodes []query.Node, text string) []query.Node {
	nodes = slices.Clone(nodes)
	for i, n := range nodes {
		nodes[i].Kids = unnegated(n.Kids, text)
		if n.Kind == query.Phrase && n.Not && n.Start >= 0 && n.Start <= n.End && n.End <= len(text) &&
			strings.HasPrefix(strings.ToLower(text[n.Start:n.End]), "no ") {
			nodes[i].Not = false
		}
	}
	slices.SortStableFunc(nodes, func(a, b query.Node) int { return order(a) - order(b) })
	return nodes
}

// order is the place of a node in a query in canonical form.
func order(n query.Node) int {
	if n.Not {
		return 2*int(n.Kind) + 1
	}
	return 2 * int(n.Kind)
}

// detect tells the language of a text that the model does not know; nil: it may be English.
// Names of the person's own and of places are in no language: sure is false where, with them
// left out, too little speaks for the language.
func (s *Searcher) detect(ctx context.Context, text, lean string) (l *language.Language, sure bool, err error) {
	first, ok := s.p.Tongues().Detect(text, lean, nil)
	if !ok || s.reads(first) {
		return nil, false, nil
	}
	if word := strings.ToLower(strings.TrimSpace(text)); !strings.Contains(word, " ") && lean == "" && !first.Exactly(word) {
		if guess, ok := s.words().Nearest(word); ok && guess.Cost <= slip {
			return nil, false, nil // rather a mistyped English word
		}
	}
	own, err := s.p.Store.KnownWords(ctx, strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r)
	}))
	if err != nil {
		return nil, false, err
	}
	l, ok = s.p.Tongues().Detect(s.withoutPlaces(text), lean, func(word string) bool { return own[word] })
	if ok && !s.reads(l) {
		return l, true, nil
	}
	return first, false, nil
}

// withoutPlaces takes the names of places out of a text that have several words: the whole
// text, or words between two that begin with capitals.
func (s *Searcher) withoutPlaces(text string) string {
	words := strings.Fields(text)
	if s.p.Places == nil || len(words) < 2 || len(words) > 8 {
		return text
	}
	place := func(words []string) bool {
		_, _, _, ok := s.p.Places.Find(strings.Join(words, " "))
		return ok
	}
	capital := func(w string) bool { return strings.IndexFunc(w, unicode.IsUpper) == 0 }
	if place(words) {
		return ""
	}
	for n := min(4, len(words)); n >= 2; n-- {
		for i := 0; i+n <= len(words); i++ {
			if capital(words[i]) && capital(words[i+n-1]) && n < len(words) && place(words[i:i+n]) {
				return strings.Join(append(slices.Clone(words[:i]), words[i+n:]...), " ")
			}
		}
	}
	return text
}

// foreigner writes a query in another language so that it can be answered.
type foreigner struct {
	*Searcher
	ctx    context.Context
	tongue *tongue
	lean   string
	labels map[string][]string // prompts of labels by name, lower case; nil: not read yet
}

func (f *foreigner) nodes(nodes []query.Node) ([]query.Node, error) {
	out := slices.Clone(nodes)
	for i, n := range out {
		if len(n.Kids) > 0 {
			kids, err := f.nodes(n.Kids)
			if err != nil {
				return nil, err
			}
			out[i].Kids = kids
			continue
		}
		if n.Kind != query.Phrase {
			continue
		}
		l, sure, err := f.detect(f.ctx, n.Text, f.lean)
		if err != nil {
			return nil, err
		}
		switch {
		case l == nil:
			continue
		case !sure:
			out[i] = f.also(n, l)
			continue
		}
		if out[i], err = f.phrase(n, l); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// phrase reads one phrase: what it asks for in English, or its words, and what it excludes in
// both. What it asks for becomes one description: measured on captions of which only the
// names of labels were kept, "dog with beach" finds the photo better than "dog" and "beach"
// by themselves, or without a word between (docs/quality.md).
func (f *foreigner) phrase(n query.Node, l *language.Language) (query.Node, error) {
	f.tongue.language = l
	f.tongue.foreign[n.Text] = true
	read := f.p.Tongues().Read(l, n.Text)
	if err := f.readLabels(); err != nil {
		return n, err
	}
	node := func(text string, weight float64) query.Node {
		return query.Node{Kind: query.Phrase, Text: text, Weight: weight, Start: n.Start, End: n.End}
	}
	var all []query.Node
	not := func(text string) {
		k := node(text, 1)
		k.Not = true
		all = append(all, k)
	}
	var english, words, said, passed []string
	for _, p := range read.Parts {
		switch {
		case p.Not:
			said = append(said, "not "+p.English)
			not(p.English)
			if !strings.EqualFold(p.Word, p.English) {
				f.tongue.foreign[p.Word] = true
				not(p.Word)
			}
			continue
		case !slices.Contains(english, p.English):
			english, said = append(english, p.English), append(said, p.English)
		}
		words = append(words, p.Word)
	}
	for _, p := range read.Passed {
		passed = append(passed, "“"+p.Word+"”")
		if p.Not {
			f.tongue.foreign[p.Word] = true
			not(p.Word)
			continue
		}
		words = append(words, p.Word)
	}
	f.tongue.note(n.Text, said, passed)

	// The words as they are: photos may carry them.
	asWords := node(strings.Join(words, " "), n.Weight)
	if len(all) == 0 {
		asWords.Text = n.Text
	}
	meant := node(strings.Join(english, " with "), n.Weight)
	if prompts := f.labels[strings.ToLower(meant.Text)]; len(prompts) > 0 {
		f.tongue.prompts[meant.Text] = prompts
	}
	switch {
	case len(english) > 0 && (n.Weight != 1 || strings.EqualFold(meant.Text, asWords.Text)):
		all = append(all, meant)
	case len(english) > 0:
		f.tongue.foreign[asWords.Text], f.tongue.beside[asWords.Text] = true, true
		all = append(all, query.Node{Kind: query.Any, Weight: 1, Start: n.Start, End: n.End, Kids: []query.Node{meant, asWords}})
	case len(words) > 0:
		f.tongue.foreign[asWords.Text] = true
		all = append(all, asWords)
	}
	out := both(all)
	out.Not = out.Not != n.Not
	return out, nil
}

// also lets a phrase stand for what its words are in English as well: it may be made of
// names, but "Hund am Strand" is not a worse query because there is a file of that name.
func (f *foreigner) also(n query.Node, l *language.Language) query.Node {
	read := f.p.Tongues().Read(l, n.Text)
	var english []string
	for _, p := range read.Parts {
		if p.Not {
			return n
		}
		english = append(english, p.English)
	}
	if n.Not || n.Weight != 1 || len(english) < 2 {
		return n // one word is rather a name
	}
	f.tongue.also = append(f.tongue.also, "“"+short(n.Text)+"” was also read as "+strings.Join(english, ", ")+".")
	meant := n
	meant.Text = strings.Join(english, " with ")
	return query.Node{Kind: query.Any, Weight: 1, Start: n.Start, End: n.End, Kids: []query.Node{n, meant}}
}

// both is a node that all must hold.
func both(nodes []query.Node) query.Node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	return query.Node{Kind: query.All, Weight: 1, Kids: nodes}
}

// note notes how a phrase was read.
func (t *tongue) note(text string, said, passed []string) {
	sentence := "“" + short(text) + "” was looked for as words only"
	if len(said) > 0 {
		sentence = "“" + short(text) + "” was read as " + strings.Join(said, ", ")
		if len(passed) > 0 {
			sentence += ", and " + list(passed) + " could not be translated"
		}
	}
	if !slices.Contains(t.read, sentence) {
		t.read = append(t.read, sentence)
	}
}

// notes says in a sentence what of the query the model does not know and how it was read.
func (t *tongue) notes(model bool) []string {
	switch {
	case len(t.read) == 0:
		return t.also
	case !model:
		return append(t.also, strings.Join(t.read, "; ")+".")
	}
	return append(t.also, "The model in use does not know "+t.language.Name+": "+strings.Join(t.read, "; ")+". A multilingual model would find more.")
}

// readLabels reads what the model is given for each label that says so.
func (f *foreigner) readLabels() error {
	if f.labels != nil {
		return nil
	}
	sets, err := f.p.Store.LabelSets(f.ctx)
	if err != nil {
		return err
	}
	f.labels = map[string][]string{}
	for _, set := range sets {
		for _, l := range set.Labels {
			var d struct {
				Prompts []string `json:"prompts"`
			}
			if json.Unmarshal(l.Definition, &d) == nil && len(d.Prompts) > 0 {
				f.labels[strings.ToLower(l.Name)] = d.Prompts
			}
		}
	}
	return nil
}

// vectorOf is the unit vector of a phrase; of one that stands for a label with prompts of its
// own it is theirs.
func (r *run) vectorOf(phrase string, words int) ([]float32, error) {
	prompts := r.shared.tongue.prompts[phrase]
	if len(prompts) == 0 {
		return r.phraseVector(r.ctx, phrase, words)
	}
	var sum []float32
	for _, p := range prompts {
		v, err := r.phraseVector(r.ctx, p, ShortPhrase+1)
		if err != nil {
			return nil, err
		}
		if sum == nil {
			sum = make([]float32, len(v))
		}
		for i, x := range v {
			sum[i] += x
		}
	}
	return unit(sum), nil
}
