package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"descry/library/query"
)

// What models of this kind cannot tell apart: they compare what a picture and a text are
// about, and lose how many there are, where they stand and who does what to whom (Yuksekgonul
// et al., "When and why vision-language models behave like bags-of-words", ICLR 2023).

// limits says in a sentence each what of a query the model cannot tell. In doubt it says
// nothing.
func limits(nodes []query.Node) []string {
	var out []string
	add := func(sentence string) {
		if sentence != "" && !slices.Contains(out, sentence) {
			out = append(out, sentence)
		}
	}
	for _, phrase := range phrasesOf(nodes) {
		words := strings.FieldsFunc(strings.ToLower(phrase), func(r rune) bool { return strings.ContainsRune(" \t.;:!?()", r) })
		add(counting(words))
		add(position(words))
		add(roles(words))
	}
	return out
}

var (
	numbers = strings.Fields("two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty")
	exactly = strings.Fields("exactly only precisely")

	// units are counted, but are no things in a picture; names go with a number.
	units = strings.Fields(`years weeks days hours minutes seconds months miles metres meters kilometres feet inches euros dollars pounds
		percent times o'clock stars points pm am floors stories storeys wheels doors seats legs pieces ways thirds quarters faces kinds sides
		degrees mm cm km kg mp megapixels pixels px photos pictures images videos`)

	// plurals that do not end in s.
	plurals = strings.Fields("people men women children kids sheep deer fish geese mice teeth oxen policemen firemen fishermen")

	// notPlural end in s and are one.
	notPlural = strings.Fields(`grass glass dress bus class cross tennis chess gas moss glasses trousers pants jeans shorts sunglasses scissors
		canvas atlas circus cactus octopus hippopotamus lens always was is has this its across news`)
)

// counting finds a number of things: "three dogs", "exactly two people", "2 black cats".
func counting(words []string) string {
	for i, w := range words {
		if !slices.Contains(numbers, w) && !figure(w) {
			continue
		}
		// Up to two words may describe what is counted.
		for k := i + 1; k < len(words) && k <= i+3; k++ {
			next := strings.TrimSuffix(words[k], ",")
			if slices.Contains(units, next) || figure(next) || slices.Contains(joiningWords, next) || k == i+1 && next == "hundred" {
				break
			}
			if plural(next) {
				from := i
				if i > 0 && slices.Contains(exactly, words[i-1]) {
					from--
				}
				return fmt.Sprintf("The model cannot count: for “%s” photos with more or fewer of them come, too.", strings.Join(words[from:k+1], " "))
			}
		}
	}
	return ""
}

// joiningWords end what a number describes.
var joiningWords = strings.Fields("a an the and or of in on at with by to for from is are")

// figure reports whether a word is a number from 2 to 99.
func figure(w string) bool {
	n, err := strconv.Atoi(w)
	return err == nil && n >= 2 && n <= 99
}

func plural(w string) bool {
	if slices.Contains(plurals, w) {
		return true
	}
	return len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !slices.Contains(notPlural, w)
}

// position finds where one thing stands beside another: "a dog to the left of a cat",
// "painting above a sofa".
func position(words []string) string {
	for i, w := range words {
		if i == 0 || i+1 >= len(words) {
			continue
		}
		n := 1 // words of the position
		switch {
		case (w == "left" || w == "right") && words[i+1] == "of":
			n = 2
		case (w == "above" || w == "below" || w == "beneath") && !slices.Contains([]string{"view", "seen", "from", "shot", "the", "a"}, words[i-1]):
		default:
			continue
		}
		if i+n >= len(words) || !slices.ContainsFunc(words[i+n:], isContent) || !slices.ContainsFunc(words[:i], isContent) {
			continue
		}
		if n == 1 && slices.ContainsFunc(words[i+1:], func(w string) bool { return slices.Contains(surroundings, w) }) {
			continue // above the clouds everything is
		}
		said := w
		if n == 2 {
			said = w + " of"
		}
		return fmt.Sprintf("The model cannot tell “%s” from its opposite: photos come that show both, wherever they stand.", said)
	}
	return ""
}

// surroundings are what things are above or below of as a place, not beside a thing.
var surroundings = strings.Fields("clouds cloud water sea surface ground sky treeline snowline horizon earth zero freezing average deck")

func isContent(w string) bool {
	return !slices.Contains(emptyWords, w) && !slices.Contains(joiningWords, w) && w != "left" && w != "right"
}

// actors are who may do something to another.
var actors = wordSet(`man woman boy girl child baby toddler person people men women boys girls children kids kid lady guy player policeman
	policewoman soldier clown teacher mother father dog dogs puppy cat cats kitten horse horses cow bull sheep goat pig lion tiger bear wolf fox
	monkey elephant bird birds eagle hawk duck goose swan snake crocodile shark whale dolphin fish mouse rabbit squirrel deer bee spider zebra leopard
	cheetah grandmother grandfather bride groom teenager`)

// deeds are what one of two does to the other, either way. Riding, walking and holding are not
// among them: who does what is plain.
var deeds = wordSet(`bites biting bite chases chasing chase attacks attacking attack follows following follow hunts hunting licks licking lick
	kicks kicking kick pushes pushing push pulls pulling catches catching hits hitting hit punches punching scares scaring watches watching tackles
	tackling kisses kissing feeds feeding carries carrying eats eating pursues pursuing stalks stalking sniffs sniffing grabs grabbing slaps slapping
	photographs photographing paints painting teaches teaching leads leading rescues rescuing`)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

// roles finds who does what to whom: two that act, with a deed between them.
func roles(words []string) string {
	for i, w := range words {
		if !deeds[w] {
			continue
		}
		// Of the subject the deed is at most two words away ("is", "that is"), of the object
		// three, which describe it.
		subject, object := "", ""
		for k := i - 1; k >= 0 && k >= i-3; k-- {
			if actors[words[k]] {
				subject = words[k]
				break
			}
			if !slices.Contains([]string{"is", "are", "that", "who", "was"}, words[k]) {
				break
			}
		}
		for k := i + 1; k < len(words) && k <= i+4; k++ {
			if actors[words[k]] {
				object = words[k]
				break
			}
			if slices.Contains([]string{"in", "on", "at", "with", "while", "through", "from", "by", "near", "and", "of", "along"}, words[k]) {
				break
			}
		}
		if subject != "" && object != "" && strings.TrimSuffix(subject, "s") != strings.TrimSuffix(object, "s") {
			return fmt.Sprintf("The model cannot tell who does what to whom: “%s %s %s” finds the same photos the other way round.", subject, w, object)
		}
	}
	return ""
}
