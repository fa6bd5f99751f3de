package store

import (
	"context"
	"fmt"
)

// SpotPlace is what a list of places knows of a spot: the numbers of the nearest town, its region
// and its country there; -1: none.
type SpotPlace struct {
	Spot                  Spot
	Town, Region, Country int64
}

// SpotsWithoutPlace lists spots with photos of which PutPlaces did not tell yet what the list
// of places of this version knows, at most limit; 0: all.
func (s *Store) SpotsWithoutPlace(ctx context.Context, version string, limit int) ([]Spot, error) {
	if limit <= 0 {
		limit = -1
	}
	m, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if m.placed == version {
		return nil, nil
	}
	// A list of photos does not hold 0, which is a spot.
	ids, err := photoList(ctx, s.ro, `SELECT photo_list(spot + 1) FROM (SELECT DISTINCT spot FROM fact WHERE spot IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM place g WHERE g.spot = fact.spot AND (SELECT places FROM library) = ?) LIMIT ?)`, version, limit)
	if err != nil {
		return nil, fmt.Errorf("list where photos were taken: %w", err)
	}
	if len(ids) == 0 {
		m.placed = version
	}
	spots := make([]Spot, len(ids))
	for i, id := range ids {
		spots[i] = Spot(id) - 1
	}
	return spots, nil
}

// PutPlaces stores what a list of places of this version knows of spots. What one of another
// version knew is forgotten.
func (s *Store) PutPlaces(ctx context.Context, version string, places []SpotPlace) error {
	err := s.write(ctx, true, func(t *tx) error {
		var have string
		if _, err := t.get("SELECT places FROM library", nil, []any{&have}); err != nil {
			return err
		}
		if have != version {
			if err := t.exec("DELETE FROM place"); err != nil {
				return err
			}
			if err := t.exec("UPDATE library SET places = ?", version); err != nil {
				return err
			}
		}
		for _, p := range places {
			if err := t.exec("INSERT OR REPLACE INTO place (spot, town, region, country) VALUES (?, ?, ?, ?)", p.Spot, p.Town, p.Region, p.Country); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store where %s lie: %w", count(len(places), "spot"), err)
	}
	return nil
}
