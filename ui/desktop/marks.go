package desktop

import (
	"fmt"
	"image"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"descry/library/query"
	"descry/ui/app"
	"descry/ui/desktop/feed"
)

// exampleCommands are the commands that search by pictures.
func (w *window) exampleCommands() []command {
	edit, photo := tr("Edit"), tr("Photo")
	return []command{
		{menu: edit, name: tr("Search by a picture …"), keys: "Ctrl+Shift+P", shortcut: combo(fyne.KeyP, fyne.KeyModifierShift), run: w.searchByPicture},
		{menu: photo, name: tr("More like this, in this search"), keys: "M", runes: "mM", run: func() { w.mark(true) }},
		{menu: photo, name: tr("Not this, in this search"), keys: "D", runes: "dD", run: func() { w.mark(false) }},
	}
}

// mark says of the chosen photos that they are what the search means, or are not. The search
// then follows; the marks are part of its text and say nothing of other searches.
func (w *window) mark(right bool) {
	photos := w.targets()
	before, similar := w.search.last, w.similar
	query := before
	if similar != 0 {
		query = fmt.Sprintf("similar:%d", similar)
	}
	if len(photos) == 0 || w.dupes.Open() {
		return
	}
	if query == "" {
		w.toast.Show(tr("Search for something first; then say which of the photos it finds are right."), "", nil)
		return
	}
	w.viewer.Close()
	w.searchText(app.Mark(query, photos, right))
	text := trn("{{.N}} photos marked: more like this.", len(photos), nil)
	if !right {
		text = trn("{{.N}} photos marked: not this.", len(photos), nil)
	}
	w.toast.Show(text, tr("Undo"), func() {
		w.searchText(before)
		if similar != 0 {
			w.similar = similar
			w.list(false)
		}
	})
	w.focusGrid()
}

// searchText searches for a text that code made.
func (w *window) searchText(text string) {
	w.search.SetText(text)
	w.search.now()
}

// searchByPicture lets the person choose a picture file that photos are to look like.
func (w *window) searchByPicture() {
	if w.win == nil {
		return
	}
	d := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		w.search.focus()
		switch {
		case err != nil:
			w.fail(tr("The file could not be opened"), err)
		case file != nil:
			path := file.URI().Path()
			_ = file.Close() // nothing was read
			w.addPictures([]string{path})
		}
	}, w.win)
	d.SetTitleText(tr("Choose a picture that photos should look like"))
	d.SetConfirmText(tr("Search by this picture"))
	w.openDialog(d) // before Resize: the toolkit makes the dialog's window only here
	d.Resize(fyne.NewSize(min(860, w.canvas.Size().Width-60), min(560, w.canvas.Size().Height-60)))
}

// addPictures adds picture files to what is searched for.
func (w *window) addPictures(paths []string) {
	w.search.hideProposals()
	w.searchText(app.WithPictures(w.search.Box.Text, paths))
	w.search.focus()
}

// dropped takes what was dropped on the window: a picture on the search box is searched by;
// elsewhere folders are added, and for a file the folder it lies in.
func (w *window) dropped(at fyne.Position, uris []fyne.URI) {
	var files []string
	seen := map[string]bool{}
	searched := at.Y < w.head.Size().Height
	for _, u := range uris {
		path := u.Path()
		if ok, err := storage.CanList(u); err != nil || !ok {
			if searched {
				files = append(files, path)
				continue
			}
			path = filepath.Dir(path)
		}
		if path != "" && !seen[path] {
			seen[path] = true
			w.addRoot(path)
		}
	}
	if len(files) > 0 {
		w.addPictures(files)
	}
}

// pasted are the picture files that a text from the clipboard names, a path or file: address
// in each line, as file managers copy them; nil where it is any other text.
func pasted(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		path := line
		if u, err := url.Parse(line); err == nil && u.Scheme == "file" {
			path = filepath.FromSlash(u.Path)
		}
		if !filepath.IsAbs(path) || filepath.Ext(path) == "" || strings.Contains(path, `"`) {
			return nil
		}
		out = append(out, path)
	}
	return out
}

// looksAtFiles reports whether a query names pictures that may have to be looked at first.
func looksAtFiles(text string) bool {
	var in func(nodes []query.Node) bool
	in = func(nodes []query.Node) bool {
		return slices.ContainsFunc(nodes, func(n query.Node) bool {
			return n.Field == query.Similar && slices.ContainsFunc(n.Values, filepath.IsAbs) || in(n.Kids)
		})
	}
	q, _ := query.Parse(text)
	return in(q.Terms)
}

// smallOfFile fetches a small picture of a file in the background.
func (w *window) smallOfFile(path string, show func(image.Image)) {
	w.loop.Go(func() func() {
		img, err := w.b.PictureFile(w.ctx, path)
		if err != nil {
			return nil // the search says what is wrong with it
		}
		img = feed.Fit(img, 2*56, 2*44)
		return func() { show(img) }
	})
}
