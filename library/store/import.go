package store

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"descry/library"
)

// ErrNoExport says that a file is no export of user data, or not a whole one.
var ErrNoExport = errors.New("the file is no whole export of Descry")

// maxLine bounds one line of an export.
const maxLine = 16 << 20

// maxConflicts is how many conflicts Imported lists.
const maxConflicts = 1000

// Imported tells what an import did.
type Imported struct {
	Operation int64 // for undo; 0 when nothing changed
	Photos    int   // photos in the file
	Changed   int   // photos of which something was taken
	Waiting   int   // photos that are not in the library yet: what was said of them waits
	Count     int   // conflicts
	Conflicts []Conflict
}

// Conflict is something on which the file and the library do not agree.
type Conflict struct {
	What  string // "tag animals/dog", "rating", "alt text (en)", "label animals/dog", …
	Photo string // content id, "" where it is not about a photo
	Path  string // last known, as the file has it
	Here  string // what the library says
	There string // what the file says
}

// Import takes what Export wrote from r into the library, as one operation that can be undone
// (settings are not journaled and stay). What the library has is kept; where the file says
// something else that is a conflict, which is listed, and with replace decided for the file.
// Photos are found by their content, else, when the file's content ids are of another scheme,
// by their path; what is said of photos that are not there waits for them. Importing twice
// changes nothing more. accept, when not nil, says which settings may be taken.
//
// The whole file is checked before anything is written. Errors: ErrNoExport,
// library.ErrNewer for an export of a later version.
func (s *Store) Import(ctx context.Context, r io.ReadSeeker, replace bool, accept func(key, value string) bool) (Imported, error) {
	m := &importer{replace: replace, accept: accept}
	lines, err := checkExport(r)
	if err == nil {
		if _, err = r.Seek(0, io.SeekStart); err == nil {
			m.in = newLines(r)
			_, err = m.next() // the head
		}
	}
	if err != nil {
		return m.out, fmt.Errorf("import what was said: %w", err)
	}
	what := func(n int) string { return "Import what was said of " + count(n, "photo") }
	m.out.Operation, m.out.Changed, err = s.bulk(ctx, lines-1, what, func(o *op, _ int) error {
		l, err := m.next()
		if err != nil {
			return err
		}
		return m.line(o, l)
	})
	s.catchUpWords(ctx)
	if err != nil {
		return m.out, fmt.Errorf("import what was said: %w", err)
	}
	return m.out, nil
}

// newLines reads lines up to maxLine.
func newLines(r io.Reader) *bufio.Scanner {
	b := bufio.NewScanner(r)
	b.Buffer(nil, maxLine)
	return b
}

func parseLine(b []byte) (exportLine, error) {
	var l exportLine
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("%w: %w", ErrNoExport, err)
	}
	for _, p := range []string{l.Content, l.A, l.B} {
		if p == "" {
			continue
		}
		if _, err := parseContent(p); err != nil {
			return l, fmt.Errorf("%w: %w", ErrNoExport, err)
		}
	}
	switch l.Kind {
	case lineSet, lineAlbum:
		if strings.TrimSpace(l.Name) == "" {
			return l, fmt.Errorf("%w: a %s has no name", ErrNoExport, l.Kind)
		}
		if _, err := object(l.Settings); err != nil {
			return l, fmt.Errorf("%w: %w", ErrNoExport, err)
		}
	case linePhoto:
		if l.Content == "" || (l.Rating != nil && (*l.Rating < 0 || *l.Rating > 5)) {
			return l, fmt.Errorf("%w: a photo has no content id, or a rating that is none", ErrNoExport)
		}
	case lineDistinct:
		if l.A == "" || l.B == "" {
			return l, fmt.Errorf("%w: a pair has not two content ids", ErrNoExport)
		}
	}
	for i, label := range l.Labels {
		definition, err := object(label.Definition)
		if err != nil || strings.TrimSpace(label.Name) == "" {
			return l, fmt.Errorf("%w: the set %s has a label that is none", ErrNoExport, l.Name)
		}
		l.Labels[i].Definition = json.RawMessage(definition)
	}
	for _, t := range l.Tags {
		if t.State != library.Confirmed && t.State != library.Rejected {
			return l, fmt.Errorf("%w: a tag has the state %q", ErrNoExport, t.State)
		}
	}
	for _, a := range l.Alt {
		if a.Lang == "" || (a.State != library.AltEdited && a.State != library.AltApproved) {
			return l, fmt.Errorf("%w: an alt text has no language, or the state %q", ErrNoExport, a.State)
		}
	}
	return l, nil
}

// checkExport reads a whole export and returns how many lines it has before the last.
func checkExport(r io.Reader) (int, error) {
	in := newLines(r)
	n, ended := 0, false
	for in.Scan() {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		l, err := parseLine(in.Bytes())
		switch {
		case err != nil:
			return 0, err
		case ended:
			return 0, fmt.Errorf("%w: something follows its end", ErrNoExport)
		case n == 0 && l.Kind != lineHead:
			return 0, fmt.Errorf("%w: its first line does not say what it is", ErrNoExport)
		case n == 0 && l.Version > exportVersion:
			return 0, fmt.Errorf("%w: the export has version %d and this one knows versions up to %d", library.ErrNewer, l.Version, exportVersion)
		case l.Kind == lineEnd:
			if ended = true; l.Lines != n {
				return 0, fmt.Errorf("%w: it has %d lines where it should have %d", ErrNoExport, n, l.Lines)
			}
		default:
			n++
		}
	}
	if err := in.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("%w: a line is longer than %d MB", ErrNoExport, maxLine>>20)
		}
		return 0, err
	}
	if !ended {
		return 0, fmt.Errorf("%w: its end is lacking", ErrNoExport)
	}
	return n, nil
}

type importer struct {
	in      *bufio.Scanner
	replace bool
	accept  func(key, value string) bool
	out     Imported
}

func (m *importer) next() (exportLine, error) {
	for m.in.Scan() {
		if len(bytes.TrimSpace(m.in.Bytes())) > 0 {
			return parseLine(m.in.Bytes())
		}
	}
	if err := m.in.Err(); err != nil {
		return exportLine{}, err
	}
	return exportLine{}, fmt.Errorf("%w: it changed while it was read", ErrNoExport)
}

// conflict notes one, and says whether the file decides it.
func (m *importer) conflict(c Conflict) bool {
	m.out.Count++
	if len(m.out.Conflicts) < maxConflicts {
		m.out.Conflicts = append(m.out.Conflicts, c)
	}
	return m.replace
}

func (m *importer) line(o *op, l exportLine) error {
	switch l.Kind {
	case lineSetting:
		return m.setting(o, l)
	case lineSet:
		return m.set(o, l)
	case lineAlbum:
		return m.album(o, l)
	case linePhoto:
		return m.photo(o, l)
	case lineDistinct:
		return m.distinct(o, l)
	}
	return nil // of a later version's making: not ours to refuse
}

func (m *importer) setting(o *op, l exportLine) error {
	if l.Key == "" || strings.HasPrefix(l.Key, "state.") || m.accept != nil && !m.accept(l.Key, l.Value) {
		return nil
	}
	var have string
	known, err := o.get("SELECT value FROM setting WHERE key = ?", []any{l.Key}, []any{&have})
	if err != nil || have == l.Value && known {
		return err
	}
	if known && !m.conflict(Conflict{What: "setting " + l.Key, Here: have, There: l.Value}) {
		return nil
	}
	return o.exec("INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", l.Key, clean(l.Value))
}

func (m *importer) set(o *op, l exportLine) error {
	var id int64
	var builtin, removed bool
	known, err := o.get("SELECT id, builtin, removed FROM label_set WHERE name = ?", []any{l.Name}, []any{&id, &builtin, &removed})
	if err != nil {
		return err
	}
	set := LabelSet{Name: l.Name, Title: l.Title, Settings: l.Settings}
	for _, label := range l.Labels {
		if !label.Removed {
			set.Labels = append(set.Labels, Label{Name: label.Name, Definition: label.Definition})
		}
	}
	if err := checkSet(set); err != nil {
		return fmt.Errorf("%w: %w", ErrNoExport, err)
	}
	switch {
	case known && builtin && l.Builtin:
		// Nobody edited either: the one that came with this program stays.
	case !known && l.Removed:
		if id, err = o.hiddenSet(l, set.Labels); err != nil {
			return err
		}
	case l.Removed && (builtin || m.replace):
		if _, err := o.change(setTable, key{id}, func() error {
			return o.exec("UPDATE label_set SET removed = 1 WHERE id = ?", id)
		}); err != nil {
			return err
		}
	case !known || builtin || m.replace:
		if err := o.putSet(set, l.Builtin); err != nil {
			return err
		}
		if _, err := o.get("SELECT id FROM label_set WHERE name = ?", []any{l.Name}, []any{&id}); err != nil {
			return err
		}
	default:
		if removed != l.Removed {
			m.conflict(Conflict{What: "label set " + l.Name, Here: gone(removed), There: gone(l.Removed)})
		}
		if err := m.labels(o, id, l.Name, set.Labels); err != nil {
			return err
		}
	}
	// Labels that are gone but that photos were tagged with: their tags wait with them.
	for _, label := range l.Labels {
		if label.Removed {
			if err := o.exec(`INSERT INTO label (set_id, name, definition, position, removed)
				VALUES (?1, ?2, ?3, (SELECT coalesce(max(position), 0) + 1 FROM label WHERE set_id = ?1), 1) ON CONFLICT DO NOTHING`,
				id, label.Name, string(label.Definition)); err != nil {
				return err
			}
		}
	}
	return nil
}

// hiddenSet makes a set that was removed where it comes from. The tags with its labels are
// hidden like it. There is nothing to undo: nobody sees it.
func (o *op) hiddenSet(l exportLine, labels []Label) (int64, error) {
	settings, err := object(l.Settings)
	if err != nil {
		return 0, err
	}
	id, err := o.insert(`INSERT INTO label_set (name, title, settings, position, builtin, removed)
		VALUES (?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM label_set), ?, 1)`, l.Name, l.Title, settings, l.Builtin)
	for i, label := range labels {
		if err == nil {
			err = o.exec("INSERT INTO label (set_id, name, definition, position) VALUES (?, ?, ?, ?)", id, label.Name, string(label.Definition), i+1)
		}
	}
	return id, err
}

func gone(removed bool) string {
	if removed {
		return "removed"
	}
	return "there"
}

// labels adds the labels that a person's set does not have.
func (m *importer) labels(o *op, set int64, name string, labels []Label) error {
	for _, l := range labels {
		var have string
		var removed bool
		known, err := o.get("SELECT definition, removed FROM label WHERE set_id = ? AND name = ?", []any{set, l.Name}, []any{&have, &removed})
		if err != nil {
			return err
		}
		switch {
		case !known:
			var position int
			if _, err := o.get("SELECT coalesce(max(position), 0) + 1 FROM label WHERE set_id = ?", []any{set}, []any{&position}); err != nil {
				return err
			}
			if _, err := o.putLabel(set, l, position); err != nil {
				return err
			}
		case removed:
			m.conflict(Conflict{What: "label " + name + "/" + l.Name, Here: gone(true), There: gone(false)})
		case have != string(l.Definition):
			m.conflict(Conflict{What: "label " + name + "/" + l.Name, Here: have, There: string(l.Definition)})
		}
	}
	return nil
}

func (m *importer) album(o *op, l exportLine) error {
	var id int64
	var query sql.NullString
	var removed bool
	known, err := o.get("SELECT id, query, removed FROM album WHERE name = ?", []any{l.Name}, []any{&id, &query, &removed})
	if err != nil {
		return err
	}
	if known && !removed && (query.String == l.Query ||
		!m.conflict(Conflict{What: "album " + l.Name, Here: query.String, There: l.Query})) {
		return nil
	}
	want := sql.NullString{String: l.Query, Valid: l.Query != ""}
	if !known {
		if id, err = o.insert("INSERT INTO album (name, query, removed) VALUES (?, ?, 1)", l.Name, want); err != nil {
			return err
		}
	}
	_, err = o.change(albumTable, key{id}, func() error {
		return o.exec("UPDATE album SET query = ?, removed = 0 WHERE id = ?", want, id)
	})
	return err
}

// find finds the photo of a line, or makes one that waits for its file.
func (m *importer) find(o *op, content string, orientation int, paths []string) (library.PhotoID, error) {
	c, err := parseContent(content)
	if err != nil {
		return 0, err
	}
	var id library.PhotoID
	var row int64
	known, err := o.get("SELECT c.id, coalesce(p.id, 0) FROM content c LEFT JOIN photo p ON p.content_id = c.id WHERE c.scheme = ? AND c.digest = ?",
		[]any{c.Scheme, c.Digest[:]}, []any{&row, &id})
	if err != nil || id != 0 {
		return id, err
	}
	for _, p := range paths {
		// Content ids of another scheme cannot be compared: the file at the path has to do.
		if id, err = o.photoAt(p, c.Scheme); err != nil || id != 0 {
			return id, err
		}
	}
	if !known {
		if row, err = o.insert("INSERT INTO content (scheme, digest) VALUES (?, ?)", c.Scheme, c.Digest[:]); err != nil {
			return 0, err
		}
	}
	if orientation < 1 || orientation > 8 {
		orientation = 1
	}
	made, err := o.insert("INSERT INTO photo (content_id, orientation, sort_ms) VALUES (?, ?, 0)", row, orientation)
	return library.PhotoID(made), err
}

// photoAt finds the photo of the file at an absolute path whose content is of another family
// of schemes than scheme: "jpeg2" where scheme is "jpeg1".
func (t *tx) photoAt(name, scheme string) (library.PhotoID, error) {
	var roots []library.Root
	if err := t.each("SELECT id, path FROM root ORDER BY path", nil, func(rows *sql.Rows) error {
		var r library.Root
		var path []byte
		err := rows.Scan(&r.ID, &path)
		r.Path = string(path)
		roots = append(roots, r)
		return err
	}); err != nil {
		return 0, err
	}
	family := strings.TrimRight(scheme, "0123456789")
	for _, r := range roots {
		rel, err := filepath.Rel(r.Path, filepath.Clean(name))
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			continue
		}
		dir, base := filepath.Split(filepath.ToSlash(rel))
		var id library.PhotoID
		found, err := t.get(`SELECT p.id FROM file f JOIN photo p ON p.id = f.photo_id JOIN content c ON c.id = p.content_id
			WHERE f.root_id = ? AND f.dir = ? AND f.name = ? AND c.scheme <> ? AND rtrim(c.scheme, '0123456789') = ?`,
			[]any{r.ID, []byte(strings.TrimSuffix(dir, "/")), []byte(base), scheme, family}, []any{&id})
		if err != nil || found {
			return id, err
		}
	}
	return 0, nil
}

func (m *importer) photo(o *op, l exportLine) error {
	m.out.Photos++
	paths := l.Paths
	for _, b := range l.PathBytes {
		paths = append(paths, string(b))
	}
	id, err := m.find(o, l.Content, l.Orientation, paths)
	if err != nil {
		return err
	}
	var files int
	if _, err := o.get("SELECT count(*) FROM file WHERE photo_id = ?", []any{id}, []any{&files}); err != nil {
		return err
	}
	if files == 0 {
		m.out.Waiting++
	}
	about := Conflict{Photo: l.Content}
	if len(paths) > 0 {
		about.Path = paths[0]
	}
	for _, t := range l.Tags {
		if err := m.tag(o, id, t, about); err != nil {
			return err
		}
	}
	for _, a := range l.Alt {
		if err := m.alt(o, id, a, about); err != nil {
			return err
		}
	}
	if l.Rating != nil || l.Favourite {
		if err := m.mark(o, id, l, about); err != nil {
			return err
		}
	}
	for _, a := range l.Albums {
		var album int64
		ok, err := o.get("SELECT id FROM album WHERE name = ? AND removed = 0 AND query IS NULL", []any{a.Name}, []any{&album})
		if err != nil {
			return err
		}
		if !ok {
			continue // the library's album of that name is a saved query: that was a conflict
		}
		if _, err := o.change(albumPhotoTable, key{album, int64(id)}, func() error {
			return o.exec("INSERT INTO album_photo (album_id, photo_id, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", album, id, a.Position)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (m *importer) tag(o *op, id library.PhotoID, t exportTag, about Conflict) error {
	var label int64
	ok, err := o.get("SELECT l.id FROM label l JOIN label_set s ON s.id = l.set_id WHERE s.name = ? AND l.name = ?", []any{t.Set, t.Label}, []any{&label})
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%w: it tags with %s/%s and has no such label", ErrNoExport, t.Set, t.Label)
	}
	var have library.TagState
	if _, err := o.get("SELECT state FROM tag WHERE photo_id = ? AND label_id = ?", []any{id, label}, []any{&have}); err != nil || have == t.State {
		return err
	}
	if have != "" {
		about.What, about.Here, about.There = "tag "+t.Set+"/"+t.Label, string(have), string(t.State)
		if !m.conflict(about) {
			return nil
		}
	}
	_, err = o.change(tagTable, key{label, int64(id)}, func() error {
		return o.exec(`INSERT INTO tag (photo_id, label_id, state, at_ms) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms`, id, label, string(t.State), t.At.UnixMilli())
	})
	return err
}

func (m *importer) alt(o *op, id library.PhotoID, a exportAlt, about Conflict) error {
	var text, extended string
	var state library.AltState
	known, err := o.get("SELECT text, extended, state FROM alt_text WHERE photo_id = ? AND lang = ?", []any{id, a.Lang}, []any{&text, &extended, &state})
	if err != nil || (known && text == a.Text && extended == a.Extended && state == a.State) {
		return err
	}
	if known {
		about.What, about.Here, about.There = "alt text ("+a.Lang+")", text, a.Text
		if !m.conflict(about) {
			return nil
		}
	}
	_, err = o.change(altTable, key{a.Lang, int64(id)}, func() error {
		return o.exec(`INSERT INTO alt_text (photo_id, lang, text, extended, state, at_ms) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET text = excluded.text, extended = excluded.extended, state = excluded.state, at_ms = excluded.at_ms`,
			id, a.Lang, clean(a.Text), clean(a.Extended), string(a.State), a.At.UnixMilli())
	})
	return err
}

func (m *importer) mark(o *op, id library.PhotoID, l exportLine, about Conflict) error {
	var have sql.NullInt64
	if _, err := o.get("SELECT rating FROM mark WHERE photo_id = ?", []any{id}, []any{&have}); err != nil {
		return err
	}
	rating := have
	if l.Rating != nil && (!have.Valid || have.Int64 != int64(*l.Rating)) {
		about.What, about.Here, about.There = "rating", fmt.Sprint(have.Int64), fmt.Sprint(*l.Rating)
		if !have.Valid || m.conflict(about) {
			rating = sql.NullInt64{Int64: int64(*l.Rating), Valid: true}
		}
	}
	_, err := o.change(markTable, key{int64(id)}, func() error {
		return o.exec(`INSERT INTO mark (photo_id, rating, favourite) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET rating = excluded.rating, favourite = max(favourite, excluded.favourite)`, id, rating, l.Favourite)
	})
	return err
}

func (m *importer) distinct(o *op, l exportLine) error {
	a, err := m.find(o, l.A, 1, nil)
	if err != nil {
		return err
	}
	b, err := m.find(o, l.B, 1, nil)
	if err != nil || a == b {
		return err
	}
	_, err = o.change(distinctTable, key{int64(min(a, b)), int64(max(a, b))}, func() error {
		return o.exec("INSERT INTO distinct_pair (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING", min(a, b), max(a, b))
	})
	return err
}
