package search

import (
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
	return store.Near(lat, lon, km), nil
}

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
	area, full, ok := r.p.Places.Within(name)
	if !ok {
		return store.Condition{}, r.noPlace(name)
	}
	r.note("“%s” is read as %s.", name, full)
	version := r.p.Places.Version()
	some := []store.Condition{store.Placed(version, nil, area.Regions, area.Countries)}
	if area.Town >= 0 {
		some = append(some, store.Near(area.Lat, area.Lon, area.Km),
			store.Both(store.Placed(version, []int64{area.Town}, nil, nil), store.Near(area.Lat, area.Lon, area.OwnKm)))
	}
	// Where photos were taken that came just now, or that another list of places knew.
	left, err := r.p.Store.SpotsWithoutPlace(r.ctx, version, 0)
	if err != nil {
		return store.Condition{}, err
	}
	var in []store.Spot
	for _, s := range left {
		lat, lon := s.Middle()
		if area.Has(lat, lon, r.p.Places.Nearest(lat, lon)) {
			in = append(in, s)
		}
	}
	if left != nil {
		some = append(some, store.At(in))
	}
	return store.Either(some...), nil
}
