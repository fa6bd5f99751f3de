package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"descry/internal/float16"
	"descry/library"
)

// CommitBatch stores what was found in a batch of files, all or nothing. About 100 files
// make a good batch: the disk is synced once for all of them.
//
// A photo is found by its content, else made. A file that was edited in place, so that it
// holds another content than before, takes the person's words along when it shows the same
// picture: capture time, make and model agree, or, where the files do not say, SamePicture.
// If no other file holds its photo, the photo itself moves to the new content and keeps its
// id. The result does not depend on the order in which files are committed.
//
// Items whose file is not in the library any more are passed over.
func (s *Store) CommitBatch(ctx context.Context, batch []IndexedFile) error {
	if len(batch) == 0 {
		return nil
	}
	err := s.write(ctx, true, func(t *tx) error {
		c := committer{tx: t, dims: map[library.SpaceID]int{}}
		for i := range batch {
			if err := c.file(&batch[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store %d indexed files: %w", len(batch), err)
	}
	return nil
}

type committer struct {
	*tx
	dims map[library.SpaceID]int
	buf  []byte
}

// before is what the library knew of a file when its reading is committed.
type before struct {
	root        library.RootID
	dir, name   []byte
	state       library.FileState
	photo       sql.NullInt64
	failed      bool
	hadMetadata bool
	taken       sql.NullInt64
	make, model string
}

func (c *committer) file(f *IndexedFile) error {
	if f.Known {
		return c.knownPicture(f)
	}
	var b before
	// No joins in what is asked for each file: they take many times as long.
	ok, err := c.get(`SELECT f.root_id, f.dir, f.name, f.state, f.photo_id, EXISTS (SELECT 1 FROM failure x WHERE x.file_id = f.id),
			EXISTS (SELECT 1 FROM metadata m WHERE m.file_id = f.id) FROM file f WHERE f.id = ?`,
		[]any{f.File}, []any{&b.root, &b.dir, &b.name, &b.state, &b.photo, &b.failed, &b.hadMetadata})
	if err != nil || !ok {
		return err
	}
	if b.hadMetadata {
		if _, err := c.get("SELECT taken_ms, make, model FROM metadata WHERE file_id = ?",
			[]any{f.File}, []any{&b.taken, &b.make, &b.model}); err != nil {
			return err
		}
	}
	c.touchFolder(b.root, b.dir)
	if err := c.failure(f, b.failed); err != nil {
		return err
	}
	if f.Content.IsZero() {
		if f.Failure == nil {
			return fmt.Errorf("file %d has neither a content nor a failure", f.File)
		}
		if b.photo.Valid && b.state != library.Present {
			c.mark(library.PhotoID(b.photo.Int64), dirtRow|dirtWords)
		}
		return c.exec("UPDATE file SET size = ?, mtime_ns = ?, inode = ?, state = 'present', pending = 0 WHERE id = ?",
			f.Stat.Size, f.Stat.ModTime, f.Stat.Inode, f.File)
	}
	orientation := f.Metadata.Orientation
	if orientation < 1 || orientation > 8 {
		orientation = 1
	}
	content, fresh, err := c.content(f.Content)
	if err != nil {
		return err
	}
	m := newMetadataRow(&f.Metadata, orientation)
	photo, created, err := c.photo(f, &b, m, content, fresh, orientation)
	if err != nil {
		return err
	}
	if err := c.exec("UPDATE file SET photo_id = ?, size = ?, mtime_ns = ?, inode = ?, state = 'present', pending = 0 WHERE id = ?",
		photo, f.Stat.Size, f.Stat.ModTime, f.Stat.Inode, f.File); err != nil {
		return err
	}
	if err := c.metadata(f.File, m, b.hadMetadata); err != nil {
		return err
	}
	if created {
		// The one file of a new photo: its words need no search, unless its content was seen before.
		if !fresh {
			c.mark(photo, dirtWords)
		} else if c.dirty[photo] == 0 {
			var w words
			w.addFile(string(b.dir), string(b.name), m.title, m.description, m.keywords, m.alt, m.extended)
			if err := c.putWords(photo, &w); err != nil {
				return err
			}
		}
		if err := c.newFacts(photo, f, b.name, m); err != nil {
			return err
		}
	} else {
		c.mark(photo, dirtRow|dirtWords)
	}
	if f.Measures != nil {
		if err := c.measures(content, orientation, f.Measures); err != nil {
			return err
		}
	}
	if f.Vector != nil {
		return c.vectors(content, orientation, f)
	}
	return nil
}

func (c *committer) failure(f *IndexedFile, had bool) error {
	if f.Failure != nil {
		return c.exec(`INSERT INTO failure (file_id, stage, reason, at_ms) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET stage = excluded.stage, reason = excluded.reason, at_ms = excluded.at_ms`,
			f.File, f.Failure.Stage, clean(f.Failure.Reason), c.s.now().UnixMilli())
	}
	if had {
		return c.exec("DELETE FROM failure WHERE file_id = ?", f.File)
	}
	return nil
}

func (c *committer) content(id library.Content) (row int64, fresh bool, err error) {
	r, err := c.result("INSERT INTO content (scheme, digest) VALUES (?, ?) ON CONFLICT DO NOTHING", id.Scheme, id.Digest[:])
	if err != nil {
		return 0, false, err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		row, lastErr := r.LastInsertId()
		return row, true, errors.Join(err, lastErr)
	}
	_, err = c.get("SELECT id FROM content WHERE scheme = ? AND digest = ?", []any{id.Scheme, id.Digest[:]}, []any{&row})
	return row, false, err
}

// photo finds or makes the photo that the file shows now.
func (c *committer) photo(f *IndexedFile, b *before, m *metadataRow, content int64, fresh bool, orientation int) (id library.PhotoID, created bool, err error) {
	if !fresh {
		if _, err := c.get("SELECT id FROM photo WHERE content_id = ?", []any{content}, []any{&id}); err != nil {
			return 0, false, err
		}
	}
	old := library.PhotoID(b.photo.Int64)
	if old != 0 && id == old {
		return id, false, nil
	}
	edited := old != 0 && samePicture(b, m, f.SamePicture)
	if old != 0 && !edited {
		// A photo whose content a repair could not read takes that of its file.
		if edited, err = c.get("SELECT 1 FROM photo p JOIN content t ON t.id = p.content_id WHERE p.id = ? AND t.scheme = ?",
			[]any{old, lostScheme}, []any{new(int)}); err != nil {
			return 0, false, err
		}
	}
	if edited {
		var others int
		if _, err := c.get("SELECT count(*) FROM file WHERE photo_id = ? AND id <> ?", []any{old, f.File}, []any{&others}); err != nil {
			return 0, false, err
		}
		if others == 0 {
			c.moved = true
			if id == 0 {
				return old, false, c.exec("UPDATE photo SET content_id = ? WHERE id = ?", content, old)
			}
			return id, false, c.replacePhoto(old, id)
		}
	}
	if old != 0 {
		c.mark(old, dirtRow|dirtWords)
	}
	if id == 0 {
		created = true
		// The content may have been shown before, by a photo that was edited since: its vectors
		// are old, but they belong to a new photo.
		c.moved = c.moved || !fresh
		row, err := c.insert("INSERT INTO photo (content_id, orientation, primary_file, taken_ms, sort_ms, shown) VALUES (?, ?, ?, ?, ?, 1)",
			content, orientation, f.File, m.taken, sortTime(m.taken, f.Stat.ModTime))
		if err != nil {
			return 0, false, err
		}
		id = library.PhotoID(row)
	}
	if edited {
		return id, created, c.mergeWords(old, id)
	}
	return id, created, nil
}

// samePicture tells an edit in place from a replacement. Capture data decide where both
// readings have them: cameras reuse file names but not the time. Where they are silent the
// pictures themselves decide.
func samePicture(b *before, m *metadataRow, byVectors bool) bool {
	says := func(taken sql.NullInt64, camera string) bool { return taken.Valid && camera != "" }
	if b.hadMetadata && says(b.taken, b.make+b.model) && says(m.taken, m.make+m.model) {
		return b.taken == m.taken && b.make == m.make && b.model == m.model
	}
	return byVectors
}

// metadataRow is library.Metadata as its table holds it.
type metadataRow struct {
	format                       string
	width, height, orientation   int
	taken, zone                  sql.NullInt64
	make, model, lens            string
	iso                          sql.NullInt64
	fNumber, exposure            sql.NullFloat64
	focal, focal35, lat, lon, up sql.NullFloat64
	title, description, keywords string
	creator, copyright, alt      string
	extended                     string
	rating                       sql.NullInt64
	duration                     sql.NullInt64
	motion                       bool
	pair, burst, profile         string
}

func newMetadataRow(m *library.Metadata, orientation int) *metadataRow {
	r := &metadataRow{
		format: clean(m.Format), width: m.Width, height: m.Height, orientation: orientation,
		make: clean(m.Make), model: clean(m.Model), lens: clean(m.Lens),
		iso:     sql.NullInt64{Int64: int64(m.ISO), Valid: m.ISO != 0},
		fNumber: real(m.FNumber), exposure: real(m.Exposure), focal: real(m.Focal), focal35: real(m.Focal35),
		title: clean(m.Title), description: clean(m.Description), keywords: "[]",
		creator: clean(m.Creator), copyright: clean(m.Copyright), alt: clean(m.AltText), extended: clean(m.Extended),
		rating:   sql.NullInt64{Int64: int64(m.Rating), Valid: m.Rating != 0},
		duration: sql.NullInt64{Int64: m.Duration.Milliseconds(), Valid: m.Duration > 0},
		motion:   m.Motion, pair: clean(m.Pair), burst: clean(m.Burst), profile: clean(m.Profile),
	}
	if !m.Taken.IsZero() {
		t := m.Taken
		wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		r.taken = sql.NullInt64{Int64: wall.UnixMilli(), Valid: true}
		if m.HasZone {
			_, seconds := t.Zone()
			r.zone = sql.NullInt64{Int64: int64(seconds / 60), Valid: true}
		}
	}
	if m.GPS != nil {
		r.lat, r.lon, r.up = number(m.GPS.Lat), number(m.GPS.Lon), number(m.GPS.Alt)
	}
	if len(m.Keywords) > 0 {
		words := make([]string, len(m.Keywords))
		for i, k := range m.Keywords {
			words[i] = clean(k)
		}
		if b, err := json.Marshal(words); err == nil {
			r.keywords = string(b)
		}
	}
	return r
}

// clean makes text of a file fit for the database: UTF-8 without NUL.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// number is NULL for what is no number; real also for 0, which means "not said".
func number(f float64) sql.NullFloat64 {
	return sql.NullFloat64{Float64: f, Valid: !math.IsNaN(f) && !math.IsInf(f, 0)}
}

func real(f float64) sql.NullFloat64 {
	n := number(f)
	n.Valid = n.Valid && f != 0
	return n
}

func (c *committer) metadata(file library.FileID, m *metadataRow, had bool) error {
	if had {
		if err := c.exec("DELETE FROM metadata WHERE file_id = ?", file); err != nil {
			return err
		}
	}
	return c.exec(`INSERT INTO metadata (file_id, format, width, height, orientation, taken_ms, zone_min,
			make, model, lens, iso, f_number, exposure_s, focal_mm, focal35_mm, lat, lon, alt_m,
			title, description, keywords, creator, copyright, rating, alt_text, extended,
			duration_ms, motion, pair, burst, profile)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		file, m.format, m.width, m.height, m.orientation, m.taken, m.zone,
		m.make, m.model, m.lens, m.iso, m.fNumber, m.exposure, m.focal, m.focal35, m.lat, m.lon, m.up,
		m.title, m.description, m.keywords, m.creator, m.copyright, m.rating, m.alt, m.extended,
		m.duration, m.motion, m.pair, m.burst, m.profile)
}

func (c *committer) measures(content int64, orientation int, m *library.Measures) error {
	return c.exec(`INSERT INTO picture (content_id, orientation, width, height, phash, sharpness, exposure, colour, palette, warning)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET width = excluded.width, height = excluded.height, phash = excluded.phash,
			sharpness = excluded.sharpness, exposure = excluded.exposure, colour = excluded.colour,
			palette = excluded.palette, warning = excluded.warning`,
		content, orientation, m.Width, m.Height, int64(m.PHash), finite(m.Sharpness), finite(m.Exposure), int64(m.Colour), packPalette(m.Palette), clean(m.Warning))
}

func packPalette(swatches []library.Swatch) []byte {
	b := make([]byte, 0, 4*len(swatches))
	for _, s := range swatches {
		b = append(b, byte(s.Colour>>16), byte(s.Colour>>8), byte(s.Colour), s.Share)
	}
	return b
}

// unpackPalette appends the colours of a packed palette.
func unpackPalette(to []library.Swatch, palette []byte) []library.Swatch {
	for ; len(palette) >= 4; palette = palette[4:] {
		v := binary.BigEndian.Uint32(palette)
		to = append(to, library.Swatch{Colour: v >> 8, Share: uint8(v)})
	}
	return to
}

func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// knownPicture stores vectors of a picture. What was forgotten meanwhile stays so.
func (c *committer) knownPicture(f *IndexedFile) error {
	var content int64
	ok, err := c.get("SELECT id FROM content WHERE scheme = ? AND digest = ?", []any{f.Content.Scheme, f.Content.Digest[:]}, []any{&content})
	if err != nil || !ok || f.Vector == nil {
		return err
	}
	return c.vectors(content, f.Metadata.Orientation, f)
}

// vectors stores the first vectors of a picture in a space; second ones are the same again.
func (c *committer) vectors(content int64, orientation int, f *IndexedFile) error {
	dim, ok := c.dims[f.Space]
	if !ok {
		found, err := c.get("SELECT dim FROM space WHERE id = ?", []any{f.Space}, []any{&dim})
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("store a vector of space %d: %w", f.Space, library.ErrNotFound)
		}
		c.dims[f.Space] = dim
	}
	put := func(view int, v []float32, at sql.NullInt64) error {
		if len(v) != dim {
			return fmt.Errorf("a vector of %d values does not belong to a space of %d dimensions", len(v), dim)
		}
		c.buf = float16.Append(c.buf[:0], v)
		return c.exec(`INSERT INTO vector (content_id, orientation, space_id, view, provider, data, at_ms, mark) VALUES (?, ?, ?, ?, ?, ?, ?, random())
			ON CONFLICT DO NOTHING`, content, orientation, f.Space, view, f.Provider, c.buf, at)
	}
	var at sql.NullInt64
	if f.At != nil {
		at = sql.NullInt64{Int64: f.At.Milliseconds(), Valid: true}
	}
	if err := put(0, f.Vector, at); err != nil {
		return err
	}
	for i, v := range f.Views {
		if err := put(i+1, v.Vector, sql.NullInt64{Int64: v.At.Milliseconds(), Valid: v.At >= 0}); err != nil {
			return err
		}
	}
	return nil
}
