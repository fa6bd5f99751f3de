package desktop

import (
	"strings"

	"fyne.io/fyne/v2"

	"descry/ui/app"
)

// showProgress shows how far the search has come.
func (p *dupesPage) showProgress(g app.Progress) {
	p.busy.Show()
	if g.Total > 0 {
		p.bar.Show()
		p.bar.SetValue(float64(g.Done) / float64(g.Total))
	} else {
		p.bar.Hide()
	}
	if g.Job == "" {
		g.Job = tr("Looking for duplicates …")
	}
	p.line.SetText(progressText(g))
	p.head()
}

// refresh shows what was found.
func (p *dupesPage) refresh() {
	if !p.running {
		p.busy.Hide()
		p.line.SetText(p.headline())
	}
	p.head()
	p.list.Refresh()
}

// head brings the buttons and notes above the list in line with it.
func (p *dupesPage) head() {
	count := map[app.DuplicateKind]int{}
	for _, g := range p.found {
		count[g.Kind]++
	}
	for i, k := range dupeKinds {
		p.kinds[i].SetText(kindText(k) + " " + number(count[k]))
		p.kinds[i].SetOn(!p.hidden[k])
		p.kinds[i].Set(p.tick(!p.hidden[k]), p.kinds[i].Name())
		p.kinds[i].Hidden = len(p.found) == 0
	}
	p.again.Hidden = p.running
	items, _, _ := p.bulk()
	p.all.Hidden = p.running || len(items) == 0
	if !p.all.Hidden {
		p.all.SetText(trn("Move {{.N}} copies to the trash …", len(items), nil))
	}
	p.note.SetText(strings.Join(p.notes(), " "))
	p.note.Hidden = len(p.shown) == 0 || p.note.Text() == ""
	p.showNothing()
	p.w.side.setDuplicates(len(p.found), p.done)
	p.Content.Refresh()
}

// tick marks a kind that is shown, so that its colour is not the only sign.
func (p *dupesPage) tick(on bool) fyne.Resource {
	if on {
		return p.ticked
	}
	return nil
}

// kindText names a kind in few words.
func kindText(k app.DuplicateKind) string {
	switch k {
	case app.DuplicateExact:
		return tr("Same picture")
	case app.DuplicateNear:
		return tr("Nearly the same")
	}
	return tr("Bursts")
}

// groupText says in what way the photos of a group are alike.
func groupText(g *dupeGroup) string {
	n := len(g.Members)
	switch g.Kind {
	case app.DuplicateExact:
		return trn("The same picture in {{.N}} files", n, nil)
	case app.DuplicateNear:
		return trn("Nearly the same picture, {{.N}} photos", n, nil)
	}
	return trn("Burst: {{.N}} different photos of one moment", n, nil)
}

// alikeText says why the photos of a group are taken to be alike.
func alikeText(k app.DuplicateKind) string {
	switch k {
	case app.DuplicateExact:
		return tr("The picture data is the same to the last byte.")
	case app.DuplicateNear:
		return tr("Alike in content, shapes and colours.")
	}
	return tr("Taken in a row; none is a copy.")
}

// whyText says why the best one is.
func whyText(g *dupeGroup) string {
	name := baseName(g.Members[g.best].Path)
	switch {
	case g.best != 0:
		return tr("Best: {{.Name}}, your choice", with{"Name": name})
	case len(g.Why) == 0:
		return tr("Best: {{.Name}}; all are as good", with{"Name": name})
	}
	return tr("Best: {{.Name}} ({{.Why}})", with{"Name": name, "Why": strings.Join(g.Why, "; ")})
}

// baseName is the last part of a path of any system.
func baseName(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// headline says what was found.
func (p *dupesPage) headline() string {
	if len(p.shown) == 0 {
		return tr("Duplicates")
	}
	files := 0
	for _, g := range p.shown {
		files += len(g.Members)
	}
	text := tr("Duplicates") + " · " + trn("{{.N}} groups", len(p.shown), nil) + " · " + trn("{{.N}} files", files, nil)
	if _, _, bytes := p.bulk(); bytes > 0 {
		text += " · " + tr("{{.Size}} in copies", with{"Size": bytesText(bytes)})
	}
	return text
}

// notes say what could not be compared.
func (p *dupesPage) notes() []string {
	if !p.done {
		return nil
	}
	var out []string
	if n := p.status.Pending; n > 0 {
		out = append(out, trn("{{.N}} files have not been looked at yet. They are compared once they have been.", n, nil))
	}
	if p.unseen > 0 {
		out = append(out, trn("{{.N}} photos could not be compared, because their thumbnails are gone. Look for new photos (F5) to make them again.", p.unseen, nil))
	}
	if p.problem != "" {
		out = append(out, tr("Without a model, photos are compared by their thumbnails alone."))
	}
	return out
}

// showNothing says that there is nothing to decide on.
func (p *dupesPage) showNothing() {
	switch {
	case len(p.shown) > 0 || p.running || !p.done:
		p.empty.Content.Hide()
	case len(p.found) > 0:
		p.empty.Set(tr("Nothing of the kinds that are shown"), tr("Choose another kind above."))
	default:
		text := trn("Descry compared {{.N}} photos: the files by what is in them, the photos by how they look, and those that were taken in a row.", p.status.Photos, nil)
		p.empty.Set(tr("No duplicates"), strings.Join(append([]string{text}, p.notes()...), " "))
	}
}
