package store

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"descry/library"
	"descry/library/colours"
)

// Condition is something that holds for a photo or does not. The functions of this file make
// conditions; the zero Condition holds for every photo.
type Condition struct {
	kind    conditionKind
	sql     string // a query that selects photo_set of some photos
	gone    string // the same where missing photos count, too; "": no other one
	args    []any
	kids    []Condition
	months  [2]int
	set     library.PhotoSet
	missing bool // speaks of photos whose files are gone, so those count, too
}

type conditionKind int

const (
	always  conditionKind = iota
	queried               // by sql
	monthly               // by months, first and last
	given                 // set holds the photos
	allOf
	oneOf
	noneOf
)

// query is the condition that a photo is among those that a query selects.
func query(sql string, args ...any) Condition { return Condition{kind: queried, sql: sql, args: args} }

// fact is a condition on what the table of that name has of a photo.
func fact(where string, args ...any) Condition {
	return query("SELECT photo_set(photo_id) FROM fact WHERE "+where, args...)
}

// flagged holds for photos that have one of some flags. Few combinations of flags are in use:
// one is found behind the other, and each gives its photos without a look at others.
func flagged(flags int) Condition {
	return query(`WITH RECURSIVE used (flags) AS (SELECT min(flags) FROM fact
			UNION ALL SELECT (SELECT min(x.flags) FROM fact x WHERE x.flags > used.flags) FROM used WHERE used.flags IS NOT NULL)
		SELECT photo_set(x.photo_id) FROM used CROSS JOIN fact x ON x.flags = used.flags WHERE used.flags & ? <> 0`, flags)
}

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

// HasWords holds for the photos that MatchWords finds. Each term is looked up by itself: to
// go through the photos of two common words side by side takes FTS5 much longer than to join
// the sets, and the next question may ask for one of them again.
func HasWords(wq WordQuery) (Condition, error) {
	terms, columns, err := wq.terms()
	if err != nil || len(terms) == 0 {
		return Either(), err
	}
	return having(terms, columns, wq.Any), nil
}

// having holds for the photos with all of some terms, as FTS5 writes them, in any of the columns,
// or with one of the terms.
func having(terms, columns []string, one bool) Condition {
	var all []Condition
	for _, t := range terms {
		all = append(all, query(wordSet, inColumns(columns, t)))
	}
	if one {
		return Either(all...)
	}
	return Both(all...)
}

// TakenBetween holds for photos taken (else written) from one time until before another,
// wall clocks; the zero time leaves a side open.
func TakenBetween(from, to time.Time) Condition {
	where, args := "", []any{}
	if !from.IsZero() {
		where, args = where+" AND sort_ms >= ?", append(args, wall(from))
	}
	if !to.IsZero() {
		where, args = where+" AND sort_ms < ?", append(args, wall(to))
	}
	c := query("SELECT photo_set(id) FROM photo WHERE shown = 1"+where, args...)
	c.gone = "SELECT photo_set(id) FROM photo WHERE 1" + where
	return c
}

// InTheSouth holds for photos whose position is known to lie south of the equator.
func InTheSouth() Condition { return fact("spot < ?", spotRows/2*spotColumns) }

// TakenInMonths holds for photos taken (else written) in months of any year, 1 to 12.
func TakenInMonths(from, to int) Condition {
	return Condition{kind: monthly, months: [2]int{from, to}}
}

// day is a day in minutes, as fact.clock counts them.
const day = 24 * 60

// TakenAtTime holds for photos that the camera took at a time of day, in minutes since
// midnight, from until before; where to is not after from, over midnight.
func TakenAtTime(from, to int) Condition {
	var some []Condition
	for d := range 7 {
		if from < to {
			some = append(some, fact("clock >= ? AND clock < ?", d*day+from, d*day+to))
		} else {
			some = append(some, fact("clock >= ? AND clock < ?", d*day, d*day+to), fact("clock >= ? AND clock < ?", d*day+from, (d+1)*day))
		}
	}
	return Either(some...)
}

// TakenOn holds for photos that the camera took on days of the week, Sunday first.
func TakenOn(days [7]bool) Condition {
	var some []Condition
	for d, on := range days {
		if on {
			some = append(some, fact("clock >= ? AND clock < ?", d*day, (d+1)*day))
		}
	}
	return Either(some...)
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
)

var quantities = map[Quantity]string{
	ISO: "iso", FNumber: "f_number", Focal: "focal", Width: "width", Height: "height", Megapixels: "width * height / 1e6",
	Rating: "rating",
}

// Within holds for photos of which a quantity is known and lies from low to high, both
// included; infinity leaves a side open.
func Within(q Quantity, low, high float64) Condition {
	if q != Rating {
		return between("SELECT photo_set(photo_id) FROM fact WHERE ", quantities[q], low, high)
	}
	if low <= 0 {
		if high < 0 {
			return Either()
		}
		if math.IsInf(high, 1) {
			return Condition{}
		}
		return Except(Within(Rating, math.Nextafter(high, math.Inf(1)), math.Inf(1))) // no rating counts as 0
	}
	const said = "SELECT photo_set(photo_id) FROM mark WHERE "
	return Either(
		between(said, "rating", low, high),
		Both(between("SELECT photo_set(photo_id) FROM fact WHERE rating > 0 AND ", "rating", low, high), Except(query(said+"rating IS NOT NULL"))),
	)
}

func between(from, value string, low, high float64) Condition {
	parts, args := []string{value + " IS NOT NULL"}, []any{}
	if !math.IsInf(low, -1) {
		parts, args = append(parts, value+" >= ?"), append(args, low)
	}
	if !math.IsInf(high, 1) {
		parts, args = append(parts, value+" <= ?"), append(args, high)
	}
	return query(from+strings.Join(parts, " AND "), args...)
}

// Shape holds for upright pictures by width against height: -1 higher than wide, 0 square,
// 1 wider than high.
func Shape(sign int) Condition {
	return flagged(map[int]int{-1: flagUpright, 0: flagSquare, 1: flagWide}[sign])
}

// Coloured holds for photos that have a colour among the main ones of their picture.
func Coloured(c colours.Sought) Condition {
	if c.Table == nil {
		return fact("colours & ? <> 0", int64(c.Names))
	}
	return fact("colours & ? <> 0 AND has_colour(colours, ?)", int64(c.Names), c.Table)
}

// TakenWith holds for photos whose camera (make and model) has all these texts in it, in any
// case.
func TakenWith(texts []string) Condition {
	where, args := contains("make || ' ' || model", texts)
	return fact("camera IN (SELECT id FROM camera WHERE "+where+")", args...)
}

// ThroughLens is TakenWith for the lens.
func ThroughLens(texts []string) Condition {
	where, args := contains("name", texts)
	return fact("lens IN (SELECT id FROM lens WHERE "+where+")", args...)
}

func contains(value string, texts []string) (where string, args []any) {
	where = "1"
	for _, t := range texts {
		where += " AND " + value + ` LIKE ? ESCAPE '\'`
		args = append(args, "%"+escapeLike(t)+"%")
	}
	return where, args
}

// escapeLike makes a text stand for itself in a pattern of LIKE.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

// Named holds for photos with a file whose name fits a pattern, in any case: * is any text,
// ? one character. It looks at the name of every file.
func Named(pattern string) Condition {
	pattern = strings.NewReplacer("*", "%", "?", "_").Replace(escapeLike(pattern))
	c := query(`SELECT photo_set(photo_id) FROM file WHERE state = 'present' AND CAST(name AS TEXT) LIKE ? ESCAPE '\'`, pattern)
	c.gone = `SELECT photo_set(p.id) FROM file x JOIN photo p ON p.id = x.photo_id
		WHERE (x.state = 'present' OR p.shown = 0) AND CAST(x.name AS TEXT) LIKE ? ESCAPE '\'`
	return c
}

// EndsIn holds for photos with a file whose name has this end behind a dot, in any case.
func EndsIn(ext string) Condition {
	if strings.Contains(ext, ".") {
		return Named("*." + ext)
	}
	return Either(fact("ext = ?", strings.ToLower(ext)),
		query(`SELECT photo_set(x.photo_id) FROM fact f CROSS JOIN file x ON x.photo_id = f.photo_id
			WHERE f.copies = 1 AND x.state = 'present' AND CAST(x.name AS TEXT) LIKE ? ESCAPE '\'`, "%."+escapeLike(ext)))
}

// InFolder holds for photos in a folder of a root ("" for the root itself) or below it.
func InFolder(root library.RootID, dir string) Condition {
	const files = "SELECT photo_set(photo_id) FROM file WHERE state = 'present' AND root_id = ?"
	if dir == "" {
		return query(files, root)
	}
	return Either(query(files+" AND dir = ?", root, []byte(dir)),
		query(files+" AND dir > ? AND dir < ?", root, []byte(dir+"/"), []byte(dir+"0"))) // '0' follows '/'
}

// Tagged holds for photos with one of these labels confirmed; where space is not 0, also
// suggested in it from a confidence on, unless rejected.
func Tagged(labels []library.LabelID, space library.SpaceID, from float64) Condition {
	const said = "SELECT photo_set(photo_id) FROM tag WHERE label_id IN (SELECT value FROM json_each(?)) AND state = "
	some := []Condition{query(said+"'confirmed'", idList(labels))}
	if space == 0 {
		return some[0]
	}
	for _, l := range labels {
		suggested := query(`SELECT photo_set(p.id) FROM suggestion u CROSS JOIN photo p ON p.content_id = u.content_id
			WHERE p.orientation = u.orientation AND u.label_id = ? AND u.space_id = ? AND u.confidence >= ?`, l, space, from)
		some = append(some, Both(suggested, Except(query(said+"'rejected'", idList([]library.LabelID{l})))))
	}
	return Either(some...)
}

// InAlbum holds for photos of a plain album.
func InAlbum(id int64) Condition {
	return query("SELECT photo_set(photo_id) FROM album_photo WHERE album_id = ?", id)
}

// Near holds for photos that were taken within some kilometres of a position in degrees north
// and east.
func Near(lat, lon, km float64) Condition {
	// At the rim each photo is looked at.
	inside, rim := circle(lat, lon, km)
	const at = "SELECT photo_set(x.photo_id) FROM json_each(?) r CROSS JOIN fact x ON x.spot >= r.value ->> 0 AND x.spot <= r.value ->> 1"
	return Either(query(at, jsonOf(inside)), query(at+" WHERE kilometres(x.lat, x.lon, ?, ?) <= ?", jsonOf(rim), lat, lon, km))
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: %v is no JSON: %v", v, err)) // only numbers come here
	}
	return string(b)
}

// At holds for photos that were taken in some spots.
func At(spots []Spot) Condition {
	return fact("spot IN (SELECT value FROM json_each(?))", idList(spots))
}

// Placed holds for photos in spots whose nearest town, its region or its country is one of
// these in the list of places of this version, as far as PutPlaces told of them.
func Placed(version string, towns, regions, countries []int64) Condition {
	return fact(`(SELECT places FROM library) = ? AND spot IN (SELECT spot FROM place WHERE town IN (SELECT value FROM json_each(?))
		UNION SELECT spot FROM place WHERE region IN (SELECT value FROM json_each(?))
		UNION SELECT spot FROM place WHERE country IN (SELECT value FROM json_each(?)))`, version, idList(towns), idList(regions), idList(countries))
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
	IsVideo
	IsRaw // of a camera
	IsScreenshot
	IsPanorama
	InStack // in a stack
	HasGPS
	HasAlt // an alt text that a person wrote or approved, here or in the file
	HasDescription
	HasKeywords
	HasCopies // several present files hold the picture
	HasMotion
	HasText    // text was recognised in the picture
	FromCamera // the file names a camera or its settings
)

// Is holds for photos in a state.
func Is(s State) Condition {
	const (
		tagged  = "SELECT photo_set(photo_id) FROM tag"
		alt     = "SELECT photo_set(photo_id) FROM alt_text"
		inRoots = "SELECT photo_set(x.photo_id) FROM root r CROSS JOIN file x ON x.root_id = r.id WHERE x.state = 'present' AND r.state = "
	)
	switch s {
	case IsFavourite:
		return query("SELECT photo_set(photo_id) FROM mark WHERE favourite = 1")
	case IsOffline:
		return Both(query(inRoots+"'offline'"), Except(query(inRoots+"'present'")))
	case IsMissing:
		c := Except(query("SELECT photo_set(id) FROM photo WHERE shown = 1"))
		c.missing = true
		return c
	case IsUntagged:
		return Except(query(`SELECT photo_set(g.photo_id) FROM label_set s CROSS JOIN label l ON l.set_id = s.id
			CROSS JOIN tag g ON g.label_id = l.id AND g.state = 'confirmed' WHERE s.removed = 0 AND l.removed = 0`))
	case IsUnreviewed:
		return Except(Either(query(tagged), query(alt)))
	case InStack:
		return query("SELECT photo_set(photo_id) FROM stack_member")
	case HasGPS:
		return fact("spot IS NOT NULL")
	case HasAlt:
		return Either(flagged(flagAlt), query(alt))
	case HasText:
		return query(`SELECT photo_set(p.id) FROM recognised t CROSS JOIN photo p ON p.content_id = t.content_id
			WHERE p.orientation = t.orientation AND t.state = 'text'`)
	case HasCopies:
		return fact("copies = 1")
	}
	return flagged(map[State]int{
		IsVideo: flagVideo, IsRaw: flagRaw, IsScreenshot: flagScreenshot, IsPanorama: flagPanorama, HasDescription: flagDescription,
		HasKeywords: flagKeywords, HasMotion: flagMotion, FromCamera: flagCamera,
	}[s])
}
