package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"descry/library"
)

// UnreadPhoto is a photo in which text was not looked for yet, and a file to look at.
type UnreadPhoto struct {
	Photo   library.PhotoID
	Picture library.Picture
	Path    string // absolute
	Stat    library.Stat
	Format  string // as library.Metadata.Format
	Camera  bool   // a camera took it, says the file
	// Width and Height are of the upright picture, in pixels.
	Width, Height int
	Cursor        Cursor // of this photo, for the next call
}

// Reading is what looking for text in a picture came to.
type Reading struct {
	Picture library.Picture
	Lines   []library.TextLine // none: there is no text
	Failed  bool               // the picture could not be read; it is not tried again with this engine
}

// unread is the condition on photo p, its picture i and its file f with metadata m that text
// was not looked for with the engine that is given. Videos hold too many frames to read.
const unread = `p.shown = 1 AND m.format NOT IN ('mp4', 'mov', 'mkv', 'webm', 'avi')
	AND NOT EXISTS (SELECT 1 FROM recognised t WHERE t.content_id = p.content_id AND t.orientation = p.orientation AND t.engine = ?)`

// unreadFrom are the tables of unread, with the file that a photo is read from.
const unreadFrom = `photo p JOIN content c ON c.id = p.content_id
	JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation
	JOIN file f ON f.id = (` + readable + ` ORDER BY gr.path, g.dir, g.name LIMIT 1)
	JOIN root r ON r.id = f.root_id JOIN metadata m ON m.file_id = f.id`

// UnreadPhotos lists up to limit photos, newest first, in which no text was looked for with
// an engine and that are at hand. Start with the zero Cursor and pass the last Cursor on; an
// empty list is the end.
func (s *Store) UnreadPhotos(ctx context.Context, engine string, limit int, after Cursor) ([]UnreadPhoto, error) {
	key, id := int64(maxInt64), int64(maxInt64)
	if after != (Cursor{}) {
		key, id = after.key, after.id
	}
	var out []UnreadPhoto
	err := eachRow(ctx, s.ro, "SELECT "+fileColumns+`, r.path, c.scheme, c.digest, p.orientation, m.format, m.make <> '' OR m.model <> '',
			i.width, i.height, p.sort_ms, p.id FROM `+unreadFrom+`
		WHERE (p.sort_ms, p.id) < (?, ?) AND `+unread+` ORDER BY p.sort_ms DESC, p.id DESC LIMIT ?`,
		[]any{key, id, engine, limit}, func(rows *sql.Rows) error {
			var u UnreadPhoto
			var root, digest []byte
			var scheme string
			var orientation int
			f, err := scanFile(rows, &root, &scheme, &digest, &orientation, &u.Format, &u.Camera, &u.Width, &u.Height, &u.Cursor.key, &u.Cursor.id)
			if err != nil {
				return err
			}
			u.Photo, u.Stat = library.PhotoID(u.Cursor.id), f.Stat
			u.Path = joinPath(string(root), f.Dir, f.Name)
			u.Picture = picture(scheme, digest, orientation)
			out = append(out, u)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("list the photos in which to look for text: %w", err)
	}
	return out, nil
}

// CountUnread is how many photos UnreadPhotos lists in all.
func (s *Store) CountUnread(ctx context.Context, engine string) (int, error) {
	var n int
	err := s.ro.QueryRowContext(ctx, "SELECT count(*) FROM "+unreadFrom+" WHERE "+unread, engine).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the photos in which to look for text: %w", mapError(err))
	}
	return n, nil
}

// CountText is how many photos with a present file hold recognised text.
func (s *Store) CountText(ctx context.Context) (int, error) {
	var n int
	err := s.ro.QueryRowContext(ctx, `SELECT count(*) FROM recognised t JOIN photo p
		ON p.content_id = t.content_id AND p.orientation = t.orientation WHERE t.state = 'text' AND p.shown = 1`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the photos with text: %w", mapError(err))
	}
	return n, nil
}

// textRow is a line as the table holds it.
type textRow struct {
	Text       string `json:"t"`
	Confidence int    `json:"c"`
	Box        [8]int `json:"b"`
}

// corner is what a corner of a box is a part of.
const corner = 10_000

func packLines(lines []library.TextLine) (string, error) {
	rows := make([]textRow, len(lines))
	for i, l := range lines {
		rows[i] = textRow{Text: clean(l.Text), Confidence: int(math.Round(100 * finite(l.Confidence)))}
		for j, p := range l.Box {
			rows[i].Box[2*j], rows[i].Box[2*j+1] = int(math.Round(corner*finite(p[0]))), int(math.Round(corner*finite(p[1])))
		}
	}
	b, err := json.Marshal(rows)
	return string(b), err
}

func unpackLines(text string) ([]library.TextLine, error) {
	var rows []textRow
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, fmt.Errorf("read recognised text: %w", err)
	}
	lines := make([]library.TextLine, len(rows))
	for i, r := range rows {
		lines[i] = library.TextLine{Text: r.Text, Confidence: float64(r.Confidence) / 100}
		for j := range lines[i].Box {
			lines[i].Box[j] = [2]float64{float64(r.Box[2*j]) / corner, float64(r.Box[2*j+1]) / corner}
		}
	}
	return lines, nil
}

// PutReadings stores what looking for text with an engine came to, in place of what was
// stored of the same pictures, all or nothing. Pictures that the library does not know any
// more are passed over.
func (s *Store) PutReadings(ctx context.Context, engine string, readings []Reading) error {
	if len(readings) == 0 {
		return nil
	}
	err := s.write(ctx, true, func(t *tx) error {
		for _, r := range readings {
			if err := t.putReading(engine, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store recognised text: %w", err)
	}
	return nil
}

func (t *tx) putReading(engine string, r Reading) error {
	var content int64
	ok, err := t.get("SELECT id FROM content WHERE scheme = ? AND digest = ?",
		[]any{r.Picture.Content.Scheme, r.Picture.Content.Digest[:]}, []any{&content})
	if err != nil || !ok {
		return err
	}
	state := "none"
	switch {
	case r.Failed:
		state = "failed"
	case len(r.Lines) > 0:
		state = "text"
	}
	lines, err := packLines(r.Lines)
	if err != nil {
		return err
	}
	var was string
	if _, err := t.get("SELECT lines FROM recognised WHERE content_id = ? AND orientation = ?",
		[]any{content, r.Picture.Orientation}, []any{&was}); err != nil {
		return err
	}
	if err := t.exec(`INSERT INTO recognised (content_id, orientation, engine, state, lines) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET engine = excluded.engine, state = excluded.state, lines = excluded.lines`,
		content, r.Picture.Orientation, engine, state, lines); err != nil {
		return err
	}
	if was == "" {
		was = "[]"
	}
	if was == lines {
		return nil
	}
	var photo library.PhotoID
	var shown bool
	ok, err = t.get("SELECT id, shown FROM photo WHERE content_id = ? AND orientation = ?",
		[]any{content, r.Picture.Orientation}, []any{&photo, &shown})
	if err == nil && ok && shown {
		t.mark(photo, dirtWords)
	}
	return err
}

// recognisedText gives the full text of a photo what was recognised in its picture, a line
// behind the other, so that a phrase may run over the end of a line.
func (t *tx) recognisedText(photo library.PhotoID, w *words) error {
	var packed string
	ok, err := t.get(`SELECT t.lines FROM recognised t JOIN photo p ON p.content_id = t.content_id AND p.orientation = t.orientation
		WHERE p.id = ? AND t.state = 'text'`, []any{photo}, []any{&packed})
	if err != nil || !ok {
		return err
	}
	lines, err := unpackLines(packed)
	if err != nil {
		return err
	}
	w.recognised.add(library.JoinText(lines))
	return nil
}

// TextIn returns the text that was recognised in the picture of a photo, and whether it was
// looked for.
func (s *Store) TextIn(ctx context.Context, photo library.PhotoID) (lines []library.TextLine, looked bool, err error) {
	var packed string
	err = s.ro.QueryRowContext(ctx, `SELECT t.lines FROM recognised t JOIN photo p ON p.content_id = t.content_id AND p.orientation = t.orientation
		WHERE p.id = ?`, photo).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err == nil {
		lines, err = unpackLines(packed)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the text in photo %d: %w", photo, mapError(err))
	}
	return lines, true, nil
}
