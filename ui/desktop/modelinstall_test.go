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

// TestDownloadByKeys chooses a model that can be had, is told what it brings, and gets it.
func TestDownloadByKeys(t *testing.T) {
	x := open(t, fake.New(20))
	p := x.pickModels()
	p.mark("middle")
	x.key(fyne.KeyReturn)
	x.settle()
	if x.sheet == nil || x.b.Calls("InstallModel") != 0 {
		t.Fatal("nothing is asked before the download")
	}
	x.key(fyne.KeySpace) // Download has the focus
	x.settle()
	if x.b.Calls("InstallModel") != 1 {
		t.Fatal("the model is not downloaded")
	}
	if p = x.modelPicker(); p.marked != "middle" || p.shown[p.list.at].here == nil || x.working.Text() != "" {
		t.Errorf("afterwards %s is marked, %q is shown", p.marked, x.working.Text())
	}
	if got := x.toast.text.Text(); !strings.Contains(got, "Middle is here, tested and measured") {
		t.Errorf("the window says %q", got)
	}
}

// TestWhatADownloadBringsIsSaid reads the question.
func TestWhatADownloadBringsIsSaid(t *testing.T) {
	x := open(t, fake.New(20))
	x.b.Modelled.Unfinished = []app.Unfinished{{ID: "bound", Done: 7e6, Total: 4e9}}
	for i, want := range map[int][]string{
		1: {"downloaded from hub.example (somebody/large): about 4.5 GB", "4.9 GB of memory", "Licence: MIT"},
		3: {"Its licence forbids some uses. MIT", "7.0 MB of it are here"},
	} {
		o := x.b.Modelled.Offers[i]
		choices, err := x.b.InstallChoices(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		q := x.installQuestion(o, choices, "")
		said := textsOf(q.body...)
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: no %q in\n%s", o.ID, w, said)
			}
		}
		if q.grave != o.Restricted {
			t.Errorf("%s: grave %v", o.ID, q.grave)
		}
	}
	p := x.pickModels()
	p.mark("bound")
	p.press(t, "Go on")
	x.settle()
	x.key(fyne.KeySpace) // the focus is on refusing
	x.settle()
	if x.b.Calls("InstallModel") != 0 {
		t.Error("a restricted model came without its licence being accepted")
	}
}

// TestDownloadStops pauses a download, goes on with it, and drops one.
func TestDownloadStops(t *testing.T) {
	for _, drop := range []bool{false, true} {
		x := open(t, fake.New(20))
		o := x.b.Modelled.Offers[4]
		// The person stops it when half of it is there.
		x.b.Modelled.Stands = func(ctx context.Context) {
			d := x.downloads[o.ID]
			d.dropping = drop
			d.stop()
			<-ctx.Done()
		}
		choices, err := x.b.InstallChoices(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		plan := choices[0].InstallPlan
		if drop {
			plan.ID += "-int8" // another precision of it was begun before
		}
		x.install(o.ID, plan, app.InstallOptions{})
		x.settle()
		p := x.pickModels()
		p.mark(o.ID)
		text := p.text()
		if drop {
			if !strings.Contains(text, "[Download …]") || len(x.b.Modelled.Unfinished) != 0 {
				t.Errorf("after dropping it:\n%s\n%v", text, x.b.Modelled.Unfinished)
			}
			continue
		}
		if !strings.Contains(text, "stopped; 12.0 MB of 24.0 MB are here") || !strings.Contains(text, "[Go on …]") {
			t.Errorf("after a pause:\n%s", text)
		}
		x.b.Modelled.Stands = nil
		x.downloads = nil // as after a restart
		x.closeSheet()
		p = x.pickModels()
		p.mark(o.ID)
		p.press(t, "Go on")
		x.settle()
		x.key(fyne.KeySpace)
		x.settle()
		if p = x.modelPicker(); p.shown[p.list.at].here == nil {
			t.Errorf("it did not go on:\n%s", p.text())
		}
	}
}

// TestDownloadFails shows why, what can be done, and that it can go on.
func TestDownloadFails(t *testing.T) {
	x := open(t, fake.New(20))
	x.b.Modelled.Broken = app.InstallError{Code: "no_network", Fix: "Is this machine on the network?", Err: errors.New("hub.example cannot be reached")}
	p := x.pickModels()
	p.mark("tiny")
	p.press(t, "Download")
	x.settle()
	x.key(fyne.KeySpace)
	x.settle()
	p = x.modelPicker()
	if got := p.text(); !strings.Contains(got, "Hub.example cannot be reached. Is this machine on the network?") || !strings.Contains(got, "[Delete what came]") {
		t.Errorf("%s", got)
	}
	if !strings.Contains(x.toast.text.Text(), "could not be downloaded") {
		t.Errorf("the window says %q", x.toast.text.Text())
	}
	p.press(t, "Delete what came")
	x.settle()
	if got := x.modelPicker().text(); !strings.Contains(got, "[Download …]") {
		t.Errorf("%s", got)
	}
}

// TestPrecisionIsChosen downloads a model in the form that a person chose with the keyboard; the
// one that suits the machine is chosen at first, and a download that was begun goes on in its own.
func TestPrecisionIsChosen(t *testing.T) {
	for _, c := range []struct {
		name  string
		keys  []fyne.KeyName
		begun string // the id of a download that was begun
		want  string
	}{
		{"as it is said", []fyne.KeyName{fyne.KeySpace}, "", "int8"},
		{"another", []fyne.KeyName{fyne.KeyDown, fyne.KeyReturn}, "", "fp32"},
		{"there and back", []fyne.KeyName{fyne.KeyDown, fyne.KeyUp, fyne.KeyReturn}, "", "int8"},
		{"not at all", []fyne.KeyName{fyne.KeyDown, fyne.KeyEscape}, "", ""},
		{"the one that was begun", []fyne.KeyName{fyne.KeyReturn}, "middle", "fp32"},
		{"another than was begun", []fyne.KeyName{fyne.KeyUp, fyne.KeyReturn}, "middle", "int8"},
	} {
		x := open(t, fake.New(20))
		o := &x.b.Modelled.Offers[2]
		o.Variants = append(o.Variants, "int8", "fp32")
		p := x.pickModels()
		p.mark("middle")
		if c.begun == "" {
			p.press(t, "Download")
		} else {
			x.askInstall(*o, c.begun)
		}
		x.settle()
		if c.keys[0] != fyne.KeySpace {
			x.canvas.FocusPrevious() // as Shift+Tab does
			l, ok := x.canvas.Focused().(*precisionList)
			if !ok {
				t.Fatalf("%s: the keyboard leads to %T", c.name, x.canvas.Focused())
			}
			if got := l.AccessibilityLabel(); c.begun == "" && !strings.Contains(got, "Small and fast without a graphics card (int8), suits this machine, about 1.5 GB to download; then made smaller here, about 375 MB on the disk, needs about 480 MB of memory · about 9.0 photos a second") {
				t.Errorf("%s: a screen reader says %q", c.name, got)
			}
		}
		for _, k := range c.keys {
			x.key(k)
			x.settle()
		}
		if x.b.Modelled.Chosen != c.want {
			t.Errorf("%s: %q is installed, not %q", c.name, x.b.Modelled.Chosen, c.want)
		}
	}
}

// TestDownloadThatIsConvertedSaysWhatItDoes goes through the stages of a download of which another
// precision is made.
func TestDownloadThatIsConvertedSaysWhatItDoes(t *testing.T) {
	x := open(t, fake.New(20))
	o := &x.b.Modelled.Offers[2]
	o.Variants = append(o.Variants, "int8", "fp32")
	choices, err := x.b.InstallChoices(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := x.pickModels()
	p.mark(o.ID)
	d := &download{id: o.ID, plan: choices[0].InstallPlan, stop: func() {}}
	x.downloads = map[string]*download{o.ID: d}
	for _, c := range []struct {
		now           app.InstallProgress
		says, working string
	}{
		{app.InstallProgress{Done: 750e6, Total: 1500e6}, "750 MB of 1.5 GB", "Downloading Middle: 35 %"},
		{app.InstallProgress{Converting: true, Done: 187e6, Total: 374e6}, "Downloaded. Converting to int8: 50 %", "Converting Middle: 77 %"},
		{app.InstallProgress{Converting: true, Testing: true}, "Downloaded. Testing it …", "Converting Middle: 85 %"},
		{app.InstallProgress{Converting: true, Testing: true, Done: 64, Total: 128}, "Converted. Checking it against the original: 64 of 128", "Converting Middle: 93 %"},
	} {
		d.progress = c.now
		x.showDownload(d)
		p.mark(o.ID)
		if got := p.text(); !strings.Contains(got, c.says) || x.working.Text() != c.working || !strings.Contains(got, "[Cancel]") {
			t.Errorf("at %+v: %q\n%s", c.now, x.working.Text(), got)
		}
		p.press(t, "Pause") // which has to be possible
	}
	d.stop, d.progress = nil, app.InstallProgress{Converting: true, Done: 5, Total: 10}
	p.mark(o.ID)
	if got := p.text(); !strings.Contains(got, "Stopped. The download is complete; “Go on” finishes the rest.") || !strings.Contains(got, "[Go on …]") {
		t.Errorf("stopped:\n%s", got)
	}
}
