package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"descry/library"
)

// ListFilter chooses photos. The zero value is every photo with a present file; each field
// that is set narrows it.
type ListFilter struct {
	Root library.RootID // photos with a present file in this root …
	Dir  string         // … in this folder of it (relative, "/" separated) or below
	Flat bool           // … not below

	Label         library.LabelID // photos with this confirmed tag …
	Space         library.SpaceID // … or, if set, with this suggestion in this space …
	MinConfidence float64         // … from this confidence on, unless rejected

	Untagged    bool // no confirmed tag
	AltToReview bool // no alt text that a person wrote or approved
	Favourite   bool
	MinRating   int       // the person's rating, else the file's, is at least this (1 to 5)
	From, To    time.Time // taken (else modified) from From, before To; wall clocks, zones are ignored
	Album       int64     // in this plain album, in any order
	Missing     bool      // instead: photos all of whose files are missing
	Stacked     bool      // no photo of a stack for which another chosen one stands
	IDs         []library.PhotoID
	OnlyIDs     bool // IDs holds, even when it is empty
	Limit       int  // 0: all
	Offset      int
}

// wall reads a time's wall clock as UTC, in milliseconds: the scale of photo.sort_ms.
func wall(t time.Time) int64 {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC).UnixMilli()
}

// where writes the filter as a condition on photo p.
func (f ListFilter) where() (string, []any) {
	cond, args := []string{"p.shown = 1"}, []any{}
	add := func(c string, a ...any) {
		cond, args = append(cond, c), append(args, a...)
	}
	if f.Missing {
		cond[0] = "p.shown = 0 AND EXISTS (SELECT 1 FROM file f WHERE f.photo_id = p.id)"
	}
	if f.Root != 0 {
		c := "p.id IN (SELECT f.photo_id FROM file f WHERE f.root_id = ? AND f.state = 'present'"
		a := []any{f.Root}
		switch {
		case f.Flat:
			c += " AND f.dir = ?"
			a = append(a, []byte(f.Dir))
		case f.Dir != "":
			c += " AND (f.dir = ? OR (f.dir > ? AND f.dir < ?))" // '0' follows '/'
			a = append(a, []byte(f.Dir), []byte(f.Dir+"/"), []byte(f.Dir+"0"))
		}
		add(c+")", a...)
	}
	if f.Label != 0 {
		c := "p.id IN (SELECT g.photo_id FROM tag g WHERE g.label_id = ? AND g.state = 'confirmed'"
		a := []any{f.Label}
		if f.Space != 0 {
			c += ` UNION SELECT q.id FROM suggestion u JOIN photo q ON q.content_id = u.content_id AND q.orientation = u.orientation
				WHERE u.label_id = ? AND u.space_id = ? AND u.confidence >= ?
					AND NOT EXISTS (SELECT 1 FROM tag g WHERE g.photo_id = q.id AND g.label_id = u.label_id)`
			a = append(a, f.Label, f.Space, f.MinConfidence)
		}
		add(c+")", a...)
	}
	if f.Untagged {
		add(`NOT EXISTS (SELECT 1 FROM tag g JOIN label l ON l.id = g.label_id JOIN label_set s ON s.id = l.set_id
			WHERE g.photo_id = p.id AND g.state = 'confirmed' AND l.removed = 0 AND s.removed = 0)`)
	}
	if f.AltToReview {
		add("NOT EXISTS (SELECT 1 FROM alt_text a WHERE a.photo_id = p.id)")
	}
	if f.Favourite {
		add("p.id IN (SELECT k.photo_id FROM mark k WHERE k.favourite = 1)")
	}
	if f.MinRating > 0 {
		add(`coalesce((SELECT k.rating FROM mark k WHERE k.photo_id = p.id),
			(SELECT m.rating FROM metadata m WHERE m.file_id = p.primary_file), 0) >= ?`, f.MinRating)
	}
	if !f.From.IsZero() {
		add("p.sort_ms >= ?", wall(f.From))
	}
	if !f.To.IsZero() {
		add("p.sort_ms < ?", wall(f.To))
	}
	if f.Album != 0 {
		add("p.id IN (SELECT x.photo_id FROM album_photo x WHERE x.album_id = ?)", f.Album)
	}
	if f.OnlyIDs || len(f.IDs) > 0 {
		add("p.id IN (SELECT value FROM json_each(?))", idList(f.IDs))
	}
	return strings.Join(cond, " AND "), args
}

// Photos lists the photos that a filter chooses, newest first: by the time they were taken,
// else by the time their file was written.
func (s *Store) Photos(ctx context.Context, f ListFilter) ([]library.PhotoID, error) {
	if f.Stacked {
		return s.inFront(ctx, f)
	}
	where, args := f.where()
	limit := f.Limit
	if limit <= 0 {
		limit = -1
	}
	// One text with all ids costs a tenth of one row each.
	query := `SELECT group_concat(id, ',') FROM (SELECT p.id AS id FROM photo p WHERE ` + where +
		` ORDER BY p.sort_ms DESC, p.id DESC LIMIT ? OFFSET ?)`
	var text sql.NullString
	if err := s.ro.QueryRowContext(ctx, query, append(args, limit, f.Offset)...).Scan(&text); err != nil {
		return nil, fmt.Errorf("list photos: %w", mapError(err))
	}
	return parseIDs(text.String)
}

func parseIDs(text string) ([]library.PhotoID, error) {
	if text == "" {
		return nil, nil
	}
	ids := make([]library.PhotoID, 0, strings.Count(text, ",")+1)
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, ",")
		n, err := strconv.ParseInt(one, 10, 64)
		if err != nil {
			return nil, err
		}
		ids = append(ids, library.PhotoID(n))
	}
	return ids, nil
}

// Count tells how many photos a filter chooses; Limit and Offset do not matter.
func (s *Store) Count(ctx context.Context, f ListFilter) (int, error) {
	if f.Stacked {
		f.Limit, f.Offset = 0, 0
		ids, err := s.inFront(ctx, f)
		return len(ids), err
	}
	if reflect.DeepEqual(f, ListFilter{Limit: f.Limit, Offset: f.Offset}) { // of all, which every search asks for
		shown, err := s.shownSet(ctx)
		if err != nil {
			return 0, fmt.Errorf("count photos: %w", err)
		}
		return shown.Len(), nil
	}
	where, args := f.where()
	var n int
	if err := s.ro.QueryRowContext(ctx, "SELECT count(*) FROM photo p WHERE "+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count photos: %w", mapError(err))
	}
	return n, nil
}

// Card is what a cell of the grid shows of a photo.
type Card struct {
	Photo     library.PhotoID
	Path      string // absolute; of the primary file, or of one that can be read now. "" without any file
	Name      string
	Files     int               // files that hold the photo, missing ones included
	State     library.FileState // Present: a file can be read now; Offline: its disk is away; Missing
	Taken     time.Time         // when taken, else when the file was written
	Dated     bool              // Taken comes from the camera
	HasZone   bool              // Taken carries the camera's time zone; else its wall clock is meant
	Format    string
	Picture   library.Picture
	Width     int // upright pixels; 0 while unknown
	Height    int
	Colour    uint32 // 0xRRGGBB, 0 while unknown
	Favourite bool
	Rating    int              // the person's, else the file's; 0: none
	Alt       string           // the text that a person wrote or approved, "en" first; "" where there is none
	AltState  library.AltState // AltDraft where there is none
	Tagged    bool             // has a confirmed tag
	Motion    bool             // the file holds a short film, too (motion photo)
	Duration  time.Duration    // of a video
	Stacked   int              // photos of the stack that it stands for, itself included; 0: of none
}

// Cards returns the cards of photos in the order of ids; unknown ids are left out.
func (s *Store) Cards(ctx context.Context, ids []library.PhotoID) ([]Card, error) {
	var out []Card
	err := s.snapshot(ctx, func(q querier) error {
		var err error
		out, err = cards(ctx, q, ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the cards of photos: %w", err)
	}
	return out, nil
}

func cards(ctx context.Context, q querier, ids []library.PhotoID) ([]Card, error) {
	out := make([]Card, 0, len(ids))
	var away []int // cards whose primary file is on a disk that is away
	err := eachRow(ctx, q, `SELECT p.id, p.orientation, p.shown, p.sort_ms, p.taken_ms IS NOT NULL, m.zone_min, c.scheme, c.digest,
			r.path, r.state = 'offline', f.dir, f.name, coalesce(m.format, ''),
			coalesce(i.width, 0), coalesce(i.height, 0), coalesce(i.colour, 0), coalesce(m.width, 0), coalesce(m.height, 0),
			coalesce(k.favourite, 0), max(coalesce(k.rating, m.rating, 0), 0),
			(SELECT count(*) FROM file g WHERE g.photo_id = p.id),
			(SELECT count(*) FROM stack_member h WHERE h.stack = p.id), coalesce(m.motion, 0), coalesce(m.duration_ms, 0),
			a.text, a.state,
			EXISTS (SELECT 1 FROM tag g JOIN label l ON l.id = g.label_id JOIN label_set s ON s.id = l.set_id
				WHERE g.photo_id = p.id AND g.state = 'confirmed' AND l.removed = 0 AND s.removed = 0)
		FROM json_each(?) j JOIN photo p ON p.id = j.value JOIN content c ON c.id = p.content_id
		LEFT JOIN file f ON f.id = p.primary_file LEFT JOIN root r ON r.id = f.root_id LEFT JOIN metadata m ON m.file_id = f.id
		LEFT JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation
		LEFT JOIN mark k ON k.photo_id = p.id
		LEFT JOIN alt_text a ON a.photo_id = p.id AND a.lang = (SELECT b.lang FROM alt_text b WHERE b.photo_id = p.id ORDER BY b.lang <> 'en', b.lang LIMIT 1)
		ORDER BY j.key`, []any{idList(ids)}, func(rows *sql.Rows) error {
		var c Card
		var orientation, mw, mh int
		var shown bool
		var sort, duration int64
		var zone sql.NullInt64
		var scheme string
		var digest, root, dir, name []byte
		var offline sql.NullBool
		var alt, altState sql.NullString
		if err := rows.Scan(&c.Photo, &orientation, &shown, &sort, &c.Dated, &zone, &scheme, &digest,
			&root, &offline, &dir, &name, &c.Format, &c.Width, &c.Height, &c.Colour, &mw, &mh,
			&c.Favourite, &c.Rating, &c.Files, &c.Stacked, &c.Motion, &duration, &alt, &altState, &c.Tagged); err != nil {
			return err
		}
		c.Duration = time.Duration(duration) * time.Millisecond
		c.Picture = picture(scheme, digest, orientation)
		c.Taken, c.HasZone = takenTime(sort, zone, c.Dated), c.Dated && zone.Valid
		c.Alt, c.AltState = alt.String, library.AltDraft
		if altState.Valid {
			c.AltState = library.AltState(altState.String)
		}
		if c.Width == 0 {
			if c.Width, c.Height = mw, mh; orientation >= 5 {
				c.Width, c.Height = mh, mw
			}
		}
		c.State = library.Missing
		if c.Name = string(name); c.Name != "" {
			c.Path = joinPath(string(root), string(dir), c.Name)
		}
		if shown {
			c.State = library.Present
			if offline.Bool {
				c.State = library.Offline
				away = append(away, len(out))
			}
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, i := range away {
		// Another copy may be at hand.
		var root, dir, name []byte
		err := q.QueryRowContext(ctx, `SELECT r.path, f.dir, f.name FROM file f JOIN root r ON r.id = f.root_id
			WHERE f.photo_id = ? AND f.state = 'present' AND r.state = 'present' ORDER BY r.path, f.dir, f.name LIMIT 1`,
			out[i].Photo).Scan(&root, &dir, &name)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, mapError(err)
		}
		out[i].State, out[i].Name = library.Present, string(name)
		out[i].Path = joinPath(string(root), string(dir), out[i].Name)
	}
	return out, nil
}

// takenTime reads the scale of sort_ms: the camera's wall clock in its zone where it is
// known, else in UTC; the time of the file in the local zone.
func takenTime(ms int64, zone sql.NullInt64, dated bool) time.Time {
	t := time.UnixMilli(ms)
	if !dated {
		return t
	}
	t = t.UTC()
	if !zone.Valid {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), fixedZone(int(zone.Int64)))
}

func fixedZone(minutes int) *time.Location {
	if minutes == 0 {
		return time.FixedZone("UTC", 0)
	}
	return time.FixedZone("", minutes*60)
}

// FileInfo is one file of a photo.
type FileInfo struct {
	library.File                  // State is Offline where its root is
	Path         string           // absolute
	Failure      *library.Failure // why it could not be used when it was last looked at, or nil
}

// Detail is what is known of one photo.
type Detail struct {
	Card
	Files    []FileInfo // the primary one first
	Metadata library.Metadata
	Measures *library.Measures // nil while the picture was not measured
	Alts     []library.AltText // what a person wrote or approved, by language
	Albums   []Album
	Spaces   []library.SpaceID // vector spaces in which the picture is encoded
}

// Detail returns what is known of a photo. Error: library.ErrNotFound.
func (s *Store) Detail(ctx context.Context, id library.PhotoID) (Detail, error) {
	var d Detail
	err := s.snapshot(ctx, func(q querier) error {
		list, err := cards(ctx, q, []library.PhotoID{id})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return library.ErrNotFound
		}
		d.Card = list[0]
		return d.fill(ctx, q)
	})
	if err != nil {
		return Detail{}, fmt.Errorf("read photo %d: %w", id, err)
	}
	if d.Alts, err = s.altsOf(ctx, id); err != nil {
		return Detail{}, err
	}
	return d, nil
}

func (s *Store) altsOf(ctx context.Context, id library.PhotoID) ([]library.AltText, error) {
	all, err := s.AltTexts(ctx, []library.PhotoID{id})
	return all[id], err
}

func (d *Detail) fill(ctx context.Context, q querier) error {
	var err error
	if d.Files, err = files(ctx, q, "f.photo_id = ?", d.Photo); err != nil {
		return err
	}
	if len(d.Files) > 0 {
		if d.Metadata, err = metadata(ctx, q, d.Files[0].ID); err != nil {
			return err
		}
	}
	var m library.Measures
	var hash int64
	pic := d.Picture
	err = q.QueryRowContext(ctx, `SELECT i.width, i.height, i.phash, i.sharpness, i.exposure, i.colour, i.warning
		FROM picture i JOIN photo p ON p.content_id = i.content_id AND p.orientation = i.orientation WHERE p.id = ?`, d.Photo).
		Scan(&m.Width, &m.Height, &hash, &m.Sharpness, &m.Exposure, &m.Colour, &m.Warning)
	switch {
	case err == nil:
		m.PHash = uint64(hash)
		d.Measures = &m
	case !errors.Is(err, sql.ErrNoRows):
		return mapError(err)
	}
	err = eachRow(ctx, q, `SELECT a.id, a.name FROM album a JOIN album_photo x ON x.album_id = a.id
		WHERE x.photo_id = ? AND a.removed = 0 ORDER BY a.name`, []any{d.Photo}, func(rows *sql.Rows) error {
		var a Album
		err := rows.Scan(&a.ID, &a.Name)
		d.Albums = append(d.Albums, a)
		return err
	})
	if err != nil {
		return err
	}
	return eachRow(ctx, q, `SELECT v.space_id FROM vector v JOIN content c ON c.id = v.content_id
		WHERE c.scheme = ? AND c.digest = ? AND v.orientation = ? AND v.view = 0 ORDER BY 1`,
		[]any{pic.Content.Scheme, pic.Content.Digest[:], pic.Orientation}, func(rows *sql.Rows) error {
			var id library.SpaceID
			err := rows.Scan(&id)
			d.Spaces = append(d.Spaces, id)
			return err
		})
}

// files lists files with their roots and failures, present ones first, by path.
func files(ctx context.Context, q querier, where string, args ...any) ([]FileInfo, error) {
	var out []FileInfo
	err := eachRow(ctx, q, "SELECT "+fileColumns+`, r.path, r.state = 'offline', x.stage, x.reason, x.at_ms
		FROM file f JOIN root r ON r.id = f.root_id LEFT JOIN failure x ON x.file_id = f.id
		WHERE `+where+` ORDER BY f.state = 'present' DESC, r.path, f.dir, f.name`, args, func(rows *sql.Rows) error {
		var root []byte
		var offline bool
		var stage, reason sql.NullString
		var at sql.NullInt64
		f, err := scanFile(rows, &root, &offline, &stage, &reason, &at)
		if err != nil {
			return err
		}
		info := FileInfo{File: f, Path: joinPath(string(root), f.Dir, f.Name)}
		if offline && f.State == library.Present {
			info.State = library.Offline
		}
		if stage.Valid {
			info.Failure = &library.Failure{File: f.ID, Path: info.Path, Stage: stage.String, Reason: reason.String, At: unixMilli(at.Int64)}
		}
		out = append(out, info)
		return nil
	})
	return out, err
}

// PhotoByPath finds the photo that the file at an absolute path holds. Errors:
// library.ErrNotFound when the path is not in the library, or was not looked at yet.
func (s *Store) PhotoByPath(ctx context.Context, path string) (library.PhotoID, error) {
	path = filepath.Clean(path)
	var photo library.PhotoID
	err := s.snapshot(ctx, func(q querier) error {
		roots, err := rootPaths(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range roots {
			rel, err := filepath.Rel(r.Path, path)
			if err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
				continue
			}
			dir, name := filepath.Split(rel)
			dir = strings.TrimSuffix(filepath.ToSlash(dir), "/")
			err = q.QueryRowContext(ctx, "SELECT photo_id FROM file WHERE root_id = ? AND dir = ? AND name = ? AND photo_id IS NOT NULL",
				r.ID, []byte(dir), []byte(name)).Scan(&photo)
			if !errors.Is(err, sql.ErrNoRows) {
				return mapError(err)
			}
		}
		return library.ErrNotFound
	})
	if err != nil {
		return 0, fmt.Errorf("the photo %s: %w", path, err)
	}
	return photo, nil
}

// metadata reads the metadata of a file; the zero Metadata if there is none.
func metadata(ctx context.Context, q querier, file library.FileID) (library.Metadata, error) {
	var m library.Metadata
	var taken, zone, iso, rating sql.NullInt64
	var fNumber, exposure, focal, focal35, lat, lon, alt sql.NullFloat64
	var keywords string
	var duration sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT format, width, height, orientation, taken_ms, zone_min, make, model, lens, iso, f_number,
			exposure_s, focal_mm, focal35_mm, lat, lon, alt_m, title, description, keywords, creator, copyright, rating, alt_text, extended,
			duration_ms, motion, pair, burst, profile
		FROM metadata WHERE file_id = ?`, file).
		Scan(&m.Format, &m.Width, &m.Height, &m.Orientation, &taken, &zone, &m.Make, &m.Model, &m.Lens, &iso, &fNumber,
			&exposure, &focal, &focal35, &lat, &lon, &alt, &m.Title, &m.Description, &keywords, &m.Creator, &m.Copyright,
			&rating, &m.AltText, &m.Extended, &duration, &m.Motion, &m.Pair, &m.Burst, &m.Profile)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return m, mapError(err)
	}
	if taken.Valid {
		m.Taken, m.HasZone = takenTime(taken.Int64, zone, true), zone.Valid
	}
	m.ISO, m.Rating = int(iso.Int64), int(rating.Int64)
	m.Duration = time.Duration(duration.Int64) * time.Millisecond
	m.FNumber, m.Exposure, m.Focal, m.Focal35 = fNumber.Float64, exposure.Float64, focal.Float64, focal35.Float64
	if lat.Valid && lon.Valid {
		m.GPS = &library.GPS{Lat: lat.Float64, Lon: lon.Float64, Alt: alt.Float64}
	}
	if keywords != "[]" {
		m.Keywords, err = keywordList(keywords)
	}
	return m, err
}
