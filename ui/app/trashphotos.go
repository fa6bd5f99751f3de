package app

import (
	"context"

	"descry/library"
)

// TrashPhotos moves every file of photos that can be reached to the system's trash, as one
// operation; see Trash. Files on disks that are away stay where they are and are not told of.
func (a *App) TrashPhotos(ctx context.Context, photos []library.PhotoID) (TrashReport, error) {
	if err := a.needLibrary(); err != nil {
		return TrashReport{}, err
	}
	var items []TrashItem
	for _, id := range photos {
		d, err := a.store.Detail(ctx, id)
		if err != nil {
			return TrashReport{}, err
		}
		for _, f := range d.Files {
			if f.State == library.Present {
				items = append(items, TrashItem{Path: f.Path})
			}
		}
	}
	return a.Trash(ctx, items)
}

// SettleTrash puts items of several groups of duplicates together. An exact copy that is the
// best of a near group, and goes itself, is stood for by what stays in the end; of photos that
// stand for each other none goes. Each file goes once.
func SettleTrash(items []TrashItem) []TrashItem {
	stays := map[string]string{}
	for _, it := range items {
		if _, ok := stays[it.Path]; !ok {
			stays[it.Path] = it.Keep
		}
	}
	var out []TrashItem
	seen := map[string]bool{}
	for _, it := range items {
		if seen[it.Path] {
			continue
		}
		seen[it.Path] = true
		keep := it.Keep
		for range len(items) {
			next, ok := stays[keep]
			if !ok {
				break
			}
			keep = next
		}
		if _, circle := stays[keep]; circle {
			continue
		}
		out = append(out, TrashItem{Path: it.Path, Keep: keep})
	}
	return out
}
