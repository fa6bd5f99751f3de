package app

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"descry/clipengine/bundle"
	"descry/library/language"
)

// languagesBox reads what is known of languages when a query is first looked at.
type languagesBox struct {
	files   fs.FS
	english func() io.Reader
	log     *slog.Logger
	once    sync.Once
	set     *language.Set
	lexicon *language.Lexicon
}

func (b *languagesBox) read() {
	b.once.Do(func() {
		b.set, b.lexicon = &language.Set{}, &language.Lexicon{}
		if b.files == nil || b.english == nil {
			return
		}
		lexicon, err := language.ReadLexicon(b.english())
		if err == nil {
			var set *language.Set
			if set, err = language.Read(b.files, lexicon); err == nil {
				b.set, b.lexicon = set, lexicon
			}
		}
		if err != nil {
			b.log.Warn("reading what is known of languages", "error", err)
		}
	})
}

func (b *languagesBox) tongues() *language.Set {
	b.read()
	return b.set
}

// readsLanguage says in a sentence which of the models at hand knows a language that the one
// in use does not know, and how to come by one where none does.
func (a *App) readsLanguage(ctx context.Context, code, name string) string {
	entries, err := os.ReadDir(a.modelsDir())
	if err != nil {
		entries = nil
	}
	inUse := a.modelID(ctx)
	for _, e := range entries {
		if !e.IsDir() || e.Name()[0] == '.' || e.Name() == inUse {
			continue
		}
		called, languages, err := bundle.About(filepath.Join(a.modelsDir(), e.Name()))
		if err == nil && slices.ContainsFunc(languages, func(l string) bool {
			l = strings.ToLower(l)
			return l == "multilingual" || strings.SplitN(l, "-", 2)[0] == code
		}) {
			return fmt.Sprintf("The model %s (%s), which you have added, knows %s.", called, e.Name(), name)
		}
	}
	return ""
}
