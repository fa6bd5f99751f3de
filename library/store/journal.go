package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"descry/library"
)

// table describes a table of user data to the journal. Rows are journaled as JSON objects
// made by SQLite with the columns in alphabetical order, so that equal rows are equal text.
type table struct {
	name string
	key  []string // alphabetical
	cols []string // all columns, alphabetical
}

var (
	tagTable        = table{"tag", []string{"label_id", "photo_id"}, []string{"at_ms", "label_id", "photo_id", "state"}}
	altTable        = table{"alt_text", []string{"lang", "photo_id"}, []string{"at_ms", "extended", "lang", "photo_id", "state", "text"}}
	markTable       = table{"mark", []string{"photo_id"}, []string{"favourite", "photo_id", "rating"}}
	albumTable      = table{"album", []string{"id"}, []string{"id", "name", "query", "removed"}}
	albumPhotoTable = table{"album_photo", []string{"album_id", "photo_id"}, []string{"album_id", "photo_id", "position"}}
	setTable        = table{"label_set", []string{"id"}, []string{"builtin", "id", "name", "position", "removed", "settings", "title"}}
	labelTable      = table{"label", []string{"id"}, []string{"definition", "id", "name", "position", "removed", "set_id"}}
)

// tables are the journaled tables by name.
func tables(name string) (table, bool) {
	for _, t := range []table{tagTable, altTable, markTable, albumTable, albumPhotoTable, setTable, labelTable, distinctTable, trashedTable} {
		if t.name == name {
			return t, true
		}
	}
	return table{}, false
}

func (t table) where() string {
	return strings.Join(t.key, " = ? AND ") + " = ?"
}

// selectJSON reads a row by its key as a JSON object.
func (t table) selectJSON() string {
	var b strings.Builder
	b.WriteString("SELECT json_object(")
	for i, c := range t.cols {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "'%s', %s", c, c)
	}
	fmt.Fprintf(&b, ") FROM %s WHERE %s", t.name, t.where())
	return b.String()
}

// upsertJSON writes a row from a JSON object, the only parameter. A row that is there is
// changed, not replaced: what refers to it stays.
func (t table) upsertJSON() string {
	values := make([]string, len(t.cols))
	var sets []string
	for i, c := range t.cols {
		values[i] = "json_extract(?1, '$." + c + "')"
		if !slices.Contains(t.key, c) {
			sets = append(sets, c+" = excluded."+c)
		}
	}
	update := "NOTHING" // the key is the whole row
	if len(sets) > 0 {
		update = "UPDATE SET " + strings.Join(sets, ", ")
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO %s", t.name,
		strings.Join(t.cols, ", "), strings.Join(values, ", "), strings.Join(t.key, ", "), update)
}

func (t table) deleteSQL() string { return "DELETE FROM " + t.name + " WHERE " + t.where() }

// op is an operation of a person under way. Its changes go to the journal in the same
// transaction.
type op struct {
	*tx
	id     int64 // 0: not journaled
	n      int   // changes so far
	photos map[library.PhotoID]struct{}

	// Of a bulk operation: its entry and its photos as far as they are stored for certain.
	done      int64
	committed int
}

// do runs fn as one operation of a person. fn returns the sentence for the journal, which
// is written only if something changed; otherwise the returned id is 0.
func (s *Store) do(ctx context.Context, fn func(*op) (what string, err error)) (id int64, err error) {
	if err := s.person.enter(ctx, false); err != nil {
		return 0, err
	}
	defer s.person.leave()
	defer s.catchUpWords(ctx)
	err = s.write(ctx, false, func(t *tx) error {
		o := &op{tx: t, photos: map[library.PhotoID]struct{}{}}
		var err error
		if o.id, err = t.insert("INSERT INTO journal (at_ms, what) VALUES (?, '')", s.now().UnixMilli()); err != nil {
			return err
		}
		what, err := fn(o)
		if err != nil {
			return err
		}
		if o.n == 0 {
			return t.exec("DELETE FROM journal WHERE id = ?", o.id)
		}
		id = o.id
		return t.exec("UPDATE journal SET what = ?, photos = ? WHERE id = ?", what, len(o.photos), o.id)
	})
	return id, err
}

// key is the value of a table's key columns, in their order: int64 or string each.
type key []any

func (t table) keyJSON(k key) (string, error) {
	m := make(map[string]any, len(k))
	for i, c := range t.key {
		m[c] = k[i]
	}
	b, err := json.Marshal(m)
	return string(b), err
}

// change runs write, which may alter the one row with key k, and journals the difference.
// It reports whether there was one.
func (o *op) change(tb table, k key, write func() error) (bool, error) {
	before, err := o.row(tb, k)
	if err != nil {
		return false, err
	}
	if err := write(); err != nil {
		return false, err
	}
	after, err := o.row(tb, k)
	if err != nil || before == after {
		return false, err
	}
	o.n++
	photo := photoOf(tb, k)
	if photo.Valid {
		o.photos[library.PhotoID(photo.Int64)] = struct{}{}
	}
	if tb.name == trashedTable.name {
		if err := o.followTrash(before, after); err != nil {
			return true, err
		}
	}
	if err := o.touch(tb, k, photo); err != nil || o.id == 0 {
		return true, err
	}
	name, err := tb.keyJSON(k)
	if err != nil {
		return false, err
	}
	return true, o.exec("INSERT INTO journal_change (journal_id, n, tbl, key, before, after, photo_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
		o.id, o.n, tb.name, name, before, after, photo)
}

func (t *tx) row(tb table, k key) (sql.NullString, error) {
	var row sql.NullString
	_, err := t.get(tb.selectJSON(), k, []any{&row})
	return row, err
}

func photoOf(tb table, k key) sql.NullInt64 {
	for i, c := range tb.key {
		if c == "photo_id" {
			id, ok := k[i].(int64)
			return sql.NullInt64{Int64: id, Valid: ok}
		}
	}
	return sql.NullInt64{}
}

// touch marks the photos whose words follow a row.
func (t *tx) touch(tb table, k key, photo sql.NullInt64) error {
	var query string
	switch tb.name {
	case tagTable.name, altTable.name:
		t.mark(library.PhotoID(photo.Int64), dirtWords)
		return nil
	case labelTable.name:
		query = "SELECT photo_id FROM tag WHERE label_id = ? AND state = 'confirmed'"
	case setTable.name:
		query = "SELECT g.photo_id FROM label l JOIN tag g ON g.label_id = l.id WHERE l.set_id = ? AND g.state = 'confirmed'"
	default:
		return nil
	}
	var photos []library.PhotoID
	if err := t.each(query+" LIMIT ?", append(slices.Clone(k), bulkChunk+1), func(rows *sql.Rows) error {
		var id library.PhotoID
		err := rows.Scan(&id)
		photos = append(photos, id)
		return err
	}); err != nil {
		return err
	}
	if len(photos) > bulkChunk {
		return t.wordsLater(tb, k)
	}
	for _, id := range photos {
		t.mark(id, dirtWords)
	}
	return nil
}

func (t table) parseKey(s string) (key, error) {
	var m map[string]any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	var k key
	for _, c := range t.key {
		switch v := m[c].(type) {
		case string:
			k = append(k, v)
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, err
			}
			k = append(k, n)
		default:
			return nil, fmt.Errorf("no %s", c)
		}
	}
	return k, nil
}

// History lists what a person did, the last first, at most limit operations (0: all).
func (s *Store) History(ctx context.Context, limit int) ([]library.Operation, error) {
	if limit <= 0 {
		limit = -1
	}
	return s.history(ctx, "ORDER BY id DESC LIMIT ?", limit)
}

// Operation returns one entry of the journal. Error: library.ErrNotFound.
func (s *Store) Operation(ctx context.Context, id int64) (library.Operation, error) {
	found, err := s.history(ctx, "WHERE id = ?", id)
	if err != nil {
		return library.Operation{}, err
	}
	if len(found) == 0 {
		return library.Operation{}, fmt.Errorf("operation %d: %w", id, library.ErrNotFound)
	}
	return found[0], nil
}

func (s *Store) history(ctx context.Context, tail string, arg any) ([]library.Operation, error) {
	var out []library.Operation
	err := eachRow(ctx, s.ro, "SELECT id, at_ms, what, photos, undone, coalesce(undoes, 0) FROM journal "+tail, []any{arg},
		func(rows *sql.Rows) error {
			var o library.Operation
			var at int64
			err := rows.Scan(&o.ID, &at, &o.What, &o.Photos, &o.Undone, &o.Undoes)
			o.When = time.UnixMilli(at)
			out = append(out, o)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	return out, nil
}

// count says "1 photo", "2 photos".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
