package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
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
// alone give the order; without others the newest photos come. Of terms of
// which one is enough, the common ones are passed over then if there are others.
func (s *Store) MatchWords(ctx context.Context, wq WordQuery) ([]WordHit, error) {
	terms, columns, err := wq.terms()
	if err != nil || len(terms) == 0 {
		return nil, err
	}
	rare := terms
	if wq.Limit > 0 {
		if rare, err = s.rareTerms(ctx, terms, columns); err != nil {
			return nil, fmt.Errorf("find photos by words: %w", err)
		}
	}
	hits, err := s.ranked(ctx, wq, terms, rare, columns)
	if err == nil {
		err = s.addColumns(ctx, hits, terms, rare, columns)
	}
	if err != nil {
		return nil, fmt.Errorf("find photos by words: %w", err)
	}
	return hits, nil
}

// wordSet finds the photos that match an expression of FTS5.
const wordSet = "SELECT photo_set(rowid) FROM words WHERE words MATCH ?"

// rareTerms are the terms that at most CommonWord photos have.
func (s *Store) rareTerms(ctx context.Context, terms, columns []string) ([]string, error) {
	var rare []string
	for _, t := range terms {
		var n int
		if err := s.ro.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)",
			inColumns(columns, t), CommonWord+1).Scan(&n); err != nil {
			return nil, mapError(err)
		}
		if n <= CommonWord {
			rare = append(rare, t)
		}
	}
	return rare, nil
}

// ranked returns the hits in order, without their columns. Hits that rank alike, as many do,
// come newest first, so that the order does not depend on that in which photos came.
func (s *Store) ranked(ctx context.Context, wq WordQuery, terms, rare, columns []string) ([]WordHit, error) {
	if len(rare) == 0 {
		set, err := s.FindSet(ctx, having(terms, columns, wq.Any))
		if err != nil {
			return nil, err
		}
		ids, err := s.Newest(ctx, set, 0, wq.Limit)
		hits := make([]WordHit, len(ids))
		for i, id := range ids {
			hits[i].Photo = id
		}
		return hits, err
	}
	weights := make([]string, len(wordColumns))
	for i, c := range wordColumns {
		weights[i] = fmt.Sprint(c.weight)
	}
	var all library.PhotoSet // that have the common terms, too
	common := !wq.Any && len(rare) < len(terms)
	if common {
		var err error
		if all, err = s.FindSet(ctx, having(terms, columns, false)); err != nil {
			return nil, err
		}
	}
	// FTS5 ranks only where its table is read; the limit keeps SQLite from joining the two queries.
	var ids, ranks []byte
	if err := s.ro.QueryRowContext(ctx, "SELECT photo_list(id), real_list(r) FROM (SELECT rowid AS id, -bm25(words, "+strings.Join(weights, ", ")+
		") AS r FROM words WHERE words MATCH ? LIMIT -1)", inColumns(columns, strings.Join(rare, wq.glue()))).Scan(&ids, &ranks); err != nil {
		return nil, mapError(err)
	}
	hits := make([]WordHit, 0, len(ids)/4)
	set := library.PhotoSet{}
	for i, id := range unpackIDs(ids) {
		if !common || all.Has(id) {
			hits = append(hits, WordHit{Photo: id, Rank: math.Float64frombits(binary.LittleEndian.Uint64(ranks[8*i:]))})
			set.Add(id)
		}
	}
	order, err := s.Newest(ctx, set, 0, 0)
	if err != nil {
		return nil, err
	}
	place := make(map[library.PhotoID]int, len(order))
	for i, id := range order {
		place[id] = i
	}
	slices.SortFunc(hits, func(a, b WordHit) int {
		return cmp.Or(cmp.Compare(b.Rank, a.Rank), cmp.Compare(place[a.Photo], place[b.Photo]))
	})
	if wq.Limit > 0 && len(hits) > wq.Limit {
		hits = slices.Clone(hits[:wq.Limit])
	}
	return hits, nil
}

// addColumns says of hits in which columns a term was found. What common terms give is kept.
func (s *Store) addColumns(ctx context.Context, hits []WordHit, terms, rare, columns []string) error {
	if len(hits) == 0 {
		return nil
	}
	version, err := s.state(ctx)
	if err != nil {
		return err
	}
	// All photos that have a term in a column are found quicker than the hits are picked out.
	for _, c := range columns {
		var set library.PhotoSet
		if len(rare) > 0 {
			if set, err = photoSet(ctx, s.ro, wordSet, inColumns([]string{c}, strings.Join(rare, " OR "))); err != nil {
				return err
			}
		}
		for _, t := range terms {
			if slices.Contains(rare, t) {
				continue
			}
			one, err := s.keptSet(ctx, s.ro, version, wordSet, inColumns([]string{c}, t))
			if err != nil {
				return err
			}
			set = set.Or(one)
		}
		for i := range hits {
			if set.Has(hits[i].Photo) {
				hits[i].Columns = append(hits[i].Columns, c)
			}
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

func (wq WordQuery) glue() string {
	if wq.Any {
		return " OR "
	}
	return " AND "
}

func inColumns(columns []string, expr string) string {
	return "{" + strings.Join(columns, " ") + "} : (" + expr + ")"
}
