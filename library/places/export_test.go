package places

// Towns calls fn with where each town is.
func (g *Gazetteer) Towns(fn func(lat, lon float64)) {
	for _, t := range g.towns {
		fn(float64(t.lat), float64(t.lon))
	}
}
