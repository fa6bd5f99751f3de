package desktop

import (
	"fmt"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// statusBar says what runs in the background, what could not be read, and which model looks
// at the photos.
type statusBar struct {
	OnPause, OnResume, OnCancel, OnFailures, OnModel func()

	Content  *fyne.Container
	progress *widget.ProgressBar
	text     *look.Label
	pause    *look.Button
	cancel   *look.Button
	failures *look.Button
	model    *look.Button
	paused   bool
}

func newStatusBar(tips *look.Tips) *statusBar {
	s := &statusBar{text: tips.NewSmall(""), progress: widget.NewProgressBar()}
	s.progress.TextFormatter = func() string { return "" }
	call := func(f *func()) func() {
		return func() {
			if *f != nil {
				(*f)()
			}
		}
	}
	s.pause = tips.NewIcon(theme.MediaPauseIcon(), tr("Pause"), func() {
		if s.paused {
			call(&s.OnResume)()
		} else {
			call(&s.OnPause)()
		}
	}).Sized(24)
	s.cancel = tips.NewIcon(look.Cross.Resource(), tr("Stop; what is done is kept"), call(&s.OnCancel)).Sized(24)
	s.failures = tips.NewText("", tr("List the files that could not be read"), call(&s.OnFailures))
	s.failures.Hide()
	s.model = tips.NewText("", tr("Choose the model that looks at the photos"), call(&s.OnModel))
	bar := container.New(thinBar{}, s.progress)
	left := container.New(layout.NewCustomPaddedHBoxLayout(4), s.pause, s.cancel, container.NewCenter(bar))
	right := container.New(layout.NewCustomPaddedHBoxLayout(8), s.failures, s.model)
	s.Content = container.NewStack(look.NewFill(look.ColourSurface), container.New(&column{grow: 1}, look.NewLine(),
		container.New(layout.NewCustomPaddedLayout(2, 1, 8, 8), container.NewBorder(nil, nil, left, right, s.text))))
	s.SetProgress(app.Progress{})
	return s
}

// SetProgress shows how far the background work has come.
func (s *statusBar) SetProgress(p app.Progress) {
	s.paused = p.Paused || p.Waiting != app.WaitNot
	for _, o := range []fyne.CanvasObject{s.pause, s.cancel} {
		if p.Running {
			o.Show()
		} else {
			o.Hide()
		}
	}
	if p.Running && p.Total > 0 {
		s.progress.Show()
		s.progress.SetValue(float64(p.Done) / float64(p.Total))
	} else {
		s.progress.Hide()
	}
	if s.paused {
		s.pause.Set(theme.MediaPlayIcon(), tr("Go on"))
	} else {
		s.pause.Set(theme.MediaPauseIcon(), tr("Pause"))
	}
	s.text.Tip = p.Path
	s.text.SetText(progressText(p))
	s.Content.Refresh()
}

func progressText(p app.Progress) string {
	if !p.Running {
		return ""
	}
	text := p.Job
	switch {
	case p.Total > 0:
		text += "  " + tr("{{.Done}} of {{.Total}}", with{"Done": number(p.Done), "Total": number(p.Total)})
	case p.Done > 0:
		text += "  " + number(p.Done)
	}
	if p.Paused {
		return text + " · " + tr("paused")
	}
	if p.Waiting != app.WaitNot {
		return text + " · " + waitText(p.Waiting)
	}
	if p.PerSecond > 0 {
		rate := fmt.Sprintf("%.1f", p.PerSecond)
		if p.PerSecond >= 10 {
			rate = number(int(math.Round(p.PerSecond)))
		}
		text += " · " + tr("{{.Rate}}/s", with{"Rate": rate})
	}
	if p.Left > 0 {
		text += " · " + timeLeft(p.Left)
	}
	if p.Quiet {
		text += " · " + tr("quiet")
	}
	return text
}

// waitText says why the background work waits by itself.
func waitText(w app.Wait) string {
	switch w {
	case app.WaitBattery:
		return tr("waiting: on battery")
	case app.WaitLow:
		return tr("waiting: the battery is low")
	case app.WaitPerson:
		return tr("waiting: you are working")
	}
	return tr("waiting: other programs are busy")
}

// SetFailures shows how many files could not be used.
func (s *statusBar) SetFailures(n int) {
	if n == 0 {
		s.failures.Hide()
	} else {
		s.failures.SetText(trn("{{.N}} unreadable", n, nil))
		s.failures.Show()
	}
	s.Content.Refresh()
}

// SetModel shows which model is in use.
func (s *statusBar) SetModel(m app.ModelInfo) {
	name := m.Name
	switch {
	case m.ID == "":
		name = tr("No model")
	case name == "":
		name = m.ID
	}
	if m.Provider != "" {
		name += " · " + providerText(m.Provider)
	}
	s.model.SetText(name)
	s.Content.Refresh()
}

// thinBar makes a progress bar a thin line of fixed length.
type thinBar struct{}

func (thinBar) MinSize(o []fyne.CanvasObject) fyne.Size {
	if !o[0].Visible() {
		return fyne.Size{}
	}
	return fyne.NewSize(120, 6)
}

func (thinBar) Layout(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }

// providerText is how people write the name of what computes.
func providerText(provider string) string {
	switch strings.ToLower(provider) {
	case "cpu", "cuda":
		return strings.ToUpper(provider)
	case "coreml":
		return "Core ML"
	case "directml", "dml":
		return "DirectML"
	case "webgpu":
		return "WebGPU"
	case "openvino":
		return "OpenVINO"
	case "tensorrt":
		return "TensorRT"
	case "migraphx":
		return "MIGraphX"
	case "xnnpack":
		return "XNNPACK"
	}
	return provider
}
