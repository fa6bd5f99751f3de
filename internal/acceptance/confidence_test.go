package acceptance

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"descry/library/calib"
	"descry/library/search"
)

// What the confidence of search must reach on the half of photos and concepts that it was
// not fitted on. Lowering one of these needs a reason in the commit.
const (
	silentGate    = 0.90  // absent concepts that give nothing likely
	presentGate   = 0.80  // present concepts that give a right photo as likely
	precisionGate = 0.80  // of likely photos whose captions settle it
	eceGate       = 0.005 // expected calibration error
	marginGate    = 0.03  // of F1 over the best constant cosine and the best plain z-score
)

// What captions of two photos must have in common (mean best cosine of their text vectors)
// to be taken for the same scene, or for another one.
const (
	sameScene  = 0.45
	otherScene = 0.30
)

// concept is a query and the words by which captions name what it asks for.
type concept struct {
	Query string `json:"query"`
	Half  string `json:"half"`  // "fit" or "report"
	Names string `json:"names"` // words that name it
	Open  string `json:"open"`  // words that leave open whether it is there
}

// truth of a concept, or a caption, on a photo.
type truth int8

const (
	unknown truth = iota - 1
	absent
	present
)

// judge reads from its captions whether a photo shows the concept: at least two name it,
// or none does and none leaves it open.
func (c concept) judge(captions []string) truth {
	names, open := words(c.Names), words(c.Open)
	named, maybe := 0, 0
	for _, s := range captions {
		if names.MatchString(s) {
			named++
		}
		if open != nil && open.MatchString(s) {
			maybe++
		}
	}
	switch {
	case named >= 2:
		return present
	case named == 1 || maybe > 0:
		return unknown
	}
	return absent
}

func words(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	return regexp.MustCompile(`(?i)\b(` + pattern + `)\b`)
}

// bench holds the vectors of the captioned photos and of the words about them.
type bench struct {
	names    []string
	photos   map[string][]float32
	captions map[string][][]float32
	text     *rememberingText
	floor    map[string]float64 // mean background score
	spread   float64            // of background scores on the fitting photos
	split    map[string][]string
	concepts []concept
	truth    map[string]map[string]truth // by query, photo
	vecs     map[string][]float32        // of queries
}

func newBench(t *testing.T, s *shelf, c captioned) *bench {
	t.Helper()
	b := &bench{
		names: c.names, text: s.text, photos: map[string][]float32{}, captions: map[string][][]float32{},
		floor: map[string]float64{}, truth: map[string]map[string]truth{}, vecs: map[string][]float32{},
	}
	readTestdata(t, "captions-split.json", &b.split)
	readTestdata(t, "concepts.json", &b.concepts)
	view := s.index.View()
	for _, id := range view.Photos() {
		b.photos[s.names[id]] = view.Vectors(id)[0]
	}
	background := s.text.encode(t, backdrop(t)...)
	mean := calib.Mean(background)
	var fitting [][]float32
	for _, n := range b.names {
		b.floor[n] = dot(b.photos[n], mean)
		b.captions[n] = s.text.encode(t, c.captions[n]...)
	}
	for _, n := range b.split["fit"] {
		fitting = append(fitting, b.photos[n])
	}
	b.spread = calib.Spread(fitting, background)
	for _, k := range b.concepts {
		m := map[string]truth{}
		for _, n := range b.names {
			m[n] = k.judge(c.captions[n])
		}
		b.truth[k.Query] = m
		b.vecs[k.Query] = s.text.phrase(t, k.Query)
	}
	return b
}

func dot(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// agreement of a text's vector with the captions of a photo: the best cosine.
func (b *bench) agreement(text []float32, photo string) float64 {
	best := -1.0
	for _, v := range b.captions[photo] {
		best = max(best, dot(text, v))
	}
	return best
}

// query is what calibration knows of a query over the photos of a half.
func (b *bench) query(vec []float32, words int, photos []string) calib.Query {
	return queryOver(b.photos, vec, words, photos)
}

// queryOver is what calibration knows of a query over some photos.
func queryOver(vecs map[string][]float32, vec []float32, words int, photos []string) calib.Query {
	var sum, sq float64
	for _, n := range photos {
		s := dot(vec, vecs[n])
		sum += s
		sq += s * s
	}
	k := float64(len(photos))
	return calib.Query{Words: words, Photos: len(photos), Deviate: math.Sqrt(max(sq/k-sum/k*sum/k, 0))}
}

// textExamples are concepts and captions against the photos of a half, of which it is
// known whether they match: people type both, words and whole sentences.
func (b *bench) textExamples(c captioned, half string) []calib.Example {
	photos := b.split[half]
	example := func(q calib.Query, vec []float32, photo string, match bool) calib.Example {
		return calib.Example{Query: q, Score: dot(vec, b.photos[photo]), Background: b.floor[photo], Match: match}
	}
	var concepts, captions []calib.Example
	for _, k := range b.concepts {
		if k.Half != half {
			continue
		}
		q := b.query(b.vecs[k.Query], len(strings.Fields(k.Query)), photos)
		for _, n := range photos {
			if v := b.truth[k.Query][n]; v != unknown {
				concepts = append(concepts, example(q, b.vecs[k.Query], n, v == present))
			}
		}
	}
	for _, own := range photos {
		vec := b.captions[own][0]
		q := b.query(vec, len(strings.Fields(c.captions[own][0])), photos)
		for _, n := range photos {
			if n == own || b.agreement(vec, n) < otherScene {
				captions = append(captions, example(q, vec, n, n == own))
			}
		}
	}
	return append(concepts, captions...)
}

// pictureExamples are pairs of photos of a half whose captions say the same, or not.
func (b *bench) pictureExamples(half string) []calib.Example {
	photos := b.split[half]
	agree := func(x, y string) float64 {
		var sum float64
		for _, v := range b.captions[x] {
			sum += b.agreement(v, y)
		}
		return sum / float64(len(b.captions[x]))
	}
	var out []calib.Example
	for i, x := range photos {
		for _, y := range photos[:i] {
			a := (agree(x, y) + agree(y, x)) / 2
			if a >= sameScene || a < otherScene {
				out = append(out, calib.Example{
					Query: calib.Query{Words: 1}, Score: dot(b.photos[x], b.photos[y]), Match: a >= sameScene,
				})
			}
		}
	}
	return out
}

// confidence repeats the fit that is shipped on one half of photos and concepts and
// reports what it does on the other.
func confidence(t *testing.T, s *shelf, c captioned) {
	b := newBench(t, s, c)
	shipped, ok := calib.Builtin(s.engine.Space(), s.engine.Texts(), calib.Text)
	if !ok {
		t.Fatalf("no calibration is shipped for the starter's space %s", s.engine.Space())
	}
	base := shipped
	base.Spread = b.spread
	fitted, err := calib.Train(base, b.textExamples(c, "fit"), true)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "text", shipped, fitted)
	for _, weight := range []float64{0, 0.5, 1, 1.5, 2} {
		base.Library = weight
		f, err := calib.Train(base, b.textExamples(c, "fit"), true)
		if err != nil {
			t.Fatal(err)
		}
		b.judge("fit", func(q calib.Query, _, score, floor float64) bool { return f.P(q, score, floor) >= search.LikelyAt }).
			log(t, fmt.Sprintf("fitting half, weight %.1f of the library's say", weight))
	}
	pictures, _ := calib.Builtin(s.engine.Space(), s.engine.Texts(), calib.Image)
	fittedPictures, err := calib.Train(calib.Fit{Spread: 1}, b.pictureExamples("fit"), false)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "image", pictures, fittedPictures)

	t.Run("text", func(t *testing.T) { b.reportText(t, c, shipped) })
	t.Run("image", func(t *testing.T) {
		bins, _ := curve(pictures, b.pictureExamples("report"))
		if ece := logCurve(t, bins); ece > eceGate {
			t.Errorf("expected calibration error %.4f, want at most %.3f", ece, eceGate)
		}
	})
}

// same checks that the shipped numbers are those of the fit.
func same(t *testing.T, kind string, shipped, fitted calib.Fit) {
	t.Helper()
	t.Logf("%s: fitted slope %.3f, words %.3f, offset %.3f, spread %.4f on %d pairs",
		kind, fitted.Slope, fitted.Words, fitted.Offset, fitted.Spread, fitted.N)
	for _, v := range [][2]float64{
		{shipped.Slope, fitted.Slope}, {shipped.Words, fitted.Words}, {shipped.Offset, fitted.Offset}, {shipped.Spread, fitted.Spread},
	} {
		if math.Abs(v[0]-v[1]) > 0.02*max(math.Abs(v[1]), 0.1) {
			t.Errorf("%s: %.4f is shipped, the fit gives %.4f", kind, v[0], v[1])
		}
	}
	if shipped.N != fitted.N {
		t.Errorf("%s: %d pairs are named, the fit has %d", kind, shipped.N, fitted.N)
	}
}

// curve sorts examples into bins by the probability that a fit gives them. likely is the
// share of matches among those at LikelyAt or more.
func curve(f calib.Fit, examples []calib.Example) (bins [10]calib.Bin, likely float64) {
	var p []float64
	var match []bool
	right, n := 0.0, 0.0
	for _, e := range examples {
		v := f.P(e.Query, e.Score, e.Background)
		p = append(p, v)
		match = append(match, e.Match)
		if v >= search.LikelyAt {
			n++
			if e.Match {
				right++
			}
		}
	}
	return calib.Curve(p, match), right / max(n, 1)
}

func logCurve(t *testing.T, bins [10]calib.Bin) float64 {
	t.Helper()
	for i, b := range bins {
		t.Logf("confidence %.1f to %.1f: %6d pairs, mean %.2f, matching %.2f", float64(i)/10, float64(i+1)/10, b.N, b.Predicted, b.Observed)
	}
	ece := calib.ECE(bins[:])
	t.Logf("expected calibration error %.4f; of pairs at 0.1 or more %.3f", ece, calib.ECE(bins[1:]))
	return ece
}

// cutoff is what a way of ending answers does on the concepts and photos of a half.
type cutoff struct {
	silent, nowhere int // absent concepts that give nothing likely; of these
	answered, there int // present concepts that give a right photo as likely; of these
	right, wrong    int // likely photos whose captions settle it
	missed          int
	kept            float64 // sum over present concepts of the share of their photos that is likely
	failures        []string
}

func share(a, b int) float64 { return float64(a) / float64(max(b, 1)) }

func (c cutoff) precision() float64 { return share(c.right, c.right+c.wrong) }
func (c cutoff) recall() float64    { return share(c.right, c.right+c.missed) }
func (c cutoff) f1() float64        { return share(2*c.right, 2*c.right+c.wrong+c.missed) }

func (c cutoff) log(t *testing.T, name string) {
	t.Helper()
	t.Logf("%s: absent concepts that give nothing %.2f of %d; present ones answered %.2f of %d, of their photos %.2f; precision %.2f, recall %.2f, F1 %.3f",
		name, share(c.silent, c.nowhere), c.nowhere, share(c.answered, c.there), c.there, c.kept/float64(max(c.there, 1)),
		c.precision(), c.recall(), c.f1())
}

// judge tries a way of telling likely photos on a half.
func (b *bench) judge(half string, likely func(q calib.Query, mean, score, floor float64) bool) (c cutoff) {
	photos := b.split[half]
	for _, k := range b.concepts {
		if k.Half != half {
			continue
		}
		vec := b.vecs[k.Query]
		q := b.query(vec, len(strings.Fields(k.Query)), photos)
		var mean float64
		for _, n := range photos {
			mean += dot(vec, b.photos[n]) / float64(len(photos))
		}
		found, hits, matches := 0, 0, 0
		possible := false
		for _, n := range photos {
			is := b.truth[k.Query][n]
			possible = possible || is != absent
			yes := likely(q, mean, dot(vec, b.photos[n]), b.floor[n])
			if yes {
				found++
			}
			switch {
			case is == present && yes:
				matches++
				hits++
			case is == present:
				matches++
				c.missed++
			case is == absent && yes:
				c.wrong++
			}
		}
		c.right += hits
		switch {
		case matches > 0:
			c.there++
			c.kept += share(hits, matches)
			if hits > 0 {
				c.answered++
			} else {
				c.failures = append(c.failures, fmt.Sprintf("there, and not likely: %s (%d photos)", k.Query, matches))
			}
		case !possible:
			c.nowhere++
			if found == 0 {
				c.silent++
			} else {
				c.failures = append(c.failures, fmt.Sprintf("absent, and yet likely: %s (%d photos)", k.Query, found))
			}
		}
	}
	return c
}

// reportText measures the cutoff on the photos and concepts that the fit has not seen,
// beside the constant cosine and the plain z-score that do best on the fitting half.
func (b *bench) reportText(t *testing.T, c captioned, f calib.Fit) {
	got := b.judge("report", func(q calib.Query, _, score, floor float64) bool {
		return f.P(q, score, floor) >= search.LikelyAt
	})
	for _, line := range got.failures {
		t.Log(line)
	}
	got.log(t, "calibrated")
	for name, way := range map[string]struct {
		from, to float64
		measure  func(q calib.Query, mean, score float64) float64
	}{
		"constant cosine": {0.2, 0.6, func(_ calib.Query, _, score float64) float64 { return score }},
		"plain z-score":   {1.5, 6, func(q calib.Query, mean, score float64) float64 { return (score - mean) / q.Deviate }},
	} {
		best, bestAt, quiet := 0.0, 0.0, way.to
		at := func(half string, cut float64) cutoff {
			return b.judge(half, func(q calib.Query, mean, score, _ float64) bool { return way.measure(q, mean, score) >= cut })
		}
		for i := range 21 {
			cut := way.from + (way.to-way.from)*float64(i)/20
			c := at("fit", cut)
			if f1 := c.f1(); f1 > best {
				best, bestAt = f1, cut
			}
			if share(c.silent, c.nowhere) >= silentGate {
				quiet = min(quiet, cut)
			}
		}
		other := at("report", bestAt)
		other.log(t, fmt.Sprintf("%s, best at %.2f", name, bestAt))
		silent := at("report", quiet)
		silent.log(t, fmt.Sprintf("%s, as silent at %.2f", name, quiet))
		for _, o := range []cutoff{other, silent} {
			if o.f1() > got.f1()-marginGate {
				t.Errorf("F1 of a %s is %.3f, calibrated %.3f", name, o.f1(), got.f1())
			}
		}
	}
	bins, _ := curve(f, b.textExamples(c, "report"))
	ece := logCurve(t, bins)
	if v := share(got.silent, got.nowhere); v < silentGate {
		t.Errorf("absent concepts that give nothing: %.2f, want at least %.2f", v, silentGate)
	}
	if v := share(got.answered, got.there); v < presentGate {
		t.Errorf("present concepts that are answered: %.2f, want at least %.2f", v, presentGate)
	}
	if got.precision() < precisionGate {
		t.Errorf("precision of likely photos %.2f, want at least %.2f", got.precision(), precisionGate)
	}
	if ece > eceGate {
		t.Errorf("expected calibration error %.4f, want at most %.3f", ece, eceGate)
	}
}

// What exclusion must reach: the share of the first 20 photos free of what was excluded.
const freeGate = 0.90

// exclusion asks for what many photos show, without something that some of them show.
func exclusion(t *testing.T, s *shelf, c captioned) {
	var free, shown, before float64
	n := 0
	for _, q := range [][3]string{
		// what is wanted, what is not, words by which captions name that
		{"beach", "people", `man|men|wom[ae]n|people|person|boys?|girls?|child|children|kids?|couple|lady|guys?|baby|toddler`},
		{"dog", "grass", `grass\w*|lawn|field|meadow|yard`},
		{"dog", "water", `water|ocean|sea|river|lake|pool|pond|stream|waves?|surf`},
		{"dog", "snow", `snow\w*`},
		{"dog", "ball", `balls?`},
		{"snow", "dog", `dogs?|pupp\w+`},
		{"water", "dog", `dogs?|pupp\w+`},
		{"water", "boat", `boats?|kayak\w*|canoe\w*|raft\w*`},
		{"children", "swing", `swing\w*`},
		{"man", "bicycle", `bik\w+|bicycl\w+|cyclist\w*|bmx`},
		{"people", "street", `streets?|roads?|sidewalk|city`},
		{"sports", "soccer", `soccer|football`},
	} {
		unwanted := words(q[2])
		count := func(query string) (float64, float64) {
			r, err := s.searcher.Search(t.Context(), search.Request{Text: query, All: true, Limit: 20})
			if err != nil {
				t.Fatal(err)
			}
			bad := 0
			for _, h := range r.Hits {
				named := 0
				for _, caption := range c.captions[s.names[h.Photo]] {
					if unwanted.MatchString(caption) {
						named++
					}
				}
				if named >= 2 {
					bad++
				}
			}
			return float64(bad), float64(len(r.Hits))
		}
		bad, of := count(q[0] + " -" + q[1])
		plain, _ := count(q[0])
		t.Logf("%s without %s: %2.0f of %2.0f show it, %2.0f without the exclusion", q[0], q[1], bad, of, plain)
		free += of - bad
		shown += of
		before += 20 - plain
		n += 20
	}
	t.Logf("free of what was excluded: %.3f of the first 20; without exclusion %.3f", free/shown, before/float64(n))
	if free/shown < freeGate {
		t.Errorf("free of what was excluded: %.3f, want at least %.2f", free/shown, freeGate)
	}
}

// TestTheSplitSharesNothing keeps what is reported apart from what is fitted.
func TestTheSplitSharesNothing(t *testing.T) {
	var split map[string][]string
	readTestdata(t, "captions-split.json", &split)
	for _, n := range split["fit"] {
		if slices.Contains(split["report"], n) {
			t.Errorf("%s is in both halves", n)
		}
	}
	var concepts []concept
	readTestdata(t, "concepts.json", &concepts)
	half := map[string]string{}
	for _, k := range concepts {
		if was, ok := half[k.Query]; ok {
			t.Errorf("%q is there twice (%s, %s)", k.Query, was, k.Half)
		}
		half[k.Query] = k.Half
	}
}
