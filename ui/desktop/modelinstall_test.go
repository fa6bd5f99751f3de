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
		1: {"over the internet, from hub.example (somebody/large): about 4.5 GB", "4.9 GB of memory", "Licence: MIT"},
		3: {"Its licence forbids some uses. MIT", "7.0 MB of it are here"},
	} {
		o := x.b.Modelled.Offers[i]
		plan, err := x.b.PlanInstall(t.Context(), o.ID, app.InstallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		q := x.installQuestion(o, plan)
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
		plan, err := x.b.PlanInstall(t.Context(), o.ID, app.InstallOptions{})
		if err != nil {
			t.Fatal(err)
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
