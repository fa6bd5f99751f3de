package tagging_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/library"
	"descry/tagging"
)

func tagsOf(found []tagging.Suggestion) (tags []library.Tag, words []string) {
	for _, s := range found {
		tags = append(tags, library.Tag{Set: s.Set, Name: s.Label, State: library.Suggested, Confidence: s.Confidence})
		words = append(words, fmt.Sprintf("%s %.2f", s.Label, s.Confidence))
	}
	return tags, words
}

// TestSamples tags the sample photos and drafts their alt text: what is plainly there
// must be found, and nothing else may be said.
func TestSamples(t *testing.T) {
	e := starter(t)
	tagger := builtinTagger(t, e)
	v := tagging.NewVocabulary(builtinSets(t))
	files, err := filepath.Glob(filepath.Join(testdata.Samples(t), "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample photos: %v", err)
	}
	want := map[string]string{
		"dogs-on-balcony":  "animals/dog",
		"kitten-with-yarn": "animals/cat",
		"white-duck":       "animals/bird",
		"mountain-path":    "scenes/mountains",
		"drums-and-guitar": "activities/playing music",
		"citrus-slices":    "food/fruit",
		"orange-dahlia":    "things/flowers",
		"polar-bear":       "animals/animal",
		"honey-bee":        "animals/animal",
	}
	for _, f := range files {
		found := tagger.Suggest(encodeFile(t, e, f))
		tags, words := tagsOf(found)
		alt := tagging.DraftAlt(tagging.AltInput{Tags: tags, Vocabulary: v, Calibrated: true})
		name := strings.TrimSuffix(filepath.Base(f), ".jpg")
		t.Logf("%-26s %s   %s", name, alt.Text, strings.Join(words, ", "))
		if w := want[name]; w != "" {
			ok := false
			for _, s := range found {
				ok = ok || s.Set+"/"+s.Label == w
			}
			if !ok {
				t.Errorf("%s: no %s", name, w)
			}
		}
	}
}

// TestDraftsOnCaptioned writes the drafts for the reporting photos with their first
// caption to the file DESCRY_DRAFTS, to be read by a person.
func TestDraftsOnCaptioned(t *testing.T) {
	file := os.Getenv("DESCRY_DRAFTS")
	if file == "" {
		t.Skip("skipped: set DESCRY_DRAFTS to a file to have the drafts written there")
	}
	e := starter(t)
	tagger := builtinTagger(t, e)
	v := tagging.NewVocabulary(builtinSets(t))
	data := readCaptioned(t, e, "report")
	var captions map[string][]string
	readJSON(t, filepath.Join(testdata.Shared(t), "data", "captions-dev", "captions.json"), &captions)
	var out strings.Builder
	for _, n := range data.names {
		tags, words := tagsOf(tagger.Suggest(data.vecs[n]))
		alt := tagging.DraftAlt(tagging.AltInput{Tags: tags, Vocabulary: v, Calibrated: true})
		fmt.Fprintf(&out, "%s\n    %s   [%s]\n", captions[n][0], alt.Text, strings.Join(words, ", "))
	}
	if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNothingShown gives the tagger pictures that show nothing: no label may be found.
func TestNothingShown(t *testing.T) {
	e := starter(t)
	tagger := builtinTagger(t, e)
	rng := rand.New(rand.NewPCG(3, 4))
	pictures := map[string]func(x, y int) color.RGBA{
		"black": func(_, _ int) color.RGBA { return color.RGBA{A: 255} },
		"white": func(_, _ int) color.RGBA { return color.RGBA{255, 255, 255, 255} },
		"grey":  func(_, _ int) color.RGBA { return color.RGBA{120, 120, 120, 255} },
		"red":   func(_, _ int) color.RGBA { return color.RGBA{200, 30, 30, 255} },
		"noise": func(_, _ int) color.RGBA {
			return color.RGBA{uint8(rng.UintN(256)), uint8(rng.UintN(256)), uint8(rng.UintN(256)), 255}
		},
		"gradient": func(x, y int) color.RGBA { return color.RGBA{uint8(x), uint8(y), 128, 255} },
		"stripes":  func(x, _ int) color.RGBA { v := uint8(x / 16 % 2 * 255); return color.RGBA{v, v, v, 255} },
	}
	for name, at := range pictures {
		img := image.NewRGBA(image.Rect(0, 0, 256, 256))
		for y := range 256 {
			for x := range 256 {
				img.SetRGBA(x, y, at(x, y))
			}
		}
		vec, err := e.EncodeImage(context.Background(), img)
		if err != nil {
			t.Fatal(err)
		}
		if found := tagger.Suggest(vec); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}
