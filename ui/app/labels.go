package app

import (
	"context"
	"encoding/json"
	"fmt"

	"descry/library/store"
	"descry/tagging"
)

// A label set lies in the database as JSON: the set without name, title and labels, and
// each label without its name.

func toStored(set tagging.LabelSet) (store.LabelSet, error) {
	if err := set.Validate(); err != nil {
		return store.LabelSet{}, err
	}
	out := store.LabelSet{Name: set.Name, Title: set.DisplayTitle()}
	labels := set.Labels
	set.Name, set.Title, set.Labels = "", "", nil
	settings, err := json.Marshal(set)
	if err != nil {
		return store.LabelSet{}, fmt.Errorf("storing the label set %s: %w", out.Name, err)
	}
	out.Settings = settings
	for _, l := range labels {
		name := l.Name
		l.Name = ""
		definition, err := json.Marshal(l)
		if err != nil {
			return store.LabelSet{}, fmt.Errorf("storing the label %s: %w", name, err)
		}
		out.Labels = append(out.Labels, store.Label{Name: name, Definition: definition})
	}
	return out, nil
}

func fromStored(stored store.LabelSet) (tagging.LabelSet, error) {
	var set tagging.LabelSet
	if err := json.Unmarshal(stored.Settings, &set); err != nil {
		return set, fmt.Errorf("reading the label set %s: %w", stored.Name, err)
	}
	set.Name, set.Title, set.Labels = stored.Name, stored.Title, nil
	for _, l := range stored.Labels {
		var label tagging.Label
		if err := json.Unmarshal(l.Definition, &label); err != nil {
			return set, fmt.Errorf("reading the label %s/%s: %w", stored.Name, l.Name, err)
		}
		label.Name = l.Name
		set.Labels = append(set.Labels, label)
	}
	return set, nil
}

// syncBuiltinSets brings the label sets that come with the program into the library. Sets
// that the person edited or removed stay as they are.
func (a *App) syncBuiltinSets(ctx context.Context) error {
	sets := make([]store.LabelSet, 0, len(a.p.Sets))
	for _, s := range a.p.Sets {
		stored, err := toStored(s)
		if err != nil {
			return err
		}
		stored.Builtin = true
		sets = append(sets, stored)
	}
	if err := a.store.SyncBuiltinSets(ctx, sets); err != nil {
		return fmt.Errorf("loading the built-in label sets: %w", err)
	}
	return nil
}
