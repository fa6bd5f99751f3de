package spelling

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// Words finds what a mistyped word may have been meant to be among many. It is not changed
// once made.
type Words struct {
	byLength [longest + 1][]entry
}

// longest is the length of words in characters up to which they are looked at.
const longest = 24

// entry is a word with the letters that it has, a bit for each of a to z and one for all
// others, by which most words are passed over without a look at the order of their letters.
type entry struct {
	word    string
	letters uint32
	rank    int
}

func entryOf(word string, rank int) entry {
	var letters uint32
	for _, r := range word {
		if r >= 'a' && r <= 'z' {
			letters |= 1 << (r - 'a')
		} else {
			letters |= 1 << 26
		}
	}
	return entry{word, letters, rank}
}

// NewWords makes a list of lower-case words to choose from, the most frequent ones first.
func NewWords(words []string) *Words {
	w := &Words{}
	for rank, word := range words {
		if n := utf8.RuneCountInString(word); n <= longest {
			w.byLength[n] = append(w.byLength[n], entryOf(word, rank))
		}
	}
	return w
}

// Mistakes is how many typing mistakes a word of n characters may have. In short words a
// second one could make any word of any other.
func Mistakes(n int) int {
	switch {
	case n < 3:
		return 0
	case n < 7:
		return 1
	}
	return 2
}

// shortWord is the length up to which letters may only be swapped, doubled or left single:
// with another one nearly every short word becomes some other.
const shortWord = 4

// Guess is a word that may have been meant.
type Guess struct {
	Word string
	Cost float64 // less is likelier
}

// Nearest returns the likeliest word that a lower-case one was meant to be: the one that
// takes the fewest mistakes, of those one that begins and ends alike and has the same
// letters, and of those the most frequent. False: none is near.
func (w *Words) Nearest(word string) (Guess, bool) {
	n := utf8.RuneCountInString(word)
	most := Mistakes(n)
	if most == 0 || n > longest {
		return Guess{}, false
	}
	asked := entryOf(word, 0)
	best := Guess{Cost: math.Inf(1)}
	for length := max(n-most, 2); length <= min(n+most, longest); length++ {
		for _, e := range w.byLength[length] {
			// A mistake changes two letters at most.
			if bits.OnesCount32(e.letters^asked.letters) > 2*most {
				continue
			}
			if c, ok := cost(asked, e); ok && c < best.Cost {
				best = Guess{e.word, c}
			}
		}
	}
	return best, best.Word != ""
}

// Cost says how unlikely it is that one word was meant by another, with a rank by frequency;
// false where they differ too much.
func Cost(word, meant string, rank int) (float64, bool) {
	return cost(entryOf(word, 0), entryOf(meant, rank))
}

func cost(asked, e entry) (float64, bool) {
	d := distance(asked.word, e.word)
	n := utf8.RuneCountInString(asked.word)
	if d > Mistakes(n) || n <= shortWord && asked.letters != e.letters {
		return 0, false
	}
	c := float64(d) + 0.07*math.Log(float64(e.rank)+50)
	longer := utf8.RuneCountInString(e.word) - utf8.RuneCountInString(asked.word)
	switch {
	case longer == 0 && asked.letters != e.letters: // another letter: rarer than one left out
		c += 0.2
	case longer < 0:
		c += 0.1 - 0.1*float64(longer)
	}
	a, _ := utf8.DecodeRuneInString(asked.word)
	b, _ := utf8.DecodeRuneInString(e.word)
	if a != b {
		c += 0.5
	}
	if asked.letters == e.letters { // swapped, doubled or left single
		c -= 0.35
	}
	a, _ = utf8.DecodeLastRuneInString(asked.word)
	b, _ = utf8.DecodeLastRuneInString(e.word)
	if a != b {
		c += 0.15
	}
	return c, true
}

// Edits returns the texts that a word was meant to be if it has one typing mistake: a letter
// of the alphabet too many, too few, another one, or two swapped.
func Edits(word string, alphabet []rune) []string {
	r := []rune(word)
	if len(r) > longest {
		return nil
	}
	var out []string
	with := func(parts ...[]rune) { out = append(out, string(slices.Concat(parts...))) }
	for i := range r {
		with(r[:i], r[i+1:])
		if i+1 < len(r) {
			with(r[:i], []rune{r[i+1], r[i]}, r[i+2:])
		}
		for _, l := range alphabet {
			if l != r[i] {
				with(r[:i], []rune{l}, r[i+1:])
			}
		}
	}
	for i := 0; i <= len(r); i++ {
		for _, l := range alphabet {
			with(r[:i], []rune{l}, r[i:])
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == "" || strings.EqualFold(s, word) })
}
