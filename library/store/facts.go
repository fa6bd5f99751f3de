package store

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"strconv"
	"strings"

	"descry/library"
	"descry/library/colours"
	"descry/library/kinds"
)

// Bits of fact.flags.
const (
	flagVideo = 1 << iota
	flagRaw
	flagScreenshot
	flagPanorama
	flagMotion
	flagCamera      // the file names a camera or its settings
	flagDescription // or a title
	flagKeywords
	flagAlt // alt text in the file
	flagUpright
	flagSquare
	flagWide
)

// factsRules counts changes of how facts are worked out. A library of another number gets them
// anew when it is opened for writing.
const factsRules = 1

// facts are what a photo's row in the table fact is made from.
type facts struct {
	*metadataRow
	names         []string // of its present files, else of all
	copies        bool
	width, height int // upright; 0: not known
	colours       colours.Main
}

// row returns the values of the columns behind photo_id but camera and lens.
func (f *facts) row() []any {
	flags := 0
	set := func(on bool, flag int) {
		if on {
			flags |= flag
		}
	}
	camera := f.make != "" || f.model != "" || f.fNumber.Valid || f.exposure.Valid
	kind := kinds.Of(f.format, f.width, f.height, camera, f.names)
	set(kind == kinds.Video, flagVideo)
	set(kind == kinds.Screenshot, flagScreenshot)
	set(kind == kinds.Panorama, flagPanorama)
	set(kinds.Raw(f.format), flagRaw)
	set(f.motion, flagMotion)
	set(camera, flagCamera)
	set(f.title != "" || f.description != "", flagDescription)
	set(f.keywords != "[]", flagKeywords)
	set(f.alt != "", flagAlt)
	set(f.width < f.height, flagUpright)
	set(f.width == f.height && f.width > 0, flagSquare)
	set(f.width > f.height, flagWide)
	size := func(n int) sql.NullInt64 { return sql.NullInt64{Int64: int64(n), Valid: n > 0} }
	var clock, spot, lat, lon sql.NullInt64
	if f.taken.Valid {
		clock = sql.NullInt64{Int64: clockOf(f.taken.Int64), Valid: true}
	}
	if f.lat.Valid && f.lon.Valid {
		spot = sql.NullInt64{Int64: int64(SpotOf(f.lat.Float64, f.lon.Float64)), Valid: true}
		lat = sql.NullInt64{Int64: fine(f.lat.Float64), Valid: true}
		lon = sql.NullInt64{Int64: fine(f.lon.Float64), Valid: true}
	}
	ext := ""
	if len(f.names) > 0 {
		ext = extOf(f.names[0])
	}
	return []any{
		flags, int64(f.colours), size(f.width), size(f.height), f.fNumber, f.focal, f.iso,
		max(f.rating.Int64, 0), clock, spot, lat, lon, ext, f.copies,
	}
}

// extOf is the end of a file name in lower case, without its dot.
func extOf(name string) string { return strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")) }

// clockOf is when in a week a wall clock (milliseconds, as if UTC) is: minutes since Sunday,
// 0 o'clock.
func clockOf(ms int64) int64 {
	const minute, week = 60_000, 7 * 24 * 60
	minutes := ms / minute
	if ms%minute < 0 {
		minutes-- // before 1970 division goes up
	}
	return ((minutes+4*24*60)%week + week) % week // 1 January 1970 was a Thursday
}

// putFacts writes the facts of a photo that has none.
func (t *tx) putFacts(id library.PhotoID, f *facts) error {
	var camera, lens sql.NullInt64
	var err error
	if f.make != "" || f.model != "" {
		if camera, err = t.named("camera", "make, model", f.make, f.model); err != nil {
			return err
		}
	}
	if f.lens != "" {
		if lens, err = t.named("lens", "name", f.lens); err != nil {
			return err
		}
	}
	return t.exec(`INSERT INTO fact (photo_id, camera, lens, flags, colours, width, height, f_number, focal, iso, rating, clock, spot, lat, lon, ext, copies)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append([]any{id, camera, lens}, f.row()...)...)
}

// named is the number of a camera or lens, which gets one when it is new.
func (t *tx) named(table, columns string, values ...any) (id sql.NullInt64, err error) {
	key := fmt.Sprintf("%s %q", table, values)
	if n, ok := t.numbers[key]; ok {
		return n, nil
	}
	where := "(" + columns + ") = (?" + strings.Repeat(", ?", len(values)-1) + ")"
	known, err := t.get("SELECT id FROM "+table+" WHERE "+where, values, []any{&id})
	if err == nil && !known {
		id.Valid = true
		id.Int64, err = t.insert("INSERT INTO "+table+" ("+columns+") VALUES (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	}
	if t.numbers == nil {
		t.numbers = map[string]sql.NullInt64{}
	}
	t.numbers[key] = id
	return id, err
}

// settleFacts works out the facts of a photo with these files, the one first that it is read
// from. A photo without files has none.
func (t *tx) settleFacts(id library.PhotoID, files []heldFile) error {
	if err := t.exec("DELETE FROM fact WHERE photo_id = ?", id); err != nil || len(files) == 0 {
		return err
	}
	primary := files[0]
	f := facts{metadataRow: &metadataRow{keywords: "[]"}}
	for _, x := range files {
		if x.present == primary.present {
			f.names = append(f.names, string(x.name))
		}
	}
	f.copies = primary.present && len(f.names) > 1
	m := f.metadataRow
	if _, err := t.get(`SELECT format, width, height, orientation, taken_ms, make, model, lens, iso, f_number, exposure_s, focal_mm,
			lat, lon, title, description, keywords, rating, alt_text, motion FROM metadata WHERE file_id = ?`, []any{primary.id},
		[]any{
			&m.format, &m.width, &m.height, &m.orientation, &m.taken, &m.make, &m.model, &m.lens, &m.iso, &m.fNumber, &m.exposure, &m.focal,
			&m.lat, &m.lon, &m.title, &m.description, &m.keywords, &m.rating, &m.alt, &m.motion,
		}); err != nil {
		return err
	}
	f.upright()
	var first uint32
	var palette []byte
	measured, err := t.get(`SELECT i.width, i.height, i.colour, i.palette FROM photo p
		JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation WHERE p.id = ?`, []any{id},
		[]any{&f.width, &f.height, &first, &palette})
	if err != nil {
		return err
	}
	if measured {
		f.colours = colours.MainOf(first, unpackPalette(nil, palette))
	}
	return t.putFacts(id, &f)
}

// newFacts writes the facts of a photo that was made just now, of a file with this name.
func (t *tx) newFacts(id library.PhotoID, found *IndexedFile, name []byte, m *metadataRow) error {
	if found.Measures == nil {
		t.mark(id, dirtFacts) // the content may have been measured before
		return nil
	}
	f := facts{
		metadataRow: m, names: []string{string(name)}, width: found.Measures.Width, height: found.Measures.Height,
		colours: colours.MainOf(found.Measures.Colour, found.Measures.Palette),
	}
	return t.putFacts(id, &f)
}

// upright takes the size from the metadata.
func (f *facts) upright() {
	f.width, f.height = f.metadataRow.width, f.metadataRow.height
	if f.orientation >= 5 {
		f.width, f.height = f.height, f.width
	}
}

// catchUpFacts works out the facts of all photos where an older version of the program, or
// rules of another time, left them.
func (s *Store) catchUpFacts(ctx context.Context) error {
	done := strconv.Itoa(factsRules)
	var state string
	if err := s.ro.QueryRowContext(ctx, "SELECT facts FROM library").Scan(&state); err != nil || state == done {
		return mapError(err)
	}
	if s.readOnly {
		return errOutdated
	}
	s.log.Info("working out what filters ask of photos")
	for more := true; more; {
		err := s.write(ctx, true, func(t *tx) error {
			rules, at, _ := strings.Cut(state, ":")
			last, err := strconv.ParseInt(at, 10, 64)
			if rules != done || err != nil {
				last = 0
			}
			n := 0
			if err := t.each("SELECT id FROM photo WHERE id > ? ORDER BY id LIMIT 1000", []any{last}, func(rows *sql.Rows) error {
				n++
				err := rows.Scan(&last)
				t.mark(library.PhotoID(last), dirtFacts)
				return err
			}); err != nil {
				return err
			}
			state = done
			if more = n == 1000; more {
				state = fmt.Sprint(done, ":", last)
			}
			return t.exec("UPDATE library SET facts = ?", state)
		})
		if err != nil {
			return fmt.Errorf("work out what filters ask of photos: %w", err)
		}
	}
	return nil
}
