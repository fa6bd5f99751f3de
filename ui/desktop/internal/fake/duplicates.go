package fake

import (
	"context"
	"fmt"
	"slices"

	"descry/library"
	"descry/ui/app"
)

// group makes a group of photos that are alike; the caller holds mu.
func (b *Backend) group(i, members int, kind app.DuplicateKind) app.DuplicateGroup {
	g := app.DuplicateGroup{Kind: kind, Why: []string{"largest, 6000 × 4000", "keeps the camera's data"}}
	for k := range members {
		id := library.PhotoID((i*3+k)%b.n + 1)
		if kind == app.DuplicateExact {
			id = library.PhotoID(i*3%b.n + 1)
		}
		c := b.card(id)
		g.Members = append(g.Members, app.Duplicate{
			Photo: id, Path: fmt.Sprintf("/home/ann/Pictures/2021 Sardinia/%s/IMG_%05d_%d.jpg", kind, i, k+1), Format: "jpeg",
			Width: 6000 >> k, Height: 4000 >> k, Bytes: int64(3_412_345 >> k), Picture: c.Picture,
		})
	}
	return g
}

// Alike makes n groups of photos that are alike: a third of each kind, the bursts of seven.
func (b *Backend) Alike(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.groups = nil
	for i := range n {
		kind, members := app.DuplicateExact, 2
		switch {
		case i >= (n+1)*2/3:
			kind, members = app.DuplicateBurst, 7
		case i >= (n+1)/3:
			kind, members = app.DuplicateNear, 2+i%2
		}
		b.groups = append(b.groups, b.group(i, members, kind))
	}
}

// DuplicateGroups returns what Alike made, less what was kept or is in the trash.
func (b *Backend) DuplicateGroups(ctx context.Context, progress func(app.Progress), kinds ...app.DuplicateKind) (app.DuplicateReport, error) {
	b.count(ctx, "DuplicateGroups")
	if err := ctx.Err(); err != nil {
		return app.DuplicateReport{}, err
	}
	if progress != nil {
		progress(app.Progress{Job: "Comparing photos", Done: 1, Total: 2, Running: true})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var r app.DuplicateReport
	for _, g := range b.groups {
		if !slices.Contains(kinds, g.Kind) || b.kept[g.Members[0].Path] {
			continue
		}
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(d app.Duplicate) bool { return b.trashed[d.Path] })
		if len(g.Members) > 1 {
			r.Groups = append(r.Groups, g)
		}
	}
	return r, nil
}

// KeepBoth keeps groups from being found again.
func (b *Backend) KeepBoth(ctx context.Context, groups [][]library.PhotoID) (int64, error) {
	b.count(ctx, "KeepBoth")
	b.mu.Lock()
	defer b.mu.Unlock()
	var paths []string
	for _, ids := range groups {
		for _, g := range b.groups {
			if g.Kind != app.DuplicateExact && g.Members[0].Photo == ids[0] {
				paths = append(paths, g.Members[0].Path)
			}
		}
	}
	set := func(on bool) func() {
		return func() {
			for _, p := range paths {
				b.kept[p] = on
			}
		}
	}
	return b.record("Keep photos as different", len(paths), set(true), set(false)), nil
}

// Trash marks paths as gone. A path that TrashFails names stays.
func (b *Backend) Trash(ctx context.Context, items []app.TrashItem) (app.TrashReport, error) {
	b.count(ctx, "Trash")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.TrashError != nil {
		return app.TrashReport{}, b.TrashError
	}
	var r app.TrashReport
	for _, it := range items {
		b.Heirs = append(b.Heirs, it)
		if reason := b.TrashFails[it.Path]; reason != "" {
			r.Failed = append(r.Failed, app.TrashFailure{Path: it.Path, Reason: reason})
			continue
		}
		r.Moved = append(r.Moved, it.Path)
	}
	if len(r.Moved) == 0 {
		return r, nil
	}
	set := func(on bool) func() {
		return func() {
			for _, p := range r.Moved {
				b.trashed[p] = on
			}
		}
	}
	r.Operation = b.record(fmt.Sprintf("Move %d files to the trash", len(r.Moved)), len(r.Moved), set(true), set(false))
	return r, nil
}

// TrashPhotos is Trash for the file of each photo.
func (b *Backend) TrashPhotos(ctx context.Context, photos []library.PhotoID) (app.TrashReport, error) {
	var items []app.TrashItem
	for _, id := range photos {
		items = append(items, app.TrashItem{Path: b.card(id).Path})
	}
	return b.Trash(ctx, items)
}

// inTrash reports that the file of a photo is in the trash; the caller holds mu.
func (b *Backend) inTrash(id library.PhotoID) bool {
	return len(b.trashed) > 0 && b.trashed[pathOf(id)]
}

// stack returns the stack of a photo, which every 40th photo begins, as a burst of three, a
// pair or a Live Photo; the photos of a stack follow each other.
func (b *Backend) stack(id library.PhotoID) ([]library.PhotoID, app.StackKind) {
	if !b.Stacks {
		return nil, ""
	}
	at := (int(id) - 1) % 40
	top := int(id) - at
	size, kind := 2, app.StackKind([]string{"burst", "raw", "live"}[top/40%3])
	if kind == "burst" {
		size = 3
	}
	if at >= size || top+size-1 > b.n {
		return nil, ""
	}
	var out []library.PhotoID
	for k := range size {
		out = append(out, library.PhotoID(top+k))
	}
	return out, kind
}
