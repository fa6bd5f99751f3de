package query_test

import (
	"strings"
	"testing"

	"descry/library/query"
)

func TestCompletion(t *testing.T) {
	known := func(field string) []string {
		return map[string][]string{"tag": {"dog", "black dog", "doghouse", "cat"}, "in": {"Holiday 2019"}, "camera": {"Canon EOS 80D"}, "album": {`odd "name"`}}[field]
	}
	// The bar is the cursor; what comes out is the query with each proposal in place.
	for _, c := range []struct{ query, want string }{
		{"beach ta|", "beach tag:; beach tag~:; beach date:"},
		{"beach -ta|", "beach -tag:; beach -tag~:; beach -date:"},
		{"beach col|", "beach colour:"},
		{"tag:d|", "tag:dog; tag:doghouse; tag:\"black dog\""},
		{"tag:\"black|\" beach", "tag:\"black dog\" beach"},
		{"tag:cat,do|, beach", "tag:cat,dog, beach; tag:cat,doghouse, beach; tag:cat,\"black dog\", beach"},
		{"is:f|", "is:favourite; is:offline"},
		{"favo|", "is:favourite"},
		{"dog|", "tag:doghouse"},
		{"(in:hol|)", "(in:\"Holiday 2019\")"},
		{"in:|", "in:\"Holiday 2019\""},
		{"date:\"last s|", "date:\"last summer\""},
		{"camera:80|", "camera:\"Canon EOS 80D\""},
		{"album:|", ""},
		{"|beach", ""},
		{"beach |", ""},
		{"\"ta|", ""},
	} {
		cursor := strings.Index(c.query, "|")
		text := c.query[:cursor] + c.query[cursor+1:]
		spot := query.SpotAt(text, cursor)
		var got []string
		for _, p := range spot.Proposals(known, 10) {
			got = append(got, text[:spot.Start]+p.Text+text[spot.End:])
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %s, want %s", c.query, strings.Join(got, "; "), c.want)
		}
	}
	for _, text := range []string{"", "a", `tag:"x`, "(((", "tag:a,b,c", "\xff:\x00"} {
		for cursor := -1; cursor <= len(text)+1; cursor++ {
			s := query.SpotAt(text, cursor)
			if s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Errorf("%q at %d: %+v", text, cursor, s)
			}
			s.Proposals(nil, 5)
		}
	}
}

func FuzzSpotAt(f *testing.F) {
	f.Add(`beach tag:"black dog",cat -in:x`, 14)
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		s := query.SpotAt(text, cursor)
		if s.Start < 0 || s.End < s.Start || s.End > len(text) {
			t.Fatalf("%q at %d: %+v", text, cursor, s)
		}
		s.Proposals(func(string) []string { return []string{"x y", s.Typed} }, 5)
	})
}
