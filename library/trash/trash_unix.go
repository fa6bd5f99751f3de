//go:build unix && !darwin

package trash

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"descry/internal/disk"
)

// Supported reports whether files can be moved to the trash of this system.
func Supported() bool { return true }

// can is a trash folder with what its info files tell paths from.
type can struct {
	dir string
	top string // paths are relative to it; "": absolute
}

// Reserve chooses the place in the trash that the regular file at path will have, and holds
// it: its info file is written, with path and now. The home trash takes files of its own
// disk, $topdir/.Trash/$uid or $topdir/.Trash-$uid those of others; no file is ever copied
// from disk to disk. Errors: ErrNoTrash, ErrGone, ErrUnsupported for what is no file.
func Reserve(path string, now time.Time) (kept string, err error) {
	defer explain(&err, "move %s to the trash", path)
	if !filepath.IsAbs(path) {
		return "", errors.New("the path is not absolute")
	}
	path = filepath.Clean(path)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ErrGone
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("it is no file")
	}
	c, err := canFor(path, info)
	if err != nil {
		return "", err
	}
	for n := 1; n < 10000; n++ {
		name := numbered(filepath.Base(path), n)
		kept := filepath.Join(c.dir, "files", name)
		if _, err := os.Lstat(kept); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		err := c.writeInfo(name, path, now)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return kept, nil
	}
	return "", fmt.Errorf("%w: it holds too many files of this name", ErrNoTrash)
}

// maxName is the longest name of a file on the file systems of Linux, in bytes.
const maxName = 255

// numbered is the nth name to try in the trash: a.jpg, a.2.jpg, a.3.jpg.
func numbered(name string, n int) string {
	ext := filepath.Ext(name)
	if ext == name || len(ext) > 16 {
		ext = ""
	}
	stem, number := strings.TrimSuffix(name, ext), ""
	if n > 1 {
		number = "." + strconv.Itoa(n)
	}
	room := maxName - len(infoExt) - len(number) - len(ext)
	return stem[:min(len(stem), room)] + number + ext
}

const infoExt = ".trashinfo"

// infoOf is the info file of a place in the trash.
func infoOf(kept string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(kept)), "info", filepath.Base(kept)+infoExt)
}

// infoText is an info file as the specification has it: the path as in a URI, the time of
// the day here.
func (c can) infoText(path string, now time.Time) string {
	if c.top != "" {
		if rel, err := filepath.Rel(c.top, path); err == nil {
			path = rel
		}
	}
	// A colon in the first part of a relative path makes EscapedPath put "./" before it.
	escaped := strings.TrimPrefix((&url.URL{Path: "/" + strings.TrimPrefix(path, "/")}).EscapedPath(), "/")
	if filepath.IsAbs(path) {
		escaped = "/" + escaped
	}
	return "[Trash Info]\nPath=" + escaped + "\nDeletionDate=" + now.Local().Format("2006-01-02T15:04:05") + "\n"
}

// writeInfo makes the info file of a name that has none, for certain.
func (c can) writeInfo(name, path string, now time.Time) (err error) {
	at := filepath.Join(c.dir, "info", name+infoExt)
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(c.infoText(path, now))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(at)
		return err
	}
	return disk.SyncFolder(filepath.Dir(at))
}

// Release gives up a place that Reserve held and that no file came to.
func Release(kept string) (err error) {
	defer explain(&err, "give up the place %s in the trash", kept)
	if _, err := os.Lstat(kept); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Remove(infoOf(kept)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Move moves the file at path to the place that Reserve chose. Called again after it was
// done, or after another file came to path since, it does nothing. Where the place is not
// held any more (the file came back meanwhile) it is held anew. Errors: ErrTaken when the
// place belongs to another file by now, ErrGone.
func Move(path, kept string, now time.Time) (err error) {
	defer explain(&err, "move %s to the trash", path)
	there, err := exists(kept)
	if err != nil {
		return err
	}
	if there {
		if holds(kept, path) {
			return nil // done already
		}
		return ErrTaken
	}
	here, err := exists(path)
	if err != nil {
		return err
	}
	if !here {
		return errors.Join(ErrGone, Release(kept))
	}
	if !holds(kept, path) {
		c := can{dir: filepath.Dir(filepath.Dir(kept)), top: topOf(kept)}
		if err := c.writeInfo(filepath.Base(kept), path, now); errors.Is(err, fs.ErrExist) {
			return ErrTaken
		} else if err != nil {
			return err
		}
	}
	if err := rename(path, kept); err != nil {
		return errors.Join(err, Release(kept))
	}
	return syncDirs(path, kept)
}

// Restore moves a file from its place in the trash back to path, whose folder is made where
// it is gone. It never takes the place of another file: ErrTaken, and the file stays in the
// trash. Called again after it was done, it does nothing. ErrGone: the trash was emptied.
func Restore(path, kept string) (err error) {
	defer explain(&err, "bring %s back from the trash", path)
	there, err := exists(kept)
	if err != nil {
		return err
	}
	here, err := exists(path)
	if err != nil {
		return err
	}
	switch {
	case there && !holds(kept, path):
		return ErrGone // the trash was emptied, and the name is another file's
	case there && here:
		return ErrTaken
	case !there && !here:
		return ErrGone
	case !there:
		return Release(kept)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := rename(kept, path); err != nil {
		return err
	}
	if err := syncDirs(path, kept); err != nil {
		return err
	}
	return Release(kept)
}

// holds reports whether a place in the trash is held for the file of a path.
func holds(kept, path string) bool {
	data, err := os.ReadFile(infoOf(kept))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "Path="); ok {
			said, err := url.PathUnescape(value)
			if err != nil {
				return false
			}
			if !filepath.IsAbs(said) {
				said = filepath.Join(topOf(kept), said)
			}
			return filepath.Clean(said) == filepath.Clean(path)
		}
	}
	return false
}

// topOf is the top folder that paths of the trash at kept are relative to: what holds
// .Trash/$uid or .Trash-$uid. "" for the home trash.
func topOf(kept string) string {
	dir := filepath.Dir(filepath.Dir(kept))
	uid := strconv.Itoa(os.Getuid())
	switch {
	case filepath.Base(dir) == ".Trash-"+uid:
		return filepath.Dir(dir)
	case filepath.Base(dir) == uid && filepath.Base(filepath.Dir(dir)) == ".Trash":
		return filepath.Dir(filepath.Dir(dir))
	}
	return ""
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}

// rename moves a file to a name that nothing has.
func rename(from, to string) error {
	err := renameExclusive(from, to)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EOPNOTSUPP) {
		return taken(err)
	}
	// The file system cannot do it in one step: a second name never takes another's place.
	err = os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return ErrTaken
	}
	// Nor has it links: an empty file of our own holds the name.
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return taken(err)
	}
	if err := errors.Join(f.Close(), os.Rename(from, to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

func taken(err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return ErrTaken
	case errors.Is(err, unix.EXDEV):
		return ErrNoTrash // one disk, mounted twice
	}
	return err
}

// syncDirs makes a move from one folder to another certain.
func syncDirs(a, b string) error {
	return errors.Join(disk.SyncFolder(filepath.Dir(a)), disk.SyncFolder(filepath.Dir(b)))
}

// canFor finds, or makes, the trash for a file.
func canFor(path string, info fs.FileInfo) (can, error) {
	device, ok := deviceOf(info)
	if !ok {
		return can{}, ErrNoTrash
	}
	home, err := homeTrash()
	if err == nil {
		if d, ok := deviceOfPath(home); ok && d == device {
			return can{dir: home}, ready(home)
		}
	}
	top := topDir(path, device)
	uid := strconv.Itoa(os.Getuid())
	// A shared .Trash made by the administrator counts only with the sticky bit, and never a
	// link: others could otherwise take our files.
	shared := filepath.Join(top, ".Trash")
	if i, err := os.Lstat(shared); err == nil && i.IsDir() && i.Mode()&fs.ModeSticky != 0 {
		c := can{filepath.Join(shared, uid), top}
		if ready(c.dir) == nil {
			return c, nil
		}
	}
	c := can{filepath.Join(top, ".Trash-"+uid), top}
	if err := ready(c.dir); err != nil {
		return can{}, fmt.Errorf("%w: %w", ErrNoTrash, err)
	}
	return c, nil
}

// homeTrash is $XDG_DATA_HOME/Trash.
func homeTrash() (string, error) {
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "Trash"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "share", "Trash"), nil
}

// ready makes a trash folder of ours with its two parts, for us alone.
func ready(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, "files"), filepath.Join(dir, "info")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
		info, err := os.Lstat(d)
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*unixStat); !info.IsDir() || !ok || int(st.Uid) != os.Getuid() {
			return fmt.Errorf("%s is not a folder of this user", d)
		}
	}
	return nil
}

// topDir is the folder where the disk of path is mounted.
func topDir(path string, device uint64) string {
	dir := filepath.Dir(path)
	for {
		parent := filepath.Dir(dir)
		if d, ok := deviceOfPath(parent); !ok || d != device || parent == dir {
			return dir
		}
		dir = parent
	}
}

// deviceOfPath is the disk that holds path, or will: that of its nearest folder that is there.
func deviceOfPath(path string) (uint64, bool) {
	for {
		info, err := os.Stat(path)
		if err == nil {
			return deviceOf(info)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return 0, false
		}
		path = parent
	}
}

func deviceOf(info fs.FileInfo) (uint64, bool) {
	st, ok := info.Sys().(*unixStat)
	if !ok {
		return 0, false
	}
	return uint64(st.Dev), true //nolint:unconvert // its type differs among systems
}

// explain says what was being done.
func explain(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf(format+": %w", append(args, *err)...)
	}
}
