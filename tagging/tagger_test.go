package tagging

import (
	"context"
	"errors"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const dim = 64

// fake encodes a text as the sum of a direction per word, so that texts that share words
// are near; it counts what it encodes.
type fake struct {
	space   string
	texts   string // "": those of the space
	calls   atomic.Int64
	fail    string // a text with this word fails
	sigmoid bool
}

func (f *fake) EncodeText(_ context.Context, text string) ([]float32, error) {
	f.calls.Add(1)
	if f.fail != "" && strings.Contains(text, f.fail) {
		return nil, errors.New("no vector")
	}
	return words(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' })...), nil
}

func (f *fake) Space() string { return f.space }
func (f *fake) Texts() string {
	if f.texts == "" {
		return "texts of " + f.space
	}
	return f.texts
}
func (f *fake) LogitScale() float64        { return 20 }
func (f *fake) LogitBias() (float64, bool) { return -5, f.sigmoid }

// words is a unit vector near to the texts that hold these words.
func words(list ...string) []float32 {
	sum := make([]float64, dim)
	for _, w := range list {
		h := fnv.New64a()
		h.Write([]byte(w))
		rng := rand.New(rand.NewPCG(h.Sum64(), 1))
		for i := range sum {
			sum[i] += rng.NormFloat64()
		}
	}
	return toFloat32(unit(sum))
}

var plainBackground = []string{"something", "a budget", "the meaning", "noise", "grey lines", "an idea", "zzz", "a rumour", "lorem ipsum", "a promise"}

// plain is a calibration that looks at leads only.
var plain = Calibration{Fitted: true, Intercept: -3, SetMargin: 1.5, Sharpness: 0.5, Padding: 10}

func fakeSets() []LabelSet {
	set := func(name string, limit int, labels ...string) LabelSet {
		s := LabelSet{Name: name, Limit: limit}
		for _, l := range labels {
			s.Labels = append(s.Labels, Label{Name: l})
		}
		return s
	}
	animals := set("animals", 2, "dog", "cat", "horse", "bird", "animal")
	animals.Labels[0].Includes = []string{"animal"}
	kinds := set("kinds", 3, "screenshot", "receipt", "map")
	kinds.Exclusive = true
	return []LabelSet{animals, set("places", 3, "beach", "forest", "street", "kitchen", "bridge"), kinds}
}

func fakeTagger(t *testing.T, enc TextEncoder, sets []LabelSet, opts ...Option) *Tagger {
	t.Helper()
	tagger, err := NewTagger(context.Background(), enc, sets, plainBackground, append([]Option{WithCalibration(plain)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return tagger
}

func names(found []Suggestion) []string {
	var out []string
	for _, s := range found {
		out = append(out, s.Set+"/"+s.Label)
	}
	return out
}

func TestSuggest(t *testing.T) {
	tagger := fakeTagger(t, &fake{}, fakeSets())
	nan := make([]float32, dim)
	nan[3] = float32(math.NaN())
	tests := []struct {
		name string
		vec  []float32
		want []string // in any order
	}{
		{"one thing", words("dog"), []string{"animals/dog"}},
		{"two sets", words("cat", "beach"), []string{"animals/cat", "places/beach"}},
		{"nothing of any set", words("budget", "rumour"), nil},
		{"set limit", words("cat", "horse", "bird"), nil}, // any two of them
		{"exclusive", words("receipt", "map"), nil},       // one of them
		{"zero vector", make([]float32, dim), nil},
		{"not a number", nan, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := tagger.Suggest(tt.vec)
			got := names(found)
			switch tt.name {
			case "set limit":
				if len(got) != 2 {
					t.Errorf("got %v, want two of three", got)
				}
			case "exclusive":
				if len(got) != 1 || !strings.HasPrefix(got[0], "kinds/") {
					t.Errorf("got %v, want one kind", got)
				}
			default:
				if d := cmp.Diff(tt.want, got, cmpopts.SortSlices(strings.Compare)); d != "" {
					t.Error(d)
				}
			}
			for i, s := range found {
				if s.Confidence < MinConfidence || s.Confidence > 1 || i > 0 && s.Confidence > found[i-1].Confidence {
					t.Errorf("%v", found)
				}
			}
		})
	}
}

func TestSuggestIsBounded(t *testing.T) {
	var sets []LabelSet
	var all []string
	for i := range 9 {
		w := "word" + string(rune('a'+i))
		all = append(all, w)
		sets = append(sets, LabelSet{Name: "set" + string(rune('a'+i)), Labels: []Label{{Name: w}}})
	}
	cal := plain
	cal.Intercept = 0
	tagger := fakeTagger(t, &fake{}, sets, WithCalibration(cal))
	if got := tagger.Suggest(words(all...)); len(got) != MaxSuggestions {
		t.Errorf("%d suggestions, want %d", len(got), MaxSuggestions)
	}
}

func TestSuggestSynonymsPromptsAndTemplates(t *testing.T) {
	sets := []LabelSet{{
		Name: "mine", Templates: []string{"{}"},
		Labels: []Label{{Name: "Rex", Synonyms: []string{"hound"}, Prompts: []string{"brown terrier"}}, {Name: "garden"}},
	}}
	tagger := fakeTagger(t, &fake{}, sets)
	for _, w := range []string{"rex", "hound", "terrier"} {
		if got := names(tagger.Suggest(words(w, w, "rex", "hound"))); !slices.Contains(got, "mine/Rex") {
			t.Errorf("%s: %v", w, got)
		}
	}
}

func TestTaggerDigest(t *testing.T) {
	base := fakeTagger(t, &fake{space: "s"}, fakeSets())
	if other := fakeTagger(t, &fake{space: "s"}, fakeSets()); other.Digest() != base.Digest() {
		t.Error("the same labels have two digests")
	}
	changed := fakeSets()
	changed[0].Labels[0].Synonyms = []string{"hound"}
	for what, other := range map[string]*Tagger{
		"space":       fakeTagger(t, &fake{space: "t"}, fakeSets()),
		"labels":      fakeTagger(t, &fake{space: "s"}, changed),
		"templates":   fakeTagger(t, &fake{space: "s"}, fakeSets(), WithTemplates([]string{"{}"})),
		"calibration": fakeTagger(t, &fake{space: "s"}, fakeSets(), WithCalibration(Calibration{Fitted: true, Sharpness: 1})),
	} {
		if other.Digest() == base.Digest() {
			t.Errorf("another %s has the same digest", what)
		}
	}
}

func TestTaggerErrors(t *testing.T) {
	ctx := context.Background()
	if _, err := NewTagger(ctx, &fake{}, fakeSets(), nil); err == nil || !strings.Contains(err.Error(), "background") {
		t.Errorf("no background: %v", err)
	}
	if _, err := NewTagger(ctx, &fake{}, []LabelSet{{Name: "x"}}, plainBackground); err == nil || !strings.Contains(err.Error(), "has no labels") {
		t.Errorf("bad set: %v", err)
	}
	if _, err := NewTagger(ctx, &fake{fail: "horse"}, fakeSets(), plainBackground); err == nil || !strings.Contains(err.Error(), `"a photo of horse."`) && !strings.Contains(err.Error(), `"horse"`) {
		t.Errorf("failing encoder: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := NewTagger(cancelled, &fake{}, fakeSets(), plainBackground); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if tagger, err := NewTagger(ctx, &fake{}, nil, plainBackground); err != nil || tagger.Suggest(words("dog")) != nil {
		t.Errorf("no sets: %v", err)
	}
}

func TestCalibratedOnlyWhereFitted(t *testing.T) {
	c, err := BuiltinCalibration()
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for _, tt := range []struct {
		space, texts string
		want         bool
	}{{c.Space, c.Texts, true}, {"another", c.Texts, false}, {c.Space, "another", false}} {
		tagger, err := NewTagger(context.Background(), &fake{space: tt.space, texts: tt.texts}, fakeSets(), plainBackground)
		if err != nil {
			t.Fatal(err)
		}
		if tagger.Calibrated() != tt.want {
			t.Errorf("space %q with text tower %q: calibrated is %v", tt.space, tt.texts, tagger.Calibrated())
		}
		digests[tagger.Digest()] = true
	}
	if len(digests) != 3 {
		t.Errorf("%d digests of three taggers", len(digests))
	}
}

func TestCachedEncodesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache", "text-vectors")
	open := func() *FileCache {
		t.Helper()
		c, err := OpenFileCache(path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	enc := &fake{space: "s"}
	first := fakeTagger(t, Cached(enc, open()), fakeSets())
	n := enc.calls.Load()
	again := fakeTagger(t, Cached(enc, open()), fakeSets())
	if enc.calls.Load() != n {
		t.Errorf("%d texts encoded again", enc.calls.Load()-n)
	}
	vec := words("dog", "beach")
	if d := cmp.Diff(first.Suggest(vec), again.Suggest(vec)); d != "" {
		t.Error(d)
	}
	// Another space shares nothing.
	other := &fake{space: "t"}
	fakeTagger(t, Cached(other, open()), fakeSets())
	if other.calls.Load() != n {
		t.Errorf("%d texts encoded in another space, want %d", other.calls.Load(), n)
	}
	// Neither does another text tower of the same space; the same one in another space does.
	swapped := &fake{space: "s", texts: "others"}
	fakeTagger(t, Cached(swapped, open()), fakeSets())
	if swapped.calls.Load() != n {
		t.Errorf("%d texts encoded with another text tower, want %d", swapped.calls.Load(), n)
	}
	same := &fake{space: "u", texts: "others"}
	if fakeTagger(t, Cached(same, open()), fakeSets()); same.calls.Load() != 0 {
		t.Errorf("%d texts encoded again with the same text tower", same.calls.Load())
	}
	// Cut short at any byte, the file still gives the records before, and goes on.
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []int{0, 3, 8, 9, 100, len(data) / 2, len(data) - 1} {
		if err := os.WriteFile(path, data[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		enc := &fake{space: "s"}
		fakeTagger(t, Cached(enc, open()), fakeSets())
		enc.calls.Store(0)
		if fakeTagger(t, Cached(enc, open()), fakeSets()); enc.calls.Load() != 0 {
			t.Errorf("cut to %d bytes: %d texts encoded again after mending", keep, enc.calls.Load())
		}
	}
	// A flipped bit ends what is believed.
	bad := slices.Clone(data)
	bad[len(bad)/2] ^= 1
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if c := open(); c.size >= int64(len(bad)/2) {
		t.Errorf("%d bytes believed of a file damaged at %d", c.size, len(bad)/2)
	}
	// What is not ours is replaced.
	if err := os.WriteFile(path, []byte("something else entirely"), 0o600); err != nil {
		t.Fatal(err)
	}
	fakeTagger(t, Cached(&fake{space: "s"}, open()), fakeSets())
	if c := open(); len(c.vecs) == 0 {
		t.Error("a foreign file was not replaced")
	}
	if err := open().Put("no key", nil); err == nil {
		t.Error("a bad key was taken")
	}
}

func TestClassifier(t *testing.T) {
	ctx := context.Background()
	for _, sigmoid := range []bool{false, true} {
		c, err := NewClassifier(ctx, &fake{sigmoid: sigmoid}, nil, []string{"dog", "cat", "receipt"})
		if err != nil {
			t.Fatal(err)
		}
		p := c.Probabilities(words("cat"))
		if slices.Index(p, slices.Max(p)) != 1 {
			t.Errorf("sigmoid %v: %v", sigmoid, p)
		}
		sum := 0.0
		for i, x := range p {
			sum += x
			if want := 1 / (1 + math.Exp(-(20*dot(c.vecs[i], words("cat")) - 5))); sigmoid && math.Abs(x-want) > 1e-9 {
				t.Errorf("%v, want %v", x, want)
			}
		}
		if !sigmoid && math.Abs(sum-1) > 1e-9 {
			t.Errorf("sum %v", sum)
		}
	}
	for _, labels := range [][]string{nil, {"dog", " "}, {"dog", "dog"}} {
		if _, err := NewClassifier(ctx, &fake{}, nil, labels); err == nil {
			t.Errorf("%q was taken", labels)
		}
	}
}

func BenchmarkSuggest(b *testing.B) {
	var labels []Label
	for i := range 288 {
		labels = append(labels, Label{Name: "label" + string(rune('a'+i%26)) + string(rune('a'+i/26))})
	}
	var background []string
	for i := range 386 {
		background = append(background, "phrase"+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	tagger, err := NewTagger(context.Background(), &fake{}, []LabelSet{{Name: "x", Labels: labels}}, background)
	if err != nil {
		b.Fatal(err)
	}
	vec := words("dog")
	for b.Loop() {
		tagger.Suggest(vec)
	}
}
