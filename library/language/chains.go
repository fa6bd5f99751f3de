package language

import "math"

// chains are how often letters follow each other in the words of a language: of each letter
// behind the two before it. Bounds of words count as letters.
type chains struct {
	three map[[3]rune]float64
	two   map[[2]rune]float64
}

func newChains(words []string) chains {
	c := chains{three: map[[3]rune]float64{}, two: map[[2]rune]float64{}}
	for _, w := range words {
		walk(w, func(t [3]rune) {
			c.three[t]++
			c.two[[2]rune{t[0], t[1]}]++
		})
	}
	return c
}

// walk calls f with each three neighbours in a word.
func walk(word string, f func([3]rune)) {
	var t [3]rune
	for _, r := range word + "\x00" {
		t = [3]rune{t[1], t[2], r}
		f(t)
	}
}

// surprise is how unlike the language's words a word is: the mean of minus the logarithm of
// how probable each of its letters is behind the two before, in nats a letter. The letters
// that follow are smoothed by one fifth of an occurrence for each of 30.
func (c chains) surprise(word string) float64 {
	var sum, n float64
	walk(word, func(t [3]rune) {
		sum -= math.Log((c.three[t] + 0.2) / (c.two[[2]rune{t[0], t[1]}] + 6))
		n++
	})
	return sum / n
}
