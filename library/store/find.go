package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"descry/library"
)

// Condition is something that holds for a photo or does not. The functions of this file make
// conditions; the zero Condition holds for every photo.
type Condition struct {
	kind    conditionKind
	sql     string // of a leaf: a query of the ids of photos, or a condition on the joined tables
	args    []any
	kids    []Condition
	set     library.PhotoSet
	missing bool // speaks of photos whose files are gone, so those count, too
}

type conditionKind int

const (
	always   conditionKind = iota
	onTables               // sql is a condition on photo p, its primary file f, metadata m and picture i
	given                  // set holds the photos
	allOf
	oneOf
	noneOf
)

func cond(sql string, args ...any) Condition { return Condition{kind: onTables, sql: sql, args: args} }

// Both holds where all of some conditions do.
func Both(all ...Condition) Condition { return joined(allOf, all) }

// Either holds where one of some conditions does; of none, nowhere.
func Either(some ...Condition) Condition { return joined(oneOf, some) }

// Except holds where a condition does not: what is not known does not hold.
func Except(c Condition) Condition { return joined(noneOf, []Condition{c}) }

func joined(kind conditionKind, kids []Condition) Condition {
	out := Condition{kind: kind, kids: kids}
	for _, c := range kids {
		out.missing = out.missing || c.missing
	}
	return out
}

// In holds for the photos of a set.
func In(set library.PhotoSet) Condition { return Condition{kind: given, set: set} }

// OneOf holds for these photos.
func OneOf(ids []library.PhotoID) Condition { return In(library.PhotoSetOf(ids...)) }

// HasWords holds for the photos that MatchWords finds.
func HasWords(wq WordQuery) (Condition, error) {
	match, err := wq.match()
	if err != nil || match == "" {
		return Either(), err
	}
	return cond("p.id IN (SELECT rowid FROM words WHERE words MATCH ?)", match), nil
}

// TakenBetween holds for photos taken (else written) from one time until before another,
// wall clocks; the zero time leaves a side open.
func TakenBetween(from, to time.Time) Condition {
	var all []Condition
	if !from.IsZero() {
		all = append(all, cond("p.sort_ms >= ?", wall(from)))
	}
	if !to.IsZero() {
		all = append(all, cond("p.sort_ms < ?", wall(to)))
	}
	return Both(all...)
}

// InTheSouth holds for photos whose position is known to lie south of the equator.
func InTheSouth() Condition { return cond("m.lat < 0") }

// TakenInMonths holds for photos taken (else written) in months of any year, 1 to 12.
func TakenInMonths(from, to int) Condition {
	return cond("CAST(strftime('%m', p.sort_ms / 1000, 'unixepoch') AS INTEGER) BETWEEN ? AND ?", from, to)
}

// TakenAtTime holds for photos that the camera took at a time of day, in minutes since
// midnight, from until before; where to is not after from, over midnight.
func TakenAtTime(from, to int) Condition {
	const minute = "((p.taken_ms / 60000) % 1440 + 1440) % 1440" // before 1970 the remainder is negative
	if from < to {
		return cond("p.taken_ms IS NOT NULL AND "+minute+" >= ? AND "+minute+" < ?", from, to)
	}
	return cond("p.taken_ms IS NOT NULL AND ("+minute+" >= ? OR "+minute+" < ?)", from, to)
}

// TakenOn holds for photos that the camera took on days of the week, Sunday first.
func TakenOn(days [7]bool) Condition {
	var list []string
	for i, on := range days {
		if on {
			list = append(list, fmt.Sprintf("'%d'", i))
		}
	}
	return cond("p.taken_ms IS NOT NULL AND strftime('%w', p.taken_ms / 1000, 'unixepoch') IN (" + strings.Join(list, ", ") + ")")
}

// Quantity is something of a photo that is a number.
type Quantity int

// The quantities.
const (
	ISO        Quantity = iota
	FNumber             // f-stop
	Focal               // millimetres
	Megapixels          // of the picture
	Width               // upright pixels
	Height
	Rating // the person's, else the file's; 0 where there is none
	Aspect // the long side over the short one
)

const (
	uprightWidth  = "coalesce(i.width, CASE WHEN p.orientation >= 5 THEN m.height ELSE m.width END)"
	uprightHeight = "coalesce(i.height, CASE WHEN p.orientation >= 5 THEN m.width ELSE m.height END)"
)

var quantities = map[Quantity]string{
	ISO: "m.iso", FNumber: "m.f_number", Focal: "m.focal_mm", Width: uprightWidth, Height: uprightHeight,
	Megapixels: uprightWidth + " * " + uprightHeight + " / 1e6",
	Rating:     "max(coalesce((SELECT k.rating FROM mark k WHERE k.photo_id = p.id), m.rating, 0), 0)",
	Aspect: "1.0 * max(" + uprightWidth + ", " + uprightHeight + ") / nullif(min(" + uprightWidth + ", " + uprightHeight +
		"), 0)",
}

// Within holds for photos of which a quantity is known and lies from low to high, both
// included; infinity leaves a side open.
func Within(q Quantity, low, high float64) Condition {
	value := quantities[q]
	all := []Condition{cond(value + " IS NOT NULL")}
	if !math.IsInf(low, -1) {
		all = append(all, cond(value+" >= ?", low))
	}
	if !math.IsInf(high, 1) {
		all = append(all, cond(value+" <= ?", high))
	}
	return Both(all...)
}

// Shape holds for upright pictures by width against height: -1 higher than wide, 0 square,
// 1 wider than high.
func Shape(sign int) Condition {
	op := map[int]string{-1: "<", 0: "=", 1: ">"}[sign]
	return cond(uprightWidth + " " + op + " " + uprightHeight)
}

// TakenWith holds for photos whose camera (make and model) has all these texts in it, in any
// case.
func TakenWith(texts []string) Condition { return contains("m.make || ' ' || m.model", texts) }

// ThroughLens is TakenWith for the lens.
func ThroughLens(texts []string) Condition { return contains("m.lens", texts) }

func contains(value string, texts []string) Condition {
	var all []Condition
	for _, t := range texts {
		all = append(all, cond(value+` LIKE ? ESCAPE '\'`, "%"+escapeLike(t)+"%"))
	}
	return Both(all...)
}

// escapeLike makes a text stand for itself in a pattern of LIKE.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

// inFile holds for photos of which a present file x meets a condition.
func inFile(sql string, args ...any) Condition {
	return cond("EXISTS (SELECT 1 FROM file x WHERE x.photo_id = p.id AND (x.state = 'present' OR p.shown = 0) AND "+sql+")", args...)
}

// Named holds for photos with a file whose name fits a pattern, in any case: * is any text,
// ? one character.
func Named(pattern string) Condition {
	pattern = strings.NewReplacer("*", "%", "?", "_").Replace(escapeLike(pattern))
	return inFile(`CAST(x.name AS TEXT) LIKE ? ESCAPE '\'`, pattern)
}

// InFolder holds for photos in a folder of a root ("" for the root itself) or below it.
func InFolder(root library.RootID, dir string) Condition {
	where, args := ListFilter{Root: root, Dir: dir}.where()
	return cond(where, args...)
}

// Tagged holds for photos with one of these labels confirmed; where space is not 0, also
// suggested in it from a confidence on, unless rejected.
func Tagged(labels []library.LabelID, space library.SpaceID, from float64) Condition {
	list := idList(labels)
	c := cond(`p.id IN (SELECT g.photo_id FROM tag g WHERE g.state = 'confirmed' AND g.label_id IN (SELECT value FROM json_each(?)))`, list)
	if space == 0 {
		return c
	}
	return Either(c, cond(`p.id IN (SELECT q.id FROM suggestion u JOIN photo q ON q.content_id = u.content_id AND q.orientation = u.orientation
		WHERE u.label_id IN (SELECT value FROM json_each(?)) AND u.space_id = ? AND u.confidence >= ?
			AND NOT EXISTS (SELECT 1 FROM tag g WHERE g.photo_id = q.id AND g.label_id = u.label_id))`, list, space, from))
}

// InAlbum holds for photos of a plain album.
func InAlbum(id int64) Condition {
	return cond("p.id IN (SELECT x.photo_id FROM album_photo x WHERE x.album_id = ?)", id)
}

// OfFormat holds for photos in one of these formats, as library.Metadata has them.
func OfFormat(formats ...string) Condition {
	args := make([]any, len(formats))
	for i, f := range formats {
		args[i] = f
	}
	return cond("m.format IN (?"+strings.Repeat(", ?", len(formats)-1)+")", args...)
}

// OfSize holds for pictures of w × h pixels, upright or lying.
func OfSize(w, h int) Condition {
	return cond("m.width = ? AND m.height = ? OR m.width = ? AND m.height = ?", w, h, h, w)
}

// State is something that a photo is or has.
type State int

// The states.
const (
	IsFavourite  State = iota // a person marked it
	IsOffline                 // no disk that holds a file of it is connected
	IsMissing                 // all its files are gone
	IsUntagged                // no confirmed tag
	IsUnreviewed              // a person said nothing of its tags nor its alt text
	InStack                   // in a stack
	HasGPS
	HasAlt // an alt text that a person wrote or approved, here or in the file
	HasDescription
	HasKeywords
	HasCopies // several present files hold the picture
	HasMotion
	HasText    // text was recognised in the picture
	FromCamera // the file names a camera or its settings
)

var states = map[State]string{
	IsFavourite: "p.id IN (SELECT k.photo_id FROM mark k WHERE k.favourite = 1)",
	IsOffline: `p.shown = 1 AND NOT EXISTS (SELECT 1 FROM file x JOIN root r ON r.id = x.root_id
		WHERE x.photo_id = p.id AND x.state = 'present' AND r.state = 'present')`,
	IsMissing: "p.shown = 0",
	IsUntagged: `NOT EXISTS (SELECT 1 FROM tag g JOIN label l ON l.id = g.label_id JOIN label_set s ON s.id = l.set_id
		WHERE g.photo_id = p.id AND g.state = 'confirmed' AND l.removed = 0 AND s.removed = 0)`,
	IsUnreviewed: `NOT EXISTS (SELECT 1 FROM tag g WHERE g.photo_id = p.id)
		AND NOT EXISTS (SELECT 1 FROM alt_text a WHERE a.photo_id = p.id)`,
	InStack:        "p.id IN (SELECT h.photo_id FROM stack_member h)",
	HasGPS:         "m.lat IS NOT NULL AND m.lon IS NOT NULL",
	HasAlt:         "m.alt_text <> '' OR EXISTS (SELECT 1 FROM alt_text a WHERE a.photo_id = p.id)",
	HasDescription: "m.title <> '' OR m.description <> ''",
	HasKeywords:    "m.keywords <> '[]'",
	HasCopies:      "(SELECT count(*) FROM file x WHERE x.photo_id = p.id AND x.state = 'present') > 1",
	HasMotion:      "m.motion = 1",
	HasText: `EXISTS (SELECT 1 FROM recognised t WHERE t.content_id = p.content_id AND t.orientation = p.orientation
		AND t.state = 'text')`,
	FromCamera: "m.make <> '' OR m.model <> '' OR m.f_number IS NOT NULL OR m.exposure_s IS NOT NULL",
}

// Is holds for photos in a state.
func Is(s State) Condition {
	c := cond(states[s])
	c.missing = s == IsMissing
	return c
}

// Position is where a photo was taken, in degrees north and east.
type Position struct {
	Photo    library.PhotoID
	Lat, Lon float64
}

// Positions returns where photos were taken, of those with a present file and a position
// within a box of degrees. Where east is less than west the box goes over the date line.
func (s *Store) Positions(ctx context.Context, south, west, north, east float64) ([]Position, error) {
	across := "m.lon BETWEEN ? AND ?"
	if east < west {
		across = "(m.lon >= ? OR m.lon <= ?)"
	}
	var out []Position
	err := eachRow(ctx, s.ro, `SELECT p.id, m.lat, m.lon FROM metadata m JOIN photo p ON p.primary_file = m.file_id
		WHERE p.shown = 1 AND m.lat BETWEEN ? AND ? AND `+across, []any{south, north, west, east}, func(rows *sql.Rows) error {
		var p Position
		err := rows.Scan(&p.Photo, &p.Lat, &p.Lon)
		out = append(out, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read where photos were taken: %w", err)
	}
	return out, nil
}

// Cameras lists the cameras of the library's files, make and model, by name. Many models
// begin with the first word of the make, which then stands for it.
func (s *Store) Cameras(ctx context.Context) ([]string, error) {
	return s.distinct(ctx, `CASE WHEN make <> '' AND instr(lower(model), lower(substr(make, 1, instr(make || ' ', ' ') - 1))) = 1
		THEN model ELSE trim(make || ' ' || model) END`)
}

// Lenses lists the lenses of the library's files, by name.
func (s *Store) Lenses(ctx context.Context) ([]string, error) { return s.distinct(ctx, "lens") }

func (s *Store) distinct(ctx context.Context, value string) ([]string, error) {
	var out []string
	err := eachRow(ctx, s.ro, "SELECT DISTINCT "+value+" AS v FROM metadata WHERE v <> '' ORDER BY v", nil, func(rows *sql.Rows) error {
		var v string
		err := rows.Scan(&v)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list what cameras say: %w", err)
	}
	return out, nil
}

// Palettes calls fn for the dominant colours of every photo with a present file whose picture
// was measured; they are valid during the call only.
func (s *Store) Palettes(ctx context.Context, fn func(library.PhotoID, []library.Swatch)) error {
	var swatches []library.Swatch
	err := eachRow(ctx, s.ro, `SELECT p.id, i.colour, i.palette FROM photo p
		JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation WHERE p.shown = 1`, nil, func(rows *sql.Rows) error {
		var id library.PhotoID
		var colour uint32
		var palette sql.RawBytes
		if err := rows.Scan(&id, &colour, &palette); err != nil {
			return err
		}
		swatches = swatches[:0]
		for ; len(palette) >= 4; palette = palette[4:] {
			v := binary.BigEndian.Uint32(palette)
			swatches = append(swatches, library.Swatch{Colour: v >> 8, Share: uint8(v)})
		}
		if len(swatches) == 0 {
			swatches = append(swatches, library.Swatch{Colour: colour, Share: 255})
		}
		fn(id, swatches)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the colours of photos: %w", err)
	}
	return nil
}
