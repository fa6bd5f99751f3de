package desktop

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"descry/library"
)

// fileURL is the address of a file, with every byte of its name that has a meaning in
// addresses, or is no ASCII, written as %XX.
func fileURL(path string) *url.URL {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	return &url.URL{Scheme: "file", Path: path}
}

// systemShow has the system open a file with the program it has for it, or a folder.
func (w *window) systemShow(path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	return w.app.OpenURL(fileURL(path))
}

// openOutside opens the focused photo or video with the program that the system has for it.
func (w *window) openOutside() {
	w.withFile(w.show)
}

// showInFolder shows where the file of the focused photo lies.
func (w *window) showInFolder() {
	w.withFile(func(path string) error {
		switch runtime.GOOS {
		case "darwin":
			return start("open", "-R", path)
		case "windows":
			return start("explorer", "/select,"+path)
		}
		return w.show(filepath.Dir(path))
	})
}

// start runs a program of the system and does not wait for it.
func start(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // so that nothing of it stays behind
	return nil
}

// withFile does something in the background with a file of the focused photo that can be
// reached.
func (w *window) withFile(do func(path string) error) {
	photos := w.targets()
	if len(photos) == 0 {
		return
	}
	exact := ""
	if g := w.dupes.focused(); w.dupes.Open() && g != nil {
		exact = g.Members[w.dupes.member].Path // one of several files of the photo
	}
	w.loop.Go(func() func() {
		path, err := exact, error(nil)
		if path == "" {
			path, err = w.fileOf(w.ctx, photos[0])
		}
		if err == nil {
			err = do(path)
		}
		return func() {
			var missing *exec.Error
			switch {
			case errors.As(err, &missing):
				w.toast.Show(tr("The program {{.Program}} is not installed, which opens files.", with{"Program": missing.Name}), "", nil)
			case err != nil:
				w.fail(tr("It could not be opened"), err)
			}
		}
	})
}

// fileOf returns the path of a file of a photo that is there.
func (w *window) fileOf(ctx context.Context, id library.PhotoID) (string, error) {
	cards, err := w.b.Cards(ctx, []library.PhotoID{id})
	if err != nil || len(cards) == 0 {
		return "", errors.Join(err, library.ErrNotFound)
	}
	switch c := cards[0]; {
	case c.State == library.Offline:
		return "", errors.New(tr("its disk is not connected"))
	case c.State == library.Missing || c.Path == "":
		return "", errors.New(tr("its file is missing"))
	default:
		return c.Path, nil
	}
}
