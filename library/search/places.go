package search

import (
	"math"

	"descry/library"
	"descry/library/places"
	"descry/library/query"
	"descry/library/store"
)

// Kilometres around a place that has no distance beside it.
const (
	nearPoint = 5.0  // coordinates
	nearTown  = 15.0 // a name
)

// near is the condition of a circle around a place.
func (r *run) near(values []string) (store.Condition, error) {
	p, err := query.ParsePoint(values)
	if err != nil {
		return store.Condition{}, err
	}
	lat, lon, km := p.Lat, p.Lon, p.Km
	if km == 0 {
		km = nearPoint
	}
	if p.Name != "" {
		if p.Km == 0 {
			km = nearTown
		}
		var full string
		var ok bool
		if r.p.Places != nil {
			lat, lon, full, ok = r.p.Places.Find(p.Name)
		}
		if !ok {
			return store.Condition{}, r.noPlace(p.Name)
		}
		r.note("“%s” is read as %s.", p.Name, full)
	}
	high := km / (math.Pi / 180 * places.EarthKm)
	south, north := lat-high, lat+high
	west, east := -180.0, 180.0
	if south > -89 && north < 89 {
		wide := high / math.Cos(math.Max(math.Abs(south), math.Abs(north))*math.Pi/180)
		if wide < 180 {
			west, east = turned(lon-wide), turned(lon+wide)
		}
	}
	at, err := r.p.Store.Positions(r.ctx, south, west, north, east)
	if err != nil {
		return store.Condition{}, err
	}
	var ids []library.PhotoID
	for _, x := range at {
		if places.Distance(lat, lon, x.Lat, x.Lon) <= km {
			ids = append(ids, x.Photo)
		}
	}
	return store.OneOf(ids), nil
}

// turned brings degrees east between -180 and 180.
func turned(lon float64) float64 { return lon - 360*math.Floor((lon+180)/360) }

// noPlace says that there is no such place, or that places are not known at all.
func (r *run) noPlace(name string) error {
	if r.p.Places == nil {
		return unknownError{"Names of places are not known here; write near: with degrees north and east, as in near:52.52,13.40."}
	}
	var names []string
	if like := r.p.Places.Like(name); like != "" {
		names = []string{like}
	}
	return unknown("place", name, names)
}

// place is the condition of a town, region or country.
func (r *run) place(name string) (store.Condition, error) {
	if r.p.Places == nil {
		return store.Condition{}, r.noPlace(name)
	}
	in, full, ok := r.p.Places.Within(name)
	if !ok {
		return store.Condition{}, r.noPlace(name)
	}
	r.note("“%s” is read as %s.", name, full)
	at, err := r.p.Store.Positions(r.ctx, -90, -180, 90, 180)
	if err != nil {
		return store.Condition{}, err
	}
	var ids []library.PhotoID
	for _, x := range at {
		if in(x.Lat, x.Lon) {
			ids = append(ids, x.Photo)
		}
	}
	return store.OneOf(ids), nil
}
