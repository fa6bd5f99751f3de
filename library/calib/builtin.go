package calib

// starterSpace is the digest of the bundled starter model's vector space.
const starterSpace = "0944c938cfe18f4b092062e7096c765747b4728605f2437444eac0476f0fa08a"

// starterTexts is the digest of its text tower. Another one that goes with the same space
// scores otherwise.
const starterTexts = "463e4c1cb82ce1e938e6a86a98c709b36e7af7a083c927f59f4847afcc9c072e"

// Where the numbers of the starter's fits come from. The split and the concepts are
// committed with the test that repeats the fit and reports the other half
// (internal/acceptance, docs/quality.md).
const (
	textSource = "half of 600 captioned photos (Flickr8k test), half of 177 concepts and " +
		"the first caption of each as another query, the background phrases and the names of labels"
	imageSource = "pairs among half of 600 captioned photos (Flickr8k test); a match is a pair " +
		"whose captions agree (mean best text cosine at least 0.45, else below 0.30)"
)

// Builtin returns the calibration that was fitted for a space before it was shipped; for Text,
// with the text tower whose digest is texts.
func Builtin(space, texts, kind string) (Fit, bool) {
	if space != starterSpace || kind == Text && texts != starterTexts {
		return Fit{}, false
	}
	switch kind {
	case Text:
		return Fit{
			Slope: 1.614, Words: -1.631, Library: libraryWeight, Offset: -5.863,
			Spread: 0.0865, Centre: libraryCentre, Width: libraryWidth,
			Fitted: true, N: 114248, Source: textSource,
		}, true
	case Image:
		return Fit{Slope: 12.41, Offset: -6.768, Spread: 1, Fitted: true, N: 44875, Source: imageSource}, true
	}
	return Fit{}, false
}

// The library's say. A query that names something the library holds spreads its scores
// more than one that names nothing in it: for the starter model 0.9 to 1.9 against 0.8 to
// 1.2 Spreads (5th to 95th percentile of the fitting half's concepts that are there and that
// are not). Fitted freely the term would decide alone, and sink the one photo of its kind in
// a large library, whose query spreads no more than one for nothing; so its weight is set,
// not fitted, to move the logit by 1 at most.
const (
	libraryWeight = 1.0
	libraryCentre = 1.10
	libraryWidth  = 0.235
)

// Guide returns the calibration for a space without a fit: the starter's, whose measure is
// relative to the background phrases and so not bound to a scale, with the spread of the
// space at hand (from Spread; for Image that of photos' cosines with each other). It is not
// fitted: what it says is a guide to where an answer ends, and no confidence to show.
func Guide(kind string, spread float64) Fit {
	if spread <= 0 {
		spread = 1
	}
	f, _ := Builtin(starterSpace, starterTexts, Text)
	if kind == Image {
		// As many spreads above the mean as half of the fitted pairs need in the starter's
		// space, where cosines of photos have a mean near 0 and a spread of 0.18.
		f = Fit{Slope: 2.2, Offset: -6.8}
	}
	f.Spread, f.Fitted, f.N, f.Source = spread, false, 0, ""
	return f
}
