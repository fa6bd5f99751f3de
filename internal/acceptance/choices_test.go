package acceptance

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/assets"
	"descry/library/calib"
	"descry/library/store"
)

// TestQualityChoices tries on the fitting half what was chosen on it: templates, references
// and weight of the hubness correction, weights and constant of the fusion. It logs what each
// choice gives; that what was chosen is no worse than nothing is all that it demands.
func TestQualityChoices(t *testing.T) {
	if !*full {
		t.Skip("nothing new is chosen; make quality tries it all")
	}
	c := captionedPhotos(t)
	text := &rememberingText{Engine: starterEngine(t)}
	p := newPart(t, text, c, "fit", true)
	captions, concepts := p.captionQueries(1, 4), p.conceptQueries()
	short := func(q string) []float32 { return text.phrase(t, q) }

	t.Run("templates", func(t *testing.T) {
		queries := slices.DeleteFunc(slices.Clone(concepts), func(q asked) bool { return len(strings.Fields(q.text)) > 3 })
		lists := [][]string{
			assets.Templates(),
			{"{}"},
			{"a photo of {}."},
			{"a photo of a {}."},
			{"a picture of {}"},
			{"a photo with {} in it"},
			{"{} in the picture"},
			{"there is {}."},
			{"a picture of {}", "{} in the picture", "there is {}."},
		}
		for _, templates := range lists {
			through := func(q string) []float32 {
				var texts []string
				for _, s := range templates {
					texts = append(texts, strings.ReplaceAll(s, "{}", q))
				}
				return unitOf(calib.Mean(text.encode(t, texts...)))
			}
			t.Logf("%q: %s", templates, p.try(t, queries, p.byCosine(through, nil, 0)))
		}
	})

	t.Run("hubness", func(t *testing.T) {
		all := text.encode(t, backdrop(t)...)
		none := p.try(t, captions, p.byCosine(short, nil, 0))
		t.Logf("none: captions %s; concepts %s", none, p.try(t, concepts, p.byCosine(short, nil, 0)))
		for _, refs := range []struct {
			name string
			vecs [][]float32
		}{{"background phrases", all[:len(assets.Background())]}, {"and label names", all}} {
			for _, k := range []int{1, hubK, 16, 64} {
				hubs := p.hubs(refs.vecs, k)
				for _, weight := range []float64{0.1, hubAlpha, 0.3, 0.5} {
					got := p.try(t, captions, p.byCosine(short, hubs, weight))
					t.Logf("%s, %2d nearest, weight %.1f: captions %s; concepts %s", refs.name, k, weight, got,
						p.try(t, concepts, p.byCosine(short, hubs, weight)))
					if refs.name == "and label names" && k == hubK && weight == hubAlpha && got.mrr < none.mrr {
						t.Errorf("mean reciprocal rank %.3f, without the correction %.3f", got.mrr, none.mrr)
					}
				}
			}
		}
	})

	t.Run("fusion", func(t *testing.T) {
		hubs := p.hubs(text.encode(t, backdrop(t)...), hubK)
		seen := p.byCosine(short, hubs, hubAlpha)
		none := p.try(t, concepts, seen)
		t.Logf("meaning alone: captions %s; concepts %s", p.try(t, captions, seen), none)
		for _, f := range []fusion{
			{60, 0.25, 0},
			{60, 0.5, 0},
			{60, 1, 0},
			{60, 2, 0},
			{60, 4, 0},
			{10, 1, 0},
			{200, 1, 0},
			{60, 1, 0.1},
			{60, 1, 0.5},
		} {
			got := p.try(t, concepts, p.fused(t, seen, f))
			t.Logf("constant %.0f, weight of all words %.2f, of any %.2f: captions %s; concepts %s", f.constant, f.all, f.any,
				p.try(t, captions, p.fused(t, seen, f)), got)
			if (f == fusion{60, 1, 0}) && got.map_ < none.map_ {
				t.Errorf("mean average precision %.3f, of meaning alone %.3f", got.map_, none.map_)
			}
		}
	})
}

// fusion is how places among photos by meaning, which weigh 1, and those by words are added up.
type fusion struct {
	constant float64
	all      float64 // weight of the list of photos that have all words
	any      float64 // of those that have any
}

// fused orders by reciprocal ranks.
func (p *part) fused(t *testing.T, meaning way, f fusion) way {
	return func(query string) ([]string, error) {
		order, err := meaning(query)
		if err != nil {
			return nil, err
		}
		scores := map[string]float64{}
		add := func(names []string, weight float64) {
			for i, n := range names {
				scores[n] += weight / (f.constant + float64(i+1))
			}
		}
		add(order, 1)
		var terms []string
		for _, w := range strings.Fields(query) {
			if w = strings.Trim(w, ".;:!?()'"); w != "" && !slices.Contains(commonWords, strings.ToLower(w)) {
				terms = append(terms, w)
			}
		}
		for _, any := range []bool{false, true} {
			weight := f.all
			if any {
				weight = f.any
			}
			if weight == 0 {
				continue
			}
			hits, err := p.store.MatchWords(t.Context(), store.WordQuery{Terms: terms, Any: any})
			if err != nil {
				return nil, err
			}
			var names []string
			for _, h := range hits {
				names = append(names, p.names[h.Photo])
			}
			add(names, weight)
		}
		slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(scores[b], scores[a]) })
		return order, nil
	}
}

var commonWords = strings.Fields("a an and are as at be by for from has have in into is it its of on or that the their there these this to was were with")

// TestQualityOfViews makes panoramas of three photos side by side and searches for each of
// them: the model sees the middle of the whole, and crops along it (library/indexer).
func TestQualityOfViews(t *testing.T) {
	c := captionedPhotos(t)
	var split map[string][]string
	readTestdata(t, "captions-split.json", &split)
	folder, of := t.TempDir(), map[string]string{}
	for i := 0; i+3 <= len(split["report"]); i += 3 {
		wide := image.NewRGBA(image.Rect(0, 0, 3*224, 224))
		name := fmt.Sprintf("wide%03d.jpg", i/3)
		for k, n := range split["report"][i : i+3] {
			f, err := os.Open(filepath.Join(c.folder, n))
			if err != nil {
				t.Fatal(err)
			}
			img, err := jpeg.Decode(f)
			_ = f.Close()
			if err != nil {
				t.Fatal(err)
			}
			draw.Draw(wide, image.Rect(k*224, 0, (k+1)*224, 224), img, img.Bounds().Min, draw.Src)
			of[n] = name
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, wide, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := &rememberingText{Engine: starterEngine(t)}
	p := &part{shelf: newShelfWith(t, text, folder), captions: c.captions, vecs: map[string][]float32{}}
	view := p.index.View()
	for _, id := range view.Photos() {
		n := p.names[id]
		p.photos, p.vecs[n] = append(p.photos, n), view.Vectors(id)[0]
	}
	var queries []asked
	for _, n := range slices.Sorted(mapKeys(of)) {
		for _, caption := range c.captions[n][1:4] {
			queries = append(queries, asked{asDescription(caption), func(photo string) truth {
				if photo == of[n] {
					return present
				}
				return absent
			}})
		}
	}
	short := func(q string) []float32 { return text.phrase(t, q) }
	whole := p.try(t, queries, p.byCosine(short, nil, 0))
	got := p.try(t, queries, p.program(t, p.searcher))
	t.Logf("%d panoramas, the whole alone: %s", len(p.photos), whole)
	t.Logf("with crops, the best counts: %s", got)
	if got.within[0] < whole.within[0]+0.2 {
		t.Errorf("R@1 %.3f with crops, %.3f without", got.within[0], whole.within[0])
	}
}
