package app

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"descry/library"
	"descry/library/store"
	"descry/tagging"
)

// altWords is what drafting needs besides the photo: what labels mean, and whether their
// confidence was fitted for the space in use.
type altWords struct {
	vocabulary *tagging.Vocabulary
	calibrated bool
}

func (a *App) altWords(ctx context.Context) (altWords, error) {
	sets, err := a.LabelSets(ctx)
	if err != nil {
		return altWords{}, err
	}
	space, err := a.knownSpace(ctx)
	if err != nil {
		return altWords{}, err
	}
	fitted, err := tagging.BuiltinCalibration()
	if err != nil {
		return altWords{}, err
	}
	calibrated := space.Digest == fitted.Space
	if calibrated { // with the text tower that it was fitted with
		b, err := a.bundleOf(a.modelID(ctx))
		if err != nil {
			return altWords{}, err
		}
		texts, err := b.TextDigest()
		if err != nil {
			return altWords{}, err
		}
		calibrated = texts == fitted.Texts
	}
	return altWords{tagging.NewVocabulary(sets), calibrated}, nil
}

// alt is the alt text of a photo: what the person wrote or approved, else a draft.
func (w altWords) alt(d store.Detail, tags []library.Tag) library.AltText {
	for _, t := range d.Alts {
		if t.Lang == "en" {
			t.Confidence = 1
			return t
		}
	}
	return tagging.DraftAlt(tagging.AltInput{
		Tags: tags, Vocabulary: w.vocabulary, Calibrated: w.calibrated, Metadata: d.Metadata, Measures: d.Measures,
	})
}

// AltText returns what the person wrote or approved as alt text of a photo, else a draft.
func (a *App) AltText(ctx context.Context, id library.PhotoID) (library.AltText, error) {
	texts, _, err := a.altTexts(ctx, []library.PhotoID{id})
	if err != nil {
		return library.AltText{}, err
	}
	return texts[0], nil
}

// AltTexts is AltText for many photos, in their order.
func (a *App) AltTexts(ctx context.Context, ids []library.PhotoID) ([]library.AltText, error) {
	texts, _, err := a.altTexts(ctx, ids)
	return texts, err
}

func (a *App) altTexts(ctx context.Context, ids []library.PhotoID) ([]library.AltText, []store.Detail, error) {
	tags, err := a.Tags(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	words, err := a.altWords(ctx)
	if err != nil {
		return nil, nil, err
	}
	texts, details := make([]library.AltText, len(ids)), make([]store.Detail, len(ids))
	for i, id := range ids {
		if details[i], err = a.store.Detail(ctx, id); err != nil {
			return nil, nil, err
		}
		texts[i] = words.alt(details[i], tags[id])
	}
	return texts, details, nil
}

// SetAlt stores the person's own alt text for a photo; empty texts go back to the draft.
// It returns the id of the operation.
func (a *App) SetAlt(ctx context.Context, id library.PhotoID, text, extended string) (int64, error) {
	return a.SetAlts(ctx, []library.PhotoID{id}, text, extended)
}

// SetAlts is SetAlt for many photos in one operation.
func (a *App) SetAlts(ctx context.Context, photos []library.PhotoID, text, extended string) (int64, error) {
	text = strings.Join(strings.Fields(text), " ")
	if n := utf8.RuneCountInString(text); n > tagging.MaxAlt {
		return 0, fmt.Errorf("the alt text has %d characters; %d is the most that fits the standard (IPTC), so put the rest into the description", n, tagging.MaxAlt)
	}
	photos = distinct(photos)
	alts := make([]store.PhotoAlt, len(photos))
	for i, id := range photos {
		alts[i] = store.PhotoAlt{Photo: id, Alt: library.AltText{
			Text: text, Extended: strings.TrimSpace(extended), Lang: "en", State: library.AltEdited,
		}}
	}
	return a.say(func() (int64, error) { return a.store.SetAlts(ctx, alts) })
}

// ApproveAlt makes the alt texts of photos the person's own as they stand: what was
// written, or the draft.
func (a *App) ApproveAlt(ctx context.Context, photos []library.PhotoID) (int64, error) {
	if err := a.needWriting(); err != nil {
		return 0, err
	}
	photos = distinct(photos)
	texts, err := a.AltTexts(ctx, photos)
	if err != nil {
		return 0, err
	}
	approved := make([]store.PhotoAlt, len(photos))
	for i, t := range texts {
		t.State = library.AltApproved
		approved[i] = store.PhotoAlt{Photo: photos[i], Alt: t}
	}
	return a.say(func() (int64, error) { return a.store.SetAlts(ctx, approved) })
}

// ExportAlt writes the alt texts of photos as "html", "csv", "json" or "text".
func (a *App) ExportAlt(ctx context.Context, w io.Writer, format string, photos []library.PhotoID) error {
	if err := a.needLibrary(); err != nil {
		return err
	}
	texts, details, err := a.altTexts(ctx, photos)
	if err != nil {
		return err
	}
	rows := make([]tagging.AltRow, len(photos))
	for i := range photos {
		rows[i] = tagging.AltRow{Path: details[i].Path, Alt: texts[i]}
	}
	switch format {
	case "html":
		return tagging.ExportHTML(w, rows)
	case "csv":
		return tagging.ExportCSV(w, rows)
	case "json":
		return tagging.ExportJSON(w, rows)
	case "text":
		for _, r := range rows {
			if _, err := fmt.Fprintf(w, "%s\n  %s (%s)\n", r.Path, r.Alt.Text, r.Alt.State); err != nil {
				return fmt.Errorf("writing the alt texts: %w", err)
			}
		}
		return nil
	}
	return fmt.Errorf("alt text cannot be exported as %q: it is html, csv, json or text", format)
}

// ReadOnly reports whether the library is open for reading only, and why.
func (a *App) ReadOnly() (bool, string) {
	if !a.p.ReadOnly && !a.p.Optional {
		return false, ""
	}
	if h, held := store.Held(a.p.Dir); held {
		return true, fmt.Sprintf("%s is writing this library; here you can look and search.", upper(h.String()))
	}
	if a.store != nil && a.store.Frozen() {
		return true, "The library's folder cannot be written; here you can look and search."
	}
	return true, "The library is open for reading."
}

// Operation is one entry of the history by its id; the zero Operation for id 0, which
// stands for "nothing changed".
func (a *App) Operation(ctx context.Context, id int64) (library.Operation, error) {
	if id == 0 {
		return library.Operation{}, nil
	}
	return a.store.Operation(ctx, id)
}
