package app

import (
	"context"
	"path"

	"descry/library/query"
)

// Completion is how a query may go on at the cursor.
type Completion struct {
	Start, End int // the bytes of the query that a proposal replaces
	Proposals  []Proposal
}

// Proposal is one way to go on.
type Proposal struct {
	Text  string // what takes the place of the bytes
	Help  string // what it means, in a few words; "" where it speaks for itself
	Whole bool   // an earlier search: it takes the place of the whole query
}

// proposalLimit is how many ways to go on are proposed.
const proposalLimit = 8

// Complete proposes how a query may go on at the cursor, a place in it in bytes: names of
// filters, and their values as far as the library knows them.
func (a *App) Complete(ctx context.Context, text string, cursor int) (Completion, error) {
	if err := a.needLibrary(); err != nil {
		return Completion{}, err
	}
	var failed error
	spot := query.SpotAt(text, cursor)
	known := func(field string) []string {
		// Without the filter's name only what is cheap to know is proposed.
		if spot.Field == "" && field != "tag" && field != "album" {
			return nil
		}
		values, err := a.filterValues(ctx, field)
		if err != nil {
			failed = err
		}
		return values
	}
	out := Completion{Start: spot.Start, End: spot.End}
	for _, p := range spot.Proposals(known, proposalLimit) {
		out.Proposals = append(out.Proposals, Proposal{Text: p.Text, Help: p.Help})
	}
	if cursor >= len(text) {
		for _, s := range a.recalled(ctx, text) {
			out.Proposals = append(out.Proposals, Proposal{Text: s, Whole: true})
		}
	}
	return out, failed
}

// filterValues lists the values that the library has for a filter.
func (a *App) filterValues(ctx context.Context, field string) ([]string, error) {
	var out []string
	switch field {
	case "tag", "tag~", "set":
		sets, err := a.store.LabelSets(ctx)
		for _, s := range sets {
			if field == "set" {
				out = append(out, s.Name)
				continue
			}
			for _, l := range s.Labels {
				out = append(out, l.Name)
			}
		}
		return out, err
	case "album":
		albums, err := a.store.Albums(ctx)
		for _, x := range albums {
			out = append(out, x.Name)
		}
		return out, err
	case "in":
		folders, err := a.store.Folders(ctx)
		for _, f := range folders {
			if f.Dir != "" {
				out = append(out, path.Base(f.Dir))
			}
		}
		return out, err
	case "camera":
		return a.store.Cameras(ctx)
	case "lens":
		return a.store.Lenses(ctx)
	}
	return nil, nil
}
