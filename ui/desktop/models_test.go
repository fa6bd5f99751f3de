package desktop

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
	"descry/ui/desktop/look"
)

// pickModels opens the list of models; it reaches into the sheet for what a person would see.
func (x *bench) pickModels() *modelPicker {
	x.t.Helper()
	x.showModels()
	x.settle()
	return x.modelPicker()
}

// modelPicker is the list of models that is open.
func (x *bench) modelPicker() *modelPicker {
	x.t.Helper()
	if x.models == nil || !x.models.open() {
		x.t.Fatal("the list of models is not open")
	}
	return x.models
}

func (p *modelPicker) ids() (out []string) {
	for _, c := range p.shown {
		out = append(out, c.id())
	}
	return out
}

// text is what stands at the right.
func (p *modelPicker) text() string { return textsOf(p.detail) }

// textsOf are the texts that a person reads in some objects, buttons in brackets.
func textsOf(objects ...fyne.CanvasObject) string {
	var all []string
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *look.Label:
			all = append(all, o.Text())
		case *look.Paragraph:
			all = append(all, o.Text())
		case *look.Button:
			all = append(all, "["+o.Text()+"]")
		case *fyne.Container:
			for _, o := range o.Objects {
				walk(o)
			}
		}
	}
	for _, o := range objects {
		walk(o)
	}
	return strings.Join(all, "\n")
}

// press presses a button at the right by its text.
func (p *modelPicker) press(t *testing.T, text string) {
	t.Helper()
	for _, o := range p.buttons(p.shown[p.list.at]) {
		if b := o.(*look.Button); strings.HasPrefix(b.Text(), text) && !b.Disabled() {
			b.Tapped(nil)
			return
		}
	}
	t.Fatalf("no button %q for %s", text, p.marked)
}

func TestModelsAreSortedAndFound(t *testing.T) {
	x := open(t, fake.New(20))
	p := x.pickModels()
	if got := strings.Join(p.ids(), " "); got != "starter vit-b-32 middle large bound tiny" {
		t.Errorf("at first: %s", got)
	}
	for order, want := range map[int]string{
		1: "starter vit-b-32 large bound middle tiny",
		2: "starter vit-b-32 tiny middle bound large",
		3: "starter vit-b-32 tiny middle bound large",
	} {
		p.order.SetSelectedIndex(order)
		if got := strings.Join(p.ids(), " "); got != want {
			t.Errorf("order %d: %s, want %s", order, got, want)
		}
	}
	p.order.SetSelectedIndex(0)
	p.many.SetChecked(true)
	if got := strings.Join(p.ids(), " "); got != "middle large" {
		t.Errorf("many languages: %s", got)
	}
	p.words.SetText("nothing like that")
	if len(p.shown) != 0 || !strings.Contains(p.text(), "No model") {
		t.Errorf("%v: %s", p.ids(), p.text())
	}
	p.many.SetChecked(false)
	p.words.SetText("LARGE somebody")
	p.words.SetText("large")
	if got := strings.Join(p.ids(), " "); got != "large" || p.marked != "large" {
		t.Errorf("found %s, marked %s", got, p.marked)
	}
}

// TestWhatIsSaidOfModels looks at what a person is told before they choose.
func TestWhatIsSaidOfModels(t *testing.T) {
	x := open(t, fake.New(20))
	p := x.pickModels()
	for id, want := range map[string][]string{
		"starter":  {"in use", "46 photos a second, measured here", "38.0 MB", "about 150 MB", "cpu", "see its card", "Small and modest"},
		"vit-b-32": {"at hand", "39.3 of 100 descriptions", "OpenCLIP", "estimated; Test measures it", "takes 3.0 MB", "[Use]", "[Test]", "[Remove …]", "[Free 3.0 MB …]"},
		"middle":   {"Recommended: a middle way.", "about 3.0 photos a second here, estimated", "many languages", "about 1.5 GB", "about 1.9 GB while it runs", "somebody/middle"},
		"bound":    {"forbids some uses", "restricted"},
	} {
		p.mark(id)
		for _, w := range want {
			if !strings.Contains(p.text(), w) {
				t.Errorf("%s: no %q in\n%s", id, w, p.text())
			}
		}
	}
	for _, m := range []app.ModelInfo{{ID: "b", Problem: "its file x is cut short"}, {ID: "b", Tight: "It needs more memory than there is."}} {
		x.b.Modelled.Here[1] = m
		x.closeSheet()
		p = x.pickModels()
		p.mark("b")
		if got := p.text(); !strings.Contains(got, capital(m.Problem+m.Tight)) {
			t.Errorf("%s", got)
		}
	}
}

// TestModelsByKeys uses, tests and removes a model without a mouse.
func TestModelsByKeys(t *testing.T) {
	x := open(t, fake.New(20))
	p := x.pickModels()
	if x.canvas.Focused() != p.list {
		t.Error("the list does not have the focus")
	}
	x.key(fyne.KeyDown)
	if p.marked != "vit-b-32" {
		t.Errorf("Down marks %q", p.marked)
	}
	x.key(fyne.KeyReturn)
	x.settle()
	if x.b.Calls("UseModel") != 1 || x.sheet != nil {
		t.Errorf("Enter: %d calls, sheet %v", x.b.Calls("UseModel"), x.sheet != nil)
	}
	p = x.pickModels()
	p.mark("starter")
	p.press(t, "Test")
	x.settle()
	if got := p.said.Text(); !strings.Contains(got, "passed its test: 12 photos a second here") {
		t.Errorf("after the test: %s", got)
	}
	x.b.Modelled.Broken = errors.New("the self-test found two pictures alike")
	p.press(t, "Test")
	x.settle()
	if got := p.text(); !strings.Contains(got, "The self-test found two pictures alike") {
		t.Errorf("after a failed test: %s", got)
	}
	x.b.Modelled.Broken = nil
	x.b.Modelled.Here[0].Problem = ""

	// The one in use cannot be removed.
	for _, o := range p.buttons(p.shown[slices.Index(p.ids(), "vit-b-32")]) {
		if b := o.(*look.Button); b.Text() == "Remove …" && !b.Disabled() {
			t.Error("the model in use can be removed")
		}
	}
	if err := x.b.UseModel(t.Context(), "starter"); err != nil {
		t.Fatal(err)
	}
	x.closeSheet()
	for answer, want := range map[fyne.KeyName]int{fyne.KeyEscape: 0} {
		p = x.pickModels()
		p.mark("vit-b-32")
		p.press(t, "Remove")
		x.key(answer)
		x.settle()
		if got := x.b.Calls("RemoveModel"); got != want || x.modelPicker().marked != "vit-b-32" {
			t.Errorf("%s: removed %d, marked %s", answer, got, x.models.marked)
		}
		x.closeSheet()
	}
	p = x.pickModels()
	p.mark("vit-b-32")
	p.press(t, "Free")
	x.key(fyne.KeySpace) // it is grave: the focus is on keeping
	x.settle()
	if x.b.Calls("ForgetVectors") != 0 {
		t.Error("Space removed what it found")
	}
	p = x.modelPicker()
	p.press(t, "Remove")
	x.key(fyne.KeySpace)
	x.settle()
	if x.b.Calls("RemoveModel") != 1 || slices.Contains(x.modelPicker().ids()[:1], "vit-b-32") {
		t.Errorf("removed %d, %v", x.b.Calls("RemoveModel"), x.models.ids())
	}
	x.key(fyne.KeyEscape)
	if x.sheet != nil {
		t.Error("Esc leaves the list open")
	}
	x.addModel("folder")
	x.settle()
	if got := x.modelPicker().marked; got != "folder" {
		t.Errorf("%s is marked after it was added", got)
	}
}

// TestModelsOfAReaderCannotBeChanged looks at the buttons where another process writes.
func TestModelsOfAReaderCannotBeChanged(t *testing.T) {
	x := open(t, fake.New(20))
	p := newModelPicker(x.window, x.b.Modelled.Here, true)
	p.mark("vit-b-32")
	for _, o := range p.buttons(p.shown[p.list.at]) {
		if b := o.(*look.Button); !b.Disabled() && b.Text() != "Test" {
			t.Errorf("%s can be pressed", b.Text())
		}
	}
}

// TestWhatAGoneModelFoundIsFreed frees what is left of a model that is not here any more.
func TestWhatAGoneModelFoundIsFreed(t *testing.T) {
	x := open(t, fake.New(20))
	x.b.Modelled.Gone = []app.ModelInfo{{ID: "old", Name: "old", Gone: true, Vectors: app.VectorUse{Vectors: 900, Bytes: 2e6}}}
	p := x.pickModels()
	p.mark("old")
	if got := p.text(); !strings.Contains(got, "not here any more") || !strings.Contains(got, "what it found in 900 photos takes 2.0 MB") || strings.Contains(got, "[Use]") || strings.Contains(got, "[Remove") {
		t.Errorf("%s", got)
	}
	p.press(t, "Free 2.0 MB")
	x.settle()
	x.key(fyne.KeySpace) // the focus is on keeping it
	x.settle()
	if x.b.Calls("ForgetVectors") != 0 {
		t.Fatal("it is freed without being asked")
	}
	p = x.modelPicker()
	p.mark("old")
	p.press(t, "Free 2.0 MB")
	x.settle()
	x.canvas.FocusPrevious() // as Shift+Tab does
	x.key(fyne.KeySpace)
	x.settle()
	if got := x.modelPicker().ids(); x.b.Calls("ForgetVectors") != 1 || slices.Contains(got, "old") {
		t.Errorf("it was freed %d times; the list has %v", x.b.Calls("ForgetVectors"), got)
	}
}

// TestAModelThatLooksAtPhotos can be used at once, or given up by keeping the one in use; meanwhile
// nothing of it can be removed.
func TestAModelThatLooksAtPhotos(t *testing.T) {
	for _, tt := range []struct{ model, press, calls, inUse, says string }{
		{"starter", "Keep this model", "UseModel", "starter", "Descry keeps using Starter."},
		{"vit-b-32", "Use now", "UseModelNow", "vit-b-32", "Descry now uses ViT-B-32 (laion2b)."},
	} {
		x := open(t, fake.New(20))
		if got := x.pickModels().text(); strings.Contains(got, tt.press) {
			t.Errorf("no other model comes, and there is\n%s", got)
		}
		x.closeSheet()
		x.b.Modelled.Here[1].Coming = true
		p := x.pickModels()
		p.mark("vit-b-32")
		for _, o := range p.buttons(p.shown[p.list.at]) {
			if b := o.(*look.Button); !b.Disabled() && b.Text() != "Use now" && b.Text() != "Test" {
				t.Errorf("%s can be pressed for a model that looks at photos", b.Text())
			}
		}
		p.mark(tt.model)
		p.press(t, tt.press)
		x.settle()
		i := slices.IndexFunc(x.b.Modelled.Here, func(m app.ModelInfo) bool { return m.InUse })
		if x.b.Calls(tt.calls) != 1 || x.b.Modelled.Here[i].ID != tt.inUse || x.b.Modelled.Here[1].Coming {
			t.Errorf("%s: %+v", tt.press, x.b.Modelled.Here)
		}
		if got := x.toast.Text(); got != tt.says {
			t.Errorf("%s: it says %q", tt.press, got)
		}
	}
}
