package search

import (
	"fmt"
	"math"
	"strings"
	"time"

	"descry/library/query"
	"descry/library/store"
)

// value is the condition of one value of a filter. An unknownError says that it names
// nothing.
func (r *run) value(n query.Node, v string) (store.Condition, error) {
	switch n.Field {
	case "tag", "tag~", "set":
		return r.tagged(n.Field, v)
	case "in":
		return r.folders(v)
	case "album":
		return r.album(v)
	case "file":
		if strings.ContainsAny(v, "*?") {
			return store.Named(v), nil
		}
		return store.HasWords(store.WordQuery{Terms: []string{v}, Columns: []string{"name"}, Prefix: true})
	case "ext":
		return store.EndsIn(v), nil
	case "camera":
		return store.TakenWith(strings.Fields(v)), nil
	case "lens":
		return store.ThroughLens(strings.Fields(v)), nil
	case "type":
		return ofType(v), nil
	case "is", "has":
		return stateOf(n.Field, v)
	case "orientation":
		return store.Shape(map[string]int{"portrait": -1, "square": 0, "landscape": 1}[v]), nil
	case "near":
		return r.near(n.Values)
	case "place":
		return r.place(v)
	case "colour":
		return r.colour(v)
	}
	return r.timed(n.Field, v)
}

// quantities are the filters that are about a number of the photo.
var quantities = map[string]store.Quantity{
	"iso": store.ISO, "f": store.FNumber, "focal": store.Focal, "mp": store.Megapixels, "width": store.Width, "height": store.Height,
	"rating": store.Rating,
}

// timed is the condition of filters about numbers and times.
func (r *run) timed(field, v string) (store.Condition, error) {
	switch field {
	case "date", "before", "after":
		w, err := query.When(field, v, r.req.Now)
		if err != nil {
			return store.Condition{}, err
		}
		if w.Seasonal && w.From != w.SouthFrom {
			r.note("“%s” is read as %s.", v, w)
		}
		return taken(w), nil
	case "time":
		c, err := query.ClockOf(v)
		return store.TakenAtTime(c.From, c.To), err
	case "weekday":
		days, err := query.DaysOf(v)
		return store.TakenOn(days), err
	}
	info, ok := query.FilterNamed(field)
	if !ok {
		return store.Condition{}, fmt.Errorf("the filter %s: is not known", field)
	}
	span, err := info.Range(v)
	if err != nil {
		return store.Condition{}, err
	}
	switch field {
	case "year":
		var from, to time.Time
		if !math.IsInf(span.Low, -1) {
			from = time.Date(int(span.Low), 1, 1, 0, 0, 0, 0, time.UTC)
		}
		if !math.IsInf(span.High, 1) {
			to = time.Date(int(span.High)+1, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return store.TakenBetween(from, to), nil
	case "month":
		return store.TakenInMonths(int(max(span.Low, 1)), int(min(span.High, 12))), nil
	}
	q, ok := quantities[field]
	if !ok {
		return store.Condition{}, fmt.Errorf("the filter %s: has no meaning", field)
	}
	return store.Within(q, span.Low, span.High), nil
}

// taken is the condition of a window of time. A season south of the equator is another.
func taken(w query.Window) store.Condition {
	north := store.TakenBetween(w.From, w.To)
	if !w.Seasonal {
		return north
	}
	south := store.InTheSouth()
	return store.Either(
		store.Both(south, store.TakenBetween(w.SouthFrom, w.SouthTo)),
		store.Both(store.Except(south), north),
	)
}

func stateOf(field, v string) (store.Condition, error) {
	switch field + ":" + v {
	case "is:favourite":
		return store.Is(store.IsFavourite), nil
	case "is:offline":
		return store.Is(store.IsOffline), nil
	case "is:missing":
		return store.Is(store.IsMissing), nil
	case "is:untagged":
		return store.Is(store.IsUntagged), nil
	case "is:tagged", "has:tags":
		return store.Except(store.Is(store.IsUntagged)), nil
	case "is:unreviewed":
		return store.Is(store.IsUnreviewed), nil
	case "is:stack":
		return store.Is(store.InStack), nil
	case "has:gps":
		return store.Is(store.HasGPS), nil
	case "has:alt":
		return store.Is(store.HasAlt), nil
	case "has:description":
		return store.Is(store.HasDescription), nil
	case "has:keywords":
		return store.Is(store.HasKeywords), nil
	case "has:duplicates":
		return store.Is(store.HasCopies), nil
	case "has:text":
		return store.Is(store.HasText), nil
	}
	return store.Condition{}, fmt.Errorf("the filter %s:%s has no meaning", field, v)
}

// ofType tells kinds of pictures apart.
func ofType(v string) store.Condition {
	kinds := map[string]store.State{
		"video": store.IsVideo, "raw": store.IsRaw, "motion": store.HasMotion, "screenshot": store.IsScreenshot, "panorama": store.IsPanorama,
	}
	if s, ok := kinds[v]; ok {
		return store.Is(s)
	}
	return store.Except(store.Either(ofType("video"), ofType("screenshot"), ofType("panorama")))
}
