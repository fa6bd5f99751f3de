package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"descry/library"
	"descry/library/store"
)

// Export writes what the person said as an open file (docs/export.md). It returns the number
// of photos in it.
func (a *App) Export(ctx context.Context, w io.Writer) (int, error) {
	if err := a.needLibrary(); err != nil {
		return 0, err
	}
	return a.store.Export(ctx, w)
}

// ExportFile is Export to a file, which gets its name when it is whole; one that is there is
// replaced only if it is an export.
func (a *App) ExportFile(ctx context.Context, file string) (int, error) {
	if err := a.needLibrary(); err != nil {
		return 0, err
	}
	if err := replaceableExport(file); err != nil {
		return 0, fmt.Errorf("export to %s: %w", file, err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return 0, fmt.Errorf("export to %s: %w", file, err)
	}
	n, err := a.store.Export(ctx, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("export to %s: %w", file, err), os.Remove(f.Name()))
	}
	return n, nil
}

// replaceableExport refuses to put an export in the place of anything but an older one.
func replaceableExport(file string) error {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	const begin = `{"kind":"descry-user-data"`
	head := make([]byte, len(begin))
	if n, err := io.ReadFull(f, head); n == 0 && errors.Is(err, io.EOF) || string(head[:n]) == begin {
		return nil
	}
	return errors.New("there is a file that is no export; choose another name")
}

// ImportConflict is something on which an imported file and the library do not agree.
type ImportConflict struct {
	What, Photo, Path string
	Here, There       string // what the library says, what the file says
}

// Imported tells what an import did.
type Imported struct {
	Operation     int64 // for undo; 0 when nothing changed
	Photos        int   // photos in the file
	Changed       int   // photos of which something was taken
	Waiting       int   // photos that are not in the library yet
	ConflictCount int
	Conflicts     []ImportConflict // the first of them
}

// Import takes an exported file into the library. What the library has is kept, unless
// replace says that the file decides where the two do not agree.
func (a *App) Import(ctx context.Context, r io.ReadSeeker, replace bool) (Imported, error) {
	if err := a.needWriting(); err != nil {
		return Imported{}, err
	}
	// The runtime is a program that this one loads: no file may choose it.
	accept := func(key, value string) bool {
		return key != SettingRuntime && a.checkSetting(key, value) == nil
	}
	in, err := a.store.Import(ctx, r, replace, accept)
	if err != nil {
		return Imported{}, err
	}
	a.restartModel()
	a.rewatch(ctx)
	out := Imported{Operation: in.Operation, Photos: in.Photos, Changed: in.Changed, Waiting: in.Waiting, ConflictCount: in.Count}
	for _, c := range in.Conflicts {
		out.Conflicts = append(out.Conflicts, ImportConflict{c.What, c.Photo, c.Path, c.Here, c.There})
	}
	a.labelsChanged()
	return out, nil
}

// Repaired tells what a repair did.
type Repaired struct {
	Sound      bool           // nothing was wrong, and nothing was done
	Kept       string         // where the damaged database is kept
	Backup     string         // the backup that filled gaps, "" where none was needed or there
	Saved      map[string]int // rows by kind, from the damaged database
	FromBackup map[string]int // rows by kind, from the backup
	Unreadable map[string]int // pages and rows by kind that could not be read
}

// Repair makes a sound library of the damaged one in dir, which must not be open. What the
// person said comes first; what was worked out from photos comes back with the next index.
func Repair(ctx context.Context, dir string, log *slog.Logger) (Repaired, error) {
	sound := func() bool {
		s, err := store.Open(ctx, dir, store.Options{ReadOnly: true, Log: log})
		if err != nil {
			return false
		}
		err = s.Integrity(ctx)
		return errors.Join(err, s.Close()) == nil
	}
	if h, held := store.Held(dir); held {
		return Repaired{}, fmt.Errorf("%w: %s", library.ErrInUse, h)
	}
	if sound() {
		return Repaired{Sound: true}, nil
	}
	out, err := store.Salvage(ctx, dir, log)
	if err != nil {
		return Repaired{}, err
	}
	return Repaired{Kept: out.Kept, Backup: out.Backup, Saved: out.Saved, FromBackup: out.Filled, Unreadable: out.Lost}, nil
}

// InUse reports whether a process writes the library in dir.
func InUse(dir string) bool {
	_, held := store.Held(dir)
	return held
}
