package store

import (
	"context"
	"fmt"
)

// RetryStage makes the files that failed at a stage pending again and returns how many:
// what stood in their way is not in the files and may have gone.
func (s *Store) RetryStage(ctx context.Context, stage string) (int, error) {
	var n int64
	err := s.write(ctx, true, func(t *tx) error {
		r, err := t.result(`UPDATE file SET pending = 1 WHERE state = 'present'
			AND id IN (SELECT file_id FROM failure WHERE stage = ?)`, stage)
		if err != nil {
			return err
		}
		if n, err = r.RowsAffected(); err != nil {
			return err
		}
		return t.exec(`DELETE FROM failure WHERE stage = ?
			AND file_id IN (SELECT id FROM file WHERE state = 'present')`, stage)
	})
	if err != nil {
		return 0, fmt.Errorf("try the files again that failed at %s: %w", stage, err)
	}
	return int(n), nil
}
