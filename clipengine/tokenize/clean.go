package tokenize

import (
	"html"
	"strings"
	"unicode"
)

// Cleaning is what a model family does to a text before its tokenizer sees it.
type Cleaning string

// The kinds of cleaning, named as in OpenCLIP.
const (
	// NoCleaning leaves the text as it is.
	NoCleaning Cleaning = ""
	// Whitespace resolves HTML entities and makes every run of spaces one space.
	Whitespace Cleaning = "whitespace"
	// LowerCase changes nothing but the case, as SigLIP 2 was trained.
	LowerCase Cleaning = "lowercase"
	// Lower is Whitespace in lower case.
	Lower Cleaning = "lower"
	// Canonicalize is Lower without ASCII punctuation, as SigLIP was trained.
	Canonicalize Cleaning = "canonicalize"
)

// Known tells whether c is one of the kinds.
func (c Cleaning) Known() bool {
	switch c {
	case NoCleaning, LowerCase, Whitespace, Lower, Canonicalize:
		return true
	}
	return false
}

// Apply returns the cleaned text.
func (c Cleaning) Apply(text string) string {
	switch c {
	case NoCleaning:
		return text
	case LowerCase:
		return pythonLower(clean(text))
	}
	text = basicClean(clean(text))
	if c == Canonicalize {
		text = strings.Map(func(r rune) rune {
			switch {
			case r == '_':
				return ' '
			case r < 0x80 && isPunctuation(r):
				return -1
			}
			return r
		}, text)
	}
	if c != Whitespace {
		text = pythonLower(text)
	}
	return strings.Join(strings.FieldsFunc(text, pythonSpace), " ")
}

// basicClean is the part of CLIP's cleaning that changes what people type: HTML entities,
// twice, since they are often escaped twice, and the repairs of fixText.
func basicClean(text string) string {
	return strings.TrimFunc(html.UnescapeString(html.UnescapeString(fixText(text))), pythonSpace)
}

// pythonSpace is what Python's str.split and \s take for a space: Unicode's and the four
// separators of ASCII.
func pythonSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1C && r <= 0x1F
}

// pythonLower lowers like Python's str.lower, which knows that a capital sigma at the end
// of a word has a form of its own.
func pythonLower(s string) string {
	if !strings.ContainsRune(s, 'Σ') {
		return lowercase(s)
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		if r == 'Σ' && finalSigma(runes, i) {
			b.WriteRune('ς')
		} else {
			b.WriteString(lowercase(string(r)))
		}
	}
	return b.String()
}

// finalSigma tells whether the sigma at i has a letter before it and none after it,
// skipping characters that letter case ignores.
func finalSigma(runes []rune, i int) bool {
	before, after := false, false
	for j := i - 1; j >= 0; j-- {
		if !caseIgnorable(runes[j]) {
			before = cased(runes[j])
			break
		}
	}
	for j := i + 1; j < len(runes); j++ {
		if !caseIgnorable(runes[j]) {
			after = cased(runes[j])
			break
		}
	}
	return before && !after
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A", r)
}
