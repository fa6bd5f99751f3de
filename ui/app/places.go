package app

import (
	"log/slog"
	"sync"

	"descry/library/places"
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

func (b *placesBox) Within(name string) (in func(lat, lon float64) bool, full string, ok bool) {
	return b.read().Within(name)
}

func (b *placesBox) Like(name string) string { return b.read().Like(name) }
