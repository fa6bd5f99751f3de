package desktop

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

// converting opens the list with a model marked that can be converted, and presses the button.
func converting(t *testing.T, x *bench) {
	t.Helper()
	x.b.Modelled.Converts = map[string]string{"vit-b-32": "int8"}
	p := x.pickModels()
	if got := p.text(); strings.Contains(got, "Convert to") {
		t.Errorf("the model that comes with Descry can be converted:\n%s", got)
	}
	p.mark("vit-b-32")
	p.press(t, "Convert to int8")
	x.settle()
	if x.sheet == nil || x.b.Calls("ConvertModel") != 0 {
		t.Fatal("nothing is asked before the conversion")
	}
}

// TestConvertByKeys converts a model, and is not offered what is there already.
func TestConvertByKeys(t *testing.T) {
	x := open(t, fake.New(20))
	converting(t, x)
	x.key(fyne.KeySpace) // Convert has the focus
	x.settle()
	p := x.modelPicker()
	if got := strings.Join(p.ids(), " "); !strings.HasPrefix(got, "starter vit-b-32 vit-b-32-int8 ") || x.working.Text() != "" || x.conversion != nil {
		t.Errorf("afterwards there are %s, %q is shown", got, x.working.Text())
	}
	if got := x.toast.text.Text(); !strings.Contains(got, "vit-b-32-int8 is here: 151 MB instead of 605 MB") {
		t.Errorf("the window says %q", got)
	}
	p.mark("vit-b-32")
	if got := p.text(); strings.Contains(got, "Convert to") {
		t.Errorf("it is offered again:\n%s", got)
	}
}

// TestConversionStops shows how far it is, and cancels it with the button for that.
func TestConversionStops(t *testing.T) {
	x := open(t, fake.New(20))
	converting(t, x)
	stands := make(chan struct{})
	x.b.Modelled.Stands = func(ctx context.Context) { close(stands); <-ctx.Done() }
	m := x.b.Modelled.Here[1]
	p := x.pickModels()
	p.mark(m.ID)
	x.convert(m, "int8")
	<-stands
	p.mark(m.ID)
	for _, c := range []struct {
		now     app.Progress
		says    string
		percent string
	}{
		{app.Progress{Job: app.JobConverting, Done: 50, Total: 100}, "Step 1 of 3: converting to int8, 50 %", "25 %"},
		{app.Progress{Job: app.JobTesting}, "Step 2 of 3: testing the new model", "50 %"},
		{app.Progress{Job: app.JobTesting, Done: 64, Total: 128}, "Step 3 of 3: checking it against the original, 64 of 128", "80 %"},
	} {
		x.conversion.now = c.now
		x.showConversion()
		if got := p.text(); !strings.Contains(got, c.says) || !strings.Contains(got, "[Cancel]") || x.working.Text() != "Converting ViT-B-32 (laion2b): "+c.percent {
			t.Errorf("while it runs:\n%s\n%q", got, x.working.Text())
		}
	}
	p.press(t, "Cancel")
	x.settle()
	if got := x.modelPicker().text(); !strings.Contains(got, "[Convert to int8 …]") || len(x.b.Modelled.Here) != 2 || x.toast.text.Text() != "" {
		t.Errorf("afterwards %d models, %q:\n%s", len(x.b.Modelled.Here), x.toast.text.Text(), got)
	}
}

// TestConversionFails says why.
func TestConversionFails(t *testing.T) {
	x := open(t, fake.New(20))
	x.b.Modelled.Broken = errors.New("it is too far from the original")
	converting(t, x)
	x.key(fyne.KeySpace)
	x.settle()
	if got := x.toast.text.Text(); !strings.Contains(got, "could not be converted: It is too far from the original.") {
		t.Errorf("the window says %q", got)
	}
	p := x.modelPicker()
	p.mark("vit-b-32")
	if got := p.text(); !strings.Contains(got, "[Convert to int8 …]") || x.conversion != nil {
		t.Errorf("it cannot be tried again:\n%s", got)
	}
}
