package desktop

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"descry/library"
	"descry/ui/desktop/look"
)

// failureGroup is the files that could not be used for the same reason.
type failureGroup struct {
	reason  string
	command string // what mends it, "" where nothing that can be typed does
	paths   []string
}

// groupFailures gathers files by reason: what an installation mends first, then the reasons
// with the most files.
func groupFailures(failures []library.Failure) []failureGroup {
	at := map[string]int{}
	var groups []failureGroup
	for _, f := range failures {
		i, ok := at[f.Reason]
		if !ok {
			i = len(groups)
			at[f.Reason] = i
			g := failureGroup{reason: f.Reason}
			if f.Stage == library.StageCodec {
				g.reason, g.command = splitCommand(f.Reason)
			}
			groups = append(groups, g)
		}
		groups[i].paths = append(groups[i].paths, f.Path)
	}
	slices.SortStableFunc(groups, func(a, b failureGroup) int {
		if (a.command != "") != (b.command != "") {
			if a.command != "" {
				return -1
			}
			return 1
		}
		return len(b.paths) - len(a.paths)
	})
	return groups
}

// splitCommand takes a reason such as "HEIC pictures need libheif: sudo apt install
// libheif1." apart.
func splitCommand(reason string) (what, command string) {
	what, command, ok := strings.Cut(reason, ": ")
	if !ok {
		return reason, ""
	}
	return what + ".", strings.TrimSuffix(command, ".")
}

// showFailures lists the files that could not be used, by reason.
func (w *window) showFailures() {
	w.loop.Go(func() func() {
		failures, err := w.b.Failures(w.ctx)
		return func() {
			if err != nil {
				w.fail(tr("The list could not be read"), err)
				return
			}
			w.listFailures(failures)
		}
	})
}

// failureRow is a line of the list: the heading of a group, or a file of it.
type failureRow struct {
	group *failureGroup
	path  string
}

func (w *window) listFailures(failures []library.Failure) {
	groups := groupFailures(failures)
	var rows []failureRow
	for i := range groups {
		g := &groups[i]
		rows = append(rows, failureRow{group: g})
		for _, p := range g.paths {
			rows = append(rows, failureRow{path: p})
		}
	}
	const width, height = 760, 560
	plain := look.NewTips(w.loop)
	said := secondary(tr("Descry left these files as they are, and looks at each again when it changes."))
	list := newSheetList(func() int { return len(rows) },
		func() fyne.CanvasObject {
			reason := look.NewParagraph("")
			reason.Style.Bold = true
			command := plain.NewLabel("")
			command.Style.Monospace = true
			copyIt := w.sheetButton(tr("Copy"), tr("Copy the command"), nil)
			mend := container.NewBorder(nil, nil, nil, container.NewCenter(copyIt), command)
			path := plain.NewLabel("")
			return container.New(failureLayout{}, path, reason, mend)
		},
		func(i int, o fyne.CanvasObject) {
			parts := o.(*fyne.Container).Objects
			r := rows[i]
			path, reason, mend := parts[0].(*look.Label), parts[1].(*look.Paragraph), parts[2].(*fyne.Container)
			path.Hidden, reason.Hidden, mend.Hidden = r.group != nil, r.group == nil, r.group == nil || r.group.command == ""
			path.SetText(r.path)
			if r.group != nil {
				reason.SetText(trn("{{.N}} files", len(r.group.paths), nil) + ": " + r.group.reason)
				mend.Objects[0].(*look.Label).SetText(r.group.command)
				mend.Objects[1].(*fyne.Container).Objects[0].(*look.Button).OnTapped = func() {
					w.app.Clipboard().SetContent(r.group.command)
					said.SetText(tr("Copied. Paste it into a terminal; Descry reads the files with the next look at your folders."))
				}
			}
			o.Refresh()
		})
	list.OnEscape = w.closeSheet
	for i, r := range rows {
		if r.group != nil {
			list.SetItemHeight(i, headingHeight(r.group, min(width, w.canvas.Size().Width-40)-64))
		}
	}
	again := w.sheetButton(tr("Try them again"), tr("Look at all of these files again"), w.retryFailed)
	foot := container.New(layout.NewCustomPaddedLayout(10, 0, 0, 0), inRow(again))
	if len(failures) == 0 {
		said.SetText(tr("Every file could be read."))
		foot.Hide()
	}
	w.openSheet(trn("{{.N}} unreadable files", len(failures), nil), fyne.NewSize(width, height),
		container.NewBorder(container.New(layout.NewCustomPaddedLayout(0, 8, 0, 0), said), foot, nil, nil, list))
	w.focus(list)
}

// headingHeight is the height of a group's heading in a list of that width.
func headingHeight(g *failureGroup, width float32) float32 {
	style := fyne.TextStyle{Bold: true}
	size := theme.Size(theme.SizeNameText)
	n := len(look.Wrap(trn("{{.N}} files", len(g.paths), nil)+": "+g.reason, width, size, style))
	h := 20 + float32(n)*fyne.MeasureText("Ág", size, style).Height
	if g.command != "" {
		h += 34
	}
	return h
}

// failureLayout shows a path, or a reason with what mends it below.
type failureLayout struct{}

func (failureLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, 24) }

func (failureLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	const edge, indent = 8, 22
	o[0].Move(fyne.NewPos(indent, 3))
	o[0].Resize(fyne.NewSize(s.Width-indent-12, s.Height-6))
	o[1].Move(fyne.NewPos(edge, 12))
	o[1].Resize(fyne.NewSize(s.Width-16-edge, s.Height-16))
	h := o[1].MinSize().Height
	o[2].Move(fyne.NewPos(indent, 12+h+2))
	o[2].Resize(fyne.NewSize(s.Width-indent-16, 30))
}

// retryFailed looks at the files again that could not be used.
func (w *window) retryFailed() {
	w.closeSheet()
	w.loop.Go(func() func() {
		n, err := w.b.RetryFailed(w.ctx)
		if err == nil {
			w.b.StartIndexing()
		}
		return func() {
			if err != nil {
				w.fail(tr("That could not be done"), err)
				return
			}
			w.toast.Show(trn("Looking again at {{.N}} files.", n, nil), "", nil)
			w.refresh()
		}
	})
}
