package app

import (
	"context"
	"log/slog"
	"sync"

	"descry/library/places"
	"descry/library/store"
)

// placesBox reads the list of places when one is first asked for: most searches name none.
type placesBox struct {
	data []byte
	log  *slog.Logger
	once sync.Once
	list *places.Gazetteer
}

func (b *placesBox) read() *places.Gazetteer {
	b.once.Do(func() {
		b.list = &places.Gazetteer{}
		if b.data == nil {
			return
		}
		list, err := places.Read(b.data)
		if err != nil {
			b.log.Warn("reading the list of places", "error", err)
			return
		}
		b.list = list
	})
	return b.list
}

// Find, Within and Like are those of the list.
func (b *placesBox) Find(name string) (lat, lon float64, full string, ok bool) {
	return b.read().Find(name)
}

func (b *placesBox) Within(name string) (area places.Area, full string, ok bool) {
	return b.read().Within(name)
}

func (b *placesBox) Like(name string) string { return b.read().Like(name) }

// Nearest is that of the list.
func (b *placesBox) Nearest(lat, lon float64) places.Numbers { return b.read().Nearest(lat, lon) }

// Version is that of the list, which need not be read for it.
func (b *placesBox) Version() string { return places.Version(b.data) }

// spotsAtOnce is how many spots are looked up before they are stored.
const spotsAtOnce = 1000

// placePhotos looks up in which town, region and country photos were taken, as far as that is
// not known yet.
func (a *App) placePhotos(ctx context.Context) error {
	if a.places.data == nil || a.needWriting() != nil {
		return nil
	}
	for {
		spots, err := a.store.SpotsWithoutPlace(ctx, a.places.Version(), spotsAtOnce)
		if err != nil || len(spots) == 0 {
			return err
		}
		found := make([]store.SpotPlace, len(spots))
		for i, s := range spots {
			n := a.places.Nearest(s.Middle())
			found[i] = store.SpotPlace{Spot: s, Town: n.Town, Region: n.Region, Country: n.Country}
		}
		if err := a.store.PutPlaces(ctx, a.places.Version(), found); err != nil {
			return err
		}
	}
}
