package app

import (
	"context"

	"descry/library"
	"descry/library/duplicates"
	"descry/library/stacks"
	"descry/library/store"
)

// StackKind says why photos are shown as one.
type StackKind = stacks.Kind

// stackChunk is how many folders are worked out in one transaction.
const stackChunk = 20

// restack works out the stacks of the folders in which something changed. What a killed
// process left is done by the next run.
func (a *App) restack(ctx context.Context) error {
	for {
		folders, err := a.store.StackFolders(ctx, stackChunk)
		if err != nil || len(folders) == 0 {
			return err
		}
		if err := a.store.Restack(ctx, folders, findStacks); err != nil {
			return err
		}
	}
}

func findStacks(shots []store.Shot) []store.Stacked {
	var out []store.Stacked
	for _, s := range stacks.Find(shots) {
		for _, m := range s.Members {
			out = append(out, store.Stacked{Photo: m, Stack: s.Top, Kind: string(s.Kind)})
		}
	}
	return out
}

// Stack returns the photos of the stack that a photo is in, the one that stands for them
// first; nothing for a photo in none.
func (a *App) Stack(ctx context.Context, id library.PhotoID) ([]Card, StackKind, error) {
	if err := a.needLibrary(); err != nil {
		return nil, "", err
	}
	members, kind, err := a.store.Stack(ctx, id)
	if err != nil || len(members) == 0 {
		return nil, "", err
	}
	cards, err := a.Cards(ctx, members)
	return cards, StackKind(kind), err
}

// bursts lists the bursts with the shot proposed to be kept first, without those of which the
// person keeps every shot.
func (a *App) bursts(ctx context.Context) ([]DuplicateGroup, error) {
	found, err := a.store.Stacks(ctx, string(stacks.Burst))
	if err != nil {
		return nil, err
	}
	type pair struct{ a, b library.PhotoID }
	kept := map[pair]bool{}
	if err := a.store.Distinct(ctx, func(x, y library.PhotoID) { kept[pair{x, y}] = true }); err != nil {
		return nil, err
	}
	allKept := func(ids []library.PhotoID) bool {
		for i, x := range ids {
			for _, y := range ids[:i] {
				if !kept[pair{min(x, y), max(x, y)}] {
					return false
				}
			}
		}
		return true
	}
	var out []DuplicateGroup
	for _, ids := range found {
		if allKept(ids) {
			continue
		}
		shots, err := a.store.Alikes(ctx, ids)
		if err != nil {
			return nil, err
		}
		if len(shots) < 2 {
			continue
		}
		why := duplicates.BestShot(shots)
		out = append(out, DuplicateGroup{Kind: DuplicateBurst, Why: why, Members: duplicatesOf(shots)})
	}
	return out, nil
}
