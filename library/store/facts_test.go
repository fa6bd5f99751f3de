package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"descry/library"
)

// checkFacts fails the test unless the facts of all photos are what working them out anew
// gives. Nothing is changed.
func (l *lib) checkFacts() {
	l.t.Helper()
	if l.readOnly {
		return
	}
	var was, is []string
	undone := errors.New("undone")
	err := l.write(context.WithoutCancel(l.t.Context()), true, func(t *tx) error {
		read := func(to *[]string) error {
			return t.each(`SELECT photo_id || ' ' || flags || ' ' || colours || ' ' || coalesce(width, '-') || '×' || coalesce(height, '-')
				|| ' f' || coalesce(f_number, '-') || ' ' || coalesce(focal, '-') || ' mm, ISO ' || coalesce(iso, '-') || ' ' || rating || '* '
				|| coalesce((SELECT make || ' ' || model FROM camera c WHERE c.id = camera), '-') || coalesce((SELECT name FROM lens l WHERE l.id = lens), '-')
				|| ' ' || coalesce(clock, '-') || ' ' || coalesce(spot, '-') || ' ' || coalesce(lat, '-') || ' ' || coalesce(lon, '-') || ext || copies
				FROM fact ORDER BY photo_id`, nil, func(rows *sql.Rows) error {
				var s string
				err := rows.Scan(&s)
				*to = append(*to, s)
				return err
			})
		}
		if err := read(&was); err != nil {
			return err
		}
		if err := t.each("SELECT id FROM photo", nil, func(rows *sql.Rows) error {
			var id library.PhotoID
			err := rows.Scan(&id)
			t.mark(id, dirtFacts)
			return err
		}); err != nil {
			return err
		}
		if err := t.settle(); err != nil {
			return err
		}
		if err := read(&is); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) && !errors.Is(err, library.ErrReadOnly) {
		l.t.Error(err)
	}
	same(l.t, "facts", was, is)
}

func TestFacts(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	film := l.reading("film")
	film.Metadata.Format = "mov"
	raw := l.reading("raw")
	raw.Metadata.Format, raw.Metadata.Make, raw.Metadata.FNumber, raw.Metadata.Focal, raw.Metadata.Rating = "nef", "NIKON", 2.8, 50, 4
	screen := l.reading("screen")
	screen.Metadata.Format, screen.Metadata.Width, screen.Metadata.Height = "png", 1080, 2340
	screen.Measures.Width, screen.Measures.Height = 1080, 2340
	a, b, c, d := l.put("a.mov", 1, film), l.put("b.NEF", 2, raw), l.put("c.png", 3, screen), l.put("Screen Shot 1.jpg", 4, l.reading("d"))
	is := func(what string, c Condition, want ...library.PhotoID) {
		t.Helper()
		got, err := l.Find(ctx, c)
		noError(t, err)
		same(t, what, got, want)
	}
	is("film", Is(IsVideo), a)
	is("RAW", Is(IsRaw), b)
	is("screenshots", Is(IsScreenshot), d, c)
	is("rated", Within(Rating, 3, 5), b)
	is("f", Within(FNumber, 2.75, 2.85), b)
	is("portrait", Shape(-1), c)
	is("end", EndsIn("nef"), b)
	l.checkFacts()

	// A person's rating counts before the file's, also where it takes it away.
	_, err := l.SetRating(ctx, []library.PhotoID{b}, 0)
	noError(t, err)
	_, err = l.SetRating(ctx, []library.PhotoID{a}, 5)
	noError(t, err)
	is("rated by a person", Within(Rating, 3, 5), a)
	is("without a rating", Within(Rating, 0, 0), d, c, b)

	// What a file says changes, a copy comes, a file goes.
	screen.Metadata.Make = "a camera after all"
	l.put("c.png", 30, screen)
	l.put("copy/b.jpg", 5, raw)
	is("a screenshot less", Is(IsScreenshot), d)
	is("copies", Is(HasCopies), b)
	is("each end of the name", Both(EndsIn("NEF"), EndsIn("jpg")), b)
	l.apply(Gone, "b.NEF", library.Stat{})
	is("no copies", Is(HasCopies))
	is("the other end of the name", Both(Is(IsRaw), EndsIn("jpg")), b)
	l.checkFacts()

	// Of another time, they are worked out anew when the library is opened for writing.
	_, err = l.w.ExecContext(ctx, "UPDATE library SET facts = '0'; DELETE FROM fact")
	noError(t, err)
	noError(t, l.Close())
	_, err = Open(ctx, l.Dir(), Options{ReadOnly: true})
	wantError(t, err, library.ErrReadOnly)
	l = openLib(t, l.Dir())
	is("film again", Is(IsVideo), a)
	l.check()
}

func TestClockOf(t *testing.T) {
	for _, c := range []struct {
		at   string
		want int64
	}{
		{"1970-01-01T00:00:00Z", 4 * 24 * 60},
		{"1969-12-31T23:59:59Z", 4*24*60 - 1},
		{"2024-02-25T00:00:30Z", 0},
		{"2024-02-24T23:30:00Z", 7*24*60 - 30},
		{"1904-01-01T10:00:00Z", 5*24*60 + 600},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		noError(t, err)
		same(t, fmt.Sprint(c.at, ", a ", at.Weekday()), clockOf(at.UnixMilli()), c.want)
	}
}
