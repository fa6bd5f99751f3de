package desktop

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"descry/ui/app"
	"descry/ui/desktop/look"
)

// completions is how many words are offered while a tag is being typed.
const completions = 6

// tagAdder is the field in which a tag is typed, with the known words that begin so.
type tagAdder struct {
	OnAdd      func(name string)
	OnComplete func(prefix string) // asks for words; SetWords brings them
	OnDone     func()              // Esc

	Content *fyne.Container
	Field   *field
	tips    *look.Tips
	list    *fyne.Container
	words   []app.TagCount
	at      int // the word that Enter takes, -1 for what was typed
}

func newTagAdder(tips *look.Tips) *tagAdder {
	a := &tagAdder{tips: tips, Field: newField(tr("Add a tag")), at: -1}
	a.list = container.New(layout.NewCustomPaddedVBoxLayout(0))
	a.Content = container.NewVBox(a.Field, a.list)
	a.Field.OnChanged = func(text string) {
		a.at = -1
		if text = strings.TrimSpace(text); text == "" {
			a.SetWords("", nil)
		} else if a.OnComplete != nil {
			a.OnComplete(text)
		}
	}
	a.Field.OnSubmitted = func(text string) {
		if a.at >= 0 && a.at < len(a.words) {
			text = a.name(a.words[a.at])
		}
		a.add(text)
	}
	a.Field.OnEscape = func() {
		a.Field.SetText("")
		if a.OnDone != nil {
			a.OnDone()
		}
	}
	a.Field.OnDown = func() { a.move(1) }
	a.Field.OnUp = func() { a.move(-1) }
	return a
}

func (a *tagAdder) name(t app.TagCount) string { return t.Set + "/" + t.Name }

func (a *tagAdder) add(text string) {
	text = strings.TrimSpace(text)
	a.Field.SetText("")
	if text != "" && a.OnAdd != nil {
		a.OnAdd(text)
	}
}

func (a *tagAdder) move(by int) {
	a.at = min(max(a.at+by, -1), len(a.words)-1)
	a.show()
}

// SetWords offers words that begin with prefix; those for another text come too late.
func (a *tagAdder) SetWords(prefix string, words []app.TagCount) {
	if prefix != strings.TrimSpace(a.Field.Text) {
		return
	}
	a.words = words[:min(len(words), completions)]
	a.at = min(a.at, len(a.words)-1)
	a.show()
}

func (a *tagAdder) show() {
	a.list.Objects = nil
	for i, w := range a.words {
		b := a.tips.NewText(w.Name+"  ·  "+w.Set, tr("Add {{.Tag}}", with{"Tag": quoted(w.Name)}), func() { a.add(a.name(w)) })
		b.SetOn(i == a.at)
		a.list.Add(container.NewHBox(b))
	}
	a.Content.Refresh()
}
