package store

import (
	"context"
	"database/sql"
	"fmt"

	"descry/internal/float16"
	"descry/library"
)

// unencoded is the condition on photo p that its picture has measures and lacks vectors in the
// space that unencodedArgs gives it.
const unencoded = `p.shown = 1
	AND EXISTS (SELECT 1 FROM picture i WHERE i.content_id = p.content_id AND i.orientation = p.orientation
		AND (` + unviewed + ` OR NOT EXISTS (SELECT 1 FROM vector v WHERE v.content_id = p.content_id
			AND v.orientation = p.orientation AND v.space_id = ? AND v.view = 0)))`

func unencodedArgs(space library.SpaceID) []any { return []any{space, space} }

// unencodedFiles is the file to read of each photo p that is to be looked at again; a condition
// on p, ORDER BY and LIMIT follow.
const unencodedFiles = "SELECT " + fileColumns + `, r.path, c.scheme, c.digest, p.orientation, p.sort_ms, p.id
	FROM photo p JOIN content c ON c.id = p.content_id
	JOIN file f ON f.id = (` + readable + ` ORDER BY gr.path, g.dir, g.name LIMIT 1)
	JOIN root r ON r.id = f.root_id
	WHERE ` + unencoded

// Unencoded lists up to limit photos, newest first, that were looked at before and lack vectors
// in a space, with the file to read of each. Photos of which no file is at hand, or none could be
// used, are left out. Start with the zero Cursor and pass the last Cursor on; an empty list is
// the end.
func (s *Store) Unencoded(ctx context.Context, space library.SpaceID, limit int, after Cursor) ([]PendingFile, error) {
	key, id := int64(maxInt64), int64(maxInt64)
	if after != (Cursor{}) {
		key, id = after.key, after.id
	}
	var out []PendingFile
	args := append(unencodedArgs(space), key, id, limit)
	err := eachRow(ctx, s.ro, unencodedFiles+" AND (p.sort_ms, p.id) < (?, ?) ORDER BY p.sort_ms DESC, p.id DESC LIMIT ?",
		args, collectPending(&out, 1, true))
	if err != nil {
		return nil, fmt.Errorf("list the photos that a model has not seen: %w", err)
	}
	return out, nil
}

// UnencodedOf is Unencoded for some photos, in their order.
func (s *Store) UnencodedOf(ctx context.Context, space library.SpaceID, photos []library.PhotoID) ([]PendingFile, error) {
	var out []PendingFile
	args := append(unencodedArgs(space), idList(photos), idList(photos))
	err := eachRow(ctx, s.ro, unencodedFiles+` AND p.id IN (SELECT value FROM json_each(?))
		ORDER BY (SELECT key FROM json_each(?) j WHERE j.value = p.id)`, args, collectPending(&out, 1, true))
	if err != nil {
		return nil, fmt.Errorf("list which photos a model has not seen: %w", err)
	}
	return out, nil
}

// Coverage says how far the photos of a library were looked at in a space.
type Coverage struct {
	Photos  int // photos with a present file
	Encoded int // of those, with a vector in the space
	Waiting int // photos that lack vectors and have a file at hand
	Away    int // photos that lack a vector and have no file that can be read now
}

// countCoverage counts photos of a span of ids. Each is asked once whether it lacks something, and
// only then for its files: without a LIMIT, which limits nothing, SQLite would put what is asked
// in the place of each mention of its answer, and ask three times.
const countCoverage = `SELECT count(*), coalesce(sum(seen), 0), coalesce(sum(lacks AND there), 0), coalesce(sum(NOT seen AND NOT there), 0)
	FROM (SELECT seen, lacks, CASE WHEN lacks OR NOT seen THEN EXISTS (SELECT 1 FROM photo p WHERE p.id = q.id AND EXISTS (` + readable + `)) ELSE 0 END AS there
		FROM (SELECT p.id AS id, EXISTS (SELECT 1 FROM vector v WHERE v.content_id = p.content_id AND v.orientation = p.orientation
				AND v.space_id = ? AND v.view = 0) AS seen, ` + unencoded + ` AS lacks
			FROM photo p WHERE p.shown = 1 AND p.id >= ? AND p.id < ? LIMIT -1) q LIMIT -1)`

// Coverage counts the photos that were looked at in a space (0: one that has no vectors yet).
func (s *Store) Coverage(ctx context.Context, space library.SpaceID) (Coverage, error) {
	const chunk = 50_000 // no read transaction may take long
	var all Coverage
	var last int64
	err := s.ro.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM photo").Scan(&last)
	for from := int64(0); err == nil && from <= last; from += chunk {
		var c Coverage
		err = s.ro.QueryRowContext(ctx, countCoverage, append(append([]any{space}, unencodedArgs(space)...), from, from+chunk)...).
			Scan(&c.Photos, &c.Encoded, &c.Waiting, &c.Away)
		all.Photos, all.Encoded, all.Waiting, all.Away = all.Photos+c.Photos, all.Encoded+c.Encoded, all.Waiting+c.Waiting, all.Away+c.Away
	}
	if err != nil {
		return all, fmt.Errorf("count the photos that a model has seen: %w", mapError(err))
	}
	return all, nil
}

// SpaceUse is what the vectors of a space take in the database.
type SpaceUse struct {
	library.Space
	Vectors int   // of all views
	Bytes   int64 // of their numbers
}

// SpaceUses lists what each vector space that has vectors takes, oldest first.
func (s *Store) SpaceUses(ctx context.Context) ([]SpaceUse, error) {
	var out []SpaceUse
	err := eachRow(ctx, s.ro, `SELECT s.id, s.digest, s.model, s.dim, (SELECT count(*) FROM vector v WHERE v.space_id = s.id)
		FROM space s ORDER BY s.id`, nil, func(rows *sql.Rows) error {
		var u SpaceUse
		err := rows.Scan(&u.ID, &u.Digest, &u.Model, &u.Dim, &u.Vectors)
		u.Bytes = int64(u.Vectors) * int64(u.Dim) * float16.Size
		if u.Vectors > 0 {
			out = append(out, u)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count the vectors of models: %w", err)
	}
	return out, nil
}

// spaceChunk is how many vectors, or suggestions, of a space are removed in one transaction.
const spaceChunk = 2000

// forgetSuggestions removes some suggestions of a space. Their index begins with the label, so each
// label is asked for its own: else all those of other spaces would be gone through each time.
const forgetSuggestions = `DELETE FROM suggestion WHERE (content_id, orientation, space_id, label_id) IN (
	SELECT s.content_id, s.orientation, s.space_id, s.label_id
	FROM label l CROSS JOIN suggestion s ON s.label_id = l.id AND s.space_id = ? LIMIT ?)`

// ForgetSpace removes the vectors, suggestions and calibrations of a space, a few in each
// transaction, and returns how many vectors went. One that was cut short is gone on with by the
// next call. What a person said stays, and the space's own row: to remove it SQLite would look
// through all suggestions.
func (s *Store) ForgetSpace(ctx context.Context, space library.SpaceID) (int, error) {
	removed := 0
	for _, step := range []struct {
		query   string
		args    []any
		vectors bool
	}{
		{"DELETE FROM tagging_progress WHERE space_id = ?", []any{space}, false},
		{forgetSuggestions, []any{space, spaceChunk}, false},
		{"DELETE FROM vector WHERE seq IN (SELECT seq FROM vector WHERE space_id = ? ORDER BY seq LIMIT ?)", []any{space, spaceChunk}, true},
		{"DELETE FROM calibration WHERE space_id = ?", []any{space}, false},
	} {
		for n := int64(spaceChunk); n >= spaceChunk; {
			err := s.write(ctx, true, func(t *tx) error {
				r, err := t.result(step.query, step.args...)
				if err != nil {
					return err
				}
				n, err = r.RowsAffected()
				return err
			})
			if err != nil {
				return removed, fmt.Errorf("remove the vectors of a model: %w", err)
			}
			if step.vectors {
				removed += int(n)
			}
		}
	}
	return removed, nil
}
