package fake

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"descry/library"
	"descry/tagging"
	"descry/ui/app"
)

func (b *Backend) record(what string, photos int, redo, undo func()) int64 {
	redo()
	op := library.Operation{ID: int64(len(b.journal) + 1), What: what, Photos: photos}
	b.journal = append(b.journal, undoable{op: op, undo: undo, redo: redo})
	b.undone = nil
	return op.ID
}

func (b *Backend) setTag(ctx context.Context, call string, photos []library.PhotoID, label library.LabelID, s library.TagState) (int64, error) {
	b.count(ctx, call)
	b.mu.Lock()
	defer b.mu.Unlock()
	before := map[library.PhotoID]library.TagState{}
	for _, p := range photos {
		before[p] = b.states[p][label]
	}
	set := func(p library.PhotoID, s library.TagState) {
		if b.states[p] == nil {
			b.states[p] = map[library.LabelID]library.TagState{}
		}
		if s == "" {
			delete(b.states[p], label)
		} else {
			b.states[p][label] = s
		}
	}
	return b.record(call, len(photos), func() {
		for _, p := range photos {
			set(p, s)
		}
	}, func() {
		for p, s := range before {
			set(p, s)
		}
	}), nil
}

// Confirm confirms a tag.
func (b *Backend) Confirm(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error) {
	return b.setTag(ctx, "Confirm", photos, label, library.Confirmed)
}

// Reject rejects a tag.
func (b *Backend) Reject(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error) {
	return b.setTag(ctx, "Reject", photos, label, library.Rejected)
}

// ClearTag forgets what was said of a tag.
func (b *Backend) ClearTag(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error) {
	return b.setTag(ctx, "ClearTag", photos, label, "")
}

// AddTag confirms a tag by name and makes it where it is new.
func (b *Backend) AddTag(ctx context.Context, photos []library.PhotoID, name string) (int64, error) {
	if _, after, ok := strings.Cut(name, "/"); ok {
		name = after
	}
	label := library.LabelID(slices.Index(words, name) + 1)
	if label == 0 {
		b.mu.Lock()
		label = library.LabelID(1000 + len(b.settings))
		b.settings[fmt.Sprint("label/", label)] = name
		b.mu.Unlock()
	}
	return b.setTag(ctx, "AddTag", photos, label, library.Confirmed)
}

// LabelNames completes the beginning of a label.
func (b *Backend) LabelNames(ctx context.Context, prefix string, limit int) ([]app.TagCount, error) {
	b.count(ctx, "LabelNames")
	var out []app.TagCount
	for i, w := range words {
		if strings.HasPrefix(w, prefix) && len(out) < limit {
			out = append(out, app.TagCount{Label: library.LabelID(i + 1), Set: "scenes", Name: w})
		}
	}
	return out, nil
}

// SetRating rates photos.
func (b *Backend) SetRating(ctx context.Context, photos []library.PhotoID, stars int) (int64, error) {
	b.count(ctx, "SetRating")
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.record("SetRating", len(photos), func() {
		for _, p := range photos {
			b.stars[p] = stars
		}
	}, func() {
		for _, p := range photos {
			delete(b.stars, p)
		}
	}), nil
}

// SetFavourite makes photos favourites or not.
func (b *Backend) SetFavourite(ctx context.Context, photos []library.PhotoID, on bool) (int64, error) {
	b.count(ctx, "SetFavourite")
	b.mu.Lock()
	defer b.mu.Unlock()
	set := func(on bool) func() {
		return func() {
			for _, p := range photos {
				if on {
					b.fav[p] = true
				} else {
					delete(b.fav, p)
				}
			}
		}
	}
	return b.record("SetFavourite", len(photos), set(on), set(!on)), nil
}

// SetAlt edits an alt text.
func (b *Backend) SetAlt(ctx context.Context, id library.PhotoID, text, extended string) (int64, error) {
	b.count(ctx, "SetAlt")
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.record("SetAlt", 1, func() {
		b.alts[id] = library.AltText{Text: text, Extended: extended, State: library.AltEdited}
	}, func() { delete(b.alts, id) }), nil
}

// ApproveAlt approves alt texts.
func (b *Backend) ApproveAlt(ctx context.Context, photos []library.PhotoID) (int64, error) {
	b.count(ctx, "ApproveAlt")
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.record("ApproveAlt", len(photos), func() {
		for _, p := range photos {
			a := b.alts[p]
			a.State = library.AltApproved
			if a.Text == "" {
				a.Text = "A " + words[(int(p)-1)%len(words)] + "."
			}
			b.alts[p] = a
		}
	}, func() {
		for _, p := range photos {
			delete(b.alts, p)
		}
	}), nil
}

// Undo takes the last operation back.
func (b *Backend) Undo(ctx context.Context, id int64) (library.Operation, error) {
	b.count(ctx, "Undo")
	b.mu.Lock()
	defer b.mu.Unlock()
	if id != 0 && b.Kept.Conflict != nil {
		return library.Operation{}, b.Kept.Conflict
	}
	if len(b.journal) == 0 {
		return library.Operation{}, library.ErrNotFound
	}
	last := b.journal[len(b.journal)-1]
	b.journal = b.journal[:len(b.journal)-1]
	last.undo()
	b.undone = append(b.undone, last)
	op := last.op
	op.What = "Undo: " + op.What // as the journal words it
	return op, nil
}

// Redo does it again.
func (b *Backend) Redo(ctx context.Context) (library.Operation, error) {
	b.count(ctx, "Redo")
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.undone) == 0 {
		return library.Operation{}, library.ErrNotFound
	}
	last := b.undone[len(b.undone)-1]
	b.undone = b.undone[:len(b.undone)-1]
	last.redo()
	b.journal = append(b.journal, last)
	return last.op, nil
}

// LabelSets returns the sets.
func (b *Backend) LabelSets(context.Context) ([]tagging.LabelSet, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sets), nil
}

// PutLabelSet adds or replaces a set.
func (b *Backend) PutLabelSet(ctx context.Context, s tagging.LabelSet) (int64, error) {
	b.count(ctx, "PutLabelSet")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sets = slices.DeleteFunc(b.sets, func(o tagging.LabelSet) bool { return o.Name == s.Name })
	b.sets = append(b.sets, s)
	return 1, nil
}

// RemoveLabelSet removes a set.
func (b *Backend) RemoveLabelSet(ctx context.Context, name string) (int64, error) {
	b.count(ctx, "RemoveLabelSet")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sets = slices.DeleteFunc(b.sets, func(o tagging.LabelSet) bool { return o.Name == name })
	return 1, nil
}

// ExportAlt writes the number of photos.
func (b *Backend) ExportAlt(_ context.Context, w io.Writer, format string, photos []library.PhotoID) error {
	_, err := fmt.Fprintln(w, format, len(photos))
	return err
}

// Status returns the number of photos.
func (b *Backend) Status(context.Context) (app.Status, error) { return app.Status{Photos: b.n}, nil }

// Failures returns Fails.
func (b *Backend) Failures(context.Context) ([]library.Failure, error) { return b.Fails, nil }

// Setting returns a setting.
func (b *Backend) Setting(_ context.Context, key string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settings[key]
}

// SetSetting keeps a setting.
func (b *Backend) SetSetting(_ context.Context, key, value string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settings[key] = value
	return nil
}

// Prefer keeps what it was told.
func (b *Backend) Prefer(photos []library.PhotoID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Preferred = photos
}
