package tagging

// Features is what is measured of one label on one photo: z, lead in its set, lead over
// all labels, vagueness.
type Features [4]float64

// Measure returns the keys of all labels and their features on a photo.
func (t *Tagger) Measure(vec []float32) (keys []string, feats []Features) {
	for i, f := range t.measure(vec) {
		keys = append(keys, t.labels[i].key)
		feats = append(feats, Features{f.z, f.set, f.all, f.vague})
	}
	return keys, feats
}

// Includes lists the names that a label already tells.
func (v *Vocabulary) Includes(l Label) []string { return v.includes(l) }
