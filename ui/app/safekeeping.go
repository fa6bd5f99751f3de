package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"descry/library"
	"descry/library/store"
)

// BackupKind says why a backup was made.
type BackupKind int

// The kinds of backups that lie in a library's folder.
const (
	BackupOfDay       BackupKind = iota // before the first change of a day
	BackupOfPurge                       // before missing photos were purged
	BackupOfRestore                     // before another backup was put in the library's place
	BackupOfMigration                   // before a new version changed the library's format
)

// BackupFile is a backup in a library's folder.
type BackupFile struct {
	File  string // absolute path
	Kind  BackupKind
	Made  time.Time
	Bytes int64
}

// ListBackups lists the backups that lie in the library folder dir, the newest first. They
// are not checked. Damaged databases that were set aside are not among them.
func ListBackups(dir string) ([]BackupFile, error) {
	folder := filepath.Join(dir, "backups")
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the backups: %w", err)
	}
	kinds := map[string]BackupKind{
		"daily-": BackupOfDay, "before-purge-": BackupOfPurge,
		"before-restore-": BackupOfRestore, "before-migration-": BackupOfMigration,
	}
	var out []BackupFile
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".db") || strings.HasSuffix(name, ".damaged.db") {
			continue
		}
		for prefix, kind := range kinds {
			if !strings.HasPrefix(name, prefix) {
				continue
			}
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
				out = append(out, BackupFile{filepath.Join(folder, name), kind, info.ModTime(), info.Size()})
			}
		}
	}
	slices.SortFunc(out, func(a, b BackupFile) int {
		return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.File, b.File))
	})
	return out, nil
}

// Safety tells where a library lies and which backups it has.
type Safety struct {
	Dir     string
	Bytes   int64 // of its database
	Backups []BackupFile
}

// Safety tells where the library lies and which backups it has. It does not read them; see
// BackupProblem.
func (a *App) Safety(ctx context.Context) (Safety, error) {
	if err := a.needLibrary(); err != nil {
		return Safety{}, err
	}
	s := Safety{Dir: a.p.Dir}
	info, err := os.Stat(filepath.Join(a.p.Dir, "library.db"))
	if err != nil {
		return s, fmt.Errorf("looking at the library: %w", err)
	}
	s.Bytes = info.Size()
	s.Backups, err = ListBackups(a.p.Dir)
	return s, err
}

// BackupProblem checks the library's newest backup and says in a sentence what is wrong with
// the backups, "" when all is well.
func (a *App) BackupProblem(ctx context.Context) string {
	if a.needLibrary() != nil {
		return ""
	}
	if c := a.backupCheck(ctx); !c.OK {
		return c.Detail
	}
	return ""
}

// CheckBackup refuses a file that cannot be restored. Errors: as store.Restore.
func (a *App) CheckBackup(ctx context.Context, file string) error {
	return store.CheckBackup(ctx, file)
}

// RestoreAsked is what the window ends with when the person asked for a backup to be put in
// the place of the library, which has to be closed for that.
type RestoreAsked struct {
	File string // the backup, checked
}

func (e RestoreAsked) Error() string { return "the backup " + e.File + " is to be restored" }

// Restore puts a backup in the place of the library in dir, which must not be open. Errors:
// as store.Restore.
func Restore(ctx context.Context, dir, file string) error { return store.Restore(ctx, file, dir) }

// Trouble is a library that cannot be opened, and what can be done about it.
type Trouble struct {
	Dir     string
	Problem error // wraps library.ErrDamaged, library.ErrNewer or what the system said
	Log     *slog.Logger
}

// Damaged says whether the library's database is damaged, so that Repair may help.
func (t Trouble) Damaged() bool { return errors.Is(t.Problem, library.ErrDamaged) }

// Sentence says what is wrong.
func (t Trouble) Sentence() string { return asSentence(t.Problem) }

// Backups lists the backups that can be restored, the newest first.
func (t Trouble) Backups() ([]BackupFile, error) { return ListBackups(t.Dir) }

// Repair is described at the function Repair.
func (t Trouble) Repair(ctx context.Context) (Repaired, error) { return Repair(ctx, t.Dir, t.Log) }

// Restore is described at the function Restore.
func (t Trouble) Restore(ctx context.Context, file string) error { return Restore(ctx, t.Dir, file) }
