package search_test

import (
	"strings"
	"testing"

	"descry/library/search"
)

func TestSaysWhatModelsCannotTell(t *testing.T) {
	s := newShelf(t, photo{name: "a.jpg", shows: "dog beach"})
	se := s.searcher()
	for note, queries := range map[string][]string{
		"cannot count": {
			"three dogs", "exactly two people", "2 black cats", "four old red chairs", "a photo of five children playing", "Two men on a bench",
			"six candles on a cake", "only three horses", "beach, two surfers", "12 eggs", "seven geese", "two sheep in a field",
		},
		"from its opposite": {
			"dog left of a cat", "a chair to the right of the table", "painting above a sofa", "cat below the table", "a cup on the left of a plate",
			"clock above the door", "dog beneath a bench", "man to the left of a woman",
		},
		"who does what to whom": {
			"man bites dog", "a dog chasing a cat", "cat chases dog", "a woman kissing a man", "the lion is hunting a zebra", "girl feeding a horse",
			"a boy pushing another girl", "a dog that is licking a small child",
		},
		"": {
			"dog on a beach", "one man", "a man with two", "IMG 20", "iPhone 12 photos", "room 101", "boeing 747", "two-storey house", "2019",
			"two hundred years old", "three weeks old baby", "five o'clock tea", "7 up", "a pair of shoes", "several dogs", "twin sisters", "both hands",
			"left hand", "turn left", "right wing of a plane", "leftovers", "view from above", "above the clouds", "plane above the clouds",
			"boat under a bridge", "below zero", "city seen from above", "the right time of year", "house on the left", "swimmer below the surface",
			"man riding a horse", "woman walking a dog", "dog catching a ball", "man eating pizza", "boy kicking a ball", "a man and a woman kissing",
			"dog chasing a dog", "girl holding a cat", "a person watching the sunset", "man painting a wall", "dog running with a boy", "man walking",
			"dog chasing a ball near a man", "children watching television", "people eating on a beach", "four leaf clover", "nine wheels", "the second dog",
		},
	} {
		for _, q := range queries {
			notes := strings.Join(s.search(se, search.Request{Text: q}).Notes, " ")
			if note == "" && strings.Contains(notes, "The model cannot") || !strings.Contains(notes, note) {
				t.Errorf("%s: notes %q, want %q", q, notes, note)
			}
		}
	}
}
