package app

import (
	"path/filepath"
	"strings"
	"time"

	"descry/library"
	"descry/library/query"
)

// Part is an understood part of a query, for who shows it.
type Part struct {
	Text   string  // as it is written in a query; reading it again gives the same
	Not    bool    // what meets it is left out
	Weight float64 // 1 for most; below 0 pushes down what matches
	Group  string  // "any" or "all" of several parts in brackets; "" for a single one
	Exact  bool    // words that must stand there
	Help   string  // of a filter: what it keeps, in a few words
	When   string  // of a filter of dates: which days that is now
	Field  string  // of a filter: its name

	Picture string          // of similar: and like: with one value: the picture as it is named there
	Photo   library.PhotoID // which photo of the library that is; 0: none, or a file elsewhere
	Name    string          // of its file, without folders
}

// partOf describes a chip of a search; dates count from now.
func partOf(chip string, now time.Time) Part {
	p := Part{Text: chip, Weight: 1}
	q, _ := query.Parse(chip)
	if len(q.Terms) != 1 {
		if len(q.Terms) > 1 {
			p.Group = "all"
		}
		return p
	}
	n := q.Terms[0]
	p.Not, p.Weight, p.Exact = n.Not, n.Weight, n.Kind == query.Exact
	switch n.Kind {
	case query.Any:
		p.Group = "any"
	case query.All:
		p.Group = "all"
	case query.Phrase:
		// "-people" reads as "without people"; what could be misread then stays as it is.
		if plain := "without " + n.Text; p.Not {
			if again, problems := query.Parse(plain); len(problems) == 0 && again.Equal(q) {
				p.Text = plain
			}
		}
	case query.Filter:
		info, _ := query.FilterNamed(n.Field)
		p.Help, p.Field = info.Help, n.Field
		if info.Kind == query.Date {
			var days []string
			for _, v := range n.Values {
				if w, err := query.When(n.Field, v, now); err == nil {
					days = append(days, w.String())
				}
			}
			p.When = strings.Join(days, "; ")
		}
		if (n.Field == query.Similar || n.Field == query.Like) && len(n.Values) == 1 {
			p.Picture, p.Name = n.Values[0], filepath.Base(n.Values[0])
		}
	}
	return p
}
