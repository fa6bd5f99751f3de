package desktop

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
	"descry/ui/desktop/look"
)

// openComparison opens the comparison of models; it reaches into the sheet for what a person
// would see.
func (x *bench) openComparison() *comparePage {
	x.t.Helper()
	x.showCompare()
	x.settle()
	if x.comparing == nil || !x.comparing.shown() {
		x.t.Fatal("the comparison is not open")
	}
	return x.comparing
}

func (p *comparePage) cardTexts() string { return textsOf(p.cards) }

// TestCompareByKeys compares two models, walks through what they find, looks at a photo, comes
// back and takes the other model, without a mouse.
func TestCompareByKeys(t *testing.T) {
	x := open(t, fake.New(60))
	p := x.openComparison()
	if x.canvas.Focused() != p.begin || strings.Join(p.chosen(), " ") != "starter vit-b-32" || p.words.Text != "a dog\nsunset by the sea" {
		t.Fatalf("at first %v are ticked, and %q is asked; the keyboard is at %T", p.chosen(), p.words.Text, x.canvas.Focused())
	}
	if got := p.sizes[2].Name() + ", " + p.sizes[1].Name(); got != "Look at 200 photos, chosen, Look at 100 photos" {
		t.Errorf("the sizes are named %q", got)
	}
	x.key(fyne.KeySpace)
	x.settle()
	c := x.compared
	if x.b.Calls("EvalPhotos") != 1 || c.running() || len(c.result.Models) != 2 || x.working.Text() != "" {
		t.Fatalf("%d comparisons, running %v, %d models, the window says %q", x.b.Calls("EvalPhotos"), c.running(), len(c.result.Models), x.working.Text())
	}
	if got := p.said.Text(); got != "Done. 60 photos were compared." {
		t.Errorf("afterwards it says %q", got)
	}
	if got := p.cardTexts(); !strings.Contains(got, "Starter") || !strings.Contains(got, "[Use this model]") || !strings.Contains(got, "[in use]") || !strings.Contains(got, "photos no other model found") {
		t.Errorf("the cards say\n%s", got)
	}
	for range 12 {
		if x.canvas.Focused() == p.list {
			break
		}
		x.canvas.FocusNext()
	}
	if x.canvas.Focused() != p.list {
		t.Fatalf("Tab does not lead to the photos, but to %T", x.canvas.Focused())
	}
	for _, k := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyRight, fyne.KeyDown, fyne.KeyRight} {
		x.key(k)
	}
	if c.at != (foundAt{1, 1, 2}) {
		t.Errorf("the keyboard is at %+v", c.at)
	}
	said := p.list.AccessibilityLabel()
	for _, part := range []string{"sunset by the sea", "ViT-B-32 (laion2b)", "3 of 8"} {
		if !strings.Contains(said, part) {
			t.Errorf("a screen reader says %q, without %q", said, part)
		}
	}
	x.key(fyne.KeyReturn)
	x.settle()
	if !x.viewer.Open() || x.sheet != nil {
		t.Fatal("Enter does not open the photo")
	}
	if _, id := x.viewer.Current(); id != c.result.Photos[c.found(c.at)[2].Photo].Photo {
		t.Errorf("it opens photo %d", id)
	}
	x.key(fyne.KeyRight)
	x.pass(choosePause)
	x.key(fyne.KeyEscape)
	x.pass(choosePause) // the details are those of the grid again
	thumbs := x.b.Calls("Thumbnail")
	x.closeSheet()
	x.showCompare()
	x.settle()
	if p = x.comparing; x.viewer.Open() || !p.shown() || x.canvas.Focused() != p.list || c.at != (foundAt{1, 1, 3}) {
		t.Fatalf("Esc leads back to %+v, the sheet shown %v, the keyboard at %T", c.at, p.shown(), x.canvas.Focused())
	}
	if again := x.b.Calls("Thumbnail") - thumbs; again != 0 {
		t.Errorf("%d thumbnails are fetched again", again)
	}
	x.press("Use this model")
	x.settle()
	if x.b.Calls("UseModel") != 1 || !x.b.Modelled.Here[1].InUse || x.sheet != nil {
		t.Errorf("the other model is used %d times, the sheet open: %v", x.b.Calls("UseModel"), x.sheet != nil)
	}
	if got := x.toast.action.Text(); got != "Undo" {
		t.Errorf("the message offers %q", got)
	}
	x.toast.action.Tapped(nil)
	x.settle()
	if !x.b.Modelled.Here[0].InUse {
		t.Error("Undo does not go back to the model before")
	}
}

// TestKeysInAComparedPhoto types the keys of photos on one that a model found, which is not the one
// at which the grid is.
func TestKeysInAComparedPhoto(t *testing.T) {
	x := open(t, fake.New(60))
	x.grid.Select(30)
	x.pass(choosePause)
	grid := x.detail.shown.Photo
	p := x.openComparison()
	p.start()
	x.settle()
	x.canvas.Focus(p.list)
	x.key(fyne.KeyRight)
	x.key(fyne.KeyReturn)
	x.key(fyne.KeyRight)
	x.pass(choosePause)
	_, id := x.viewer.Current()
	if id == grid || x.detail.shown.Photo != id {
		t.Fatalf("the viewer shows photo %d, the details are of %d, the grid is at %d", id, x.detail.shown.Photo, grid)
	}
	favourite := func(id library.PhotoID) bool {
		d, err := x.b.Detail(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return d.Favourite
	}
	was := favourite(id)
	for _, want := range []bool{!was, was} {
		x.typed("f")
		x.settle()
		if favourite(id) != want {
			t.Errorf("F does not make it %v that photo %d is a favourite", want, id)
		}
	}
	for _, k := range "tao" {
		x.toast.Hide()
		x.typed(string(k))
		x.pass(choosePause)
		if got := x.toast.Text(); !x.viewer.Open() || x.canvas.Focused() != x.viewer.Pane || !strings.Contains(got, "not here") {
			t.Errorf("%c leads to %T and says %q, the viewer open: %v", k, x.canvas.Focused(), got, x.viewer.Open())
		}
	}
	x.detail.shown.Photo = grid // as before the details of the photo come
	x.toast.Hide()
	x.typed("y")
	x.settle()
	if n := x.b.Calls("Confirm"); n != 0 {
		t.Errorf("Y confirms what is suggested for another photo: %q", x.toast.Text())
	}
	x.key(fyne.KeyEscape)
	x.pass(choosePause)
	if got := x.detail.shown.Photo; got != grid {
		t.Errorf("afterwards the details are of photo %d, not of %d", got, grid)
	}
}

// press presses the button of a compared model that can be pressed.
func (x *bench) press(text string) {
	x.t.Helper()
	pressed := false
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *look.Button:
			if o.Text() == text && !o.Disabled() && !pressed {
				pressed = true
				o.Tapped(nil)
			}
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		}
	}
	walk(x.comparing.cards)
	if !pressed {
		x.t.Fatalf("no button %q", text)
	}
}

// TestComparisonPausesAndStops pauses in the middle of the second model, closes the sheet, comes
// back, goes on, and stops; what the first model found stays.
func TestComparisonPausesAndStops(t *testing.T) {
	x := open(t, fake.New(60))
	p := x.openComparison()
	models := 0
	x.b.Modelled.Stands = func(context.Context) {
		if models++; models < 2 {
			return
		}
		seen := make(chan struct{})
		x.loop.Post(func() {
			defer close(seen)
			x.pausesComparison(p)
		})
		<-seen
	}
	p.start()
	x.settle()
	p = x.comparing
	if got := p.said.Text(); x.compared.running() || !strings.HasPrefix(got, "Stopped.") || len(x.compared.result.Models) != 1 || p.begin.Hidden {
		t.Errorf("after Cancel it says %q, with %d models", got, len(x.compared.result.Models))
	}
	if got := p.cardTexts(); !strings.Contains(got, "not done") {
		t.Errorf("after Cancel the cards say\n%s", got)
	}
}

// TestShareOfAComparisonNeverFalls goes through what two models report.
func TestShareOfAComparisonNeverFalls(t *testing.T) {
	c := &comparison{models: []string{"a", "b"}}
	for _, s := range []struct {
		models, of, done, total int
		want                    float64
	}{
		{0, 0, 0, 0, 0},
		{0, 0, 50, 100, .25},
		{0, 0, 100, 100, .5},
		{0, 0, 1, 10, .5},
		{1, 0, 10, 10, .5},
		{1, 1, 0, 0, .5},
		{1, 1, 50, 100, .75},
		{1, 1, 0, 5, .75},
		{2, 1, 5, 5, 1},
	} {
		c.result.Models, c.nowOf = make([]app.EvalModel, s.models), s.of
		c.now.Done, c.now.Total = s.done, s.total
		if got := c.share(); got != s.want {
			t.Errorf("at %+v it is %v", s, got)
		}
	}
}

// TestDownPassesOverAModelThatFailed walks down and up over a strip without photos.
func TestDownPassesOverAModelThatFailed(t *testing.T) {
	x := open(t, fake.New(60))
	x.b.Modelled.Here = append(x.b.Modelled.Here, app.ModelInfo{ID: "more", Name: "More"})
	p := x.openComparison()
	p.checks[2].SetChecked(true)
	p.start()
	x.settle()
	c := x.compared
	c.result.Models[0] = app.EvalModel{ModelInfo: app.ModelInfo{Problem: "its file is cut short"}}
	x.canvas.Focus(p.list)
	if got := p.list.AccessibilityLabel(); !strings.Contains(got, "Its file is cut short") {
		t.Errorf("of a strip without photos a screen reader says %q", got)
	}
	for i, s := range []struct {
		key  fyne.KeyName
		want foundAt
	}{
		{fyne.KeyHome, foundAt{0, 1, 0}},
		{fyne.KeyRight, foundAt{0, 1, 1}},
		{fyne.KeyUp, foundAt{0, 1, 1}},
		{fyne.KeyDown, foundAt{0, 2, 1}},
		{fyne.KeyDown, foundAt{1, 1, 1}},
		{fyne.KeyUp, foundAt{0, 2, 1}},
		{fyne.KeyEnd, foundAt{1, 2, 0}},
		{fyne.KeyDown, foundAt{1, 2, 0}},
	} {
		if x.key(s.key); c.at != s.want {
			t.Errorf("after %s, key %d, the focus is at %+v, not %+v", s.key, i, c.at, s.want)
		}
	}
}

// TestTabShowsEachModel goes through more check boxes than there is room for.
func TestTabShowsEachModel(t *testing.T) {
	x := open(t, fake.New(60))
	for i := range 6 {
		x.b.Modelled.Here = append(x.b.Modelled.Here, app.ModelInfo{ID: "more" + number(i), Name: "More"})
	}
	p := x.openComparison()
	for i := range 2 * len(p.checks) {
		if i >= len(p.checks) {
			i = 2*len(p.checks) - 1 - i
		}
		x.canvas.Focus(p.checks[i])
		top := p.checks[i].Position().Y - p.boxes.Offset.Y
		if top < 0 || top+p.checks[i].Size().Height > p.boxes.Size().Height {
			t.Errorf("box %d is at %v of %v", i, top, p.boxes.Size().Height)
		}
	}
}

// TestComparisonIsKeptAsItWasLeft closes the sheet from the text with Esc before anything was
// compared, and opens it again.
func TestComparisonIsKeptAsItWasLeft(t *testing.T) {
	x := open(t, fake.New(60))
	x.b.Modelled.Here = append(x.b.Modelled.Here, app.ModelInfo{ID: "more", Name: "More"})
	p := x.openComparison()
	p.checks[0].SetChecked(false)
	p.checks[2].SetChecked(true)
	p.sizes[1].Tapped(nil)
	p.words.SetText("a red bicycle\n\nrain")
	x.canvas.Focus(p.words)
	x.key(fyne.KeyEscape)
	if x.sheet != nil {
		t.Fatal("Esc does not close it")
	}
	p = x.openComparison()
	if got := strings.Join(p.chosen(), " "); got != "vit-b-32 more" || p.photos != 100 || p.words.Text != "a red bicycle\n\nrain" {
		t.Errorf("%s are ticked for %d photos, and %q is asked", got, p.photos, p.words.Text)
	}
	x.closeSheet()
	x.openCompare("starter")
	x.settle()
	if p = x.comparing; !strings.Contains(strings.Join(p.chosen(), " "), "starter") || p.words.Text != "a red bicycle\n\nrain" {
		t.Errorf("with another model %v are ticked, and %q is asked", p.chosen(), p.words.Text)
	}
}

// pausesComparison pauses, closes the sheet, comes back and cancels.
func (x *bench) pausesComparison(p *comparePage) {
	t := x.t
	if got := p.said.Text(); !strings.Contains(got, "Model 2 of 2. ViT-B-32 (laion2b)  30 of 60 · 25/s") || !strings.Contains(x.working.Text(), "Comparing models: 75 %") {
		t.Errorf("while it runs it says %q and %q", got, x.working.Text())
	}
	if got := p.cardTexts(); !strings.Contains(got, "looks at the photos …") || !strings.Contains(got, "done") {
		t.Errorf("while it runs the cards say\n%s", got)
	}
	if x.canvas.Focused() != p.pause {
		t.Errorf("while it runs the keyboard is at %T", x.canvas.Focused())
	}
	p.pause.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if got := p.said.Text(); !strings.HasSuffix(got, "paused") || p.pause.Text() != "Go on" || !x.compared.hold.Closed() || !strings.HasSuffix(x.working.Text(), "75 % · paused") {
		t.Errorf("while it pauses it says %q and %q, the button %q", got, x.working.Text(), p.pause.Text())
	}
	x.closeSheet()
	x.openComparePage(x.b.Modelled.Here, nil, "", false)
	if p = x.comparing; !p.begin.Hidden || p.pause.Hidden || p.pause.Text() != "Go on" || p.words.Text != "a dog\nsunset by the sea" {
		t.Errorf("opened again it shows Compare %v, Pause %v %q and asks %q", !p.begin.Hidden, !p.pause.Hidden, p.pause.Text(), p.words.Text)
	}
	p.cancel.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
}

// TestWhatKeepsFromComparing looks at what is said where it cannot begin, and where a model fails.
func TestWhatKeepsFromComparing(t *testing.T) {
	x := open(t, fake.New(60))
	for i := range 3 {
		x.b.Modelled.Here = append(x.b.Modelled.Here, app.ModelInfo{ID: "more" + number(i), Name: "More", PerSecond: .5})
	}
	p := x.openComparison()
	says := func(want string, can bool) {
		t.Helper()
		if got := p.said.Text(); !strings.Contains(got, want) || p.begin.Disabled() == can {
			t.Errorf("it says %q and can begin: %v", got, !p.begin.Disabled())
		}
	}
	says("take no time", true)
	p.checks[1].SetChecked(false)
	says("Tick two or three", false)
	p.checks[2].SetChecked(true)
	says("about 7 minutes", true)
	p.checks[3].SetChecked(true)
	if !p.checks[1].Disabled() || p.checks[2].Disabled() {
		t.Error("a fourth model can be ticked")
	}
	p.sizes[0].Tapped(nil)
	if p.photos != 50 {
		t.Errorf("%d photos", p.photos)
	}
	p.words.SetText(strings.Repeat("dog\n", 30))
	says("minutes", true)
	var many []string
	for i := range mostCompareQueries + 1 {
		many = append(many, "dog "+number(i))
	}
	p.words.SetText(strings.Join(many, "\n"))
	says("no more than 20 descriptions", false)
	p.words.SetText(" \n")
	says("Write what to look for", false)
	p.words.SetText("  dog \n\ndog\n cat on a  sofa")
	says("minutes", true)
	x.b.Modelled.Broken = errors.New("its file x is cut short")
	p.start()
	x.settle()
	if got := strings.Join(x.compared.queries, "|"); got != "dog|cat on a sofa" || x.compared.photos != 50 {
		t.Errorf("it asked %q of %d photos", got, x.compared.photos)
	}
	if got := p.cardTexts(); !strings.Contains(got, "Its file x is cut short") {
		t.Errorf("the cards say\n%s", got)
	}

	x = open(t, fake.New(60))
	x.b.Modelled.Here = x.b.Modelled.Here[:1]
	p = x.openComparison()
	says("You have only one model", false)
	x.key(fyne.KeyEscape)
	if x.sheet != nil {
		t.Error("Esc does not close it")
	}
}
