package tokenize

import "unicode/utf8"

// wordPiece takes the longest beginning of a word that is in the vocabulary, then the
// longest beginning of the rest, which is looked up with a prefix. A word of which some
// part is not found is unknown as a whole.
type wordPiece struct {
	vocab    map[string]int64
	unknown  int64
	prefix   string
	maxRunes int
}

func (w wordPiece) tokens(dst []int64, word string) []int64 {
	if utf8.RuneCountInString(word) > w.maxRunes {
		return append(dst, w.unknown)
	}
	begin := len(dst)
	for from := 0; from < len(word); {
		prefix := ""
		if from > 0 {
			prefix = w.prefix
		}
		to := len(word)
		for to > from {
			if id, ok := w.vocab[prefix+word[from:to]]; ok {
				dst = append(dst, id)
				break
			}
			_, n := utf8.DecodeLastRuneInString(word[from:to])
			to -= n
		}
		if to == from {
			return append(dst[:begin], w.unknown)
		}
		from = to
	}
	return dst
}
