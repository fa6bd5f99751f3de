package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"descry/library"
	"descry/library/metadata"
	"descry/library/store"
)

// What SettingSidecars may be: how the sidecar of photo.jpg is called.
const (
	SidecarsFull  = "full"  // photo.jpg.xmp, as digiKam and darktable call it; the default
	SidecarsShort = "short" // photo.xmp, as Adobe's programs call it
)

// What became of a photo's sidecar.
const (
	SidecarWritten   = "written"
	SidecarUnchanged = "unchanged" // it says everything already
	SidecarNothing   = "nothing"   // there is none, and nothing was said of the photo
	SidecarFailed    = "failed"
)

// Sidecar is what became of the sidecar of one photo.
type Sidecar struct {
	Path  string // of the photo
	File  string // of the sidecar
	State string
	Err   error // where State is SidecarFailed
}

// sidecarPath is where the sidecar of a photo lies.
func sidecarPath(photo, names string) string {
	if names == SidecarsShort {
		return strings.TrimSuffix(photo, filepath.Ext(photo)) + ".xmp"
	}
	return photo + ".xmp"
}

// WriteSidecars writes what the person said of photos into XMP sidecars beside their files:
// confirmed tags, alt text that was written or approved, the rating. Photo files are not
// touched, and what other programs wrote into a sidecar stays.
func (a *App) WriteSidecars(ctx context.Context, photos []PhotoAt) ([]Sidecar, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	names := a.Setting(ctx, SettingSidecars)
	taken := make(map[string]string) // sidecar: its photo
	out := make([]Sidecar, 0, len(photos))
	for _, p := range photos {
		if err := context.Cause(ctx); err != nil {
			return out, err
		}
		s := Sidecar{Path: p.Path, File: sidecarPath(p.Path, names)}
		if other, twice := taken[s.File]; twice && other != p.Path {
			s.State, s.Err = SidecarFailed, fmt.Errorf("%s and %s would share the sidecar %s; run \"descry config set %s %s\" for one each",
				filepath.Base(other), filepath.Base(p.Path), filepath.Base(s.File), SettingSidecars, SidecarsFull)
		} else {
			taken[s.File] = p.Path
			s.State, s.Err = a.writeSidecar(ctx, p, s.File)
		}
		out = append(out, s)
	}
	return out, nil
}

func (a *App) writeSidecar(ctx context.Context, p PhotoAt, file string) (string, error) {
	d, err := a.store.Detail(ctx, p.Photo)
	if err != nil {
		return SidecarFailed, err
	}
	tags, err := a.Tags(ctx, []library.PhotoID{p.Photo})
	if err != nil {
		return SidecarFailed, err
	}
	if _, err := os.Stat(p.Path); err != nil {
		return SidecarFailed, fmt.Errorf("the photo is not there now: %w", err)
	}
	_, err = os.Lstat(file)
	there := err == nil
	words := wordsOf(d, tags[p.Photo])
	if !there && len(words.Keywords) == 0 && words.AltText == "" && words.Extended == "" && words.Rating == d.Metadata.Rating {
		return SidecarNothing, nil
	}
	changed, err := metadata.WriteSidecar(file, words)
	switch {
	case err != nil:
		return SidecarFailed, err
	case changed:
		return SidecarWritten, nil
	}
	return SidecarUnchanged, nil
}

// wordsOf are the words that the person stands behind.
func wordsOf(d store.Detail, tags []library.Tag) metadata.Words {
	w := metadata.Words{Rating: d.Rating}
	for _, t := range tags {
		if t.State == library.Confirmed {
			w.Keywords = append(w.Keywords, metadata.Keyword{Set: t.Set, Name: t.Name})
		}
	}
	for _, alt := range d.Alts {
		if alt.Lang == "en" {
			w.AltText, w.Extended = alt.Text, alt.Extended
		}
	}
	return w
}
