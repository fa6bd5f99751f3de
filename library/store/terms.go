package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// KnownWords tells which of some words stand anywhere in the full text of the library: file
// names, folders, keywords, descriptions, tags, alt and recognised text. Case and diacritics
// do not matter. Each word takes one look into the index, however many photos have it.
func (s *Store) KnownWords(ctx context.Context, words []string) (map[string]bool, error) {
	list := make([]string, 0, len(words))
	for _, w := range words {
		// Others are several words, of which the index would look for the sequence.
		if w != "" && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }) {
			list = append(list, w)
		}
	}
	known := make(map[string]bool)
	if len(list) == 0 {
		return known, nil
	}
	asked, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("look words up: %w", err)
	}
	err = s.snapshot(ctx, func(q querier) error {
		return eachRow(ctx, q, `SELECT value FROM json_each(?) AS asked
			WHERE EXISTS (SELECT 1 FROM words WHERE words MATCH '"' || asked.value || '"')`, []any{string(asked)}, func(rows *sql.Rows) error {
			var w string
			err := rows.Scan(&w)
			known[w] = true
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look words up: %w", err)
	}
	return known, nil
}
