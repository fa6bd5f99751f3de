package desktop

import (
	"context"
	"io"

	"fyne.io/fyne/v2"

	"descry/library"
	"descry/ui/app"
)

// Keeping is the part of Backend that is about folders that come and go, and about losing
// nothing: missing photos, files that could not be read, backups, history.
type Keeping interface {
	ConfirmRoot(ctx context.Context, id library.RootID) error
	PurgeMissing(ctx context.Context) (app.Purged, error)
	Forget(ctx context.Context, photos []library.PhotoID, backups bool) error
	RetryFailed(ctx context.Context) (int, error)
	Safety(ctx context.Context) (app.Safety, error)
	BackupProblem(ctx context.Context) string
	Backup(ctx context.Context, file string) (int, error)
	CheckBackup(ctx context.Context, file string) error
	ExportFile(ctx context.Context, file string) (int, error)
	Import(ctx context.Context, r io.ReadSeeker, replace bool) (app.Imported, error)
}

// keepingCommands are the commands about folders, backups and history.
func (w *window) keepingCommands() []command {
	file, edit, photo := tr("File"), tr("Edit"), tr("Photo")
	return []command{
		{menu: file, name: tr("Folders …"), keys: "Ctrl+Shift+O", shortcut: combo(fyne.KeyO, fyne.KeyModifierShift), run: w.showFolders},
		{menu: file, name: tr("Library and backups …"), keys: "Ctrl+B", shortcut: combo("B", 0), run: w.showLibrary},
		{menu: file, name: tr("Back up now …"), run: w.backUp},
		{menu: file, name: tr("Restore a backup from a file …"), run: w.restoreFile},
		{menu: file, name: tr("Export what you said …"), run: w.exportWords},
		{menu: file, name: tr("Import what you said …"), run: w.importWords},
		{menu: file, name: tr("Missing photos"), run: w.showMissing},
		{menu: edit, name: tr("History …"), keys: "Ctrl+H", shortcut: combo("H", 0), run: w.showHistory},
		{menu: photo, name: tr("Forget this photo …"), run: w.forgetPhotos},
	}
}
