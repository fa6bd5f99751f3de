package app

import (
	"context"
	"fmt"
	"reflect"

	"descry/library"
)

// SetRating gives photos 0 to 5 stars.
func (a *App) SetRating(ctx context.Context, photos []library.PhotoID, stars int) (int64, error) {
	if stars < 0 || stars > 5 {
		return 0, fmt.Errorf("a rating is 0 to 5 stars, not %d", stars)
	}
	return a.say(func() (int64, error) { return a.store.SetRating(ctx, photos, stars) })
}

// SetFavourite makes photos favourites, or no longer.
func (a *App) SetFavourite(ctx context.Context, photos []library.PhotoID, on bool) (int64, error) {
	return a.say(func() (int64, error) { return a.store.SetFavourite(ctx, photos, on) })
}

// Undo undoes an operation by its id, 0 for the last one that is not undone.
// library.ErrConflict: a later change of the same thing stands in the way.
func (a *App) Undo(ctx context.Context, op int64) (library.Operation, error) {
	return a.turn(ctx, func() (library.Operation, error) { return a.store.Undo(ctx, op) })
}

// Redo takes the last undo back.
func (a *App) Redo(ctx context.Context) (library.Operation, error) {
	return a.turn(ctx, func() (library.Operation, error) { return a.store.Redo(ctx) })
}

// turn undoes or redoes, lets suggestions follow where that changed the labels, and files
// where it was about the trash.
func (a *App) turn(ctx context.Context, f func() (library.Operation, error)) (library.Operation, error) {
	if err := a.needWriting(); err != nil {
		return library.Operation{}, err
	}
	before, err := a.store.LabelSets(ctx)
	if err != nil {
		return library.Operation{}, err
	}
	op, failed, err := a.turnFiles(ctx, f)
	if err != nil {
		return op, err
	}
	after, err := a.store.LabelSets(ctx)
	if err != nil {
		return library.Operation{}, err
	}
	if !reflect.DeepEqual(before, after) {
		a.labelsChanged()
	} else {
		a.changed()
	}
	if len(failed) > 0 {
		return op, fmt.Errorf("%q is done in the library, but not for %s on disk: %s", op.What, count(len(failed), "file"), failed[0].Reason)
	}
	return op, nil
}

// turnFiles undoes or redoes and lets files follow. Nobody else moves them meanwhile, who would
// be told why a move failed instead of this caller.
func (a *App) turnFiles(ctx context.Context, f func() (library.Operation, error)) (library.Operation, []TrashFailure, error) {
	a.moving.Lock()
	defer a.moving.Unlock()
	op, err := f()
	if err != nil {
		return library.Operation{}, nil, err
	}
	failed, err := a.makeMoves(ctx, func(string) error { return nil })
	return op, failed, err
}

// History lists what the person did, newest first.
func (a *App) History(ctx context.Context, limit int) ([]library.Operation, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	return a.store.History(ctx, limit)
}

// say runs something that a person says and tells the face that lists are stale.
func (a *App) say(f func() (int64, error)) (int64, error) {
	if err := a.needWriting(); err != nil {
		return 0, err
	}
	op, err := f()
	if err != nil {
		return 0, err
	}
	a.changed()
	return op, nil
}
