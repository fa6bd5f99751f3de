package tagging_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/testdata"
	"descry/library/decode"
	"descry/tagging"
)

// starter loads the model that the program carries.
func starter(t testing.TB) *clipengine.Engine {
	t.Helper()
	library := testdata.Runtime(t)
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	e, err := clipengine.Open(b, clipengine.Options{Library: library})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func builtinSets(t testing.TB) []tagging.LabelSet {
	t.Helper()
	sets, err := tagging.ReadSets(assets.Labels())
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

// memory is a VectorCache that lasts for the tests of this package, so that the labels
// are encoded once.
type memory struct{ m sync.Map }

func (c *memory) Get(key string) ([]float32, bool) {
	v, ok := c.m.Load(key)
	if !ok {
		return nil, false
	}
	return v.([]float32), true
}

func (c *memory) Put(key string, vec []float32) error {
	c.m.Store(key, vec)
	return nil
}

var textVectors memory

func builtinTagger(t testing.TB, e *clipengine.Engine, opts ...tagging.Option) *tagging.Tagger {
	t.Helper()
	opts = append([]tagging.Option{tagging.WithTemplates(assets.Templates())}, opts...)
	tagger, err := tagging.NewTagger(context.Background(), tagging.Cached(e, &textVectors), builtinSets(t), assets.Background(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return tagger
}

func encodeFile(t testing.TB, e *clipengine.Engine, path string) []float32 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := decode.Decode(context.Background(), data, decode.Options{Orientation: 1, MinSide: e.MinSide()})
	if err != nil {
		t.Fatal(err)
	}
	vec, err := e.EncodeImage(context.Background(), img)
	if err != nil {
		t.Fatal(err)
	}
	return vec
}

// truth says what captions tell of a label on a photo.
type truth int

const (
	unsure  truth = iota // one caption names it
	present              // at least two of the five name it
	absent               // none does
)

// captioned are photos with captions and what they tell.
type captioned struct {
	names []string
	vecs  map[string][]float32
	truth map[string]map[string]truth // photo, label key
}

// readCaptioned reads one part of split.json.
func readCaptioned(t testing.TB, e *clipengine.Engine, part string) captioned {
	t.Helper()
	dir := filepath.Join(testdata.Shared(t), "data", "captions-dev")
	var captions map[string][]string
	readJSON(t, filepath.Join(dir, "captions.json"), &captions)
	var split map[string][]string
	readJSON(t, filepath.Join("testdata", "split.json"), &split)
	var concepts map[string][]string
	readJSON(t, filepath.Join("testdata", "concepts.json"), &concepts)

	c := captioned{names: split[part], vecs: map[string][]float32{}, truth: map[string]map[string]truth{}}
	sets := builtinSets(t)
	words := wordsOf(sets, concepts)
	wider := widerOf(sets)
	for _, n := range c.names {
		c.vecs[n] = encodeFile(t, e, filepath.Join(dir, "photos", n))
		c.truth[n] = judge(captions[n], words, wider)
	}
	return c
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// wordsOf gives each label the words by which captions name it: those of concepts.json,
// else its own name and synonyms and their plain plurals.
func wordsOf(sets []tagging.LabelSet, concepts map[string][]string) map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{}
	for _, s := range sets {
		for _, l := range s.Labels {
			key := s.Name + "/" + l.Name
			list, ok := concepts[key]
			if !ok {
				for _, n := range append([]string{l.Name}, l.Synonyms...) {
					list = append(list, strings.ToLower(n), strings.ToLower(n)+"s")
				}
			}
			for i := range list {
				list[i] = regexp.QuoteMeta(list[i])
			}
			out[key] = regexp.MustCompile(`\b(?:` + strings.Join(list, "|") + `)\b`)
		}
	}
	return out
}

// widerOf maps a label to labels that hold whenever it does: a dog is an animal, whoever
// surfs is a person.
func widerOf(sets []tagging.LabelSet) map[string][]string {
	type named struct{ key, role string }
	byName := map[string]named{}
	for _, s := range sets {
		for _, l := range s.Labels {
			byName[strings.ToLower(l.Name)] = named{s.Name + "/" + l.Name, s.RoleOf(l)}
		}
	}
	v := tagging.NewVocabulary(sets)
	out := map[string][]string{}
	for _, s := range sets {
		for _, l := range s.Labels {
			for _, name := range v.Includes(l) {
				if w, ok := byName[name]; ok && (w.role == s.RoleOf(l) || w.role == tagging.RolePerson) {
					key := s.Name + "/" + l.Name
					out[key] = append(out[key], w.key)
				}
			}
		}
	}
	return out
}

func judge(captions []string, words map[string]*regexp.Regexp, wider map[string][]string) map[string]truth {
	out := map[string]truth{}
	for key, re := range words {
		n := 0
		for _, c := range captions {
			if re.MatchString(strings.ToLower(c)) {
				n++
			}
		}
		switch {
		case n == 0:
			out[key] = absent
		case n >= 2:
			out[key] = present
		}
	}
	for key, wide := range wider {
		for _, w := range wide {
			if out[key] == present || out[key] == unsure && out[w] == absent {
				out[w] = out[key]
			}
		}
	}
	return out
}
