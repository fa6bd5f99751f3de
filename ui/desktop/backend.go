// Package desktop is Descry's window. Widgets show and report; the presenter in this
// package asks a Backend for everything and never waits for it on the window's thread.
package desktop

import (
	"context"
	"image"
	"io"

	"descry/library"
	"descry/tagging"
	"descry/ui/app"
)

// Backend is what the window asks for and tells: the use cases of *app.App. Its methods
// are called from background goroutines, several at a time.
type Backend interface {
	Keeping
	Saving
	Modelling

	Listen(e app.Events)
	ReadOnly() (bool, string)

	AddRoot(ctx context.Context, path string) (library.Root, error)
	AddSamples(ctx context.Context) (library.Root, error)
	RemoveRoot(ctx context.Context, id library.RootID) error
	RelocateRoot(ctx context.Context, id library.RootID, newPath string) error
	Roots(ctx context.Context) ([]library.Root, error)
	StartIndexing()
	PauseIndexing()
	ResumeIndexing()
	CancelIndexing()
	Progress() app.Progress
	Touched()

	Sidebar(ctx context.Context) (app.Sidebar, error)
	Browse(ctx context.Context, s app.Scope) ([]library.PhotoID, error)
	Count(ctx context.Context, s app.Scope) (int, error)
	Search(ctx context.Context, r app.SearchRequest) (app.SearchResult, error)
	Complete(ctx context.Context, text string, cursor int) (app.Completion, error)
	Where(ctx context.Context, r app.WhereRequest, show func(app.Where)) (app.Where, error)
	Similar(ctx context.Context, id library.PhotoID, r app.SearchRequest) (app.SearchResult, error)
	Cards(ctx context.Context, ids []library.PhotoID) ([]app.Card, error)
	PictureFile(ctx context.Context, path string) (*image.RGBA, error)
	Thumbnail(ctx context.Context, p library.Picture) (*image.RGBA, error)
	Picture(ctx context.Context, id library.PhotoID) (*image.RGBA, error)
	Detail(ctx context.Context, id library.PhotoID) (app.Detail, error)

	Confirm(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error)
	Reject(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error)
	ClearTag(ctx context.Context, photos []library.PhotoID, label library.LabelID) (int64, error)
	AddTag(ctx context.Context, photos []library.PhotoID, name string) (int64, error)
	LabelNames(ctx context.Context, prefix string, limit int) ([]app.TagCount, error)
	SetRating(ctx context.Context, photos []library.PhotoID, stars int) (int64, error)
	SetFavourite(ctx context.Context, photos []library.PhotoID, on bool) (int64, error)
	SetAlt(ctx context.Context, id library.PhotoID, text, extended string) (int64, error)
	ApproveAlt(ctx context.Context, photos []library.PhotoID) (int64, error)
	DuplicateGroups(ctx context.Context, progress func(app.Progress), kinds ...app.DuplicateKind) (app.DuplicateReport, error)
	KeepBoth(ctx context.Context, groups [][]library.PhotoID) (int64, error)
	Trash(ctx context.Context, items []app.TrashItem) (app.TrashReport, error)
	TrashPhotos(ctx context.Context, photos []library.PhotoID) (app.TrashReport, error)
	Undo(ctx context.Context, op int64) (library.Operation, error)
	Redo(ctx context.Context) (library.Operation, error)
	History(ctx context.Context, limit int) ([]library.Operation, error)

	LabelSets(ctx context.Context) ([]tagging.LabelSet, error)
	PutLabelSet(ctx context.Context, s tagging.LabelSet) (int64, error)
	RemoveLabelSet(ctx context.Context, name string) (int64, error)

	ExportAlt(ctx context.Context, w io.Writer, format string, photos []library.PhotoID) error
	Status(ctx context.Context) (app.Status, error)
	Failures(ctx context.Context) ([]library.Failure, error)
	Setting(ctx context.Context, key string) string
	SetSetting(ctx context.Context, key, value string) error
	Prefer(photos []library.PhotoID) // at once, from any goroutine
}
