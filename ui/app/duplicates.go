package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"descry/library"
	"descry/library/duplicates"
	"descry/library/store"
)

// DuplicateKind says in what way the photos of a group are alike.
type DuplicateKind string

// The kinds of groups of photos that are alike.
const (
	DuplicateExact DuplicateKind = "exact" // files with the same picture data
	DuplicateNear  DuplicateKind = "near"  // resized, recompressed, cropped a little, toned
	DuplicateBurst DuplicateKind = "burst" // shots of one moment: different photos, none a copy
)

// Duplicate is one of the files of a group.
type Duplicate struct {
	Photo         library.PhotoID
	Path          string
	Format        string
	Width, Height int // upright pixels; 0 where unknown
	Bytes         int64
	Picture       library.Picture // for the thumbnail
}

// DuplicateGroup are files that show the same; the first is the one proposed to be kept.
type DuplicateGroup struct {
	Kind    DuplicateKind
	Why     []string // why the first is the best, in words; nothing where all are equal
	Members []Duplicate
}

// DuplicateReport is what a search for duplicates found: exact groups, then near ones, then
// bursts, each by the path of the first member.
type DuplicateReport struct {
	Groups []DuplicateGroup
	// Unseen counts photos with a look-alike that could not be compared, because their
	// thumbnail is gone; looking at the photos again makes it anew.
	Unseen int
}

// The jobs of a search for duplicates, in Progress.Job.
var duplicateJobs = map[string]string{
	duplicates.JobRead:    "Reading what is known of the photos",
	duplicates.JobHash:    "Looking for photos that are alike",
	duplicates.JobCompare: "Comparing photos",
}

// DuplicateGroups finds the groups of the given kinds (none: exact and near). Nothing is
// changed. Near groups are worked out anew each time: seconds for 100,000 photos; ctx ends
// it. Progress may be nil.
func (a *App) DuplicateGroups(ctx context.Context, progress func(Progress), kinds ...DuplicateKind) (DuplicateReport, error) {
	var report DuplicateReport
	if err := a.needLibrary(); err != nil {
		return report, err
	}
	if len(kinds) == 0 {
		kinds = []DuplicateKind{DuplicateExact, DuplicateNear}
	}
	wanted := map[DuplicateKind]bool{}
	for _, k := range kinds {
		wanted[k] = true
	}
	if wanted[DuplicateExact] {
		groups, err := a.exactDuplicates(ctx)
		if err != nil {
			return report, err
		}
		report.Groups = append(report.Groups, groups...)
	}
	if wanted[DuplicateNear] {
		groups, unseen, err := a.nearDuplicates(ctx, progress)
		if err != nil {
			return report, err
		}
		report.Groups, report.Unseen = append(report.Groups, groups...), unseen
	}
	if wanted[DuplicateBurst] {
		groups, err := a.bursts(ctx)
		if err != nil {
			return report, err
		}
		report.Groups = append(report.Groups, groups...)
	}
	return report, nil
}

func (a *App) exactDuplicates(ctx context.Context) ([]DuplicateGroup, error) {
	found, err := a.store.Twins(ctx)
	if err != nil {
		return nil, err
	}
	var out []DuplicateGroup
	for _, files := range found {
		g := DuplicateGroup{Kind: DuplicateExact, Why: duplicates.BestFile(files)}
		known, err := a.store.Alikes(ctx, []library.PhotoID{files[0].Photo})
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			d := Duplicate{Photo: f.Photo, Path: f.Path, Format: f.Format, Bytes: f.Bytes}
			if len(known) > 0 {
				d.Width, d.Height, d.Picture = known[0].Width, known[0].Height, known[0].Picture
			}
			g.Members = append(g.Members, d)
		}
		out = append(out, g)
	}
	return out, nil
}

func (a *App) nearDuplicates(ctx context.Context, progress func(Progress)) ([]DuplicateGroup, int, error) {
	space, err := a.knownSpace(ctx)
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	tell := func(job string, done, total int) {
		if progress == nil {
			return
		}
		p := Progress{Job: duplicateJobs[job], Done: done, Total: total, Running: true}
		if took := time.Since(began); done > 0 && took > 0 && job == duplicates.JobCompare {
			p.PerSecond = float64(done) / took.Seconds()
			p.Left = time.Duration(float64(total-done) / p.PerSecond * float64(time.Second))
		}
		progress(p)
	}
	r, err := duplicates.Near(ctx, duplicateSource{a.store, a, space.ID}, duplicates.Fitted(), tell)
	if err != nil {
		return nil, 0, err
	}
	var out []DuplicateGroup
	for _, g := range r.Groups {
		out = append(out, DuplicateGroup{Kind: DuplicateNear, Why: g.Why, Members: duplicatesOf(g.Photos)})
	}
	return out, r.Unseen, nil
}

func duplicatesOf(photos []store.Alike) []Duplicate {
	out := make([]Duplicate, 0, len(photos))
	for _, p := range photos {
		out = append(out, Duplicate{p.Photo, p.Path, p.Format, p.Width, p.Height, p.Bytes, p.Picture})
	}
	return out
}

// duplicateSource is where the search for near-duplicates reads from.
type duplicateSource struct {
	*store.Store
	app   *App
	space library.SpaceID
}

func (s duplicateSource) Vectors(ctx context.Context, ids []library.PhotoID) (map[library.PhotoID][]float32, error) {
	if s.space == 0 {
		return nil, nil
	}
	return s.PhotoVectors(ctx, s.space, ids)
}

// Sketch makes the sketch of a thumbnail. One that is damaged, as after a power cut, is made
// anew where the photo is at hand, and else as good as gone.
func (s duplicateSource) Sketch(ctx context.Context, p library.Picture) (*duplicates.Sketch, error) {
	img, err := s.app.thumbs.Load(p)
	if err != nil && !errors.Is(err, library.ErrNotFound) {
		if img, err = s.app.thumbnailAgain(ctx, p); err != nil && ctx.Err() == nil {
			err = fmt.Errorf("thumbnail of %s: %w", p, library.ErrNotFound)
		}
	}
	if err != nil {
		return nil, err
	}
	return duplicates.NewSketch(img), nil
}

// KeepBoth says of the photos of each group that they are different and all stay: they are
// not proposed as duplicates of each other again. Returns the operation, 0 when nothing
// changed.
func (a *App) KeepBoth(ctx context.Context, groups [][]library.PhotoID) (int64, error) {
	return a.say(func() (int64, error) { return a.store.KeepBoth(ctx, groups) })
}
