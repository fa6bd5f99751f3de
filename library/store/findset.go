package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"descry/library"
)

// FindSet returns the photos with a present file for which a condition holds; where it speaks
// of missing photos, of all that were in some file.
//
// Each part of the condition is asked for by itself, so that one index answers it, and the
// answers are joined as bitmaps.
func (s *Store) FindSet(ctx context.Context, c Condition) (library.PhotoSet, error) {
	f := finder{ctx: ctx, s: s, missing: c.missing}
	var err error
	if f.version, err = s.state(ctx); err != nil {
		return nil, fmt.Errorf("find photos: %w", err)
	}
	if f.missing {
		f.all, err = photoSet(ctx, s.ro, "SELECT photo_set(photo_id) FROM file")
	} else {
		f.all, err = s.shownSet(ctx)
	}
	var out library.PhotoSet
	if err == nil {
		err = s.snapshot(ctx, func(q querier) error {
			f.q = q
			out, err = f.find(c)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("find photos: %w", err)
	}
	return out.And(f.all), nil
}

// finder is one FindSet under way.
type finder struct {
	ctx     context.Context
	s       *Store
	q       querier
	version int64
	missing bool
	all     library.PhotoSet // the photos that the conditions are about
}

// find returns the photos for which a condition holds, and maybe others that the conditions
// are not about.
func (f *finder) find(c Condition) (library.PhotoSet, error) {
	switch c.kind {
	case always:
		return f.all, nil
	case given:
		return c.set, nil
	case queried:
		sql := c.sql
		if f.missing && c.gone != "" {
			sql = c.gone
		}
		return f.s.keptSet(f.ctx, f.q, f.version, sql, c.args...)
	case monthly:
		return f.inMonths(c.months)
	case noneOf:
		not, err := f.find(c.kids[0])
		return f.all.Without(not), err
	}
	var out library.PhotoSet
	for i, k := range c.kids {
		set, err := f.find(k)
		switch {
		case err != nil:
			return nil, err
		case i == 0:
			out = set
		case c.kind == allOf:
			out = out.And(set)
		default:
			out = out.Or(set)
		}
		if c.kind == allOf && out.Len() == 0 {
			return nil, nil
		}
	}
	if len(c.kids) == 0 && c.kind == allOf {
		return f.all, nil
	}
	return out, nil
}

// inMonths returns the photos taken in months of any year, from the first to the last one: by
// the times of these months in all years between the first and the last photo.
func (f *finder) inMonths(months [2]int) (library.PhotoSet, error) {
	if f.missing {
		return photoSet(f.ctx, f.q, `SELECT photo_set(id) FROM photo
			WHERE CAST(strftime('%m', sort_ms / 1000, 'unixepoch') AS INTEGER) BETWEEN ? AND ?`, months[0], months[1])
	}
	first, last, err := span(f.ctx, f.q)
	if err != nil || first.IsZero() || months[0] > months[1] {
		return nil, err
	}
	var spans [][2]int64
	for year := first.Year(); year <= last.Year(); year++ {
		month := func(m int) int64 { return time.Date(year, time.Month(m), 1, 0, 0, 0, 0, time.UTC).UnixMilli() }
		spans = append(spans, [2]int64{month(months[0]), month(months[1] + 1)})
	}
	return photoSet(f.ctx, f.q, `SELECT photo_set(p.id) FROM json_each(?) r
		CROSS JOIN photo p ON p.shown = 1 AND p.sort_ms >= r.value ->> 0 AND p.sort_ms < r.value ->> 1`, jsonOf(spans))
}

// Find is FindSet with the photos in order, newest first.
func (s *Store) Find(ctx context.Context, c Condition) ([]library.PhotoID, error) {
	set, err := s.FindSet(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.Newest(ctx, set, 0, 0)
}

// Newest lists photos of a set, newest first: by the time they were taken, else by the time
// their file was written. limit 0: all of them.
func (s *Store) Newest(ctx context.Context, set library.PhotoSet, offset, limit int) ([]library.PhotoID, error) {
	n := max(0, set.Len()-max(offset, 0))
	if limit <= 0 || limit > n {
		limit = n
	}
	if n == 0 {
		return nil, nil
	}
	ids, err := s.newest(ctx, set, max(offset, 0), limit)
	if err != nil {
		return nil, fmt.Errorf("list the newest photos: %w", err)
	}
	return ids, nil
}

// few is how many photos are sorted by looking each one up. More are picked out of all
// photos in their order.
const few = 2000

func (s *Store) newest(ctx context.Context, set library.PhotoSet, offset, limit int) ([]library.PhotoID, error) {
	if set.Len() <= few {
		return photoList(ctx, s.ro, `SELECT photo_list(id) FROM (SELECT p.id FROM json_each(?) j JOIN photo p ON p.id = j.value
			ORDER BY p.sort_ms DESC, p.id DESC LIMIT ? OFFSET ?)`, idList(slices.Collect(set.All())), limit, offset)
	}
	shown, err := s.shownSet(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.newestFirst(ctx)
	if err == nil && set.Without(shown).Len() > 0 {
		all, err = photoList(ctx, s.ro, "SELECT photo_list(id) FROM (SELECT id FROM photo ORDER BY sort_ms DESC, id DESC)")
	}
	if err != nil {
		return nil, err
	}
	out := make([]library.PhotoID, 0, limit)
	for _, id := range all {
		if len(out) == limit {
			break
		}
		switch {
		case !set.Has(id):
		case offset > 0:
			offset--
		default:
			out = append(out, id)
		}
	}
	return out, nil
}
