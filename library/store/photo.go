package store

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"descry/library"
)

// dirt says what of a photo must be worked out again before the transaction ends.
type dirt uint8

const (
	dirtRow   dirt = 1 << iota // primary file, orientation, times, shown
	dirtWords                  // the full-text row
	dirtFacts                  // what filters ask of it; dirtRow includes it
)

func (t *tx) mark(id library.PhotoID, d dirt) { t.dirty[id] |= d }

// settle brings the photo rows and the full text in line with what the transaction changed.
func (t *tx) settle() error {
	t.roots, t.labels = map[library.RootID][]byte{}, map[library.LabelID]string{}
	for _, id := range slices.Sorted(maps.Keys(t.dirty)) {
		d, shown := t.dirty[id], true
		if d&(dirtRow|dirtFacts) == dirtFacts {
			_, files, err := t.primaryFile(id)
			if err == nil {
				err = t.settleFacts(id, files)
			}
			if err != nil {
				return err
			}
		}
		if d&dirtRow != 0 {
			was, is, turned, err := t.settleRow(id)
			if err != nil {
				return err
			}
			shown = is
			if was != is || turned {
				d |= dirtWords
			}
		}
		if d&dirtWords != 0 {
			if err := t.settleWords(id, shown); err != nil {
				return err
			}
		}
	}
	if t.moved {
		if err := t.exec("UPDATE library SET generation = generation + 1 + abs(random() % 1000000000)"); err != nil {
			return err
		}
	}
	return t.settleFolders()
}

// settleRow chooses the primary file and takes over what the photo shows of it. It returns
// whether the photo was and is shown, and whether it shows another picture of its content now.
func (t *tx) settleRow(id library.PhotoID) (was, is, turned bool, err error) {
	var oldOrientation int
	ok, err := t.get("SELECT orientation, shown FROM photo WHERE id = ?", []any{id}, []any{&oldOrientation, &was})
	if err != nil || !ok {
		return false, false, false, err
	}
	primary, files, err := t.primaryFile(id)
	if err != nil {
		return was, false, false, err
	}
	is = primary.present
	if primary.id == 0 {
		t.moved = t.moved || was
		if err := t.settleFacts(id, files); err != nil {
			return was, false, false, err
		}
		if err := t.leaveStack(id); err != nil {
			return was, false, false, err
		}
		return was, false, false, t.exec("UPDATE photo SET primary_file = NULL, shown = 0 WHERE id = ?", id)
	}
	var taken, orientation sql.NullInt64
	if _, err := t.get("SELECT taken_ms, orientation FROM metadata WHERE file_id = ?", []any{primary.id}, []any{&taken, &orientation}); err != nil {
		return was, is, false, err
	}
	t.touchFolder(primary.root, primary.dir)
	if was && !is {
		if err := t.leaveStack(id); err != nil {
			return was, is, false, err
		}
	}
	if !orientation.Valid {
		orientation.Int64 = int64(oldOrientation)
	}
	turned = int(orientation.Int64) != oldOrientation
	if was != is || turned {
		t.moved = true
	}
	if err := t.exec("UPDATE photo SET primary_file = ?, orientation = ?, taken_ms = ?, sort_ms = ?, shown = ? WHERE id = ?",
		primary.id, orientation.Int64, taken, sortTime(taken, primary.mtime), is, id); err != nil {
		return was, is, false, err
	}
	return was, is, turned, t.settleFacts(id, files)
}

// heldFile is a file of a photo.
type heldFile struct {
	id        library.FileID
	root      library.RootID
	dir, name []byte
	mtime     int64
	present   bool
}

// primaryFile is the file that a photo is read from, the zero heldFile where it has none: the
// first by root path, folder and name of those that are present, or else of all. All of its
// files come with it.
func (t *tx) primaryFile(id library.PhotoID) (best heldFile, files []heldFile, err error) {
	if err := t.each("SELECT id, root_id, dir, name, mtime_ns, state = 'present' FROM file WHERE photo_id = ?", []any{id}, func(rows *sql.Rows) error {
		var f heldFile
		err := rows.Scan(&f.id, &f.root, &f.dir, &f.name, &f.mtime, &f.present)
		files = append(files, f)
		return err
	}); err != nil || len(files) == 0 {
		return best, nil, err
	}
	if len(files) > 1 {
		for _, f := range files {
			if _, ok := t.roots[f.root]; ok {
				continue
			}
			var path []byte
			if _, err := t.get("SELECT path FROM root WHERE id = ?", []any{f.root}, []any{&path}); err != nil {
				return best, nil, err
			}
			t.roots[f.root] = path
		}
	}
	slices.SortFunc(files, func(a, b heldFile) int {
		if a.present != b.present {
			if a.present {
				return -1
			}
			return 1
		}
		return cmp.Or(bytes.Compare(t.roots[a.root], t.roots[b.root]), bytes.Compare(a.dir, b.dir), bytes.Compare(a.name, b.name))
	})
	return files[0], files, nil
}

// sortTime is the order of the grid: when the picture was taken, else when the file was
// last written. Milliseconds.
func sortTime(taken sql.NullInt64, mtime int64) int64 {
	if taken.Valid {
		return taken.Int64
	}
	return mtime / 1e6
}

// words are the columns of a photo's full-text row.
type words struct {
	name, folder, keywords, description, tags, alt, recognised list
}

// list gathers texts, each once.
type list []string

func (l *list) add(texts ...string) {
next:
	for _, s := range texts {
		if s == "" {
			continue
		}
		for _, have := range *l {
			if have == s {
				continue next
			}
		}
		*l = append(*l, s)
	}
}

// text joins the texts so that no phrase runs over the border of two.
func (l list) text() string {
	return strings.ReplaceAll(strings.ToValidUTF8(strings.Join(l, " \n "), " "), "\x00", " ")
}

func (w *words) addFile(dir, name string, title, description, keywords, alt, extended string) {
	w.name.add(name)
	w.folder.add(dir)
	w.description.add(title, description)
	if keywords != "" && keywords != "[]" {
		var k []string
		if json.Unmarshal([]byte(keywords), &k) == nil {
			w.keywords.add(k...)
		}
	}
	w.alt.add(alt, extended)
}

func (t *tx) putWords(id library.PhotoID, w *words) error {
	return t.exec("INSERT INTO words (rowid, name, folder, keywords, description, tags, alt, recognised) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		id, w.name.text(), w.folder.text(), w.keywords.text(), w.description.text(), w.tags.text(), w.alt.text(), w.recognised.text())
}

// settleWords writes the full-text row of a photo anew. A photo without a present file has
// none: it cannot be found by words, nor by its picture.
func (t *tx) settleWords(id library.PhotoID, shown bool) error {
	if err := t.exec("DELETE FROM words WHERE rowid = ?", id); err != nil || !shown {
		return err
	}
	var w words
	var files []heldFile
	err := t.each("SELECT id, dir, name FROM file WHERE photo_id = ? AND state = 'present'", []any{id}, func(rows *sql.Rows) error {
		var f heldFile
		err := rows.Scan(&f.id, &f.dir, &f.name)
		files = append(files, f)
		return err
	})
	if err != nil || len(files) == 0 {
		return err
	}
	slices.SortFunc(files, func(a, b heldFile) int { return cmp.Compare(a.id, b.id) })
	for _, f := range files {
		var title, description, keywords, alt, extended string
		if _, err := t.get("SELECT title, description, keywords, alt_text, extended FROM metadata WHERE file_id = ?",
			[]any{f.id}, []any{&title, &description, &keywords, &alt, &extended}); err != nil {
			return err
		}
		w.addFile(string(f.dir), string(f.name), title, description, keywords, alt, extended)
	}
	text := func(dst ...*list) func(*sql.Rows) error {
		return func(rows *sql.Rows) error {
			values := make([]string, len(dst))
			ptrs := make([]any, len(dst))
			for i := range values {
				ptrs[i] = &values[i]
			}
			if err := rows.Scan(ptrs...); err != nil {
				return err
			}
			for i, v := range values {
				dst[i].add(v)
			}
			return nil
		}
	}
	var labels []library.LabelID
	if err := t.each("SELECT label_id FROM tag WHERE photo_id = ? AND state = 'confirmed' ORDER BY label_id", []any{id}, func(rows *sql.Rows) error {
		var l library.LabelID
		err := rows.Scan(&l)
		labels = append(labels, l)
		return err
	}); err != nil {
		return err
	}
	for _, l := range labels {
		name, err := t.labelName(l)
		if err != nil {
			return err
		}
		w.tags.add(name)
	}
	err = t.each("SELECT text, extended FROM alt_text WHERE photo_id = ? ORDER BY lang", []any{id}, text(&w.alt, &w.alt))
	if err == nil {
		err = t.recognisedText(id, &w)
	}
	if err != nil {
		return err
	}
	return t.putWords(id, &w)
}

// labelName is the name of a label, "" when it or its set is removed.
func (t *tx) labelName(id library.LabelID) (string, error) {
	name, ok := t.labels[id]
	if ok {
		return name, nil
	}
	_, err := t.get(`SELECT l.name FROM label l JOIN label_set s ON s.id = l.set_id WHERE l.id = ? AND l.removed = 0 AND s.removed = 0`,
		[]any{id}, []any{&name})
	t.labels[id] = name
	return name, err
}

// mergeWords gives what a person said of one photo to another as well. Where both have
// something, the later word stands; all ties are broken by value, so that the order of
// merges does not matter.
func (t *tx) mergeWords(from, to library.PhotoID) error {
	for _, query := range []string{
		`INSERT INTO tag (photo_id, label_id, state, at_ms) SELECT ?2, label_id, state, at_ms FROM tag WHERE photo_id = ?1
		ON CONFLICT DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms
			WHERE (excluded.at_ms, state) > (at_ms, excluded.state)`, // at one time confirmed stands: it sorts first
		`INSERT INTO alt_text (photo_id, lang, text, extended, state, at_ms)
			SELECT ?2, lang, text, extended, state, at_ms FROM alt_text WHERE photo_id = ?1
		ON CONFLICT DO UPDATE SET text = excluded.text, extended = excluded.extended, state = excluded.state, at_ms = excluded.at_ms
			WHERE (excluded.at_ms, excluded.text, excluded.extended, state) > (at_ms, text, extended, excluded.state)`,
		`INSERT INTO mark (photo_id, rating, favourite) SELECT ?2, rating, favourite FROM mark WHERE photo_id = ?1
		ON CONFLICT DO UPDATE SET rating = max(coalesce(rating, excluded.rating), coalesce(excluded.rating, rating)),
			favourite = max(favourite, excluded.favourite)`,
		`INSERT INTO album_photo (album_id, photo_id, position) SELECT album_id, ?2, position FROM album_photo WHERE photo_id = ?1
		ON CONFLICT DO UPDATE SET position = min(position, excluded.position)`,
		`INSERT INTO distinct_pair (a, b) SELECT min(o, ?2), max(o, ?2)
			FROM (SELECT CASE a WHEN ?1 THEN b ELSE a END AS o FROM distinct_pair WHERE ?1 IN (a, b)) WHERE o <> ?2 ON CONFLICT DO NOTHING`,
	} {
		if err := t.exec(query, from, to); err != nil {
			return err
		}
	}
	t.mark(to, dirtWords)
	return nil
}

// replacePhoto gives a photo's words and its place in the journal to another and deletes it.
func (t *tx) replacePhoto(from, to library.PhotoID) error {
	if err := t.mergeWords(from, to); err != nil {
		return err
	}
	if err := t.exec(`UPDATE journal_change SET key = json_set(key, '$.photo_id', ?2),
			before = CASE WHEN before IS NULL THEN NULL ELSE json_set(before, '$.photo_id', ?2) END,
			after = CASE WHEN after IS NULL THEN NULL ELSE json_set(after, '$.photo_id', ?2) END,
			photo_id = ?2
		WHERE photo_id = ?1`, from, to); err != nil {
		return err
	}
	t.moved = true
	return t.deletePhoto(from)
}

// deletePhoto removes a photo and all that a person said of it. Its content stays.
func (t *tx) deletePhoto(id library.PhotoID) error {
	for _, query := range []string{
		"DELETE FROM tag WHERE photo_id = ?",
		"DELETE FROM alt_text WHERE photo_id = ?",
		"DELETE FROM mark WHERE photo_id = ?",
		"DELETE FROM album_photo WHERE photo_id = ?",
		"DELETE FROM distinct_pair WHERE ? IN (a, b)",
		"DELETE FROM words WHERE rowid = ?",
		"DELETE FROM fact WHERE photo_id = ?",
		"UPDATE file SET photo_id = NULL WHERE photo_id = ?",
		"DELETE FROM photo WHERE id = ?",
	} {
		if err := t.exec(query, id); err != nil {
			return err
		}
	}
	delete(t.dirty, id)
	return nil
}
