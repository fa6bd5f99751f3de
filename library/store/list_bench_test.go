package store

import (
	"math"
	"testing"
	"time"

	"descry/internal/spelling"
	"descry/library"
)

// What the window asks for, on a library of 100,000 photos with 4 suggestions each.
func BenchmarkLargeLibrary(b *testing.B) {
	const photos, dim = 100_000, 32
	s, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ctx := b.Context()
	root, err := s.AddRoot(ctx, "/photos", "")
	if err != nil {
		b.Fatal(err)
	}
	space, err := s.EnsureSpace(ctx, "d", "m", dim)
	if err != nil {
		b.Fatal(err)
	}
	fill(b, s, root.ID, space.ID, dim, photos)
	var labels []library.LabelID
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		id, _, err := s.AddLabel(ctx, LabelSet{Name: "set"}, Label{Name: name})
		if err != nil {
			b.Fatal(err)
		}
		labels = append(labels, id)
	}
	for seq := int64(1); seq <= photos; seq += 500 {
		var batch []Suggestion
		for i := seq; i < seq+500; i++ {
			for k := range int64(4) {
				batch = append(batch, Suggestion{Seq: i, Label: labels[(i+k*3)%10], Confidence: float64(i%100) / 100})
			}
		}
		if err := s.PutSuggestions(ctx, space.ID, "x", seq+499, batch); err != nil {
			b.Fatal(err)
		}
	}
	all, err := s.Photos(ctx, ListFilter{})
	if err != nil || len(all) != photos {
		b.Fatal(len(all), err)
	}
	for _, c := range []struct {
		name string
		fn   func() error
	}{
		{"KnownWords", func() error { // all that a word of eight letters may have been meant to be
			_, err := s.KnownWords(ctx, spelling.Edits("mountian", []rune("abcdefghijklmnopqrstuvwxyz")))
			return err
		}},
		{"Photos/all", func() error { _, err := s.Photos(ctx, ListFilter{}); return err }},
		{"Photos/folder", func() error { _, err := s.Photos(ctx, ListFilter{Root: root.ID, Dir: "2015"}); return err }},
		{"Photos/tag", func() error {
			_, err := s.Photos(ctx, ListFilter{Label: labels[0], Space: space.ID, MinConfidence: 0.5})
			return err
		}},
		{"Photos/untagged", func() error { _, err := s.Photos(ctx, ListFilter{Untagged: true}); return err }},
		{"Find/year", func() error {
			_, err := s.Find(ctx, TakenBetween(time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)))
			return err
		}},
		{"Find/iso", func() error { _, err := s.Find(ctx, Within(ISO, 800, math.Inf(1))); return err }},
		{"Find/name", func() error { _, err := s.Find(ctx, Named("*.png")); return err }},
		{"Find/size", func() error { _, err := s.Find(ctx, Within(Megapixels, 10, 20)); return err }},
		{"Find/weekday", func() error { _, err := s.Find(ctx, TakenOn([7]bool{0: true})); return err }},
		{"Find/not tagged", func() error { _, err := s.Find(ctx, Except(Tagged(labels[:1], space.ID, 0.5))); return err }},
		{"Cards/60", func() error { _, err := s.Cards(ctx, all[5000:5060]); return err }},
		{"Detail", func() error { _, err := s.Detail(ctx, all[777]); return err }},
		{"Tags/60", func() error { _, err := s.Tags(ctx, all[5000:5060], space.ID); return err }},
		{"Folders", func() error { _, err := s.Folders(ctx); return err }},
		{"TagCounts", func() error { _, err := s.TagCounts(ctx, space.ID, 0.5); return err }},
		{"DateCounts", func() error { _, err := s.DateCounts(ctx); return err }},
		{"Status", func() error { _, err := s.Status(ctx, space.ID); return err }},
		{"Roots", func() error { _, err := s.Roots(ctx); return err }},
		{"Pending/done", func() error { _, err := s.Pending(ctx, space.ID, 100, Cursor{}); return err }},
		{"MatchWords/rare", func() error {
			_, err := s.MatchWords(ctx, WordQuery{Terms: []string{"IMG_000777"}, Limit: 200})
			return err
		}},
		{"MatchWords/common", func() error {
			_, err := s.MatchWords(ctx, WordQuery{Terms: []string{"travel", "italy"}, Limit: 200})
			return err
		}},
		{"VectorPhotos", func() error { return s.VectorPhotos(ctx, space.ID, func(int64, library.PhotoID) {}) }},
		{"Vectors", func() error { return s.Vectors(ctx, space.ID, 0, 0, func(VectorRow) error { return nil }) }},
		{"SetTags/1000", func() error {
			op, _, err := s.SetTags(ctx, all[:1000], labels[1], library.Confirmed)
			if err == nil {
				_, err = s.Undo(ctx, op)
			}
			return err
		}},
		{"Digest", func() error { _, _, err := s.Digest(ctx); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.fn(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
