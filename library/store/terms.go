package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// KnownWords tells which of some words stand anywhere in the full text of the library: file
// names, folders, keywords, descriptions, tags, alt and recognised text. Case and diacritics
// do not matter. Each word takes one look into the index, however many photos have it.
func (s *Store) KnownWords(ctx context.Context, words []string) (map[string]bool, error) {
	known := make(map[string]bool, len(words))
	err := s.snapshot(ctx, func(q querier) error {
		for _, w := range words {
			if strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }) || w == "" {
				continue // several words, or none: the index would look for their sequence
			}
			var one int
			err := q.QueryRowContext(ctx, "SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", `"`+w+`"`).Scan(&one)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return mapError(err)
			}
			if err == nil {
				known[w] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look words up: %w", err)
	}
	return known, nil
}
