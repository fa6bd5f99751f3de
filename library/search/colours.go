package search

import (
	"strconv"

	"descry/library/colours"
	"descry/library/query"
	"descry/library/store"
)

// colour is the condition of a main colour.
func (r *run) colour(value string) (store.Condition, error) {
	name, ok := query.ColourNamed(value)
	if !ok {
		return store.Condition{}, unknown("colour", value, query.ColourNames())
	}
	if name[0] != '#' {
		return store.Coloured(colours.Named(name)), nil
	}
	rgb, err := strconv.ParseUint(name[1:], 16, 32)
	return store.Coloured(colours.Like(uint32(rgb))), err
}
