package fake

import (
	"context"
	"io"
	"time"

	"descry/library"
	"descry/ui/app"
)

// Kept is what the window may ask of folders, backups and imports; a test sets it.
type Kept struct {
	Roots    []library.Root
	Missing  int // photos; PurgeMissing makes it 0
	Safety   app.Safety
	Problem  string // of the newest backup
	Unsound  error  // CheckBackup's answer
	Imported app.Imported
	Conflict error // Undo's answer for an operation by its id
	Held     string
}

// ConfirmRoot makes a folder present.
func (b *Backend) ConfirmRoot(ctx context.Context, id library.RootID) error {
	b.count(ctx, "ConfirmRoot")
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.Kept.Roots {
		if b.Kept.Roots[i].ID == id {
			b.Kept.Roots[i].State, b.Kept.Roots[i].Reason = library.Present, ""
		}
	}
	return nil
}

// PurgeMissing forgets the missing photos.
func (b *Backend) PurgeMissing(ctx context.Context) (app.Purged, error) {
	b.count(ctx, "PurgeMissing")
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.Kept.Missing
	b.Kept.Missing = 0
	return app.Purged{Photos: n, Backup: "/library/backups/before-purge.db"}, nil
}

// Forget counts the call; with backups another one, too.
func (b *Backend) Forget(ctx context.Context, _ []library.PhotoID, backups bool) error {
	b.count(ctx, "Forget")
	if backups {
		b.count(ctx, "Forget backups")
	}
	return nil
}

// RetryFailed empties Fails.
func (b *Backend) RetryFailed(ctx context.Context) (int, error) {
	b.count(ctx, "RetryFailed")
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.Fails)
	b.Fails = nil
	return n, nil
}

// Safety returns Kept.Safety.
func (b *Backend) Safety(context.Context) (app.Safety, error) { return b.Kept.Safety, nil }

// BackupProblem returns Kept.Problem.
func (b *Backend) BackupProblem(context.Context) string { return b.Kept.Problem }

// Backup counts the call.
func (b *Backend) Backup(ctx context.Context, file string) (int, error) {
	b.count(ctx, "Backup")
	return b.n, nil
}

// CheckBackup returns Kept.Unsound.
func (b *Backend) CheckBackup(ctx context.Context, _ string) error {
	b.count(ctx, "CheckBackup")
	return b.Kept.Unsound
}

// ExportFile counts the call.
func (b *Backend) ExportFile(ctx context.Context, file string) (int, error) {
	b.count(ctx, "ExportFile")
	return 12, nil
}

// Import returns Kept.Imported; with replace nothing is left on which the two do not agree.
func (b *Backend) Import(ctx context.Context, _ io.ReadSeeker, replace bool) (app.Imported, error) {
	b.count(ctx, "Import")
	in := b.Kept.Imported
	if replace {
		in.Conflicts, in.ConflictCount = nil, 0
	}
	return in, nil
}

// History returns what was done, newest first, and what was undone after that as undone.
func (b *Backend) History(context.Context, int) ([]library.Operation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ops []library.Operation
	for i := len(b.journal) - 1; i >= 0; i-- {
		op := b.journal[i].op
		op.When = time.Date(2026, 6, 1, 12, i, 0, 0, time.UTC)
		ops = append(ops, op)
	}
	for _, u := range b.undone {
		u.op.Undone = true
		ops = append(ops, u.op)
	}
	return ops, nil
}
