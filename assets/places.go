package assets

import _ "embed"

//go:embed places.gz
var places []byte

// Places is the list of towns, regions and countries that package places reads, an extract of
// GeoNames (see NOTICE). The caller must not change it.
func Places() []byte { return places }
