package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"descry/assets"
	"descry/internal/testdata"
	"descry/library"
	"descry/ui/app"
)

// withText opens a new library with the real models, those that read text as well.
func withText(t *testing.T) *app.App {
	t.Helper()
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	p.Recogniser = assets.Recogniser()
	return opened(t, p)
}

// written is a folder with a picture of a screen, a photo of a sign, and photos without text.
func written(t *testing.T) string {
	t.Helper()
	dir := folder(t, "forest-stream", "kitten-with-yarn", "coffee-cup")
	for _, name := range []string{"screen.png", "sign.jpg"} {
		data, err := os.ReadFile(filepath.Join(testdata.Repo(t), "clipengine", "ocr", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTextInPhotosIsFound(t *testing.T) {
	a := withText(t)
	dir := written(t)
	first := add(t, a, dir)
	if first.TextLooked != 5 || first.TextFound != 2 {
		t.Errorf("text was looked for in %d photos and found in %d", first.TextLooked, first.TextFound)
	}
	again := index(t, a)
	if again.TextLooked != 0 || again.Encoded != 0 {
		t.Errorf("the second run looked for text in %d photos", again.TextLooked)
	}
	screen, sign := photo(t, a, filepath.Join(dir, "screen.png")), photo(t, a, filepath.Join(dir, "sign.jpg"))
	for _, c := range []struct {
		query string
		want  []library.PhotoID
		kind  string // of the reason
	}{
		{"bakery", []library.PhotoID{sign}, "words"},
		{"reservation", []library.PhotoID{screen}, "words"},
		{`"fresh bread"`, []library.PhotoID{sign}, "exact"},
		{`"bread fresh"`, nil, ""},
		{`"booking reference"`, []library.PhotoID{screen}, "exact"},
		{`"hamburg" has:text`, []library.PhotoID{screen}, "exact"},
		{`"bread" -has:text`, nil, ""},
		{"has:text type:screenshot", []library.PhotoID{screen}, ""},
	} {
		r, err := a.Search(t.Context(), app.SearchRequest{Text: c.query})
		if err != nil {
			t.Fatal(err)
		}
		var got []library.PhotoID
		for _, h := range r.Hits {
			got = append(got, h.Photo)
		}
		if !equal(got, c.want) {
			t.Errorf("%s finds %v, not %v", c.query, got, c.want)
			continue
		}
		if c.kind == "" {
			continue
		}
		var why []string
		for _, reason := range r.Hits[0].Why {
			why = append(why, reason.Kind+" "+reason.Text+" in "+reason.Where)
		}
		if text := strings.Join(why, "; "); !strings.Contains(text, c.kind+" ") || c.kind == "words" && !strings.Contains(text, "in text in the picture") {
			t.Errorf("%s: %s", c.query, text)
		}
	}
	d, err := a.Detail(t.Context(), sign)
	if err != nil {
		t.Fatal(err)
	}
	if got := library.JoinText(d.Text); got != "BAKERY\nOPEN DAILY\nFresh bread from 6 am" {
		t.Errorf("the sign says %q", got)
	}
	for _, l := range d.Text {
		for _, p := range l.Box {
			if p[0] < 0.3 || p[0] > 0.85 || p[1] < 0.1 || p[1] > 0.7 {
				t.Errorf("%s is at %v, not on the board", l.Text, l.Box)
			}
		}
	}
	st, err := a.Status(t.Context())
	if err != nil || st.Text != 2 || st.Unread != 0 {
		t.Errorf("status: %d with text, %d to come, %v", st.Text, st.Unread, err)
	}
}

// equal compares photos whatever their order.
func equal(a, b []library.PhotoID) bool {
	x, y := library.PhotoSetOf(a...), library.PhotoSetOf(b...)
	return len(a) == len(b) && x.And(y).Len() == len(a)
}

func TestTextIsReadWhereItIsAskedFor(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	p.Recogniser = assets.Recogniser()
	a := opened(t, p)
	if err := a.SetSetting(t.Context(), app.SettingText, "maybe"); err == nil {
		t.Error("text = maybe is taken")
	}
	if err := a.SetSetting(t.Context(), app.SettingText, app.TextOff); err != nil {
		t.Fatal(err)
	}
	if r := add(t, a, written(t)); r.TextLooked != 0 {
		t.Errorf("text was looked for in %d photos though that is off", r.TextLooked)
	}
	if st, err := a.Status(t.Context()); err != nil || st.Unread != 0 {
		t.Errorf("%d to come though that is off, %v", st.Unread, err)
	}
	if err := a.SetSetting(t.Context(), app.SettingText, ""); err != nil {
		t.Fatal(err)
	}
	if st, err := a.Status(t.Context()); err != nil || st.Unread != 5 {
		t.Errorf("%d to come, %v", st.Unread, err)
	}
	if r := index(t, a); r.TextLooked != 5 {
		t.Errorf("text was looked for in %d photos", r.TextLooked)
	}
}

// Who looks for text makes way for another run, which goes on with it; and what was read when
// a run is cancelled is kept.
func TestLookingForTextMakesWay(t *testing.T) {
	a := withText(t)
	if _, err := a.AddRoot(t.Context(), written(t)); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	var other sync.WaitGroup
	var second app.IndexReport
	first, err := a.Index(t.Context(), nil, func(p app.Progress) {
		if p.Job != "Reading text in photos" || p.Done == 0 {
			return
		}
		once.Do(func() {
			other.Go(func() {
				var err error
				if second, err = a.Index(t.Context(), nil, nil); err != nil {
					t.Error(err)
				}
			})
			for a.Waiting() == 0 {
				runtime.Gosched()
			}
		})
	})
	other.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if first.TextLooked == 0 || second.TextLooked == 0 || first.TextLooked+second.TextLooked != 5 || first.TextFound+second.TextFound != 2 {
		t.Errorf("text was looked for in %d and %d photos, found in %d and %d", first.TextLooked, second.TextLooked, first.TextFound, second.TextFound)
	}
}

func TestCancelledReadingGoesOn(t *testing.T) {
	a := withText(t)
	if _, err := a.AddRoot(t.Context(), written(t)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	first, err := a.Index(ctx, nil, func(p app.Progress) {
		if p.Job == "Reading text in photos" && p.Done == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || first.TextLooked != 2 {
		t.Errorf("text was looked for in %d photos, %v", first.TextLooked, err)
	}
	if second := index(t, a); second.TextLooked != 3 {
		t.Errorf("then text was looked for in %d photos", second.TextLooked)
	}
}
