package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"descry/library"
)

// wordColumn is a column of the full text and its weight in the ranking.
type wordColumn struct {
	name   string
	weight float64
}

// wordColumns are in the order of the table: what a person said weighs more than where a file lies.
var wordColumns = []wordColumn{
	{"name", 4}, {"folder", 2}, {"keywords", 8}, {"description", 4}, {"tags", 10}, {"alt", 5}, {"recognised", 2},
}

// WordQuery asks for photos by words in their file names ("name"), folders ("folder"),
// keywords, description (with title), confirmed tags ("tags") and alt text ("alt").
type WordQuery struct {
	// Terms are plain text: words, or phrases where a term has several. Nothing in them is
	// query syntax. Terms without a letter or digit are passed over.
	Terms   []string
	Any     bool     // one term is enough; else every term must match, each in any column
	Prefix  bool     // the last term may be the beginning of a word
	Columns []string // where to look; none: everywhere
	Limit   int      // 0: all
}

// WordHit is a photo that matches a WordQuery.
type WordHit struct {
	Photo   library.PhotoID
	Rank    float64  // bm25 with weighted columns; more is better
	Columns []string // where a term was found
}

// MatchWords finds shown photos by words, best first. Case and diacritics do not matter. A
// query without a usable term finds nothing.
func (s *Store) MatchWords(ctx context.Context, wq WordQuery) ([]WordHit, error) {
	terms, columns, err := wq.terms()
	if err != nil || len(terms) == 0 {
		return nil, err
	}
	match := inColumns(columns, strings.Join(terms, wq.glue()))
	weights := make([]string, len(wordColumns))
	for i, c := range wordColumns {
		weights[i] = fmt.Sprint(c.weight)
	}
	limit := wq.Limit
	if limit <= 0 {
		limit = -1
	}
	var hits []WordHit
	err = s.snapshot(ctx, func(q querier) error {
		at := map[library.PhotoID]int{}
		var ids []library.PhotoID
		err := eachRow(ctx, q, "SELECT rowid, -bm25(words, "+strings.Join(weights, ", ")+`) AS rank FROM words
			WHERE words MATCH ? ORDER BY rank DESC, rowid DESC LIMIT ?`,
			[]any{match, limit}, func(rows *sql.Rows) error {
				var h WordHit
				err := rows.Scan(&h.Photo, &h.Rank)
				at[h.Photo] = len(hits)
				ids = append(ids, h.Photo)
				hits = append(hits, h)
				return err
			})
		if err != nil || len(hits) == 0 {
			return err
		}
		list := idList(ids)
		// The plus makes SQLite run through all matches: measured on 100,000 photos, asking for
		// each hit by itself takes twice as long even when every photo matches.
		for _, c := range columns {
			err := eachRow(ctx, q, "SELECT rowid FROM words WHERE words MATCH ? AND +rowid IN (SELECT value FROM json_each(?))",
				[]any{inColumns([]string{c}, strings.Join(terms, " OR ")), list}, func(rows *sql.Rows) error {
					var id library.PhotoID
					if err := rows.Scan(&id); err != nil {
						return err
					}
					h := &hits[at[id]]
					h.Columns = append(h.Columns, c)
					return nil
				})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find photos by words: %w", err)
	}
	return hits, nil
}

// terms returns the usable terms as FTS5 strings, and the columns to look in.
func (wq WordQuery) terms() (terms, columns []string, err error) {
	for i, t := range wq.Terms {
		t = strings.ReplaceAll(strings.ToValidUTF8(t, " "), "\x00", " ")
		if !strings.ContainsFunc(t, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			continue
		}
		quoted := `"` + strings.ReplaceAll(t, `"`, `""`) + `"`
		if wq.Prefix && i == len(wq.Terms)-1 {
			quoted += "*"
		}
		terms = append(terms, quoted)
	}
	columns = wq.Columns
	if len(columns) == 0 {
		for _, c := range wordColumns {
			columns = append(columns, c.name)
		}
	}
	for _, c := range columns {
		if !slices.ContainsFunc(wordColumns, func(w wordColumn) bool { return w.name == c }) {
			return nil, nil, fmt.Errorf("find photos by words: there is no column %q", c)
		}
	}
	return terms, columns, nil
}

// match is the query as an FTS5 expression, "" where it has no usable term.
func (wq WordQuery) match() (string, error) {
	terms, columns, err := wq.terms()
	if err != nil || len(terms) == 0 {
		return "", err
	}
	return inColumns(columns, strings.Join(terms, wq.glue())), nil
}

func (wq WordQuery) glue() string {
	if wq.Any {
		return " OR "
	}
	return " AND "
}

func inColumns(columns []string, expr string) string {
	return "{" + strings.Join(columns, " ") + "} : (" + expr + ")"
}
