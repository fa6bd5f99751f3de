package desktop

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"descry/tagging"
	"descry/ui/desktop/look"
)

// mostSuggestions is the highest limit that the editor offers.
const mostSuggestions = 10

// labelEditor edits label sets: the sets at the left, the labels of one in the middle, one
// label at the right. What was changed is kept when another set is chosen or the editor is
// closed.
type labelEditor struct {
	OnSave   func(s tagging.LabelSet)
	OnRemove func(name string)
	OnError  func(what string, err error)
	OnText   func(text string) // show the set as text to be edited
	OnImport func()
	OnExport func(s tagging.LabelSet)

	Content *fyne.Container
	tips    *look.Tips
	sets    []tagging.LabelSet
	at      int
	draft   tagging.LabelSet
	dirty   bool
	label   int
	filling bool // fields are being filled by code

	setList   *widget.List
	labelList *widget.List
	title     *field
	exclusive *widget.Check
	limit     *widget.Select
	name      *field
	synonyms  *textArea
	prompts   *textArea
	alt       *field
	form      *fyne.Container
	middle    *fyne.Container
}

func newLabelEditor(tips *look.Tips) *labelEditor {
	e := &labelEditor{tips: tips, label: -1, at: -1}
	row := func() fyne.CanvasObject {
		n := tips.NewSmall("").Whole()
		return container.New(rowPadding{}, container.NewBorder(nil, nil, nil, n, tips.NewLabel("")))
	}
	set := func(o fyne.CanvasObject, text, note string) {
		c := o.(*fyne.Container).Objects[0].(*fyne.Container)
		c.Objects[0].(*look.Label).SetText(text)
		c.Objects[1].(*look.Label).SetText(note)
		c.Refresh()
	}
	e.setList = widget.NewList(func() int { return len(e.sets) }, row, func(i widget.ListItemID, o fyne.CanvasObject) {
		set(o, e.sets[i].DisplayTitle(), number(len(e.sets[i].Labels)))
	})
	e.setList.HideSeparators = true
	e.setList.OnSelected = func(i widget.ListItemID) { e.show(i) }
	e.labelList = widget.NewList(func() int { return len(e.draft.Labels) }, row, func(i widget.ListItemID, o fyne.CanvasObject) {
		l := e.draft.Labels[i]
		note := ""
		if len(l.Synonyms) > 0 {
			note = "+" + number(len(l.Synonyms))
		}
		set(o, l.Name, note)
	})
	e.labelList.HideSeparators = true
	e.labelList.OnSelected = func(i widget.ListItemID) { e.showLabel(i) }
	e.buildFields()
	e.Content = e.assemble()
	return e
}

func (e *labelEditor) buildFields() {
	entry := func(hint string, changed func(string)) *field {
		f := newField(hint)
		f.OnChanged = func(s string) { e.change(func() { changed(s) }) }
		return f
	}
	area := func(hint string, changed func(string)) *textArea {
		a := newTextArea()
		a.SetPlaceHolder(hint)
		a.SetMinRowsVisible(3)
		a.OnChanged = func(s string) { e.change(func() { changed(s) }) }
		return a
	}
	e.title = entry(tr("Title of the set"), func(s string) { e.draft.Title = strings.TrimSpace(s) })
	e.exclusive = widget.NewCheck(tr("Only the best of these on a photo"), func(on bool) {
		e.change(func() { e.draft.Exclusive = on })
	})
	var limits []string
	for n := 1; n <= mostSuggestions; n++ {
		limits = append(limits, strconv.Itoa(n))
	}
	e.limit = widget.NewSelect(limits, func(s string) {
		e.change(func() { e.draft.Limit = e.limit.SelectedIndex() + 1 })
	})
	e.name = entry(tr("Label"), func(s string) {
		e.draft.Labels[e.label].Name = strings.TrimSpace(s)
		e.labelList.RefreshItem(e.label)
	})
	e.synonyms = area(tr("Other words for it, one per line"), func(s string) {
		e.draft.Labels[e.label].Synonyms = lines(s)
		e.labelList.RefreshItem(e.label)
	})
	e.prompts = area(tr("Whole sentences to look for, one per line"), func(s string) { e.draft.Labels[e.label].Prompts = lines(s) })
	e.alt = entry(tr("In alt text, such as: a dog"), func(s string) { e.draft.Labels[e.label].Alt = strings.TrimSpace(s) })
}

func (e *labelEditor) assemble() *fyne.Container {
	button := func(icon fyne.Resource, name string, f func()) *look.Button { return e.tips.NewIcon(icon, name, f) }
	flat := func(text, name string, f func()) fyne.CanvasObject {
		return e.tips.NewText(text, name, f).Outlined().Sized(28)
	}
	heading := func(text string, buttons ...fyne.CanvasObject) fyne.CanvasObject {
		l := e.tips.NewLabel(text).Whole()
		l.Style.Bold = true
		return container.NewBorder(nil, nil, l, container.NewHBox(buttons...))
	}
	column := func(head fyne.CanvasObject, body, foot fyne.CanvasObject) fyne.CanvasObject {
		return container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 6, 0, 0), head), foot, nil, nil, body)
	}
	left := column(heading(tr("Sets"), button(theme.ContentAddIcon(), tr("Add a set"), e.addSet)), e.setList,
		container.NewVBox(flat(tr("Import a file …"), tr("Add a set from a TOML file"), func() { call(e.OnImport) })))
	e.middle = container.NewStack(column(heading(tr("Labels"), button(theme.ContentAddIcon(), tr("Add a label"), e.addLabel)), e.labelList, nil))
	small := func(text string) fyne.CanvasObject { return e.tips.NewSmall(text) }
	e.form = container.New(layout.NewCustomPaddedVBoxLayout(6),
		small(tr("Label")), e.name, small(tr("Synonyms")), e.synonyms, small(tr("Sentences")), e.prompts, small(tr("In alt text")), e.alt,
		container.NewHBox(flat(tr("Remove this label"), tr("Remove this label"), e.removeLabel)))
	setForm := container.New(layout.NewCustomPaddedVBoxLayout(6), small(tr("Title of the set")), e.title, e.exclusive,
		container.NewHBox(container.NewCenter(e.tips.NewSmall(tr("At most, per photo")).Whole()), e.limit),
		container.NewHBox(
			flat(tr("As text"), tr("Edit this set as TOML text"), e.asText),
			flat(tr("Export …"), tr("Write this set to a TOML file"), func() { e.export() }),
			flat(tr("Remove set"), tr("Remove this set; its tags can be brought back by Undo"), e.removeSet),
		))
	right := container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 8, 0, 12),
		container.New(layout.NewCustomPaddedVBoxLayout(12), setForm, look.NewLine(), e.form)))
	return container.New(threeColumns{}, left, e.middle, right)
}

func call(f func()) {
	if f != nil {
		f()
	}
}

// threeColumns gives the first two columns a fixed share.
type threeColumns struct{}

func (threeColumns) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(600, 300) }

func (threeColumns) Layout(o []fyne.CanvasObject, s fyne.Size) {
	const gap = 20
	a, b := s.Width*0.25, s.Width*0.3
	x := float32(0)
	for i, w := range []float32{a, b, s.Width - a - b - 2*gap} {
		o[i].Move(fyne.NewPos(x, 0))
		o[i].Resize(fyne.NewSize(w, s.Height))
		x += w + gap
	}
}

// Set shows sets; the one with that name is chosen, or the first.
func (e *labelEditor) Set(sets []tagging.LabelSet, name string) {
	e.sets = sets
	at := max(slices.IndexFunc(sets, func(s tagging.LabelSet) bool { return s.Name == name }), 0)
	e.dirty, e.at = false, -1
	e.setList.UnselectAll()
	e.setList.Refresh()
	if len(sets) > 0 {
		e.setList.Select(at)
	}
}

func (e *labelEditor) show(i int) {
	if i == e.at || i >= len(e.sets) {
		return
	}
	e.Save()
	e.at = i
	e.draft = cloneSet(e.sets[i])
	e.filling = true
	e.title.SetText(e.draft.Title)
	e.exclusive.SetChecked(e.draft.Exclusive)
	limit := e.draft.Limit
	if limit == 0 {
		limit = tagging.DefaultLimit
	}
	e.limit.SetSelectedIndex(min(limit, mostSuggestions) - 1)
	e.filling = false
	e.label = -1
	e.labelList.UnselectAll()
	e.labelList.Refresh()
	e.labelList.ScrollToTop()
	e.form.Hide()
	if len(e.draft.Labels) > 0 {
		e.labelList.Select(0)
	}
}

func cloneSet(s tagging.LabelSet) tagging.LabelSet {
	s.Labels = slices.Clone(s.Labels)
	s.Templates = slices.Clone(s.Templates)
	return s
}

func (e *labelEditor) showLabel(i int) {
	if i >= len(e.draft.Labels) {
		return
	}
	e.label = i
	l := e.draft.Labels[i]
	e.filling = true
	e.name.SetText(l.Name)
	e.synonyms.SetText(strings.Join(l.Synonyms, "\n"))
	e.prompts.SetText(strings.Join(l.Prompts, "\n"))
	e.alt.SetText(l.Alt)
	e.filling = false
	e.form.Show()
}

func (e *labelEditor) change(f func()) {
	if e.filling || e.at < 0 {
		return
	}
	f()
	e.dirty = true
}

// Save hands the changed set over, if it was changed and is sound.
func (e *labelEditor) Save() {
	if !e.dirty {
		return
	}
	e.dirty = false
	e.draft.Labels = slices.DeleteFunc(e.draft.Labels, func(l tagging.Label) bool { return l.Name == "" })
	if err := e.draft.Validate(); err != nil {
		if e.OnError != nil {
			e.OnError(tr("The set was not kept"), err)
		}
		return
	}
	if e.at >= 0 && e.at < len(e.sets) {
		e.sets[e.at] = cloneSet(e.draft)
		e.setList.RefreshItem(e.at)
	}
	if e.OnSave != nil {
		e.OnSave(e.draft)
	}
}

func (e *labelEditor) addSet() {
	e.Save()
	name := "my-set"
	for n := 2; slices.ContainsFunc(e.sets, func(s tagging.LabelSet) bool { return s.Name == name }); n++ {
		name = "my-set-" + strconv.Itoa(n)
	}
	e.sets = append(e.sets, tagging.LabelSet{Name: name, Title: tr("My set"), Labels: []tagging.Label{{Name: tr("new label")}}})
	e.setList.Refresh()
	e.setList.Select(len(e.sets) - 1)
	e.dirty = true
}

func (e *labelEditor) addLabel() {
	e.change(func() {
		e.draft.Labels = append(e.draft.Labels, tagging.Label{Name: ""})
		e.labelList.Refresh()
		e.labelList.Select(len(e.draft.Labels) - 1)
		e.labelList.ScrollToBottom()
	})
}

func (e *labelEditor) removeLabel() {
	if e.label < 0 || e.label >= len(e.draft.Labels) {
		return
	}
	e.change(func() {
		at := e.label
		e.draft.Labels = slices.Delete(e.draft.Labels, at, at+1)
		e.label = -1
		e.labelList.UnselectAll()
		e.labelList.Refresh()
		e.form.Hide()
		if len(e.draft.Labels) > 0 {
			e.labelList.Select(min(at, len(e.draft.Labels)-1))
		}
	})
}

func (e *labelEditor) removeSet() {
	if e.at < 0 || e.at >= len(e.sets) {
		return
	}
	name := e.sets[e.at].Name
	e.dirty = false
	if e.OnRemove != nil {
		e.OnRemove(name)
	}
}

func (e *labelEditor) export() {
	e.Save()
	if e.at >= 0 && e.OnExport != nil {
		e.OnExport(e.draft)
	}
}

func (e *labelEditor) asText() {
	e.Save()
	var b bytes.Buffer
	if err := tagging.WriteTOML(&b, e.draft); err != nil {
		e.OnError(tr("The set could not be written"), err)
		return
	}
	if e.OnText != nil {
		e.OnText(b.String())
	}
}

// lines returns the lines of a text that hold anything.
func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// showLabelSets opens the editor.
func (w *window) showLabelSets() { w.openLabelSets("") }

func (w *window) openLabelSets(name string) {
	w.loop.Go(func() func() {
		sets, err := w.b.LabelSets(w.ctx)
		return func() {
			if err != nil {
				w.fail(tr("The label sets could not be read"), err)
				return
			}
			e := newLabelEditor(look.NewTips(w.loop))
			e.OnSave, e.OnRemove, e.OnError = w.saveSet, w.removeSet, w.fail
			e.OnText = w.editSetText
			e.OnImport, e.OnExport = w.importSet, w.exportSet
			w.openSheet(tr("Label sets"), fyne.NewSize(940, 640), e.Content)
			w.sheet.closing = e.Save
			e.Set(sets, name)
		}
	})
}

func (w *window) saveSet(s tagging.LabelSet) {
	w.act(tr("Kept the set {{.Set}}.", with{"Set": quoted(s.DisplayTitle())}), func(ctx context.Context) (int64, error) {
		return w.b.PutLabelSet(ctx, s)
	})
}

func (w *window) removeSet(name string) {
	w.loop.Go(func() func() {
		op, err := w.b.RemoveLabelSet(w.ctx, name)
		return func() {
			if err != nil {
				w.fail(tr("The set could not be removed"), err)
				return
			}
			w.toast.Show(tr("Removed the set {{.Set}}.", with{"Set": quoted(name)}), tr("Undo"), func() { w.undo(op) })
			w.changed()
			w.openLabelSets("")
		}
	})
}

// editSetText shows a set as TOML text, in which it can be changed, copied and pasted.
func (w *window) editSetText(text string) {
	area := newTextArea()
	area.Wrapping = fyne.TextWrapOff
	area.TextStyle.Monospace = true
	area.SetText(text)
	area.OnEscape = w.closeSheet
	problem := look.NewParagraph("")
	problem.Colour = theme.ColorNameError
	keep := widget.NewButton(tr("Keep"), func() {
		s, err := tagging.ReadTOML(strings.NewReader(area.Text))
		if err != nil {
			problem.SetText(sentence(err))
			return
		}
		w.closeSheet()
		w.saveSet(s)
	})
	keep.Importance = widget.HighImportance
	w.openSheet(tr("Label set as text"), fyne.NewSize(760, 600),
		container.NewBorder(nil, container.NewVBox(problem, container.NewHBox(keep)), nil, nil, area))
	w.focus(area)
}

func (w *window) importSet() {
	if w.win == nil {
		return
	}
	w.closeSheet()
	d := dialog.NewFileOpen(func(in fyne.URIReadCloser, err error) {
		if err != nil || in == nil {
			if err != nil {
				w.fail(tr("The file could not be opened"), err)
			}
			return
		}
		w.loop.Go(func() func() {
			text, err := io.ReadAll(io.LimitReader(in, 4<<20))
			if closed := in.Close(); err == nil {
				err = closed
			}
			var s tagging.LabelSet
			if err == nil {
				s, err = tagging.ReadTOML(bytes.NewReader(text))
			}
			return func() {
				if err != nil {
					w.fail(tr("The set could not be read"), err)
					return
				}
				w.saveSet(s)
				w.openLabelSets(s.Name)
			}
		})
	}, w.win)
	w.openDialog(d)
}

func (w *window) exportSet(s tagging.LabelSet) {
	if w.win == nil {
		return
	}
	d := dialog.NewFileSave(func(out fyne.URIWriteCloser, err error) {
		if err != nil || out == nil {
			if err != nil {
				w.fail(tr("The file could not be written"), err)
			}
			return
		}
		w.loop.Go(func() func() {
			err := tagging.WriteTOML(out, s)
			if closed := out.Close(); err == nil {
				err = closed
			}
			return func() {
				if err != nil {
					w.fail(tr("The set could not be written"), err)
					return
				}
				w.toast.Show(tr("Exported {{.Set}}.", with{"Set": quoted(s.DisplayTitle())}), "", nil)
			}
		})
	}, w.win)
	d.SetFileName(s.Name + ".toml")
	w.openDialog(d)
}
