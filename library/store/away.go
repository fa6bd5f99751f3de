package store

import (
	"context"
	"database/sql"
	"fmt"

	"descry/library"
)

// AwayPictures calls fn for the pictures of photos that no file is at hand for now: all are
// on offline roots, or missing. What was derived from them cannot be made again for the time
// being.
func (s *Store) AwayPictures(ctx context.Context, fn func(library.Picture)) error {
	err := eachRow(ctx, s.ro, `SELECT c.scheme, c.digest, p.orientation FROM photo p JOIN content c ON c.id = p.content_id
		WHERE NOT EXISTS (SELECT 1 FROM file f JOIN root r ON r.id = f.root_id
			WHERE f.photo_id = p.id AND f.state = 'present' AND r.state = 'present')`, nil, func(rows *sql.Rows) error {
		var scheme string
		var digest []byte
		var orientation int
		if err := rows.Scan(&scheme, &digest, &orientation); err != nil {
			return err
		}
		fn(picture(scheme, digest, orientation))
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the photos that are not at hand: %w", err)
	}
	return nil
}

// exactUnseen is up to how many waiting files are counted one by one.
const exactUnseen = 20_000

// Unseen counts the files that were found, in roots that are there, and not looked at yet.
// It takes milliseconds: where very many wait, those that changed or went away since they
// were found count too.
func (s *Store) Unseen(ctx context.Context) (int, error) {
	var n int
	err := s.ro.QueryRowContext(ctx, "SELECT count(*) FROM file WHERE pending = 1").Scan(&n)
	if err == nil && n > 0 && n <= exactUnseen {
		err = s.ro.QueryRowContext(ctx, `SELECT count(*) FROM file f JOIN root r ON r.id = f.root_id
			WHERE f.pending = 1 AND f.state = 'present' AND f.photo_id IS NULL AND r.state = 'present'`).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("count the files that wait: %w", mapError(err))
	}
	return n, nil
}
