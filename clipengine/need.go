package clipengine

import "descry/clipengine/bundle"

// Need is the memory that a model takes on a CPU, in bytes, besides that of the program.
type Need struct {
	// Weights is held while the model is loaded.
	Weights int64
	// Loading is held in addition while it is being loaded.
	Loading int64
	// Run is held in addition for each picture that is encoded at the same time.
	Run int64
}

// Total is what a model takes that looks at so many pictures at the same time.
func (n Need) Total(pictures int) int64 { return n.Weights + int64(pictures)*n.Run }

// NeedOf estimates the memory that a bundle takes with both towers loaded, as measured
// (docs/models.md). Error: one of its files is gone.
func NeedOf(b *bundle.Bundle) (Need, error) {
	image, text, err := needs(b)
	// The towers are loaded one after the other.
	return Need{image.Weights + text.Weights, max(image.Loading, text.Loading), image.Run}, err
}

// NeedOfTexts is NeedOf for the text tower alone.
func NeedOfTexts(b *bundle.Bundle) (Need, error) {
	_, text, err := needs(b)
	return text, err
}

// needs is NeedOf for each tower. Loading takes up to 1.1 times a model file more, since it is
// held until its weights are in the order in which they are computed with; external data is mapped.
func needs(b *bundle.Bundle) (image, text Need, err error) {
	var n [2]Need
	for i, t := range []bundle.Tower{b.Vision, b.Text} {
		model, external, err := t.Size()
		if err != nil {
			return Need{}, Need{}, err
		}
		stored, held := t.WeightBits()
		n[i].Weights = bundle.SessionMemory + (model+external)*int64(held)/int64(stored)
		n[i].Loading = model + model/10
		if t.File() == "" { // it is read into memory first
			n[i].Loading += model
		}
		if i == 0 {
			millions := float64(model+external) * 8 / float64(stored) / 1e6
			n[i].Run = bundle.PictureMemory(millions, b.Preprocess.Size)
		}
	}
	return n[0], n[1], nil
}
