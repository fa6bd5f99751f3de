package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"descry/library"
	"descry/library/scan"
	"descry/library/store"
	"descry/library/trash"
)

// TrashItem is a file to be moved to the system's trash.
type TrashItem struct {
	Path string
	// Keep is the file that stays instead, "" for none. It has to be there, unchanged, or
	// nothing is moved; what the person said of the photo in the trash is said of its photo,
	// too.
	Keep string
}

// TrashReport is what became of files that should go to the trash.
type TrashReport struct {
	Operation int64    // undoing it brings the files back; 0: nothing was moved
	Moved     []string // paths of the files that are in the trash now
	Failed    []TrashFailure
}

// TrashFailure is a file that stayed where it was.
type TrashFailure struct {
	Path   string
	Reason string
}

// trashStep is called between the steps of a move; tests end the process there.
type trashStep func(step string) error

// Trash moves files of the library to the system's trash, as one operation of the person:
// undo brings them back. Nothing is ever deleted. A file that was changed since it was last
// looked at, or whose disk has no trash, stays and is told of.
func (a *App) Trash(ctx context.Context, items []TrashItem) (TrashReport, error) {
	return a.trash(ctx, items, func(string) error { return nil })
}

func (a *App) trash(ctx context.Context, items []TrashItem, step trashStep) (TrashReport, error) {
	var report TrashReport
	if err := a.needWriting(); err != nil {
		return report, err
	}
	if !trash.Supported() {
		return report, trash.ErrUnsupported
	}
	going := map[string]bool{}
	for _, it := range items {
		going[it.Path] = true
	}
	var moves []store.TrashMove
	var heirs []store.Heir
	seen := map[string]bool{}
	for _, it := range items {
		if seen[it.Path] {
			continue
		}
		seen[it.Path] = true
		heir, err := a.mayGo(ctx, it, going)
		if err == nil {
			var kept string
			if kept, err = trash.Reserve(it.Path, a.p.Now()); err == nil {
				moves = append(moves, store.TrashMove{Path: it.Path, Kept: kept})
				if heir.From != heir.To {
					heirs = append(heirs, heir)
				}
				continue
			}
		}
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		report.Failed = append(report.Failed, TrashFailure{it.Path, asSentence(err)})
	}
	if len(moves) == 0 {
		return report, nil
	}
	err := a.move(ctx, &report, moves, heirs, step)
	if report.Operation != 0 {
		a.changed()
	}
	return report, err
}

// move records that files go to the trash, makes the moves, and reports what became of them.
// Nobody else comes between: who did would be told why a move failed, and this caller not.
func (a *App) move(ctx context.Context, report *TrashReport, moves []store.TrashMove, heirs []store.Heir, step trashStep) error {
	a.moving.Lock()
	defer a.moving.Unlock()
	err := step("reserved")
	if err == nil {
		report.Operation, err = a.store.Trash(ctx, moves, heirs)
	}
	if err != nil {
		// A move that was recorded all the same holds its place anew when it is made.
		for _, m := range moves {
			err = errors.Join(err, trash.Release(m.Kept))
		}
		return err
	}
	if err := step("recorded"); err != nil {
		return err
	}
	failed, err := a.makeMoves(ctx, step)
	if err != nil {
		return err
	}
	stayed := map[string]bool{}
	for _, f := range failed {
		stayed[f.Path] = true
		report.Failed = append(report.Failed, f)
	}
	for _, m := range moves {
		switch {
		case stayed[m.Path]:
		case missing(m.Kept) && !missing(m.Path): // an undo was recorded before the move was made
			report.Failed = append(report.Failed, TrashFailure{m.Path, "The operation was undone meanwhile."})
		default:
			report.Moved = append(report.Moved, m.Path)
		}
	}
	return nil
}

// mayGo checks that a file is the one that the library knows, and that the one kept in its
// place is there. It returns which photo's words go to which.
func (a *App) mayGo(ctx context.Context, it TrashItem, going map[string]bool) (store.Heir, error) {
	file, err := a.unchanged(ctx, it.Path)
	if err != nil {
		return store.Heir{}, err
	}
	heir := store.Heir{From: file.Photo, To: file.Photo}
	if it.Keep == "" {
		return heir, nil
	}
	if going[it.Keep] {
		return heir, fmt.Errorf("%s should stay for it, and is to go to the trash, too", it.Keep)
	}
	kept, err := a.unchanged(ctx, it.Keep)
	if err != nil {
		return heir, fmt.Errorf("what should stay for it is not as it was: %w", err)
	}
	if sameFile(it.Path, it.Keep) {
		return heir, fmt.Errorf("it and %s are two names of one file", it.Keep)
	}
	heir.To = kept.Photo
	return heir, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// unchanged returns the file of the library at a path if it is there as it was when it was
// last looked at.
func (a *App) unchanged(ctx context.Context, path string) (store.FileInfo, error) {
	file, err := a.store.FileAt(ctx, path)
	switch {
	case errors.Is(err, library.ErrNotFound):
		return file, fmt.Errorf("%s: %w", path, ErrNotInLibrary)
	case err != nil:
		return file, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return file, fmt.Errorf("looking at %s: %w", path, err)
	}
	if !sameStat(info, file.Stat) || file.Photo == 0 {
		return file, fmt.Errorf("%s has changed since it was last looked at: run descry index first", path)
	}
	return file, nil
}

// followTrash makes the moves to the trash and back that are written down and not made yet:
// of the operation under way, of an undo, or of a process that died. It returns the files
// for which that cannot be done; they stay where they are.
func (a *App) followTrash(ctx context.Context, step trashStep) ([]TrashFailure, error) {
	a.moving.Lock()
	defer a.moving.Unlock()
	return a.makeMoves(ctx, step)
}

// makeMoves is followTrash for who holds a.moving.
func (a *App) makeMoves(ctx context.Context, step trashStep) ([]TrashFailure, error) {
	work, err := a.store.TrashWork(ctx)
	if err != nil {
		return nil, err
	}
	var failed []TrashFailure
	for _, m := range work {
		if err := context.Cause(ctx); err != nil {
			return failed, err // what is left is done by the next one that comes here
		}
		file, err := a.store.FileAt(ctx, m.Path)
		if err != nil && !errors.Is(err, library.ErrNotFound) {
			return failed, err
		}
		known := err == nil
		err = a.moveOne(m, file, known)
		if err == nil {
			if err := step("moved"); err != nil {
				return failed, err
			}
			if err := a.noteMove(ctx, m, file, known); err != nil {
				return failed, err
			}
		} else {
			failed = append(failed, TrashFailure{m.Path, asSentence(err)})
		}
		if err := step("noted"); err != nil {
			return failed, err
		}
		if err := a.store.TrashDone(ctx, m); err != nil {
			return failed, err
		}
	}
	return failed, nil
}

// moveOne moves one file. A file that was changed since the person spoke stays.
func (a *App) moveOne(m store.TrashMove, file store.FileInfo, known bool) error {
	if m.Back {
		return trash.Restore(m.Path, m.Kept)
	}
	info, err := os.Lstat(m.Path)
	if err == nil && known && missing(m.Kept) && !sameStat(info, file.Stat) {
		return errors.Join(errors.New("it has changed meanwhile"), trash.Release(m.Kept))
	}
	return trash.Move(m.Path, m.Kept, a.p.Now())
}

func sameStat(info os.FileInfo, st library.Stat) bool {
	return info.Size() == st.Size && info.ModTime().UnixNano() == st.ModTime
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}

// noteMove records where a file is after a move, without a scan.
func (a *App) noteMove(ctx context.Context, m store.TrashMove, file store.FileInfo, known bool) error {
	if !known {
		return nil // its folder is no root any more
	}
	change := store.ScanChange{Kind: store.Gone, Dir: file.Dir, Name: file.Name}
	if info, err := os.Lstat(m.Path); err == nil {
		change.Kind, change.Stat = store.Back, scan.StatOf(info)
		if !sameStat(info, file.Stat) {
			change.Kind = store.Changed
		}
	}
	return a.store.ApplyScan(ctx, file.Root, []store.ScanChange{change})
}

// Trashed lists the paths of files that were moved to the trash and not brought back.
func (a *App) Trashed(ctx context.Context) ([]string, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	moves, err := a.store.Trashed(ctx)
	if err != nil {
		return nil, err
	}
	paths := make([]string, 0, len(moves))
	for _, m := range moves {
		paths = append(paths, m.Path)
	}
	return paths, nil
}
