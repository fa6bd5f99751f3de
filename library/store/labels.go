package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"descry/library"
)

// object checks that b is a JSON object and writes it with sorted keys, so that equal
// definitions are equal text. Nothing is the empty object.
func object(b json.RawMessage) (string, error) {
	if len(b) == 0 || string(b) == "null" {
		return "{}", nil
	}
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("read a definition: %w", err)
	}
	out, err := json.Marshal(v)
	return string(out), err
}

// LabelSets lists the label sets with their labels, in the order in which they were put;
// removed ones are left out.
func (s *Store) LabelSets(ctx context.Context) ([]LabelSet, error) {
	var out []LabelSet
	err := s.snapshot(ctx, func(q querier) error {
		index := map[library.SetID]int{}
		err := eachRow(ctx, q, "SELECT id, name, title, settings, builtin FROM label_set WHERE removed = 0 ORDER BY position, name",
			nil, func(rows *sql.Rows) error {
				var set LabelSet
				var settings string
				if err := rows.Scan(&set.ID, &set.Name, &set.Title, &settings, &set.Builtin); err != nil {
					return err
				}
				set.Settings = json.RawMessage(settings)
				index[set.ID] = len(out)
				out = append(out, set)
				return nil
			})
		if err != nil {
			return err
		}
		return eachRow(ctx, q, "SELECT id, set_id, name, definition FROM label WHERE removed = 0 ORDER BY set_id, position, name",
			nil, func(rows *sql.Rows) error {
				var l Label
				var set library.SetID
				var definition string
				if err := rows.Scan(&l.ID, &set, &l.Name, &definition); err != nil {
					return err
				}
				i, ok := index[set]
				if !ok {
					return nil
				}
				l.Definition = json.RawMessage(definition)
				out[i].Labels = append(out[i].Labels, l)
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read the label sets: %w", err)
	}
	return out, nil
}

// LabelID finds a label that is not removed by the names of its set and itself, in any case
// of letters. Error: library.ErrNotFound.
func (s *Store) LabelID(ctx context.Context, set, name string) (library.LabelID, error) {
	var id library.LabelID
	err := s.ro.QueryRowContext(ctx, `SELECT l.id FROM label l JOIN label_set s ON s.id = l.set_id
		WHERE l.removed = 0 AND s.removed = 0 AND lower(s.name) = lower(?) AND lower(l.name) = lower(?)
		ORDER BY s.name = ? AND l.name = ? DESC LIMIT 1`, set, name, set, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("the label %s/%s: %w", set, name, library.ErrNotFound)
	}
	if err != nil {
		return 0, fmt.Errorf("look up the label %s/%s: %w", set, name, mapError(err))
	}
	return id, nil
}

// SyncBuiltinSets brings the label sets that come with the program into the library: new
// ones are added, those that nobody edited are brought up to date. Sets that a person edited
// or removed are left alone. It is not journaled: it is no one's doing.
func (s *Store) SyncBuiltinSets(ctx context.Context, sets []LabelSet) error {
	defer s.catchUpWords(ctx)
	err := s.write(ctx, true, func(t *tx) error {
		o := &op{tx: t, photos: map[library.PhotoID]struct{}{}}
		for _, set := range sets {
			if err := checkSet(set); err != nil {
				return err
			}
			var builtin, removed bool
			ok, err := t.get("SELECT builtin, removed FROM label_set WHERE name = ?", []any{set.Name}, []any{&builtin, &removed})
			if err != nil {
				return err
			}
			if ok && (!builtin || removed) {
				continue
			}
			if err := o.putSet(set, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the built-in label sets: %w", err)
	}
	return nil
}

// PutLabelSet adds a label set, or replaces the one with its name: labels are matched by
// name, those that are not in set any more are removed (their tags wait for their return).
// IDs and Builtin are ignored: the set is the person's own from now on. what is the sentence
// for the history, "" for a plain one. It returns the operation, 0 when nothing changed.
func (s *Store) PutLabelSet(ctx context.Context, set LabelSet, what string) (operation int64, err error) {
	operation, err = s.do(ctx, func(o *op) (string, error) {
		if err := checkSet(set); err != nil {
			return "", err
		}
		var id int64
		known, err := o.get("SELECT id FROM label_set WHERE name = ? AND removed = 0", []any{set.Name}, []any{&id})
		if err != nil {
			return "", err
		}
		switch {
		case what != "":
		case known:
			what = "Edit label set " + set.Name
		default:
			what = "Add label set " + set.Name
		}
		return what, o.putSet(set, false)
	})
	if err != nil {
		return 0, fmt.Errorf("store the label set %q: %w", set.Name, err)
	}
	return operation, nil
}

func checkSet(set LabelSet) error {
	if strings.TrimSpace(set.Name) == "" {
		return errors.New("a label set needs a name")
	}
	seen := map[string]bool{}
	for _, l := range set.Labels {
		if strings.TrimSpace(l.Name) == "" {
			return errors.New("a label needs a name")
		}
		if seen[l.Name] {
			return fmt.Errorf("the label %q comes twice", l.Name)
		}
		seen[l.Name] = true
	}
	return nil
}

// putSet writes a set and its labels. New rows are made as removed ones first, so that the
// journal's "before" hides them instead of deleting what tags may refer to by then.
func (o *op) putSet(set LabelSet, builtin bool) error {
	settings, err := object(set.Settings)
	if err != nil {
		return err
	}
	title := set.Title
	if title == "" {
		title = set.Name
	}
	var id int64
	known, err := o.get("SELECT id FROM label_set WHERE name = ?", []any{set.Name}, []any{&id})
	if err != nil {
		return err
	}
	if !known {
		if id, err = o.insert(`INSERT INTO label_set (name, title, settings, position, removed)
			VALUES (?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM label_set), 1)`, set.Name, title, settings); err != nil {
			return err
		}
	}
	if _, err := o.change(setTable, key{id}, func() error {
		return o.exec("UPDATE label_set SET title = ?, settings = ?, builtin = ?, removed = 0 WHERE id = ?",
			title, settings, builtin, id)
	}); err != nil {
		return err
	}
	gone := map[string]int64{}
	if err := o.each("SELECT name, id FROM label WHERE set_id = ? AND removed = 0", []any{id}, func(rows *sql.Rows) error {
		var name string
		var label int64
		err := rows.Scan(&name, &label)
		gone[name] = label
		return err
	}); err != nil {
		return err
	}
	for i, l := range set.Labels {
		delete(gone, l.Name)
		if _, err := o.putLabel(id, l, i+1); err != nil {
			return err
		}
	}
	for _, label := range gone {
		if err := o.removeLabel(label); err != nil {
			return err
		}
	}
	return nil
}

func (o *op) putLabel(set int64, l Label, position int) (int64, error) {
	definition, err := object(l.Definition)
	if err != nil {
		return 0, err
	}
	var id int64
	known, err := o.get("SELECT id FROM label WHERE set_id = ? AND name = ?", []any{set, l.Name}, []any{&id})
	if err != nil {
		return 0, err
	}
	if !known {
		if id, err = o.insert("INSERT INTO label (set_id, name, definition, position, removed) VALUES (?, ?, ?, ?, 1)",
			set, l.Name, definition, position); err != nil {
			return 0, err
		}
	}
	_, err = o.change(labelTable, key{id}, func() error {
		return o.exec("UPDATE label SET definition = ?, position = ?, removed = 0 WHERE id = ?", definition, position, id)
	})
	return id, err
}

func (o *op) removeLabel(id int64) error {
	_, err := o.change(labelTable, key{id}, func() error {
		return o.exec("UPDATE label SET removed = 1 WHERE id = ?", id)
	})
	return err
}

// AddLabel adds one label to the set with set's name and returns its id. Where there is no
// such set it is made from set, whose labels do not count. A label that is there already
// keeps its definition; a removed one comes back with l's.
func (s *Store) AddLabel(ctx context.Context, set LabelSet, l Label) (id library.LabelID, operation int64, err error) {
	operation, err = s.do(ctx, func(o *op) (string, error) {
		set.Labels = nil
		if err := checkSet(LabelSet{Name: set.Name, Labels: []Label{l}}); err != nil {
			return "", err
		}
		var setID int64
		known, err := o.get("SELECT id FROM label_set WHERE name = ? AND removed = 0", []any{set.Name}, []any{&setID})
		if err != nil {
			return "", err
		}
		if !known {
			if err := o.putSet(set, false); err != nil {
				return "", err
			}
			if _, err := o.get("SELECT id FROM label_set WHERE name = ?", []any{set.Name}, []any{&setID}); err != nil {
				return "", err
			}
		}
		what := "Add label " + set.Name + "/" + l.Name
		if have, err := o.get("SELECT id FROM label WHERE set_id = ? AND name = ? AND removed = 0", []any{setID, l.Name}, []any{&id}); err != nil || have {
			return what, err
		}
		var position int
		if _, err := o.get("SELECT coalesce(max(position), 0) + 1 FROM label WHERE set_id = ?", []any{setID}, []any{&position}); err != nil {
			return "", err
		}
		row, err := o.putLabel(setID, l, position)
		if err != nil {
			return "", err
		}
		id = library.LabelID(row)
		return what, o.edited(setID)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("add the label %s/%s: %w", set.Name, l.Name, err)
	}
	return id, operation, nil
}

// edited records that a set is the person's own now.
func (o *op) edited(set int64) error {
	_, err := o.change(setTable, key{set}, func() error {
		return o.exec("UPDATE label_set SET builtin = 0 WHERE id = ?", set)
	})
	return err
}

// RenameLabel gives a label another name in its set; its tags keep it. Errors:
// library.ErrNotFound, or the set has another label of that name.
func (s *Store) RenameLabel(ctx context.Context, id library.LabelID, name string) (operation int64, err error) {
	operation, err = s.do(ctx, func(o *op) (string, error) {
		if strings.TrimSpace(name) == "" {
			return "", errors.New("a label needs a name")
		}
		set, old, setID, err := o.liveLabel(id)
		if err != nil {
			return "", err
		}
		var other int64
		var removed bool
		taken, err := o.get("SELECT id, removed FROM label WHERE set_id = ? AND name = ? AND id <> ?",
			[]any{setID, name, id}, []any{&other, &removed})
		if err != nil {
			return "", err
		}
		if taken && !removed {
			return "", fmt.Errorf("the set %s has another label of that name", set)
		}
		if taken {
			// A removed label holds the name: it steps aside.
			if _, err := o.change(labelTable, key{other}, func() error {
				return o.exec("UPDATE label SET name = name || ' (' || id || ')' WHERE id = ?", other)
			}); err != nil {
				return "", err
			}
		}
		if _, err := o.change(labelTable, key{int64(id)}, func() error {
			return o.exec("UPDATE label SET name = ? WHERE id = ?", name, id)
		}); err != nil {
			return "", err
		}
		return "Rename label " + set + "/" + old + " to " + name, o.edited(setID)
	})
	if err != nil {
		return 0, fmt.Errorf("rename a label to %q: %w", name, err)
	}
	return operation, nil
}

func (o *op) liveLabel(id library.LabelID) (set, name string, setID int64, err error) {
	ok, err := o.get(`SELECT s.name, l.name, s.id FROM label l JOIN label_set s ON s.id = l.set_id
		WHERE l.id = ? AND l.removed = 0 AND s.removed = 0`, []any{id}, []any{&set, &name, &setID})
	if err == nil && !ok {
		err = fmt.Errorf("label %d: %w", id, library.ErrNotFound)
	}
	return set, name, setID, err
}

// RemoveLabel removes a label from its set. Its tags are hidden, and come back with it.
func (s *Store) RemoveLabel(ctx context.Context, id library.LabelID) (operation int64, err error) {
	operation, err = s.do(ctx, func(o *op) (string, error) {
		set, name, setID, err := o.liveLabel(id)
		if err != nil {
			return "", err
		}
		if err := o.removeLabel(int64(id)); err != nil {
			return "", err
		}
		return "Remove label " + set + "/" + name, o.edited(setID)
	})
	if err != nil {
		return 0, fmt.Errorf("remove a label: %w", err)
	}
	return operation, nil
}

// RemoveLabelSet removes the label set with this name. Its tags are hidden, and come back
// with it. Error: library.ErrNotFound.
func (s *Store) RemoveLabelSet(ctx context.Context, name string) (operation int64, err error) {
	operation, err = s.do(ctx, func(o *op) (string, error) {
		var id int64
		ok, err := o.get("SELECT id FROM label_set WHERE name = ? AND removed = 0", []any{name}, []any{&id})
		if err != nil {
			return "", err
		}
		if !ok {
			return "", library.ErrNotFound
		}
		_, err = o.change(setTable, key{id}, func() error {
			return o.exec("UPDATE label_set SET removed = 1 WHERE id = ?", id)
		})
		return "Remove label set " + name, err
	})
	if err != nil {
		return 0, fmt.Errorf("remove the label set %q: %w", name, err)
	}
	return operation, nil
}
