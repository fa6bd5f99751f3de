package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"descry/library"
)

func line(text string) library.TextLine {
	return library.TextLine{Text: text, Confidence: 0.97, Box: [4][2]float64{{0.1, 0.2}, {0.5, 0.2}, {0.5, 0.25}, {0.1, 0.25}}}
}

// unread are the names of the photos in which text is to be looked for, newest first.
func (l *lib) unread(engine string) string {
	l.t.Helper()
	var names []string
	for after := (Cursor{}); ; {
		photos, err := l.UnreadPhotos(l.t.Context(), engine, 2, after)
		noError(l.t, err)
		if len(photos) == 0 {
			break
		}
		for _, u := range photos {
			names = append(names, strings.TrimPrefix(u.Path, "/photos/"))
			after = u.Cursor
		}
	}
	n, err := l.CountUnread(l.t.Context(), engine)
	noError(l.t, err)
	same(l.t, "count", n, len(names))
	return strings.Join(names, " ")
}

// having are the photos that have a text, exactly.
func (l *lib) having(text string) []library.PhotoID {
	l.t.Helper()
	hits, err := l.MatchWords(l.t.Context(), WordQuery{Terms: []string{text}, Columns: []string{"recognised"}})
	noError(l.t, err)
	var out []library.PhotoID
	for _, h := range hits {
		out = append(out, h.Photo)
	}
	return out
}

func TestRecognisedText(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	r := l.reading("a.jpg")
	a := l.put("a.jpg", 1, r)
	l.add("b.jpg", 2)
	l.add("c.jpg", 3)
	video := l.reading("d.mp4")
	video.Metadata.Format = "mp4"
	l.put("d.mp4", 4, video)
	same(t, "to read", l.unread("one"), "c.jpg b.jpg a.jpg")

	pic := func(name string) library.Picture { return library.Picture{Content: contentOf(name), Orientation: 1} }
	lines := []library.TextLine{line("Fresh bread"), line("from Müller")}
	noError(t, l.PutReadings(ctx, "one", []Reading{{Picture: pic("a.jpg"), Lines: lines}, {Picture: pic("b.jpg"), Failed: true}, {Picture: pic("gone.jpg")}}))
	same(t, "to read", l.unread("one"), "c.jpg")
	same(t, "by a word", l.having("bread"), []library.PhotoID{a})
	same(t, "without the dots", l.having("muller"), []library.PhotoID{a})
	same(t, "over the end of a line", l.having("bread from"), []library.PhotoID{a})
	got, looked, err := l.TextIn(ctx, a)
	noError(t, err)
	same(t, "lines", got, lines)
	same(t, "looked", looked, true)
	set, err := l.FindSet(ctx, Is(HasText))
	noError(t, err)
	same(t, "has text", set, library.PhotoSetOf(a))
	n, err := l.CountText(ctx)
	noError(t, err)
	same(t, "photos with text", n, 1)

	// A tag of the person writes the words anew, with the text.
	label := l.label("things", "loaf")
	l.confirm(label, a)
	same(t, "after a tag", l.having("bread"), []library.PhotoID{a})

	// The same again changes nothing; another engine reads again, and what it reads stands.
	before := l.dump()
	noError(t, l.PutReadings(ctx, "one", []Reading{{Picture: pic("a.jpg"), Lines: lines}}))
	same(t, "dump", l.dump(), before)
	same(t, "to read with another", l.unread("two"), "c.jpg b.jpg a.jpg")
	noError(t, l.PutReadings(ctx, "two", []Reading{{Picture: pic("a.jpg"), Lines: []library.TextLine{line("Stale bread")}}}))
	same(t, "by the word that went", l.having("fresh"), nil)
	same(t, "by the word that came", l.having("stale"), []library.PhotoID{a})
	if !strings.Contains(l.dump(), "Stale bread") {
		t.Error("the dump does not list the text")
	}

	// Turned, it is another picture, which was not read yet.
	r.Metadata.Orientation = 6
	l.put("a.jpg", 1, r)
	same(t, "after it was turned", fmt.Sprintf("%v %s", l.having("bread"), l.unread("two")), "[] c.jpg b.jpg a.jpg")
	r.Metadata.Orientation = 1
	l.put("a.jpg", 1, r)
	same(t, "after it was turned back", l.having("stale"), []library.PhotoID{a})
	l.check()

	// Forgetting takes the text along.
	_, err = l.Forget(ctx, a)
	noError(t, err)
	var left int
	noError(t, l.ro.QueryRowContext(ctx, "SELECT count(*) FROM recognised WHERE lines LIKE '%bread%'").Scan(&left))
	same(t, "left of a forgotten photo", left, 0)
	same(t, "found", l.having("bread"), nil)
	if _, looked, err := l.TextIn(ctx, a); looked || err != nil {
		t.Errorf("text of a forgotten photo: %v, %v", looked, err)
	}
	l.check()
}

// What was read of a picture holds for the photo that shows it again: nothing is read twice.
func TestRecognisedTextStaysWithThePicture(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	camera := func(content string) IndexedFile { return camera1(l.reading(content), 5) }
	one := l.put("a.jpg", 1, camera("first"))
	noError(t, l.PutReadings(ctx, "one", []Reading{{Picture: library.Picture{Content: contentOf("first"), Orientation: 1}, Lines: []library.TextLine{line("platform seven")}}}))
	l.put("a.jpg", 2, camera("second")) // edited in place: the same photo with another picture
	same(t, "after the edit", fmt.Sprintf("%v %s", l.having("platform"), l.unread("one")), "[] a.jpg")
	back := l.put("b.jpg", 3, camera("first"))
	if back == one {
		t.Fatal("the old picture is the edited photo")
	}
	same(t, "the picture again", fmt.Sprintf("%v %s", l.having("platform"), l.unread("one")), fmt.Sprintf("[%d] a.jpg", back))
	l.check()
}

func TestRecognisedTextOfADamagedRow(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	id := l.add("a.jpg", 1)
	noError(t, l.PutReadings(ctx, "one", []Reading{{Picture: library.Picture{Content: contentOf("a.jpg"), Orientation: 1}, Lines: []library.TextLine{line("x\x00y\xff")}}}))
	got, _, err := l.TextIn(ctx, id)
	noError(t, err)
	if d := cmp.Diff("xy\uFFFD", got[0].Text); d != "" {
		t.Error(d)
	}
	noError(t, l.write(ctx, false, func(t *tx) error { return t.exec("UPDATE recognised SET lines = 'nonsense'") }))
	if _, _, err := l.TextIn(ctx, id); err == nil || errors.Is(err, library.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}
