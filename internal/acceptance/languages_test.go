package acceptance

import (
	"sync"
	"testing"

	"descry/assets"
	"descry/library/language"
	"descry/library/search"
)

// tongues is what the program knows of languages.
var tongues = sync.OnceValue(func() *language.Set {
	english, err := language.ReadLexicon(assets.English())
	if err != nil {
		panic(err)
	}
	set, err := language.Read(assets.Languages(), english)
	if err != nil {
		panic(err)
	}
	return set
})

// gibberish is what falls on a keyboard, and words that there might be.
var gibberish = []string{
	"asdf qwer", "xkcdqwe", "asdfghjkl", "qwertyuiop", "zxcvbnm", "lkjhg", "fjfjfjfj", "blarg", "wibble wobble", "ghfjdk", "sdkjfh sdkjfh",
	"aaaaaaa", "xxxx", "hjkl hjkl", "qqq www eee", "mnbvcx", "poiuyt", "dfgh", "jklö", "bvnmc xzcv", "trewq", "wqeqwe", "kdkdkd", "rtyrty",
	"oiuoiu", "vbvbvb", "gfdsa", "ploki", "mkonji", "zaqxsw", "cdevfr", "bgtnhy", "12345", "qwe123", "flurb", "snorgle", "vqxz", "pqpqpq",
	"tttt", "zzzzz", "ıııı", "фывапр", "йцукен", "ячсмит", "あばばば", "asdf on a jkl", "a photo of xqzt", "lorem ipsum dolor",
}

// nothingInGibberish searches for what means nothing.
func nothingInGibberish(t *testing.T, s *shelf) {
	wrong := 0
	for _, q := range gibberish {
		r, err := s.searcher.Search(t.Context(), search.Request{Text: q})
		if err != nil {
			t.Fatal(err)
		}
		if r.Matched > 0 {
			wrong++
			t.Logf("%q: %d likely", q, r.Matched)
		}
	}
	t.Logf("%d of %d texts that mean nothing give something likely", wrong, len(gibberish))
	if wrong > 0 {
		t.Errorf("%d texts that mean nothing give something likely", wrong)
	}
}
