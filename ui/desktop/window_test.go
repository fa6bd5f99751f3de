package desktop

import (
	"context"
	_ "image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
	"descry/ui/desktop/look"
	"descry/ui/desktop/pace"
)

// bench is a window without a screen on a made-up library, with a clock turned by hand.
type bench struct {
	*window
	t     *testing.T
	b     *fake.Backend
	clock *pace.Manual
}

func open(t *testing.T, b *fake.Backend) *bench {
	t.Helper()
	t.Setenv("LANG", "en_US.UTF-8")
	a := test.NewTempApp(t)
	if err := loadTranslations(); err != nil {
		t.Fatal(err)
	}
	clock := pace.NewManual(time.Unix(1e9, 0))
	loop := pace.New(nil, clock)
	win := a.NewWindow("")
	t.Cleanup(win.Close)
	w := prepare(t.Context(), b, loop, a, Options{Mode: look.AlwaysLight})
	w.win, w.canvas = win, win.Canvas()
	win.SetPadded(false)
	win.SetContent(w.content)
	win.Resize(fyne.NewSize(1280, 800))
	b.Listen(w.events())
	w.start(Options{})
	x := &bench{window: w, t: t, b: b, clock: clock}
	x.settle()
	w.focus(w.grid)
	return x
}

// settle lets everything finish that runs, without time passing.
func (x *bench) settle() { x.loop.Settle() }

// pass lets time pass and everything finish.
func (x *bench) pass(d time.Duration) {
	x.loop.Settle()
	x.clock.Advance(d)
	x.loop.Settle()
}

func (x *bench) typed(text string) {
	for _, r := range text {
		x.canvas.Focused().TypedRune(r)
	}
}

func (x *bench) key(name fyne.KeyName) {
	if f := x.canvas.Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
	} else {
		x.strayKey(&fyne.KeyEvent{Name: name})
	}
	x.settle()
}

// choose makes photo i of the list the chosen one, with its details shown.
func (x *bench) choose(i int) {
	x.focusGrid()
	x.grid.Select(i)
	x.pass(choosePause)
}

func (x *bench) tagState(label library.LabelID) library.TagState {
	x.t.Helper()
	_, id, ok := x.grid.Cursor()
	if !ok {
		x.t.Fatal("no photo is chosen")
	}
	d, err := x.b.Detail(x.t.Context(), id)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, t := range d.Tags {
		if t.Label == label {
			return t.State
		}
	}
	return ""
}

func TestStart(t *testing.T) {
	x := open(t, fake.New(500))
	if n := len(x.grid.Photos()); n != 500 {
		t.Errorf("the grid holds %d photos", n)
	}
	if got := x.result.Text(); got != "All photos · 500 photos" {
		t.Errorf("above the grid stands %q", got)
	}
	if x.empty.Content.Visible() {
		t.Error("the empty state is shown over photos")
	}
	from, to := x.grid.InSight()
	for _, id := range x.grid.Photos()[from:to] {
		if x.feed.Thumb(id, x.grid.Pixels()) == nil {
			t.Fatalf("photo %d is in sight and has no thumbnail", id)
		}
	}
	if to-from > 60 || x.b.Calls("Thumbnail") > 3*(to-from) {
		t.Errorf("%d thumbnails were fetched for %d cells", x.b.Calls("Thumbnail"), to-from)
	}
	if !slices.Equal(x.b.Preferred, x.grid.Photos()[from:to]) {
		t.Errorf("a model that looks at photos is to begin with %v, and in sight are %v", x.b.Preferred, x.grid.Photos()[from:to])
	}
	x.grid.ScrollTo(5000)
	x.pass(200 * time.Millisecond)
	x.settle()
	if from, to := x.grid.InSight(); from == 0 || !slices.Equal(x.b.Preferred, x.grid.Photos()[from:to]) {
		t.Errorf("after scrolling a model is to begin with %v, and in sight are %v", x.b.Preferred, x.grid.Photos()[from:to])
	}
}

func TestSearchWaitsForAPause(t *testing.T) {
	x := open(t, fake.New(300))
	x.focusSearch()
	for _, r := range "dog" {
		x.canvas.Focused().TypedRune(r)
		x.pass(searchPause - 10*time.Millisecond)
	}
	if n := x.b.Calls("Search"); n != 0 {
		t.Fatalf("%d searches while typing", n)
	}
	x.pass(20 * time.Millisecond)
	if n := x.b.Calls("Search"); n != 1 {
		t.Fatalf("%d searches after the pause", n)
	}
	if x.grid.Likely() <= 0 || x.hits[x.grid.Photos()[0]].Confidence < 0.5 {
		t.Error("the likely photos do not come first")
	}
	if !strings.Contains(x.result.Text(), "likely · 300 photos, 61 % looked at") {
		t.Errorf("above the grid stands %q", x.result.Text())
	}
	if !x.search.Row.Visible() || len(x.search.chips.crosses) != 1 {
		t.Error("the understood part is no chip")
	}
	if x.canvas.Focused() != fyne.Focusable(x.search.Box) {
		t.Error("the box lost the focus")
	}
	x.key(fyne.KeyReturn)
	if n := x.b.Calls("Search"); n != 1 {
		t.Error("Enter searched for the same once more")
	}
	x.key(fyne.KeyDown)
	if x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Error("Down does not lead into the grid")
	}
	if i, _, ok := x.grid.Cursor(); !ok || i != 0 {
		t.Errorf("the cursor is on %d, %v", i, ok)
	}
	x.focusSearch()
	x.key(fyne.KeyEscape)
	if x.search.Box.Text != "" || x.grid.Likely() != -1 || x.search.Row.Visible() {
		t.Error("Esc does not clear the search")
	}
	x.key(fyne.KeyEscape)
	if x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Error("a second Esc does not leave the box")
	}
}

// TestOnlyTheLatestSearchCounts lets the first search answer after the second.
func TestOnlyTheLatestSearchCounts(t *testing.T) {
	b := fake.New(300)
	x := open(t, b)
	first := make(chan struct{})
	cancelled := make(chan bool, 1)
	calls := make(chan int, 1)
	calls <- 0
	b.Slow = func(ctx context.Context, call string) {
		if call != "Search" {
			return
		}
		n := <-calls
		calls <- n + 1
		if n == 0 {
			close(first)
			<-ctx.Done()
			cancelled <- true
		}
	}
	x.focusSearch()
	x.typed("cat")
	x.clock.Advance(searchPause)
	go func() { // the search is under way when the next begins
		<-first
		x.loop.Post(func() {
			x.search.SetText("dog")
			x.search.now()
		})
	}()
	x.loop.Settle()
	for x.search.last != "dog" || x.found.Query != "dog" {
		x.loop.Settle()
	}
	if !<-cancelled {
		t.Error("the first search was not cancelled")
	}
	if x.found.Query != "dog" {
		t.Errorf("shown is the answer to %q", x.found.Query)
	}
}

func TestProblemsAndEmptyResults(t *testing.T) {
	x := open(t, fake.New(100))
	x.search.SetText(`dog "on`)
	x.search.now()
	x.settle()
	if chips, said := len(x.search.chips.crosses), len(x.search.said.Objects); chips != 1 || said != 1 {
		t.Errorf("%d chips and %d sentences below the box, want one of each", chips, said)
	}
	x.search.SetText("zeppelin")
	x.search.now()
	x.settle()
	if got := x.result.Text(); got != "Nothing here looks like ‘zeppelin’. The closest photos are below the line." {
		t.Errorf("above the grid stands %q", got)
	}
	if x.grid.Likely() != 0 || len(x.grid.Photos()) != 100 {
		t.Error("the closest photos are not below the line")
	}
}

func TestChipTakesItsPartAway(t *testing.T) {
	if got := app.WithoutChip([]string{"dog", "-people", "sea"}, 1); got != "dog, sea" {
		t.Errorf("left is %q", got)
	}
}

func TestConfirmRejectUndoByKeys(t *testing.T) {
	x := open(t, fake.New(100))
	x.choose(0) // suggestions beach (1), dog (2), city at night (4)
	if len(x.detail.rows) != 3 {
		t.Fatalf("%d suggestions", len(x.detail.rows))
	}
	x.typed("y")
	x.settle()
	if x.tagState(1) != library.Confirmed {
		t.Error("Y did not confirm the first suggestion")
	}
	if s, _ := x.detail.Suggestion(); s.Name != "dog" {
		t.Errorf("the next suggestion to decide on is %q", s.Name)
	}
	x.typed("n")
	x.settle()
	if x.tagState(2) != library.Rejected {
		t.Error("N did not reject the second")
	}
	if got := x.toast.Text(); got != "Rejected ‘dog’." {
		t.Errorf("the toast says %q", got)
	}
	x.toast.action.Tapped(nil)
	x.settle()
	if x.tagState(2) != library.Suggested {
		t.Error("Undo in the toast did not bring the suggestion back")
	}
	if got := x.toast.Text(); !strings.HasPrefix(got, "Undone: ") || strings.Contains(got, "Undo: ") {
		t.Errorf("the toast says %q", got)
	}
	x.run("Redo")
	if x.tagState(2) != library.Rejected {
		t.Error("redo did not reject again")
	}
	if x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Error("the grid lost the focus")
	}
	x.pass(toastTime)
	if x.toast.Text() != "" {
		t.Error("the toast stays for ever")
	}
}

// run runs a command by its name.
func (x *bench) run(name string) {
	x.t.Helper()
	for _, c := range x.commands {
		if c.name == name {
			c.run()
			x.settle()
			return
		}
	}
	x.t.Fatalf("there is no command %q", name)
}

func TestTagsOfManyPhotos(t *testing.T) {
	x := open(t, fake.New(100))
	x.grid.SelectAll()
	x.pass(choosePause)
	if !x.detail.many || x.detail.title.Text() != "100 photos chosen" {
		t.Errorf("the pane says %q", x.detail.title.Text())
	}
	x.typed("t")
	if x.canvas.Focused() != fyne.Focusable(x.detail.adder.Field) {
		t.Fatal("T does not lead to the tag field")
	}
	x.typed("holi")
	x.settle()
	x.canvas.Focused().(*field).OnSubmitted("holiday")
	x.settle()
	if got := x.toast.Text(); got != "Tagged 100 photos ‘holiday’." {
		t.Errorf("the toast says %q", got)
	}
	x.pass(choosePause)
	if i := slices.IndexFunc(x.sharedTagNames(), func(s string) bool { return s == "holiday" }); i < 0 {
		t.Errorf("they share %v", x.sharedTagNames())
	}
}

func (x *bench) sharedTagNames() []string {
	var out []string
	for _, o := range x.detail.tags.Objects {
		if r, ok := o.(*tagRow); ok {
			out = append(out, r.tag.Name)
		}
	}
	return out
}

func TestCompletion(t *testing.T) {
	x := open(t, fake.New(100))
	x.choose(2)
	x.typed("t")
	x.typed("bi")
	x.settle()
	a := x.detail.adder
	if len(a.words) != 2 || a.words[0].Name != "birthday party" {
		t.Fatalf("offered %v", a.words)
	}
	a.SetWords("b", []app.TagCount{{Name: "beach"}}) // for what was typed before
	if len(a.words) != 2 {
		t.Error("words for an older text replaced the newer ones")
	}
	x.key(fyne.KeyDown)
	x.key(fyne.KeyDown)
	a.Field.OnSubmitted(a.Field.Text)
	x.settle()
	if x.tagState(11) != library.Confirmed { // bicycle
		t.Error("Enter did not take the marked word")
	}
}

func TestAltText(t *testing.T) {
	x := open(t, fake.New(100))
	x.choose(0)
	alt := x.detail.alt
	if alt.state.Text() != "Draft, please check" || alt.Field.Text == "" {
		t.Fatalf("state %q, text %q", alt.state.Text(), alt.Field.Text)
	}
	x.typed("a")
	if x.canvas.Focused() != fyne.Focusable(alt.Field) {
		t.Fatal("A does not lead to the alt text")
	}
	alt.Field.SetText("My own words")
	x.choose(1) // leaving keeps the words
	x.pass(time.Second)
	if x.b.Calls("SetAlt") != 1 {
		t.Fatalf("kept %d times", x.b.Calls("SetAlt"))
	}
	x.choose(0)
	if alt.Field.Text != "My own words" || alt.state.Text() != "Edited, not yet approved" {
		t.Errorf("text %q, state %q", alt.Field.Text, alt.state.Text())
	}
	x.run("Approve the alt text")
	x.pass(choosePause)
	if alt.state.Text() != "Approved" || !alt.approve.Disabled() {
		t.Errorf("state %q", alt.state.Text())
	}
	alt.Field.SetText(strings.Repeat("ä", 251))
	if alt.length.Colour != "error" || alt.length.Text() != "251 of 250" {
		t.Errorf("the length is %q in %s", alt.length.Text(), alt.length.Colour)
	}
	x.detail.OnCopy("copied")
	if got := x.app.Clipboard().Content(); got != "copied" {
		t.Errorf("the clipboard holds %q", got)
	}
}

// TestTypingIsNotOverwritten lets the details arrive anew while the person is typing.
func TestTypingIsNotOverwritten(t *testing.T) {
	x := open(t, fake.New(100))
	x.choose(0)
	x.focusAlt()
	x.detail.alt.Field.SetText("half a sent")
	x.b.Events().Changed()
	x.pass(time.Second)
	if got := x.detail.alt.Field.Text; got != "half a sent" {
		t.Errorf("the text became %q", got)
	}
	if x.canvas.Focused() != fyne.Focusable(x.detail.alt.Field) {
		t.Error("the field lost the focus")
	}
}

func TestRatingAndFavourite(t *testing.T) {
	x := open(t, fake.New(100))
	x.choose(5)
	x.typed("4")
	x.pass(time.Second)
	x.typed("f")
	x.pass(time.Second)
	id := x.grid.Photos()[5]
	if c, _ := x.feed.Card(id); c.Rating != 4 || !c.Favourite {
		t.Errorf("rating %d, favourite %v", c.Rating, c.Favourite)
	}
	if x.detail.rating != 4 || !x.detail.fav {
		t.Error("the details do not show it")
	}
	x.typed("f")
	x.pass(time.Second)
	if c, _ := x.feed.Card(id); c.Favourite {
		t.Error("F does not take it back")
	}
}

func TestViewer(t *testing.T) {
	x := open(t, fake.New(2000))
	x.grid.ScrollTo(9000)
	from, _ := x.grid.InSight()
	x.choose(from + 6)
	x.typed(" ")
	x.key(fyne.KeySpace)
	if !x.viewer.Open() || !x.viewer.peek {
		t.Fatal("Space is no quick look")
	}
	if x.canvas.Focused() != fyne.Focusable(x.viewer.Pane) {
		t.Fatal("the viewer has not the focus")
	}
	x.typed(" ")
	if x.viewer.Open() {
		t.Fatal("Space does not end the quick look")
	}
	before := x.grid.Offset()
	x.key(fyne.KeyReturn)
	if x.b.Calls("Picture") < 3 {
		t.Errorf("%d pictures were loaded: the neighbours are not", x.b.Calls("Picture"))
	}
	loads := x.b.Calls("Picture")
	x.key(fyne.KeyRight)
	if i, _, _ := x.grid.Cursor(); i != from+7 {
		t.Errorf("the cursor of the grid is at %d", i)
	}
	if x.b.Calls("Picture") != loads+1 {
		t.Errorf("going to the next photo loaded %d pictures", x.b.Calls("Picture")-loads)
	}
	x.key(fyne.KeyLeft)
	x.typed("1")
	if x.viewer.Pane.Scale() != 1 {
		t.Errorf("100 %% is a scale of %v", x.viewer.Pane.Scale())
	}
	x.typed("+")
	x.typed("0")
	if !x.viewer.Pane.Fitted() {
		t.Error("0 does not fit")
	}
	x.key(fyne.KeyEscape)
	if x.viewer.Open() || x.grid.Offset() != before {
		t.Errorf("back at %v, was at %v", x.grid.Offset(), before)
	}
	if x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Error("the grid has not the focus again")
	}
}

func TestFocusIsNeverLost(t *testing.T) {
	x := open(t, fake.New(200))
	x.choose(3)
	x.canvas.Unfocus() // a click beside everything
	x.key(fyne.KeyRight)
	if i, _, _ := x.grid.Cursor(); i != 4 || x.canvas.Focused() != fyne.Focusable(x.grid) {
		t.Errorf("the key went nowhere: the cursor is at %d", i)
	}
	x.canvas.Unfocus()
	x.strayRune('f')
	x.pass(time.Second)
	if x.b.Calls("SetFavourite") != 1 {
		t.Error("the character went nowhere")
	}
	for _, name := range []string{"List of keys", "Every command by name …", "Label sets …", "Models …"} {
		x.focusGrid()
		x.run(name)
		if x.sheet == nil {
			t.Fatalf("%s opens nothing", name)
		}
		x.closeSheet()
		if x.canvas.Focused() != fyne.Focusable(x.grid) {
			t.Errorf("%s: the focus is on %T afterwards", name, x.canvas.Focused())
		}
	}
}

// TestTextInThePicture shows what was read in a picture, a few lines first, and copies all of it.
func TestTextInThePicture(t *testing.T) {
	x := open(t, fake.New(100))
	for _, c := range []struct{ lines, shown int }{{0, 0}, {1, 1}, {8, 8}, {11, 8}} {
		at := -1
		for i, id := range x.grid.Photos() {
			if d, err := x.b.Detail(t.Context(), id); err == nil && len(d.Text) == c.lines {
				at = i
				break
			}
		}
		if at < 0 {
			t.Fatalf("no photo has %d lines", c.lines)
		}
		x.choose(at)
		section := x.detail.text
		there := slices.Contains(x.detail.box.Objects, fyne.CanvasObject(section.Content))
		if there != (c.lines > 0) {
			t.Errorf("%d lines: the section is there: %v", c.lines, there)
		}
		if !there {
			continue
		}
		if n := strings.Count(section.text.Text, "Platform"); n != c.shown {
			t.Errorf("of %d lines %d are shown", c.lines, n)
		}
		if section.more.Visible() != (c.lines > c.shown) {
			t.Errorf("%d lines: more is offered: %v", c.lines, section.more.Visible())
		}
		if c.lines > c.shown {
			if got := section.more.Text(); got != "3 lines more" {
				t.Errorf("what is more is called %q", got)
			}
			section.more.Tapped(nil)
			if n := strings.Count(section.text.Text, "Platform"); n != c.lines {
				t.Errorf("all of %d lines are %d", c.lines, n)
			}
		}
		section.copy.OnTapped()
		x.settle()
		if got := strings.Count(x.app.Clipboard().Content(), "Platform"); got != c.lines {
			t.Errorf("of %d lines %d are copied", c.lines, got)
		}
		if got := x.toast.Text(); got != "Text copied." {
			t.Errorf("the toast says %q", got)
		}
	}
}
