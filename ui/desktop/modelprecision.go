package desktop

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// precisionList lets a person choose in which precision a model is installed: arrows move the
// choice, Enter downloads.
type precisionList struct {
	sheetList
	choices []app.InstallChoice
	chosen  int
}

const (
	precisionRow   = 62  // height of a choice
	precisionWidth = 580 // of the question: what a choice takes fits on a line
)

// newPrecisionList lists choices; the one of the download that was begun is chosen at first, else
// the first.
func (w *window) newPrecisionList(choices []app.InstallChoice, begun string, enter func()) *precisionList {
	plain := look.NewTips(w.loop)
	p := &precisionList{choices: choices}
	for i, c := range choices {
		if c.ID == begun {
			p.chosen = i
		}
	}
	p.Length = func() int { return len(choices) }
	p.CreateItem = func() fyne.CanvasObject {
		name := plain.NewLabel("")
		name.Style.Bold = true
		return container.New(layout.NewCustomPaddedLayout(4, 4, 6, 6), container.New(besideIcon{}, widget.NewIcon(nil),
			container.New(layout.NewCustomPaddedVBoxLayout(0), container.NewBorder(nil, nil, nil, plain.NewSmall("").Whole(), name), plain.NewSmall(""), plain.NewSmall(""))))
	}
	p.UpdateItem = p.fill
	p.at = p.chosen
	p.OnEscape = w.closeSheet
	p.OnEnter = func(int) { enter() }
	choose := func(i int) {
		p.at = i
		if p.chosen != i {
			p.chosen = i
			p.Refresh()
		}
	}
	p.OnHighlighted = choose
	p.OnSelected = func(i int) {
		p.UnselectAll() // the circle shows what is chosen
		choose(i)
	}
	p.HideSeparators = true
	p.ExtendBaseWidget(p)
	p.Highlight(p.chosen) // which the toolkit's list chooses when it gets the focus
	return p
}

// choice is what the person chose.
func (p *precisionList) choice() app.InstallChoice { return p.choices[p.chosen] }

func (p *precisionList) fill(i int, o fyne.CanvasObject) {
	parts := o.(*fyne.Container).Objects[0].(*fyne.Container).Objects
	circle := theme.RadioButtonIcon()
	if i == p.chosen {
		circle = theme.RadioButtonCheckedIcon()
	}
	parts[0].(*widget.Icon).SetResource(circle)
	lines := parts[1].(*fyne.Container).Objects
	head := lines[0].(*fyne.Container)
	c := p.choices[i]
	suits := ""
	if c.Suits {
		suits = tr("suits this machine")
	}
	head.Objects[0].(*look.Label).SetText(precisionText(string(c.Precision)))
	head.Objects[1].(*look.Label).SetText(suits)
	lines[1].(*look.Label).SetText(diskText(c))
	lines[2].(*look.Label).SetText(runText(c))
	head.Refresh()
}

// AccessibilityLabel says what is chosen.
func (p *precisionList) AccessibilityLabel() string {
	c := p.choice()
	said := []string{tr("Precision: {{.Precision}}", with{"Precision": precisionText(string(c.Precision))})}
	if c.Suits {
		said = append(said, tr("suits this machine"))
	}
	return strings.Join(append(said, diskText(c), runText(c)), ", ")
}

// AccessibilityRole says that the list holds other things.
func (p *precisionList) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// precisionText says for what a precision is.
func precisionText(precision string) string {
	switch precision {
	case "int8":
		return tr("Small and fast without a graphics card (int8)")
	case "fp16":
		return tr("Medium size, fast with a graphics card (fp16)")
	}
	return tr("Full size, as published (fp32)")
}

// sizeOf is the size of a download.
func sizeOf(p app.InstallPlan) string {
	size := bytesText(p.Bytes)
	if !p.Known {
		size = tr("about {{.Size}}", with{"Size": size})
	}
	return size
}

// diskText says what a model takes to download and on the disk in a precision.
func diskText(c app.InstallChoice) string {
	switch {
	case c.From != "":
		return tr("made from the model you have, no download; about {{.Disk}} on the disk", with{"Disk": bytesText(c.Disk)})
	case c.Convert:
		return tr("{{.Size}} to download; then made smaller here, about {{.Disk}} on the disk", with{"Size": sizeOf(c.InstallPlan), "Disk": bytesText(c.Disk)})
	}
	return tr("{{.Size}} to download and on the disk", with{"Size": sizeOf(c.InstallPlan)})
}

// runText says what a model takes while it runs in a precision.
func runText(c app.InstallChoice) string {
	if c.Tight != "" {
		return c.Tight
	}
	text := tr("needs about {{.Size}} of memory", with{"Size": bytesText(c.Memory)})
	if c.PerSecond > 0 {
		text += " · " + speedText(c.PerSecond, false)
	}
	return text
}
