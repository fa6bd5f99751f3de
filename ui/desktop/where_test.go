package desktop

import (
	"context"
	"image"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"descry/library/heatmap"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

// searched opens a window on the answer to a query, with the first photo chosen.
func searched(t *testing.T, b *fake.Backend, query string) *bench {
	t.Helper()
	x := open(t, b)
	x.focusSearch()
	x.typed(query)
	x.pass(searchPause + 10*time.Millisecond)
	x.choose(0)
	return x
}

func TestWhereIsShownAndGoes(t *testing.T) {
	x := searched(t, fake.New(100), "dog")
	if x.detail.photo.layer.Visible() || x.detail.seen.Visible() {
		t.Error("a map is shown that nobody asked for")
	}
	x.typed("w")
	x.settle()
	if !x.detail.photo.layer.Visible() {
		t.Fatal("W shows no map")
	}
	if got := x.detail.seen.Text(); got != "‘dog’: mostly in the upper left." {
		t.Errorf("in words it is %q", got)
	}
	// The colour is where the heat is: in the upper left, and nowhere else.
	img := x.detail.photo.layer.Image
	at := func(x, y int) uint32 { _, _, _, a := img.At(x, y).RGBA(); return a }
	if at(10, 10) == 0 || at(500, 500) != 0 {
		t.Errorf("opacity %d in the upper left, %d in the lower right", at(10, 10), at(500, 500))
	}
	x.typed("w")
	x.settle()
	if x.detail.photo.layer.Visible() || x.detail.seen.Text() != "" {
		t.Error("W once more leaves the map")
	}
	// The next photo has none of its own until it is asked for.
	x.typed("w")
	x.settle()
	x.choose(1)
	if x.detail.photo.layer.Visible() || x.where.photo != 0 {
		t.Error("the map of one photo lies over the next")
	}
	x.typed("w")
	x.settle()
	x.key(fyne.KeyEscape)
	if x.where.photo != 0 || x.search.last != "dog" {
		t.Error("Esc does not take away the map, and it alone")
	}
}

func TestWhereOfSeveralThings(t *testing.T) {
	x := searched(t, fake.New(100), "dog")
	x.search.last = "dog, ball" // the fake knows one word at a time
	x.typed("w")
	x.settle()
	if got := x.detail.seen.Text(); !strings.HasPrefix(got, "‘dog’: mostly in the upper left.") || !strings.HasSuffix(got, "1 of 2; W shows the next.") {
		t.Errorf("first %q", got)
	}
	x.typed("w")
	x.settle()
	if got := x.detail.seen.Text(); !strings.HasPrefix(got, "‘ball’: mostly in the lower right.") {
		t.Errorf("then %q", got)
	}
	x.typed("w")
	x.settle()
	if x.where.photo != 0 {
		t.Error("then a third one")
	}
}

func TestWhereInTheViewer(t *testing.T) {
	x := searched(t, fake.New(100), "dog")
	x.key(fyne.KeyReturn)
	x.typed("w")
	x.settle()
	if m := x.viewer.Mark(x.grid.Photos()[0]); m.layer == nil || m.text == "" {
		t.Fatalf("in the viewer W shows %+v", m)
	}
	if got := x.viewer.state.Text(); got != "‘dog’: mostly in the upper left." {
		t.Errorf("over the photo stands %q", got)
	}
	x.key(fyne.KeyRight)
	if x.where.photo != 0 || x.viewer.state.Text() != "" {
		t.Errorf("the next photo has the map of the last: %q", x.viewer.state.Text())
	}
	x.typed("w")
	x.settle()
	x.key(fyne.KeyEscape)
	if !x.viewer.Open() || x.where.photo != 0 {
		t.Error("Esc closes the viewer before the map is away")
	}
	x.key(fyne.KeyEscape)
	if x.viewer.Open() {
		t.Error("Esc does not close the viewer")
	}
}

// While it is being looked for, the window says so after a while, and moving on ends it.
func TestWhereCanBeStopped(t *testing.T) {
	b := fake.New(100)
	x := searched(t, b, "dog")
	started, ended := make(chan struct{}), make(chan struct{})
	b.Slow = func(ctx context.Context, call string) {
		if call == "Where" {
			close(started)
			<-ctx.Done()
			close(ended)
		}
	}
	var said string
	go func() { // it is under way when it is stopped
		<-started
		x.clock.Advance(whereSlow)
		x.loop.Post(func() {
			said = x.detail.seen.Text()
			x.escape()
		})
	}()
	x.typed("w")
	x.settle()
	<-ended
	if said != "Looking where it is …" {
		t.Errorf("while it is looked for stands %q", said)
	}
	if x.detail.seen.Text() != "" || x.toast.Text() != "" || x.where.photo != 0 {
		t.Errorf("after it was stopped stands %q, and %q", x.detail.seen.Text(), x.toast.Text())
	}
}

func TestWhereNeedsASearch(t *testing.T) {
	x := open(t, fake.New(20))
	x.choose(0)
	x.typed("w")
	x.settle()
	if x.b.Calls("Where") != 0 || !strings.HasPrefix(x.toast.Text(), "Search for something first") {
		t.Errorf("without a search: %d calls, %q", x.b.Calls("Where"), x.toast.Text())
	}
}

// Of a video, the frame that the map is about stands for the photo as long as the map is shown.
func TestWhereShowsTheFrame(t *testing.T) {
	x := searched(t, fake.New(100), "dog")
	was := x.detail.photo.image.Image
	frame := image.NewRGBA(image.Rect(0, 0, 100, 100))
	m := app.WhereMap{Text: "dog", Frame: frame, At: 7 * time.Second, Place: heatmap.Top, Area: heatmap.Area{X1: 1, Y1: 1}}
	if got := x.whereText(m); got != "‘dog’ at 0:07: mostly at the top." {
		t.Errorf("in words %q", got)
	}
	layer := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	x.detail.SetMark(mark{layer: layer, area: m.Area, frame: frame, text: "x"})
	if x.detail.photo.image.Image != image.Image(frame) {
		t.Error("the frame is not shown")
	}
	x.detail.SetMark(mark{})
	if x.detail.photo.image.Image != was {
		t.Error("the photo does not come back")
	}
}

// Every reason is a sentence about the photo, and says what it is worth.
func TestReasonsInWords(t *testing.T) {
	for _, c := range []struct {
		r    app.Reason
		want string
	}{
		{app.Reason{Kind: "looks like", Text: "dog", Confidence: 0.9, Weight: 1}, "looks like ‘dog’"},
		{app.Reason{Kind: "looks like", Text: "sunset", Confidence: 0.9, Weight: 0.5}, "looks like ‘sunset’, which counts 0.5"},
		{app.Reason{Kind: "looks like", Text: "the picture “a.jpg”", Picture: true, Weight: 1}, "looks like the picture “a.jpg”"},
		{app.Reason{Kind: "words", Text: "dog", Where: "file name, alt text"}, "has ‘dog’ in its file name, its alt text"},
		{app.Reason{Kind: "tag", Text: "dog", Where: "tags"}, "is tagged ‘dog’"},
		{app.Reason{Kind: "exact", Text: `"summer house"`}, "has exactly ‘\"summer house\"’"},
		{app.Reason{Kind: "filter", Text: "year:2019"}, "fits ‘year:2019’"},
		{app.Reason{Kind: "without", Text: "people", Confidence: 0.97}, "is without ‘people’"},
		{app.Reason{Kind: "without", Text: "people", Confidence: 0.97, Weight: -0.5}, "does not look like ‘people’"},
	} {
		if got := reasonText(c.r); got != c.want {
			t.Errorf("%+v: %q, want %q", c.r, got, c.want)
		}
	}
}
