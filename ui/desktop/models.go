package desktop

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// showModels lets the person choose the model that looks at the photos.
func (w *window) showModels() {
	w.loop.Go(func() func() {
		models, err := w.b.Models(w.ctx)
		return func() {
			if err != nil {
				w.fail(tr("The models could not be listed"), err)
				return
			}
			w.listModels(models)
		}
	})
}

func (w *window) listModels(models []app.ModelInfo) {
	note := look.NewParagraph(tr("The model turns photos and words into something that can be compared. Another model looks at every photo first; until it has seen them all, the one in use answers. What a model found is kept, so going back is at once, and your tags and texts stay."))
	note.Colour = look.ColourSecondary
	rows := container.New(layout.NewCustomPaddedVBoxLayout(8))
	for _, m := range models {
		rows.Add(w.modelRow(m))
	}
	add := widget.NewButtonWithIcon(tr("Add a model from a folder …"), theme.FolderNewIcon(), func() {
		w.closeSheet()
		w.pickFolder(tr("Choose the folder of a model"), w.addModel)
	})
	w.openSheet(tr("Models"), fyne.NewSize(680, 520), container.NewBorder(
		container.New(layout.NewCustomPaddedLayout(0, 12, 0, 0), note), container.New(layout.NewCustomPaddedLayout(12, 0, 0, 0), container.NewHBox(add)), nil, nil, container.NewVScroll(rows),
	))
}

func (w *window) modelRow(m app.ModelInfo) fyne.CanvasObject {
	plain := look.NewTips(w.loop)
	name := plain.NewLabel(m.Name)
	if m.Name == "" {
		name.SetText(m.ID)
	}
	name.Style.Bold = true
	facts := []string{}
	if m.Bytes > 0 {
		facts = append(facts, bytesText(m.Bytes))
	}
	if m.InputSize > 0 {
		facts = append(facts, fmt.Sprintf("%d × %d px", m.InputSize, m.InputSize))
	}
	if len(m.Languages) > 0 {
		facts = append(facts, strings.Join(m.Languages, ", "))
	}
	if m.Licence != "" {
		facts = append(facts, tr("licence: {{.Licence}}", with{"Licence": m.Licence}))
	}
	body := container.New(layout.NewCustomPaddedVBoxLayout(4), name, plain.NewSmall(strings.Join(facts, " · ")))
	if m.Note != "" {
		p := look.NewParagraph(m.Note)
		p.Colour, p.Rank = look.ColourSecondary, look.SizeSmallText
		body.Add(p)
	}
	if m.Problem != "" {
		p := look.NewParagraph(m.Problem)
		p.Colour = theme.ColorNameError
		body.Add(p)
	}
	var right fyne.CanvasObject
	if m.InUse {
		l := plain.NewSmall(tr("in use")).Whole()
		right = container.NewHBox(widget.NewIcon(theme.NewColoredResource(look.Check.Resource(), look.ColourSecondary)), container.NewCenter(l))
	} else {
		use := widget.NewButton(tr("Use"), func() { w.closeSheet(); w.useModel(m) })
		if m.Problem != "" {
			use.Disable()
		}
		right = use
	}
	return container.NewStack(look.NewCard("", look.ColourLine, 6), container.New(layout.NewCustomPaddedLayout(10, 10, 14, 14),
		container.NewBorder(nil, nil, nil, container.NewCenter(right), body)))
}

func (w *window) useModel(m app.ModelInfo) {
	w.loop.Go(func() func() {
		err := w.b.UseModel(w.ctx, m.ID)
		inUse := w.b.Model().ID == m.ID
		return func() {
			if err != nil {
				w.fail(tr("The model could not be used"), err)
				return
			}
			said := tr("Descry now uses {{.Model}}.", with{"Model": m.Name})
			if !inUse {
				said = tr("{{.Model}} looks at your photos now, and is used when it has seen them all.", with{"Model": m.Name})
			}
			w.toast.Show(said, "", nil)
			w.refresh()
		}
	})
}

func (w *window) addModel(dir string) {
	w.toast.Show(tr("Checking the model …"), "", nil)
	w.loop.Go(func() func() {
		m, err := w.b.AddModel(w.ctx, dir)
		return func() {
			if err != nil {
				w.fail(tr("The model could not be added"), err)
				return
			}
			w.toast.Show(tr("Added {{.Model}}.", with{"Model": m.Name}), "", nil)
			w.showModels()
		}
	})
}
