package app_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"descry/internal/machine"
	"descry/internal/testdata"
	"descry/ui/app"
)

// surroundings are what an App of a test sees around itself.
type surroundings struct {
	mu  sync.Mutex
	now machine.Around
}

func (s *surroundings) look() machine.Around {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *surroundings) set(a machine.Around) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = a
}

// What may go on around.
var (
	calm    = machine.Around{Charge: -1, Others: .05, Idle: time.Hour}
	battery = machine.Around{Battery: true, Charge: .8, Others: .05, Idle: time.Hour}
	low     = machine.Around{Battery: true, Charge: .2, Others: .05, Idle: time.Hour}
	busy    = machine.Around{Charge: -1, Others: .5, Idle: time.Hour}
	typing  = machine.Around{Charge: -1, Others: .05, Idle: time.Second}
	unknown = machine.Around{Charge: -1, Others: -1, Idle: -1}
)

// TestManner says how work is done in each mode and surroundings.
func TestManner(t *testing.T) {
	for _, test := range []struct {
		mode  string
		now   machine.Around
		quiet bool
		wait  app.Wait
	}{
		{app.QuietOff, low, false, app.WaitNot},
		{app.QuietOff, busy, false, app.WaitNot},
		{app.QuietAuto, calm, false, app.WaitNot},
		{app.QuietAuto, busy, false, app.WaitNot},
		{app.QuietAuto, typing, false, app.WaitNot},
		{app.QuietAuto, battery, true, app.WaitNot},
		{app.QuietAuto, low, true, app.WaitLow},
		{app.QuietAuto, machine.Around{Battery: true, Charge: -1}, true, app.WaitNot},
		{app.QuietOn, calm, true, app.WaitNot},
		{app.QuietOn, unknown, true, app.WaitNot},
		{app.QuietOn, battery, true, app.WaitBattery},
		{app.QuietOn, busy, true, app.WaitBusy},
		{app.QuietOn, typing, true, app.WaitPerson},
	} {
		t.Run(fmt.Sprintf("%s %+v", test.mode, test.now), func(t *testing.T) {
			p := params(filepath.Join(t.TempDir(), "library"), noRuntime)
			p.Threads, p.Quiet = 4, test.mode
			p.Around, p.Beat = func() machine.Around { return test.now }, make(chan time.Time)
			a := opened(t, p)
			lanes, gentle, wait := a.Manner(t.Context())
			if want := map[bool]int{false: 0, true: 2}[test.quiet]; lanes != want || gentle != test.quiet || wait != test.wait {
				t.Errorf("%d lanes, gentle %v, waits for %q; want %v and %q", lanes, gentle, wait, test.quiet, test.wait)
			}
			// Nothing of it stays when the run has ended.
			if held := a.Held(); held {
				t.Error("work is held although none is on")
			}
		})
	}
}

// TestQuietRun indexes photos while the surroundings change: the run waits and goes on by itself,
// says why, and gives way to what a person says by hand.
func TestQuietRun(t *testing.T) {
	around := &surroundings{now: battery}
	beat := make(chan time.Time)
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	p.Around, p.Beat, p.Quiet = around.look, beat, ""
	var clock sync.Mutex
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p.Now = func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return now
	}
	a := opened(t, p)
	if err := a.SetSetting(t.Context(), app.SettingQuiet, app.QuietOn); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddRoot(t.Context(), folder(t, "honey-bee", "pagoda", "white-duck", "dogs-on-balcony")); err != nil {
		t.Fatal(err)
	}
	told := make(chan app.Progress, 1000)
	finished := make(chan app.IndexReport, 1)
	a.Listen(app.Events{
		Progress: func(p app.Progress) {
			select {
			case told <- p:
			default:
			}
		},
		Finished: func(r app.IndexReport) { finished <- r },
	})
	// says waits until the progress says what it is waited for, and whether that was by hand.
	says := func(wait app.Wait, paused bool) {
		t.Helper()
		for {
			select {
			case p := <-told:
				if p.Running && p.Waiting == wait && p.Paused == paused {
					return
				}
			case r := <-finished:
				t.Fatalf("the run ended with %+v, and was to say %q, %v", r, wait, paused)
			case <-t.Context().Done():
				t.Fatal("nothing is said")
			}
		}
	}
	look := func(at machine.Around) {
		around.set(at)
		beat <- time.Time{}
		beat <- time.Time{} // when this one is taken, the one before is done with
	}
	a.StartIndexing()
	says(app.WaitBattery, false)
	// By hand on top of it: taking that back lets the run go on, for somebody said so.
	a.PauseIndexing()
	says(app.WaitBattery, true)
	look(calm)
	says(app.WaitNot, true)
	if !a.Held() {
		t.Error("a pause by hand ended by itself")
	}
	look(busy)
	says(app.WaitBusy, true)
	a.ResumeIndexing()
	if a.Held() {
		t.Error("somebody said to go on, and the run is held")
	}
	if r := <-finished; r.Encoded != 4 {
		t.Errorf("%d photos were looked at", r.Encoded)
	}
	if a.Held() {
		t.Error("work is held although none is on")
	}
}

// TestQuietTakesTurns lets a run wait and go on again and again by what goes on around it and by
// the setting, without a person.
func TestQuietTakesTurns(t *testing.T) {
	around := &surroundings{now: calm}
	p := params(filepath.Join(t.TempDir(), "library"), noRuntime)
	p.Quiet, p.Around, p.Threads, p.Beat = "", around.look, 8, make(chan time.Time)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p.Now = func() time.Time { return now }
	a := opened(t, p)
	type step struct {
		what  string
		do    func(context.Context) error
		lanes int
		wait  app.Wait
	}
	see := func(at machine.Around) func(context.Context) error {
		return func(context.Context) error { around.set(at); return nil }
	}
	set := func(mode string) func(context.Context) error {
		return func(ctx context.Context) error { return a.SetSetting(ctx, app.SettingQuiet, mode) }
	}
	touch := func(context.Context) error { a.Touched(); return nil }
	later := func(d time.Duration) func(context.Context) error {
		return func(context.Context) error { now = now.Add(d); return nil }
	}
	resume := func(context.Context) error { a.ResumeIndexing(); return nil }
	steps := []step{
		{"it begins, on mains", see(calm), 0, app.WaitNot},
		{"unplugged", see(battery), 4, app.WaitNot},
		{"the battery runs low", see(low), 4, app.WaitLow},
		{"somebody says to go on", resume, 4, app.WaitNot},
		{"still low", see(low), 4, app.WaitNot},
		{"plugged in", see(calm), 0, app.WaitNot},
		{"low again: that somebody said so holds no longer", see(low), 4, app.WaitLow},
		{"off", set(app.QuietOff), 0, app.WaitNot},
		{"on", set(app.QuietOn), 4, app.WaitBattery},
		{"plugged in", see(calm), 4, app.WaitNot},
		{"others are busy", see(busy), 4, app.WaitBusy},
		{"they rest for a moment", see(calm), 4, app.WaitBusy},
		{"another one", see(calm), 4, app.WaitBusy},
		{"they are done", see(calm), 4, app.WaitNot},
		{"somebody searches", touch, 4, app.WaitPerson},
		{"reads", later(29 * time.Second), 4, app.WaitPerson},
		{"went away", later(2 * time.Second), 4, app.WaitNot},
		{"nothing is known", see(unknown), 4, app.WaitNot},
		{"the default", set(""), 0, app.WaitNot},
	}
	a.InQuiet(t.Context(), 8, func(look func()) {
		for _, s := range steps {
			if err := s.do(t.Context()); err != nil {
				t.Fatal(err)
			}
			look()
			if lanes, _, wait := a.Now(); lanes != s.lanes || wait != s.wait {
				t.Errorf("%s: %d lanes, waits for %q; want %d and %q", s.what, lanes, wait, s.lanes, s.wait)
			}
		}
	})
	if err := a.SetSetting(t.Context(), app.SettingQuiet, "loud"); err == nil {
		t.Error("loud is no way to be quiet")
	}
}
