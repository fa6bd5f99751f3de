package store

import (
	"math"
	"testing"
	"time"

	"descry/library"
	"descry/library/colours"
)

func TestFind(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	east := l.reading("east")
	east.Metadata.GPS = &library.GPS{Lat: -17, Lon: 179.5}
	east.Metadata.Taken = time.Date(1969, 12, 31, 23, 30, 0, 0, time.UTC) // a Wednesday before 1970
	west := l.reading("west")
	west.Metadata.GPS = &library.GPS{Lat: -17, Lon: -179.5}
	west.Metadata.Make, west.Metadata.Model, west.Metadata.Lens = "Canon", "Canon EOS 100%_D", `50mm f/1.8 \ II`
	west.Measures.Palette = []library.Swatch{{Colour: 0x010203, Share: 200}, {Colour: 0xfffefd, Share: 55}}
	lying := l.reading("lying")
	lying.Metadata.Orientation, lying.Metadata.Width, lying.Metadata.Height = 6, 300, 100
	lying.Measures = nil
	gone := l.reading("gone")
	gone.Metadata.ISO = 400
	e, w, y, g := l.put("50%_off.jpg", 1, east), l.put("a/5 off.jpg", 2, west), l.put("lying.jpg", 3, lying), l.put("gone.jpg", 4, gone)
	l.put("a/copy.jpg", 5, east)
	l.apply(Gone, "gone.jpg", library.Stat{})

	ids := func(ids ...library.PhotoID) []library.PhotoID { return ids }
	all := ids(y, w, e)
	for _, c := range []struct {
		name string
		c    Condition
		want []library.PhotoID
	}{
		{"everything", Condition{}, all},
		{"nothing", Either(), nil},
		{"all of nothing", Both(), all},
		{"not everything", Except(Condition{}), nil},
		{"one of", OneOf(ids(w, e, 99)), ids(w, e)},
		{"a pattern that stands for itself", Named("50%_off*"), ids(e)},
		{"a pattern in any case", Named("?? OFF.jpg"), nil},
		{"any letter", Named("? OFF.jpg"), ids(w)},
		{"another file of the photo", Named("copy.*"), ids(e)},
		{"a folder", InFolder(l.root.ID, "a"), ids(w, e)},
		{"several files", Is(HasCopies), ids(e)},
		{"a camera", TakenWith([]string{"canon", "100%_d"}), ids(w)},
		{"a camera's text is no pattern", TakenWith([]string{"100_d"}), nil},
		{"a lens", ThroughLens([]string{`\ ii`}), ids(w)},
		{"what is not known is not so", Except(Within(ISO, 100, math.Inf(1))), all},
		{"upright", Shape(-1), ids(y)},
		{"wide", Within(Width, 40, 100), ids(y, w, e)},
		{"twice as high as wide", Is(IsPanorama), ids(y)},
		{"south", InTheSouth(), ids(w, e)},
		{"not known to be south", Except(InTheSouth()), ids(y)},
		{"before 1970", TakenAtTime(23*60, 2*60), ids(e)},
		{"on a Wednesday", TakenOn([7]bool{3: true}), ids(e)},
		{"in December", TakenInMonths(12, 12), ids(e)},
		{"until 1970", TakenBetween(time.Time{}, time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)), ids(e)},
		{"missing", Is(IsMissing), ids(g)},
		{"missing and something else", Both(Is(IsMissing), Within(ISO, 400, 400)), ids(g)},
		{"not missing", Except(Is(IsMissing)), all},
		{"no camera", Except(Is(FromCamera)), ids(y, e)},
		{"no video", Is(IsVideo), nil},
		{"an end of the name", EndsIn("JPG"), all},
		{"no end of the name", EndsIn("opy"), nil},
		{"near", Near(-17, 179.9, 45), ids(e)},
		{"near, over the date line", Near(-17, 180, 55), ids(w, e)},
		{"not near", Near(-17, 180, 50), nil},
		{"in a spot", At([]Spot{SpotOf(-17, 179.5)}), ids(e)},
		{"a colour", Coloured(colours.Named("white")), ids(w)},
		{"like a colour", Coloured(colours.Like(0xf8f8f8)), ids(w)},
		{"black", Coloured(colours.Named("black")), ids(w, e)},
		{"no rating", Within(Rating, 0, 0), all},
	} {
		got, err := l.Find(ctx, c.c)
		noError(t, err)
		same(t, c.name, got, c.want)
	}

	off, err := HasWords(WordQuery{Terms: []string{"off"}})
	noError(t, err)
	got, err := l.Find(ctx, off)
	noError(t, err)
	same(t, "words", got, ids(w, e))
	if _, err := HasWords(WordQuery{Terms: []string{"off"}, Columns: []string{"nothing"}}); err == nil {
		t.Error("an unknown column is no error")
	}

	cameras, err := l.Cameras(ctx)
	noError(t, err)
	same(t, "cameras", cameras, []string{"Canon EOS 100%_D"})

	noError(t, l.SetRootState(ctx, l.root.ID, library.Offline, ""))
	got, err = l.Find(ctx, Is(IsOffline))
	noError(t, err)
	same(t, "offline", got, all)
}
