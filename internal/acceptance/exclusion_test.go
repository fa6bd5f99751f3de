package acceptance

import (
	"fmt"
	"strings"
	"testing"

	"descry/library/search"
)

// What exclusion must reach on the pairs of the reporting half. Lowering one of these needs a
// reason in the commit.
const (
	pairsFreeGate = 0.91 // share of the first 20 free of what was excluded
	pairsGainGate = 0.03 // of R@10 of what is wanted, over the query without the exclusion
)

// pair is something to look for and something that some of its photos show, too.
type pair struct{ wanted, unwanted string }

// pairs are all pairs of concepts of the half in which excluding makes sense: of the photos
// that show the one, some show the other and some do not, and the other is not but a kind of
// the one.
func (p *part) pairs() (out []pair) {
	for _, a := range p.concepts {
		for _, b := range p.concepts {
			wanted, both, free, elsewhere := 0, 0, 0, 0
			for _, n := range p.photos {
				is, other := p.truth[a.Query][n], p.truth[b.Query][n]
				switch {
				case is == present && other == present:
					both++
				case is == present && other == absent:
					free++
				case is != present && other == present:
					elsewhere++
				}
				if is == present {
					wanted++
				}
			}
			if a.Query != b.Query && wanted >= 8 && both >= 3 && both*10 <= wanted*7 && free >= 3 && elsewhere >= 3 {
				out = append(out, pair{a.Query, b.Query})
			}
		}
	}
	return out
}

// excluding is how well a way of excluding does, as means over the pairs.
type excluding struct {
	free  float64 // of the first 20, what does not show the unwanted thing
	right float64 // R@10: of the photos that show only the wanted thing, those among the first 10 (of 10 at most)
}

func (e excluding) String() string { return fmt.Sprintf("free %.3f, R@10 %.3f", e.free, e.right) }

// without measures a way that orders the photos for a pair.
func (p *part) without(t *testing.T, find func(pair) ([]string, error)) (e excluding) {
	t.Helper()
	pairs := p.pairs()
	for _, x := range pairs {
		order, err := find(x)
		if err != nil {
			t.Fatal(err)
		}
		only := func(n string) bool {
			return p.truth[x.wanted][n] == present && p.truth[x.unwanted][n] == absent
		}
		free, right, all := 0, 0, 0
		for _, n := range p.photos {
			if only(n) {
				all++
			}
		}
		for i, n := range order[:min(20, len(order))] {
			if p.truth[x.unwanted][n] != present {
				free++
			}
			if i < 10 && only(n) {
				right++
			}
		}
		e.free += share(free, min(20, len(order))) / float64(len(pairs))
		e.right += share(right, min(10, all)) / float64(len(pairs))
	}
	return e
}

// query is a pair as it is typed.
func (x pair) query() string {
	if strings.Contains(x.unwanted, " ") {
		return x.wanted + " -(" + x.unwanted + ")"
	}
	return x.wanted + " -" + x.unwanted
}

// subtracting orders by the cosine with the wanted thing less some of that with the unwanted.
func (p *part) subtracting(t *testing.T, weight float64) func(pair) ([]string, error) {
	return func(x pair) ([]string, error) {
		a, b := p.text.phrase(t, x.wanted), p.text.phrase(t, x.unwanted)
		return p.sorted(func(n string) float64 { return dot(a, p.vecs[n]) - weight*dot(b, p.vecs[n]) }), nil
	}
}

// bestSubtraction is the weight of subtraction that does best: in both measures taken together.
func (p *part) bestSubtraction(t *testing.T) (weight float64) {
	t.Helper()
	best := 0.0
	for w := 0.1; w < 1.55; w += 0.1 {
		e := p.without(t, p.subtracting(t, w))
		t.Logf("fitting half, subtraction of %.1f: %s", w, e)
		if e.free+e.right > best {
			best, weight = e.free+e.right, w
		}
	}
	return weight
}

// excludingChoices tries on the fitting half from which confidence on a photo is left out, and
// how much of the cosine with the unwanted thing is taken from the order of the rest.
func (p *part) excludingChoices(t *testing.T, refs [][]float32) {
	t.Helper()
	hubs, confidence := p.hubs(refs, hubK), p.confidence(t, refs)
	for _, at := range []float64{0.1, 0.2, 0.35, 0.5, 1} {
		for _, weight := range []float64{0, 0.4, 0.6, 0.8} {
			t.Logf("fitting half, left out from a confidence of %.2f on, weight %.1f: %s", at, weight, p.without(t, func(x pair) ([]string, error) {
				shown := confidence(x.unwanted)
				a, b := p.text.phrase(t, x.wanted), p.text.phrase(t, x.unwanted)
				order := p.sorted(func(n string) float64 {
					return dot(a, p.vecs[n]) - hubAlpha*hubs[n] - weight*dot(b, p.vecs[n])
				})
				var kept []string
				for _, n := range order {
					if shown[n] < at {
						kept = append(kept, n)
					}
				}
				return kept, nil
			}))
		}
	}
}

// TestQualityOfExclusion measures "a -b" for all pairs of the half that nothing was chosen on.
func TestQualityOfExclusion(t *testing.T) {
	c := captionedPhotos(t)
	text := &rememberingText{Engine: starterEngine(t)}
	fit, p := newPart(t, text, c, "fit", false), newPart(t, text, c, "report", false)
	if *full {
		fit.excludingChoices(t, text.encode(t, backdrop(t)...))
	}
	weight := fit.bestSubtraction(t)
	program := func(query func(pair) string, drop bool) func(pair) ([]string, error) {
		return func(x pair) ([]string, error) {
			r, err := p.searcher.Search(t.Context(), search.Request{Text: query(x), All: true})
			var order []string
			for _, h := range r.Hits {
				if n := p.names[h.Photo]; !drop || p.truth[x.unwanted][n] != present {
					order = append(order, n)
				}
			}
			return order, err
		}
	}
	plain := p.without(t, program(func(x pair) string { return x.wanted }, false))
	got := p.without(t, program(pair.query, false))
	t.Logf("%d pairs; without the exclusion: %s", len(p.pairs()), plain)
	t.Logf("excluding: %s", got)
	t.Logf("subtraction of %.1f: %s", weight, p.without(t, p.subtracting(t, weight)))
	t.Logf("with all the photos taken out that captions say show it: %s", p.without(t, program(func(x pair) string { return x.wanted }, true)))
	if got.free < pairsFreeGate {
		t.Errorf("free of what was excluded: %.3f of the first 20, want at least %.2f", got.free, pairsFreeGate)
	}
	if got.right < plain.right+pairsGainGate {
		t.Errorf("R@10 of what is wanted is %.3f, without the exclusion %.3f", got.right, plain.right)
	}
}
