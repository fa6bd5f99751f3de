package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"descry/library"
	"descry/library/store"
	"descry/library/vectors"
	"descry/tagging"
)

// Tags returns the tags and suggestions of photos.
func (a *App) Tags(ctx context.Context, photos []library.PhotoID) (map[library.PhotoID][]library.Tag, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	space, err := a.knownSpace(ctx)
	if err != nil {
		return nil, err
	}
	return a.store.Tags(ctx, distinct(photos), space.ID)
}

// Confirm says that a label is right for photos; it returns the id of the operation.
func (a *App) Confirm(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error) {
	return a.setTags(ctx, photos, label, library.Confirmed)
}

// Reject says that a label is wrong for photos.
func (a *App) Reject(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error) {
	return a.setTags(ctx, photos, label, library.Rejected)
}

// ClearTag takes back what was said of a label on photos.
func (a *App) ClearTag(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error) {
	return a.setTags(ctx, photos, label, "")
}

func (a *App) setTags(ctx context.Context, photos []library.PhotoID, label library.LabelID, state library.TagState) (int64, error) {
	if err := a.needWriting(); err != nil {
		return 0, err
	}
	op, _, err := a.store.SetTags(ctx, distinct(photos), label, state)
	if err != nil {
		return 0, err
	}
	a.changed()
	return op, nil
}

// distinct are the photos without repetition, in order of their ids: one photo may have
// been named by several paths.
func distinct(photos []library.PhotoID) []library.PhotoID {
	return slices.Compact(slices.Sorted(slices.Values(photos)))
}

// ownSet is the label set for words that a person types on a photo.
const ownSet = "my-tags"

// AddTag confirms a label by name, or by SET/LABEL, on photos. A word that no label set
// knows becomes a label of the person's own set.
func (a *App) AddTag(ctx context.Context, photos []library.PhotoID, name string) (int64, error) {
	if err := a.needWriting(); err != nil {
		return 0, err
	}
	name = strings.Join(strings.Fields(name), " ")
	if name == "" {
		return 0, errors.New("a tag needs a name")
	}
	label, err := a.Label(ctx, name)
	if errors.Is(err, library.ErrNotFound) {
		label, err = a.addOwnLabel(ctx, name)
	}
	if err != nil {
		return 0, err
	}
	return a.Confirm(ctx, photos, label)
}

func (a *App) addOwnLabel(ctx context.Context, name string) (library.LabelID, error) {
	id, _, err := a.store.AddLabel(ctx, store.LabelSet{Name: ownSet, Title: "My tags"}, store.Label{Name: name})
	if err != nil {
		return 0, err
	}
	a.meaning.forgetTagger()
	return id, nil
}

// Label finds a label by SET/LABEL, or by its name alone: the first set that has it then.
func (a *App) Label(ctx context.Context, name string) (library.LabelID, error) {
	if err := a.needLibrary(); err != nil {
		return 0, err
	}
	sets, err := a.store.LabelSets(ctx)
	if err != nil {
		return 0, err
	}
	set, label, both := strings.Cut(name, "/")
	if !both {
		set, label = "", name
	}
	for _, s := range sets {
		if set != "" && s.Name != set {
			continue
		}
		for _, l := range s.Labels {
			if strings.EqualFold(l.Name, label) {
				return l.ID, nil
			}
		}
	}
	return 0, fmt.Errorf("label %q: %w", name, library.ErrNotFound)
}

// HasSet reports library.ErrNotFound for a label set that does not exist.
func (a *App) HasSet(ctx context.Context, name string) error {
	sets, err := a.LabelSets(ctx)
	if err != nil {
		return err
	}
	for _, s := range sets {
		if s.Name == name {
			return nil
		}
	}
	return fmt.Errorf("label set %q: %w", name, library.ErrNotFound)
}

// LabelNames lists labels on photos whose name begins with a prefix, in the order of the
// label sets.
func (a *App) LabelNames(ctx context.Context, prefix string, limit int) ([]TagCount, error) {
	counts, err := a.tagCounts(ctx)
	if err != nil {
		return nil, err
	}
	prefix = strings.ToLower(strings.TrimSpace(prefix))
	var found []TagCount
	for _, c := range counts {
		if len(found) < limit && strings.HasPrefix(strings.ToLower(c.Name), prefix) {
			found = append(found, c)
		}
	}
	return found, nil
}

// LabelSets returns the label sets of the library.
func (a *App) LabelSets(ctx context.Context) ([]tagging.LabelSet, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	stored, err := a.store.LabelSets(ctx)
	if err != nil {
		return nil, err
	}
	sets := make([]tagging.LabelSet, 0, len(stored))
	for _, s := range stored {
		set, err := fromStored(s)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// PutLabelSet adds a label set or replaces the one of the same name. Tags on labels that
// are in both stay.
func (a *App) PutLabelSet(ctx context.Context, set tagging.LabelSet) (int64, error) {
	if err := a.needWriting(); err != nil {
		return 0, err
	}
	stored, err := toStored(set)
	if err != nil {
		return 0, err
	}
	op, err := a.store.PutLabelSet(ctx, stored, "")
	if err != nil {
		return 0, err
	}
	a.labelsChanged()
	return op, nil
}

// RemoveLabelSet hides a label set and its tags; undo brings them back.
func (a *App) RemoveLabelSet(ctx context.Context, name string) (int64, error) {
	if err := a.needWriting(); err != nil {
		return 0, err
	}
	op, err := a.store.RemoveLabelSet(ctx, name)
	if err != nil {
		return 0, err
	}
	a.labelsChanged()
	return op, nil
}

// labelsChanged makes the tagger anew and, in a window, suggests again in the background.
func (a *App) labelsChanged() {
	a.meaning.forgetTagger()
	a.changed()
	if a.listeners().Finished != nil {
		a.StartIndexing()
	}
}

// suggestEvery is how many vectors are tagged in one transaction.
const suggestEvery = 500

// SuggestTags suggests tags for every vector that was not tagged with the labels as they
// are now. It goes on where it was stopped, and its result does not depend on the order in
// which photos came.
func (a *App) SuggestTags(ctx context.Context, progress func(Progress)) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	space, err := a.knownSpace(ctx)
	if err != nil || space.ID == 0 {
		return err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	tagger, labels, err := a.tagger(ctx, progress)
	if err != nil {
		return err
	}
	return a.suggestTags(ctx, space, tagger, labels, progress)
}

// suggestTags is SuggestTags in a space, with a tagger of it.
func (a *App) suggestTags(ctx context.Context, space library.Space, tagger *tagging.Tagger, labels map[string]library.LabelID, progress func(Progress)) error {
	digest, last, err := a.store.TaggingProgress(ctx, space.ID)
	if err != nil {
		return err
	}
	total := 0 // unknown where only some are new
	if digest != tagger.Digest() || last == 0 {
		st, err := a.store.Status(ctx, space.ID)
		if err != nil {
			return err
		}
		last, total = 0, st.Encoded
	}
	done := 0
	for {
		var batch []store.Suggestion
		n, upTo := 0, last
		err := a.store.Vectors(ctx, space.ID, last, suggestEvery, func(row store.VectorRow) error {
			n, upTo = n+1, row.Seq
			if row.View == 0 {
				done++
			}
			for _, s := range tagger.Suggest(vectors.Unpack(row.Data)) {
				if id, ok := labels[s.Set+"/"+s.Label]; ok {
					batch = append(batch, store.Suggestion{Seq: row.Seq, Label: id, Confidence: s.Confidence})
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		if n == 0 && digest == tagger.Digest() {
			return nil
		}
		if err := a.store.PutSuggestions(ctx, space.ID, tagger.Digest(), upTo, batch); err != nil {
			return err
		}
		digest, last = tagger.Digest(), upTo
		progress(Progress{Job: jobSuggest, Done: done, Total: total, Running: true})
	}
}
