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
// keywords, description (with title), confirmed tags ("tags"), alt text ("alt") and the text
// recognised in the picture ("recognised").
type WordQuery struct {
	// Terms are plain text: words, or phrases where a term has several. Nothing in them is
	// query syntax. Terms without a letter or digit are passed over.
	Terms   []string
	Any     bool     // one term is enough; else every term must match, each in any column
	Prefix  bool     // the last term may be the beginning of a word
	Columns []string // where to look; none: everywhere
	Limit   int      // the best so many; 0: all
}

// CommonWord is how many photos have a word from which on it does not count for the order of
// hits where those are limited: of IMG, JPG or 2019 it says next to nothing which photo is
// meant, and to weigh it takes a look at each photo that has it.
const CommonWord = 20_000

// WordHit is a photo that matches a WordQuery.
type WordHit struct {
	Photo   library.PhotoID
	Rank    float64  // bm25 with weighted columns; more is better. 0: only common words matched
	Columns []string // where a term was found
}

// MatchWords finds shown photos by words, best first. Case and diacritics do not matter. A
// query without a usable term finds nothing. FindSet with HasWords tells all the photos that
// match, whatever their number, without order.
//
// Where hits are limited, terms of more than CommonWord photos must match, but the others
// alone give the order; without others the latest photos of the library come. Of terms of
// which one is enough, the common ones are passed over then if there are others.
func (s *Store) MatchWords(ctx context.Context, wq WordQuery) ([]WordHit, error) {
	terms, columns, err := wq.terms()
	if err != nil || len(terms) == 0 {
		return nil, err
	}
	var hits []WordHit
	err = s.snapshot(ctx, func(q querier) error {
		var err error
		rare := terms
		if wq.Limit > 0 {
			if rare, err = rareTerms(ctx, q, terms, columns); err != nil {
				return err
			}
		}
		if hits, err = ranked(ctx, q, wq, terms, rare, columns); err != nil {
			return err
		}
		return addColumns(ctx, q, hits, terms, columns)
	})
	if err != nil {
		return nil, fmt.Errorf("find photos by words: %w", err)
	}
	return hits, nil
}

// rareTerms are the terms that at most CommonWord photos have.
func rareTerms(ctx context.Context, q querier, terms, columns []string) ([]string, error) {
	var rare []string
	for _, t := range terms {
		var n int
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)",
			inColumns(columns, t), CommonWord+1).Scan(&n); err != nil {
			return nil, mapError(err)
		}
		if n <= CommonWord {
			rare = append(rare, t)
		}
	}
	return rare, nil
}

// ranked returns the hits in order, without their columns.
func ranked(ctx context.Context, q querier, wq WordQuery, terms, rare, columns []string) ([]WordHit, error) {
	limit := wq.Limit
	if limit <= 0 {
		limit = -1
	}
	match := inColumns(columns, strings.Join(terms, wq.glue()))
	query, args := "SELECT rowid, 0.0 FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?", []any{match, limit}
	if len(rare) > 0 {
		weights := make([]string, len(wordColumns))
		for i, c := range wordColumns {
			weights[i] = fmt.Sprint(c.weight)
		}
		args = []any{inColumns(columns, strings.Join(rare, wq.glue()))}
		all := ""
		if !wq.Any && len(rare) < len(terms) {
			all = "AND rowid IN (SELECT rowid FROM words WHERE words MATCH ?)"
			args = append(args, match)
		}
		// bm25 is asked for by its name and not by rank, which would not take the weights.
		query = "SELECT rowid, -bm25(words, " + strings.Join(weights, ", ") + ") AS score FROM words WHERE words MATCH ? " + all +
			" ORDER BY score DESC, rowid DESC LIMIT ?"
		args = append(args, limit)
	}
	var hits []WordHit
	err := eachRow(ctx, q, query, args, func(rows *sql.Rows) error {
		var h WordHit
		err := rows.Scan(&h.Photo, &h.Rank)
		hits = append(hits, h)
		return err
	})
	return hits, err
}

// addColumns says of hits in which columns a term was found.
func addColumns(ctx context.Context, q querier, hits []WordHit, terms, columns []string) error {
	if len(hits) == 0 {
		return nil
	}
	at := make(map[library.PhotoID]int, len(hits))
	ids := make([]library.PhotoID, len(hits))
	for i, h := range hits {
		at[h.Photo], ids[i] = i, h.Photo
	}
	list := idList(ids)
	// The plus makes SQLite run through all matches: measured on 100,000 photos, asking for
	// each hit by itself takes twice as long even when every photo matches.
	for _, c := range columns {
		found, err := photoList(ctx, q, "SELECT photo_list(rowid) FROM words WHERE words MATCH ? AND +rowid IN (SELECT value FROM json_each(?))",
			inColumns([]string{c}, strings.Join(terms, " OR ")), list)
		if err != nil {
			return err
		}
		for _, id := range found {
			h := &hits[at[id]]
			h.Columns = append(h.Columns, c)
		}
	}
	return nil
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
