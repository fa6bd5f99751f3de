package acceptance

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"descry/internal/photomaker"
	"descry/library/calib"
	"descry/library/search"
)

// part is one half of the captioned photos in a library of its own, with the concepts of that
// half. Nothing that is in one half is in the other.
type part struct {
	*shelf
	photos   []string
	captions map[string][]string
	concepts []concept
	truth    map[string]map[string]truth // by query, photo
	vecs     map[string][]float32        // of the photos
}

// described reports whether a photo is given its first caption as a description: about every
// other one, by nothing but its name.
func described(photo string) bool { return sha256.Sum256([]byte(photo))[0] < 128 }

// newPart indexes one half of the photos. With words, the described ones have their first caption in them.
func newPart(t *testing.T, text *rememberingText, c captioned, name string, words bool) *part {
	t.Helper()
	var split map[string][]string
	var all []concept
	readTestdata(t, "captions-split.json", &split)
	readTestdata(t, "concepts.json", &all)
	p := &part{photos: split[name], captions: c.captions, truth: map[string]map[string]truth{}, vecs: map[string][]float32{}}
	folder := t.TempDir()
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range p.photos {
		data, err := os.ReadFile(filepath.Join(c.folder, n))
		if err != nil {
			t.Fatal(err)
		}
		if words && described(n) {
			data = withDescription(data, c.captions[n][0])
		}
		put(n, data)
	}
	p.shelf = newShelfWith(t, text, folder)
	view := p.index.View()
	for _, id := range view.Photos() {
		p.vecs[p.names[id]] = view.Vectors(id)[0]
	}
	for _, k := range all {
		if k.Half == name {
			p.concepts = append(p.concepts, k)
			p.truth[k.Query] = map[string]truth{}
			for _, n := range p.photos {
				p.truth[k.Query][n] = k.judge(c.captions[n])
			}
		}
	}
	return p
}

// withDescription is a JPEG file with a description in XMP.
func withDescription(file []byte, description string) []byte {
	var text bytes.Buffer
	_ = xml.EscapeText(&text, []byte(description))
	packet := "http://ns.adobe.com/xap/1.0/\x00" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>` +
		`<rdf:li xml:lang="x-default">` + text.String() + `</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>`
	return photomaker.InsertJPEG(file, photomaker.Segment(0xE1, []byte(packet)))
}

// asked is a query and what is known of each photo.
type asked struct {
	text  string
	truth func(photo string) truth
}

// captionQueries are some captions of each photo; only its own photo is right.
func (p *part) captionQueries(from, to int) (out []asked) {
	for _, own := range p.photos {
		for _, text := range p.captions[own][from:to] {
			out = append(out, asked{asDescription(text), func(photo string) truth {
				if photo == own {
					return present
				}
				return absent
			}})
		}
	}
	return out
}

// conceptQueries are the concepts that some photo shows.
func (p *part) conceptQueries() (out []asked) {
	for _, k := range p.concepts {
		of := p.truth[k.Query]
		if slices.ContainsFunc(p.photos, func(n string) bool { return of[n] == present }) {
			out = append(out, asked{k.Query, func(photo string) truth { return of[photo] }})
		}
	}
	return out
}

// way orders the photos, best first, for a query.
type way func(query string) ([]string, error)

// finding is how well a way finds: the share of queries with a right photo among the first 1,
// 5 and 10, the mean reciprocal rank of the first right one, and the mean average precision.
// Photos of which it is not known are passed over.
type finding struct {
	within    [3]float64
	mrr, map_ float64
	n         int
}

func (f finding) String() string {
	return fmt.Sprintf("R@1/5/10 %.1f / %.1f / %.1f, MRR %.3f, mAP %.3f (%d queries)",
		100*f.within[0], 100*f.within[1], 100*f.within[2], f.mrr, f.map_, f.n)
}

// worse returns what of a finding is worse than in another by more than a tolerance (a share).
func (f finding) worse(than finding, tolerance float64) (out []string) {
	for i, name := range []string{"R@1", "R@5", "R@10"} {
		if f.within[i] < than.within[i]-tolerance {
			out = append(out, name)
		}
	}
	if f.mrr < than.mrr-tolerance {
		out = append(out, "MRR")
	}
	if f.map_ < than.map_-tolerance {
		out = append(out, "mAP")
	}
	return out
}

// try measures a way with queries.
func (p *part) try(t *testing.T, queries []asked, find way) finding {
	t.Helper()
	var f finding
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, q := range queries {
		g.Go(func() error {
			order, err := find(q.text)
			if err != nil {
				return err
			}
			all := 0
			for _, photo := range p.photos {
				if q.truth(photo) == present {
					all++
				}
			}
			place, right, first, precision := 0, 0, 0, 0.0
			for _, photo := range order {
				is := q.truth(photo)
				if is == unknown {
					continue
				}
				place++
				if is == present {
					right++
					precision += float64(right) / float64(place)
					if first == 0 {
						first = place
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			f.n++
			if first == 0 {
				return nil
			}
			for i, k := range []int{1, 5, 10} {
				if first <= k {
					f.within[i]++
				}
			}
			f.mrr += 1 / float64(first)
			f.map_ += precision / float64(all)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for i := range f.within {
		f.within[i] /= float64(f.n)
	}
	f.mrr /= float64(f.n)
	f.map_ /= float64(f.n)
	return f
}

// program is the way of the program itself.
func (p *part) program(t *testing.T, s *search.Searcher) way {
	return func(query string) ([]string, error) {
		r, err := s.Search(t.Context(), search.Request{Text: query, All: true})
		var order []string
		for _, h := range r.Hits {
			order = append(order, p.names[h.Photo])
		}
		return order, err
	}
}

// byCosine orders by the cosine with the vector of a query, less some bias of each photo.
func (p *part) byCosine(vec func(query string) []float32, bias map[string]float64, weight float64) way {
	return func(query string) ([]string, error) {
		v := vec(query)
		return p.sorted(func(photo string) float64 { return dot(v, p.vecs[photo]) - weight*bias[photo] }), nil
	}
}

func (p *part) sorted(score func(photo string) float64) []string {
	scores := make(map[string]float64, len(p.photos))
	for _, n := range p.photos {
		scores[n] = score(n)
	}
	order := slices.Clone(p.photos)
	slices.SortStableFunc(order, func(a, b string) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	return order
}

// hubs is how much of a hub each photo is: the mean cosine with its k nearest references.
func (p *part) hubs(refs [][]float32, k int) map[string]float64 {
	out := make(map[string]float64, len(p.photos))
	for _, n := range p.photos {
		scores := make([]float64, len(refs))
		for i, r := range refs {
			scores[i] = dot(p.vecs[n], r)
		}
		slices.Sort(scores)
		var sum float64
		for _, s := range scores[len(scores)-k:] {
			sum += s
		}
		out[n] = sum / float64(k)
	}
	return out
}

// TestQualityOfRetrieval measures what each technique adds, on the half of the photos and
// concepts that nothing was chosen on.
func TestQualityOfRetrieval(t *testing.T) {
	c := captionedPhotos(t)
	text := &rememberingText{Engine: starterEngine(t)}
	plain, wordy := newPart(t, text, c, "report", false), newPart(t, text, c, "report", true)
	refs := text.encode(t, backdrop(t)...)
	hubs := plain.hubs(refs, hubK)
	var others [][]float32
	var split map[string][]string
	readTestdata(t, "captions-split.json", &split)
	for _, n := range split["fit"] {
		others = append(others, text.encode(t, c.captions[n]...)...)
	}
	bound := plain.hubs(others, 8)
	bare := func(q string) []float32 { return text.encode(t, q)[0] }
	short := func(q string) []float32 { return text.phrase(t, q) }
	noModel := search.New(search.Params{Store: wordy.store})
	ways := []struct {
		name string
		find way
	}{
		{"cosine with the query", plain.byCosine(bare, nil, 0)},
		{"and templates", plain.byCosine(short, nil, 0)},
		{"and hubness", plain.byCosine(short, hubs, hubAlpha)},
		{"hubness by other captions", plain.byCosine(short, bound, 0.5)},
		{"Descry, no words", plain.program(t, plain.searcher)},
		{"words alone", wordy.program(t, noModel)},
		{"Descry, both", wordy.program(t, wordy.searcher)},
	}
	for _, set := range []struct {
		name    string
		queries []asked
		gate    float64 // mean reciprocal rank of Descry without words
	}{{"captions", plain.captionQueries(1, 4), 0.61}, {"concepts", plain.conceptQueries(), 0.84}} {
		t.Run(set.name, func(t *testing.T) {
			got := map[string]finding{}
			for _, w := range ways {
				got[w.name] = plain.try(t, set.queries, w.find)
				t.Logf("%-26s %s", w.name, got[w.name])
			}
			seen, words, both := got["Descry, no words"], got["words alone"], got["Descry, both"]
			if seen.mrr < set.gate {
				t.Errorf("mean reciprocal rank %.3f, want at least %.2f", seen.mrr, set.gate)
			}
			for name, part := range map[string]finding{"meaning": seen, "words": words} {
				if bad := both.worse(part, 1e-9); len(bad) > 0 {
					t.Errorf("meaning and words together are worse than %s alone: %s", name, strings.Join(bad, ", "))
				}
			}
		})
	}
}

// What library/search and library/vectors have: the test measures what it does, apart.
const (
	hubK     = 4
	hubAlpha = 0.2
)

// fitOf returns the shipped calibration, and what it says of a phrase on each photo.
func (p *part) confidence(t *testing.T, refs [][]float32) func(phrase string) map[string]float64 {
	fit, ok := calib.Builtin(p.engine.Space(), p.engine.Texts(), calib.Text)
	if !ok {
		t.Fatal("no calibration is shipped for the starter")
	}
	mean := calib.Mean(refs)
	return func(phrase string) map[string]float64 {
		vec := p.text.phrase(t, phrase)
		q := queryOver(p.vecs, vec, len(strings.Fields(phrase)), p.photos)
		out := make(map[string]float64, len(p.photos))
		for _, n := range p.photos {
			out[n] = fit.P(q, dot(vec, p.vecs[n]), dot(p.vecs[n], mean))
		}
		return out
	}
}
