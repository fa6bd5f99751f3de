package tagging

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"descry/library"
)

// tagsOf reads "animals/dog 0.9; +scenes/beach; -things/ball": a suggestion with its
// confidence, a confirmed and a rejected tag.
func tagsOf(t testing.TB, s string) []library.Tag {
	t.Helper()
	var out []library.Tag
	for _, f := range strings.Split(s, ";") {
		f = strings.TrimSpace(f)
		if f == "" {
			continue
		}
		tag := library.Tag{State: library.Suggested}
		switch f[0] {
		case '+':
			tag.State, tag.Confidence, f = library.Confirmed, 1, f[1:]
		case '-':
			tag.State, f = library.Rejected, f[1:]
		default:
			i := strings.LastIndexByte(f, ' ')
			c, err := strconv.ParseFloat(f[i+1:], 64)
			if err != nil {
				t.Fatal(err)
			}
			tag.Confidence, f = c, f[:i]
		}
		tag.Set, tag.Name, _ = strings.Cut(f, "/")
		out = append(out, tag)
	}
	return out
}

var ownSet = LabelSet{
	Name: "home", Role: RoleThing,
	Labels: []Label{
		{Name: "Rex", Alt: "Rex the dog", Role: RoleAnimal, Includes: []string{"dog"}},
		{Name: "Grandma", Alt: "Grandma", Role: RolePerson, Includes: []string{"person"}},
		{Name: "our street", Alt: "our street.", Role: RolePlace, Preposition: "on"},
		{Name: "no phrase"},
		{Name: "happy people", Alt: "happy people", Role: RolePerson},
		{Name: "old woman", Alt: "an old woman", Role: RolePerson},
		{Name: "long", Alt: strings.Repeat("very ", 38) + "long"},
	},
}

func TestDraftAlt(t *testing.T) {
	v := NewVocabulary(append(builtin(t), ownSet))
	taken := time.Date(2021, 5, 12, 14, 5, 0, 0, time.UTC)
	tests := []struct {
		tags string
		meta library.Metadata
		want string
	}{
		// Nothing known.
		{"", library.Metadata{}, "Photo."},
		{"", library.Metadata{Taken: taken}, "Photo, taken 12 May 2021."},
		{"", library.Metadata{Title: "Sunday walk", Taken: taken}, "Photo titled “Sunday walk”, taken 12 May 2021."},
		{"", library.Metadata{Title: "IMG_2034.JPG"}, "Photo."},
		{"animals/dog 0.49", library.Metadata{}, "Photo."},
		{"-animals/dog", library.Metadata{Taken: taken}, "Photo, taken 12 May 2021."},
		// The file's own words.
		{"animals/dog 0.9", library.Metadata{AltText: "Our dog Rex asleep"}, "Our dog Rex asleep."},
		{"animals/dog 0.9", library.Metadata{Description: "Rex at the lake!"}, "Rex at the lake!"},
		{"animals/dog 0.9", library.Metadata{Description: "OLYMPUS DIGITAL CAMERA"}, "A dog."},
		{"animals/dog 0.9", library.Metadata{Description: " \n "}, "A dog."},
		{"", library.Metadata{Description: "two\nlines\tof text"}, "two lines of text."},
		// One part.
		{"animals/dog 0.9", library.Metadata{}, "A dog."},
		{"animals/dog 0.7", library.Metadata{}, "Probably a dog."},
		{"animals/dog 0.55", library.Metadata{}, "May show a dog."},
		{"+animals/dog", library.Metadata{}, "A dog."},
		{"animals/elephant 0.85", library.Metadata{}, "An elephant."},
		{"scenes/beach 0.9", library.Metadata{}, "A beach."},
		{"scenes/sea 0.9", library.Metadata{}, "The sea."},
		{"things/bicycle 0.9", library.Metadata{}, "A bicycle."},
		{"food/pizza 0.95", library.Metadata{}, "A pizza."},
		{"people/wedding 0.9", library.Metadata{}, "A wedding."},
		{"weather/sunset 0.9", library.Metadata{}, "A view at sunset or sunrise."},
		{"weather/rainbow 0.9", library.Metadata{}, "A rainbow."},
		{"weather/clouds 0.9", library.Metadata{}, "A cloudy sky."},
		{"weather/fog 0.7", library.Metadata{}, "Probably a view in fog."},
		{"activities/surfing 0.9", library.Metadata{}, "A person surfing."},
		{"activities/running 0.9", library.Metadata{}, "Photo."},
		{"+activities/running", library.Metadata{}, "Someone running."},
		// Together.
		{"animals/dog 0.9; scenes/beach 0.85", library.Metadata{}, "A dog on a beach."},
		{"animals/dog 0.7; scenes/beach 0.7", library.Metadata{}, "Probably a dog on a beach."},
		{"animals/dog 0.9; scenes/beach 0.7", library.Metadata{}, "A dog, probably on a beach."},
		{"animals/dog 0.9; scenes/beach 0.6", library.Metadata{}, "A dog."},
		{"animals/dog 0.6; scenes/beach 0.55", library.Metadata{}, "May show a dog on a beach."},
		{"animals/dog 0.98; animals/animal 0.9; activities/running 0.85; weather/snow 0.9", library.Metadata{}, "A dog running in snow."},
		{"animals/dog 0.9; activities/running 0.7", library.Metadata{}, "A dog, probably running."},
		{"animals/animal 0.95; animals/bee 0.6", library.Metadata{}, "An animal."},
		{"animals/dog 0.9; animals/cat 0.85", library.Metadata{}, "A dog and a cat."},
		{"animals/dog 0.9; things/ball 0.85; scenes/lawn 0.9", library.Metadata{}, "A dog with a ball on grass."},
		{"people/child 0.9; animals/dog 0.9; scenes/park 0.85", library.Metadata{}, "A child and a dog in a park."},
		{"people/child 0.9; activities/playing on a swing 0.9; activities/swinging 0.85; things/swing 0.9; scenes/playground 0.85", library.Metadata{}, "A child playing on a swing in a playground."},
		{"people/person 0.9; activities/cycling 0.9; things/bicycle 0.95; scenes/forest 0.87", library.Metadata{}, "A person cycling in a forest."},
		{"activities/skiing 0.9; weather/snow 0.95; scenes/ski slope 0.85; scenes/mountains 0.87", library.Metadata{}, "A person skiing in mountains."},
		{"people/child 0.6; activities/skateboarding 0.9", library.Metadata{}, "A person skateboarding."},
		{"activities/cycling 0.9; things/helmet 0.85", library.Metadata{}, "A person cycling, with a helmet."},
		{"activities/horse riding 0.9; animals/horse 0.95; animals/dog 0.9", library.Metadata{}, "A person riding a horse, with a dog."},
		{"people/people 0.9; people/person 0.95; people/wedding 0.9; scenes/church 0.85", library.Metadata{}, "People at a wedding by a church."},
		{"people/crowd 0.9; people/concert 0.85; scenes/stage 0.9; weather/night 0.85", library.Metadata{}, "A crowd at a concert at night."},
		{"scenes/mountains 0.9; weather/clouds 0.85", library.Metadata{}, "Mountains under a cloudy sky."},
		{"scenes/city 0.9; weather/rainbow 0.85", library.Metadata{}, "A city, with a rainbow."},
		{"scenes/beach 0.9; weather/sunset 0.9", library.Metadata{}, "A beach at sunset or sunrise."},
		{"things/bicycle 0.9; things/bench 0.85; scenes/street 0.85", library.Metadata{}, "A bicycle and a bench on a street."},
		{"food/coffee 0.9; food/cake 0.85; scenes/restaurant 0.85", library.Metadata{}, "A cup of coffee and a cake in a restaurant."},
		{"activities/eating 0.9; food/pizza 0.9; food/food 0.95", library.Metadata{}, "A person eating, with a pizza."},
		{"animals/fish 0.9; scenes/underwater 0.85", library.Metadata{}, "A fish in an underwater scene."},
		{"scenes/beach 0.9; animals/dog 0.7", library.Metadata{}, "A beach, probably with a dog."},
		{"scenes/field 0.9; activities/running 0.85; animals/dog 0.6", library.Metadata{}, "A field."},
		{"animals/dog 0.7; scenes/beach 0.55", library.Metadata{}, "Probably a dog."},
		{"weather/snow 0.78; activities/playing in snow 0.6", library.Metadata{}, "Probably a view in snow."},
		{"activities/cycling 0.7; things/helmet 0.7; scenes/road 0.7", library.Metadata{}, "Probably a person cycling on a road."},
		{"activities/swimming 0.92; scenes/sea 0.6", library.Metadata{}, "May show the sea."},
		{"people/child 0.75; scenes/street 0.7", library.Metadata{}, "Probably a person on a street."},
		{"people/children 0.75", library.Metadata{}, "Probably people."},
		{"people/child 0.75; people/person 0.7", library.Metadata{}, "Probably a person."},
		{"people/child 0.87", library.Metadata{}, "A child."},
		// A person's word.
		{"+animals/dog; scenes/beach 0.7; -things/ball; things/bench 0.9", library.Metadata{}, "A dog with a bench, probably on a beach."},
		{"-animals/animal; animals/dog 0.95; scenes/beach 0.9", library.Metadata{}, "A beach."},
		{"-animals/dog; animals/animal 0.9", library.Metadata{}, "An animal."},
		{"+animals/dog; +animals/cat; +animals/horse; scenes/field 0.9", library.Metadata{}, "A cat, a dog and a horse in a field."},
		{"+home/Rex; animals/dog 0.95; scenes/beach 0.9", library.Metadata{}, "Rex the dog on a beach."},
		{"home/Rex 0.9; animals/dog 0.95", library.Metadata{}, "A dog."},
		{"home/Grandma 0.95; people/person 0.9", library.Metadata{}, "A person."},
		{"+home/Grandma; people/person 0.9; activities/reading 0.9", library.Metadata{}, "Grandma reading."},
		{"+animals/dog; +home/our street", library.Metadata{}, "A dog on our street."},
		{"home/happy people 0.95; home/old woman 0.9; people/people 0.85", library.Metadata{}, "People."},
		{"+home/no phrase", library.Metadata{}, "Photo."},
		// Documents, screens and pictures of pictures.
		{"documents/screenshot 0.9", library.Metadata{}, "A screenshot."},
		{"documents/receipt 0.7; food/food 0.6", library.Metadata{}, "Probably a receipt."},
		{"documents/screenshot 0.9; people/person 0.85", library.Metadata{}, "A screenshot."},
		{"documents/painting 0.9; animals/horse 0.85; scenes/field 0.87", library.Metadata{}, "A painting of a horse in a field."},
		{"documents/painting 0.9", library.Metadata{}, "A painting."},
		{"documents/map 0.9; +documents/slide", library.Metadata{}, "A presentation slide."},
		{"documents/map 0.9; +animals/dog", library.Metadata{}, "A dog."},
		{"documents/map 0.55; scenes/city 0.9", library.Metadata{}, "A city."},
	}
	for _, tt := range tests {
		t.Run(tt.tags, func(t *testing.T) {
			got := DraftAlt(AltInput{Tags: tagsOf(t, tt.tags), Vocabulary: v, Calibrated: true, Metadata: tt.meta})
			if got.Text != tt.want {
				t.Errorf("got  %q\nwant %q\n%q", got.Text, tt.want, got.Sources)
			}
			if len(got.Sources) == 0 || got.State != library.AltDraft || got.Lang != "en" {
				t.Errorf("%+v", got)
			}
		})
	}
	if n := len(tests); n < 60 {
		t.Errorf("%d cases", n)
	}
}

func TestDraftAltDetails(t *testing.T) {
	v := NewVocabulary(append(builtin(t), ownSet))
	taken := time.Date(2021, 5, 12, 14, 5, 0, 0, time.UTC)
	in := AltInput{
		Tags:       tagsOf(t, "animals/dog 0.91; +scenes/beach; things/ball 0.55; things/bench 0.6; +home/no phrase; -things/kite"),
		Vocabulary: v, Calibrated: true, Place: "Lisbon",
		Metadata: library.Metadata{Taken: taken, Title: "Rex!", GPS: &library.GPS{Lat: 38.7223, Lon: -9.1393}},
		Measures: &library.Measures{Width: 1600, Height: 1067, Exposure: 0.5, Colour: 0x203060},
	}
	got := DraftAlt(in)
	want := library.AltText{
		Text: "A dog on a beach in Lisbon.",
		Extended: "A dog on a beach in Lisbon. Perhaps also: a bench and a ball. Tagged: no phrase. Title: Rex! " +
			"A wide picture; its main colour is dark blue. Taken on 12 May 2021 at 14:05.",
		Lang: "en", State: library.AltDraft, Confidence: 0.91,
		Sources: []string{"“a dog”: suggestion dog, 91 %", "“a beach”: tag beach, confirmed", "“in Lisbon”: place in the file"},
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	// Confidences that were not fitted are never sure.
	in.Calibrated, in.Tags, in.Place = false, in.Tags[:1], ""
	if got := DraftAlt(in).Text; got != "Probably a dog." {
		t.Errorf("uncalibrated: %q", got)
	}
	// A long description is cut where a sentence ends, else between words.
	long := strings.Repeat("Twelve words make this sentence a fairly long one to read. ", 6)
	if got := DraftAlt(AltInput{Metadata: library.Metadata{Description: long}}).Text; len(got) > MaxAlt || !strings.HasSuffix(got, "to read.") {
		t.Errorf("long description: %q", got)
	}
	if got := DraftAlt(AltInput{Metadata: library.Metadata{Description: strings.Repeat("wörd ", 90)}}).Text; utf8.RuneCountInString(got) > MaxAlt || !strings.HasSuffix(got, "wörd…") {
		t.Errorf("long words: %q", got)
	}
	// No vocabulary, no tags: still something.
	if got := DraftAlt(AltInput{}).Text; got != "Photo." {
		t.Errorf("nothing: %q", got)
	}
}

// Words that no draft from suggestions alone may hold.
var never = regexp.MustCompile(`(?i)\b(man|woman|men|women|boy|girl|male|female|happy|sad|old|young|white person|black person|grandma|rex)\b`)

func TestDraftAltProperties(t *testing.T) {
	sets := append(builtin(t), ownSet)
	v := NewVocabulary(sets)
	type choice struct{ set, name string }
	var choices []choice
	alts := map[string]string{}
	for _, s := range sets {
		for _, l := range s.Labels {
			choices = append(choices, choice{s.Name, l.Name})
			alts[l.Name] = l.Alt
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 20000 {
		in := AltInput{Vocabulary: v, Calibrated: i%5 > 0}
		suggestedOnly := i%2 == 0
		for range rng.IntN(9) {
			c := choices[rng.IntN(len(choices))]
			tag := library.Tag{Set: c.set, Name: c.name, State: library.Suggested, Confidence: 0.4 + 0.6*rng.Float64()}
			if !suggestedOnly {
				tag.State = []library.TagState{library.Suggested, library.Confirmed, library.Rejected}[rng.IntN(3)]
			}
			in.Tags = append(in.Tags, tag)
		}
		if rng.IntN(3) == 0 {
			in.Metadata.Taken = time.Date(1990+rng.IntN(40), 1, 1+rng.IntN(365), 0, 0, 0, 0, time.UTC)
		}
		if rng.IntN(10) == 0 {
			in.Place = "Llanfairpwllgwyngyll"
		}
		got := DraftAlt(in)
		bad := func(why string) {
			t.Fatalf("%s: %q from %+v", why, got.Text, in.Tags)
		}
		switch first, _ := utf8.DecodeRuneInString(got.Text); {
		case got.Text == "":
			bad("empty")
		case utf8.RuneCountInString(got.Text) > MaxAlt:
			bad("too long")
		case strings.Contains(got.Text, "  ") || strings.TrimSpace(got.Text) != got.Text:
			bad("spaces")
		case !strings.HasSuffix(got.Text, ".") || strings.HasSuffix(got.Text, ".."):
			bad("does not end as a sentence")
		case !unicode.IsUpper(first):
			bad("no capital")
		case strings.Contains(got.Text, " ,") || strings.Contains(got.Text, ",,") || strings.Contains(got.Text, ", ,"):
			bad("commas")
		case suggestedOnly && never.MatchString(got.Text+got.Extended):
			bad("claims too much")
		case got.Confidence < perhapsFrom || got.Confidence > 1:
			bad("confidence")
		case len(got.Sources) == 0:
			bad("no sources")
		}
		for _, tag := range in.Tags {
			confirmed := slices.ContainsFunc(in.Tags, func(o library.Tag) bool {
				return o.Name == tag.Name && o.State == library.Confirmed
			})
			if tag.State == library.Rejected && !confirmed && slices.ContainsFunc(got.Sources, func(s string) bool {
				return strings.Contains(s, ": suggestion "+tag.Name+",") || strings.Contains(s, ": tag "+tag.Name+",")
			}) {
				bad("rejected " + tag.Name)
			}
		}
		// The same tags in another order give the same sentence.
		rng.Shuffle(len(in.Tags), func(i, j int) { in.Tags[i], in.Tags[j] = in.Tags[j], in.Tags[i] })
		if again := DraftAlt(in); again.Text != got.Text && !contradictory(in.Tags) {
			bad("depends on the order: " + again.Text)
		}
	}
}

// contradictory reports whether a tag is there in several states, which no store gives.
func contradictory(tags []library.Tag) bool {
	seen := map[string]bool{}
	for _, t := range tags {
		if seen[t.Set+t.Name] {
			return true
		}
		seen[t.Set+t.Name] = true
	}
	return false
}

func TestArticles(t *testing.T) {
	odd := map[string]bool{"a uniform": true, "a unicorn": true}
	for _, s := range builtin(t) {
		for _, l := range s.Labels {
			w := strings.Fields(strings.ToLower(l.Alt))
			for i := range w[:max(len(w)-1, 0)] {
				vowel := strings.ContainsRune("aeiou", rune(w[i+1][0]))
				if !odd[w[i]+" "+w[i+1]] && (w[i] == "a" && vowel || w[i] == "an" && !vowel) {
					t.Errorf("%s/%s: %q", s.Name, l.Name, l.Alt)
				}
			}
		}
	}
}

func TestColourName(t *testing.T) {
	for rgb, want := range map[uint32]string{
		0x000000: "black", 0xffffff: "white", 0x808080: "grey", 0x404040: "dark grey", 0xd0d0d0: "light grey",
		0xff0000: "red", 0x800000: "dark red", 0x00ff00: "green", 0x203060: "dark blue", 0x4080ff: "blue",
		0xa0c8f0: "light blue", 0xffff00: "yellow", 0xff8800: "orange", 0x6b4423: "dark brown", 0x8b5a2b: "brown",
		0xd2b48c: "beige", 0x800080: "dark purple", 0xff69b4: "pink", 0x40e0d0: "turquoise",
	} {
		if got := colourName(rgb); got != want {
			t.Errorf("%06x: got %s, want %s", rgb, got, want)
		}
	}
}
