package acceptance

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/library"
	"descry/library/duplicates"
	"descry/library/store"
)

// What the search for near-duplicates must reach on the half of the made set that nothing
// was fitted on. Lowering one of these needs a reason in the commit.
const (
	duplicatePrecision = 0.99
	duplicateRecall    = 0.90
	duplicateOriginals = 400 // the set has at least that many
)

var (
	update = flag.Bool("update", false, "write what the test measured into docs/")
	full   = flag.Bool("full", false, "take every photo, and make three near-duplicates of each instead of one; try what was chosen for search, too")
)

// duplicateSource is what the program's own search reads from.
type duplicateSource struct {
	*shelf
	space library.SpaceID
}

func (s duplicateSource) Prints(ctx context.Context, fn func(store.Print) error) error {
	return s.store.Prints(ctx, fn)
}

func (s duplicateSource) Alikes(ctx context.Context, ids []library.PhotoID) ([]store.Alike, error) {
	return s.store.Alikes(ctx, ids)
}

func (s duplicateSource) Vectors(ctx context.Context, ids []library.PhotoID) (map[library.PhotoID][]float32, error) {
	return s.store.PhotoVectors(ctx, s.space, ids)
}

func (s duplicateSource) Sketch(_ context.Context, p library.Picture) (*duplicates.Sketch, error) {
	img, err := s.thumbs.Load(p)
	if err != nil {
		return nil, err
	}
	return duplicates.NewSketch(img), nil
}

func (s duplicateSource) Distinct(ctx context.Context, fn func(a, b library.PhotoID)) error {
	return s.store.Distinct(ctx, fn)
}

// tally counts pairs of photos.
type tally struct{ right, wrong, missed int }

func (t tally) precision() float64 { return float64(t.right) / max(1, float64(t.right+t.wrong)) }
func (t tally) recall() float64    { return float64(t.right) / max(1, float64(t.right+t.missed)) }

// TestQualityOfDuplicates measures the search for near-duplicates on a made set, through the
// program's own path: files, decoder, thumbnails, hashes, vectors of the starter model.
func TestQualityOfDuplicates(t *testing.T) {
	photos := originals(t)
	if !*full { // `make quality` takes all
		photos = photos[:min(len(photos), duplicateOriginals+20)]
	}
	if len(photos) < duplicateOriginals {
		t.Fatalf("the set has %d originals, it needs %d", len(photos), duplicateOriginals)
	}
	dir := t.TempDir()
	variants := 1
	if *full {
		variants = 3
	}
	set := makeSet(t, dir, photos, variants)
	s := newShelf(t, starterEngine(t), dir)
	spaces, err := s.store.Spaces(t.Context())
	if err != nil || len(spaces) != 1 {
		t.Fatalf("spaces: %v, %v", spaces, err)
	}
	source := duplicateSource{s, spaces[0].ID}
	report := &duplicateReport{set: set, originals: len(photos)}
	report.read(t, source)
	report.fit()
	found, err := duplicates.Near(t.Context(), source, duplicates.Fitted(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if found.Unseen > 0 {
		t.Errorf("%d thumbnails are gone", found.Unseen)
	}
	report.judge(found)
	text := report.text()
	t.Log("\n" + text)
	if *update {
		path := filepath.Join(testdata.Repo(t), "docs", "quality-duplicates.md")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for half, c := range report.halves {
		if c.precision() < duplicatePrecision || c.recall() < duplicateRecall {
			t.Errorf("half %d: precision %.4f, recall %.4f; they must reach %.2f and %.2f",
				half, c.precision(), c.recall(), duplicatePrecision, duplicateRecall)
		}
	}
	if f := duplicates.Fitted(); report.fitted < 0 || f.Local < report.fitted {
		t.Errorf("the threshold in the program is %.2f, the lowest that lets nothing wrong through is %.2f", f.Local, report.fitted)
	}

	// The same set read again in any order gives the same groups: nothing hangs on ids.
	again, err := duplicates.Near(t.Context(), backwards{source}, duplicates.Fitted(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(paths(again)) != fmt.Sprint(paths(found)) {
		t.Error("another order of the photos gives other groups")
	}
}

// backwards hands over prints in the opposite order.
type backwards struct{ duplicateSource }

func (b backwards) Prints(ctx context.Context, fn func(store.Print) error) error {
	var all []store.Print
	if err := b.duplicateSource.Prints(ctx, func(p store.Print) error {
		all = append(all, p)
		return nil
	}); err != nil {
		return err
	}
	slices.Reverse(all)
	for _, p := range all {
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

func paths(r duplicates.Result) (out [][]string) {
	for _, g := range r.Groups {
		var group []string
		for _, p := range g.Photos {
			group = append(group, filepath.Base(p.Path))
		}
		out = append(out, group)
	}
	return out
}

// member is a picture of the set as the library knows it.
type member struct {
	made
	print  store.Print
	vector []float32
	sketch *duplicates.Sketch
}

type duplicateReport struct {
	set       []made
	originals int
	members   []member
	byPhoto   map[library.PhotoID]int
	table     []string // of the fit
	fitted    float64
	halves    [2]tally
	kinds     map[string]*tally // near kinds: against the original
	alike     map[string]*tally // wrong pairs by the kinds of both
	failures  []string
}

func (r *duplicateReport) read(t *testing.T, s duplicateSource) {
	t.Helper()
	byName := map[string]made{}
	for _, m := range r.set {
		byName[m.file] = m
	}
	r.byPhoto = map[library.PhotoID]int{}
	if err := s.Prints(t.Context(), func(p store.Print) error {
		r.byPhoto[p.Photo] = len(r.members)
		r.members = append(r.members, member{made: byName[s.names[p.Photo]], print: p})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(r.members) != len(r.set) {
		t.Fatalf("the library has %d photos of the set's %d", len(r.members), len(r.set))
	}
	for i := range r.members {
		m := &r.members[i]
		v, err := s.Vectors(t.Context(), []library.PhotoID{m.print.Photo})
		if err != nil {
			t.Fatal(err)
		}
		m.vector = v[m.print.Photo]
		known, err := s.Alikes(t.Context(), []library.PhotoID{m.print.Photo})
		if err != nil || len(known) != 1 {
			t.Fatal(known, err)
		}
		if m.sketch, err = s.Sketch(t.Context(), known[0].Picture); err != nil {
			t.Fatal(err)
		}
	}
}

// fit finds the threshold of local agreement on the first half: the lowest at which no pair
// is wrong. The program asks for that much at least.
func (r *duplicateReport) fit() {
	type look struct {
		same bool
		a    duplicates.Agreement
	}
	var looks []look
	pairs := 0
	for i := range r.members {
		for j := range i {
			a, b := &r.members[i], &r.members[j]
			if a.half != 0 || b.half != 0 {
				continue
			}
			if a.group == b.group {
				pairs++
			}
			if bits.OnesCount64(a.print.Hash^b.print.Hash) <= 10 {
				looks = append(looks, look{a.group == b.group, duplicates.Compare(a.sketch, b.sketch)})
			}
		}
	}
	r.table = []string{"| agreement of the worst places | precision | recall |", "|--:|--:|--:|"}
	r.fitted = -1
	for _, local := range []float64{0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95} {
		t := duplicates.Fitted()
		t.Local = local
		var c tally
		for _, l := range looks {
			switch {
			case t.Hold(l.a) && l.same:
				c.right++
			case t.Hold(l.a):
				c.wrong++
			}
		}
		c.missed = pairs - c.right
		r.table = append(r.table, fmt.Sprintf("| %.2f | %.4f | %.4f |", local, c.precision(), c.recall()))
		if r.fitted < 0 && c.wrong == 0 {
			r.fitted = local
		}
	}
}

// judge counts pairs that are in one group.
func (r *duplicateReport) judge(found duplicates.Result) {
	r.kinds, r.alike = map[string]*tally{}, map[string]*tally{}
	together := map[[2]int]bool{}
	for _, g := range found.Groups {
		for x, p := range g.Photos {
			for _, q := range g.Photos[:x] {
				i, j := r.byPhoto[p.Photo], r.byPhoto[q.Photo]
				together[[2]int{min(i, j), max(i, j)}] = true
			}
		}
	}
	for j := range r.members {
		for i := range j {
			a, b := &r.members[i], &r.members[j]
			same, joined := a.group == b.group, together[[2]int{i, j}]
			if !same && !joined {
				continue
			}
			c := []*tally{&r.halves[a.half]}
			if a.half != b.half {
				c = append(c, &r.halves[b.half])
			}
			switch {
			case same && a.kind == "original":
				c = append(c, tallyOf(r.kinds, b.kind))
			case same && b.kind == "original":
				c = append(c, tallyOf(r.kinds, a.kind))
			case same:
				c = append(c, tallyOf(r.kinds, "two of these"))
			default:
				c = append(c, tallyOf(r.alike, alikeName(a.kind, b.kind)))
			}
			for _, c := range c {
				switch {
				case same && joined:
					c.right++
				case same:
					c.missed++
				default:
					c.wrong++
				}
			}
			if same != joined {
				g := duplicates.Compare(a.sketch, b.sketch)
				what := "missed"
				if joined {
					what = "wrong"
				}
				r.failures = append(r.failures, fmt.Sprintf("| %s | %s %s | %s %s | %d | %.2f | %.3f | %.2f | %.2f |", what, a.kind, a.group, b.kind, b.group,
					bits.OnesCount64(a.print.Hash^b.print.Hash), dot(a.vector, b.vector), g.Correlation, g.Local, g.Overlap))
			}
		}
	}
	slices.Sort(r.failures)
}

// alikeName names a wrong pair by what was made to be like something.
func alikeName(a, b string) string {
	for _, k := range append(slices.Clone(alikeKinds), "plain", "screenshot") {
		if a == k || b == k {
			return k
		}
	}
	return "different photos"
}

func tallyOf(m map[string]*tally, k string) *tally {
	if m[k] == nil {
		m[k] = &tally{}
	}
	return m[k]
}

func (r *duplicateReport) text() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	counts := map[string]int{}
	for _, m := range r.set {
		counts[m.kind]++
	}
	say("# Quality of the search for duplicates")
	say("")
	say("Written by `internal/acceptance/duplicates_test.go` (`make quality`; `make test` runs")
	say("it on fewer pictures), through the program's own path: files, decoder, thumbnails, perceptual hashes,")
	say("vectors of the bundled model, grouping. Exact copies go by their content and are not measured here.")
	say("")
	say("## Data")
	say("")
	say("A made set of %d pictures from %d distinct photos: the samples that come with the program and the", len(r.set), r.originals)
	say("reference photos (Flickr8k and others; most are 224 px, which is harder than photos of a camera: a copy")
	say("of a quarter of the size has 56 px). All are written without any metadata, so that no time helps.")
	say("")
	say("| near-duplicates | pictures |")
	say("|---|--:|")
	for _, k := range nearKinds {
		say("| %s | %d |", nearWords[k], counts[k])
	}
	say("")
	say("| look-alikes, each no duplicate of anything | pictures |")
	say("|---|--:|")
	for _, k := range append(slices.Clone(alikeKinds), "plain", "screenshot") {
		say("| %s | %d |", alikeWords[k], counts[k])
	}
	say("| all other photos of the set, similar scenes among them | %d |", counts["original"])
	say("")
	say("Photos are in two halves by a hash of their name. The threshold that decides was fitted on the first; the")
	say("second shows what it is worth. The coarse ones (bits, correlation, overlap) and the method itself were chosen")
	say("while looking at the whole set, so the figures are a little kinder than those on photos never seen.")
	say("")
	say("## Result")
	say("")
	say("Pairs of pictures that are in one group, against pairs that are near-duplicates:")
	say("")
	say("| | right | wrong | missed | precision | recall | gate |")
	say("|---|--:|--:|--:|--:|--:|---|")
	for i, name := range []string{"half that was fitted on", "half that was held out"} {
		c := r.halves[i]
		say("| %s | %d | %d | %d | %.4f | %.4f | %.2f, %.2f |", name, c.right, c.wrong, c.missed, c.precision(), c.recall(), duplicatePrecision, duplicateRecall)
	}
	say("")
	say("| near-duplicate of its original | found | of |")
	say("|---|--:|--:|")
	for _, k := range append(slices.Clone(nearKinds), "two of these") {
		if c := r.kinds[k]; c != nil {
			say("| %s | %d | %d |", k, c.right, c.right+c.missed)
		}
	}
	say("")
	if len(r.alike) == 0 {
		say("No look-alike was taken for a duplicate.")
	}
	for _, k := range slices.Sorted(maps.Keys(r.alike)) {
		say("Taken for duplicates, wrongly: %s, %d pairs.", k, r.alike[k].wrong)
	}
	say("")
	say("## Method")
	say("")
	say("1. Candidates: 64-bit DCT hashes (Zauner 2010) at most 10 bits apart, found by multi-index hashing")
	say("   (Norouzi, Punjani and Fleet 2012); shapes at most a factor of 1.12 apart. Hashes with fewer than 24 ones")
	say("   belong to pictures with nothing in them and are left out.")
	say("2. Time: photos that say to have been taken at different moments, or by different cameras, are no copies.")
	say("   Bursts are stacks, another matter.")
	say("3. Vectors: nearer than 19 of 20 pairs of the library's photos that have nothing to do with each other. A")
	say("   bare cosine means another thing for each model.")
	say("4. A look: one thumbnail is laid over the other at 64 × 64 px of luminance (inverse compositional")
	say("   Lucas-Kanade, Baker and Matthews 2004, coarse to fine, tone normalised as in Evangelidis and Psarakis")
	say("   2008). After the best tone curve is taken out they must correlate by 0.95, overlap by 80 %%, and the two")
	say("   places of 64 that agree least must still agree by %.2f: somebody else in the same scene is seen there.", duplicates.Fitted().Local)
	say("5. Groups form around the best photo; every member was compared with it.")
	say("")
	say("The last threshold decides. On the first half, %.2f is the lowest of these that lets no wrong pair through;", r.fitted)
	say("the program asks for %.2f: a wrong proposal costs more than a missed one.", duplicates.Fitted().Local)
	say("")
	for _, l := range r.table {
		say("%s", l)
	}
	say("")
	say("## Failures")
	say("")
	if len(r.failures) == 0 {
		say("None.")
		return b.String()
	}
	const most = 60
	say("%d pairs%s. A copy that agrees with one member of its group, but not with the best, is missed with the others.",
		len(r.failures), map[bool]string{true: fmt.Sprintf(", the first %d of them", most)}[len(r.failures) > most])
	say("")
	say("| | one | other | bits | cosine | correlation | worst places | overlap |")
	say("|---|---|---|--:|--:|--:|--:|--:|")
	for _, f := range r.failures[:min(most, len(r.failures))] {
		say("%s", f)
	}
	return b.String()
}

var nearWords = map[string]string{
	"resized": "resized to 25-90 %", "recompressed": "compressed again, JPEG quality 30-80",
	"cropped": "cropped by 1-5 % of width and height", "turned": "turned by 0.5-2°, cropped to fill",
	"toned":           "brightness ±15 %, contrast ±25 %, saturation -60 to +40 %, gamma 0.75-1.35",
	"black and white": "black and white, contrast up to +20 %",
}

var alikeWords = map[string]string{
	"crop of a part": "crops that leave 40-68 % of the area", "mirrored": "mirrored",
	"other subject":        "the same scene with another subject, a third of the height",
	"other subject, small": "the same scene with another subject, a fifth of the height",
	"plain":                "black frames with noise, white pages, skies", "screenshot": "screenshots of one layout, other words",
}
