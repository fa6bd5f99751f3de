package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/internal/install"
	"descry/library"
	"descry/library/indexer"
	"descry/library/store"
)

// Status tells what the library holds and what is left to do.
func (a *App) Status(ctx context.Context) (Status, error) {
	if err := a.needLibrary(); err != nil {
		return Status{}, err
	}
	st := Status{Library: a.p.Dir, Model: a.modelID(ctx)}
	space, err := a.knownSpace(ctx)
	if err != nil {
		return Status{}, err
	}
	c, err := a.store.Status(ctx, space.ID)
	if err != nil {
		return Status{}, fmt.Errorf("counting the photos: %w", err)
	}
	st.Files, st.Photos, st.Encoded, st.Pending = c.Files, c.Photos, c.Encoded, c.Pending
	st.Failed, st.Offline, st.Missing, st.Provider = c.Failed, c.Offline, c.Missing, c.Provider
	st.Device = a.deviceText(space.Digest)
	if space.ID == 0 {
		st.Pending += c.Photos // no model has looked at any of them yet
	}
	if st.Coming, err = a.coming(ctx); err != nil {
		return Status{}, err
	}
	st.NoText = !a.readsText(ctx)
	if st.Text, st.Unread, err = a.textStatus(ctx); err != nil {
		return Status{}, err
	}
	if st.Roots, err = a.store.Roots(ctx); err != nil {
		return Status{}, err
	}
	return st, nil
}

// knownSpace is the vector space of the model in use as the library knows it; the zero
// Space where nothing was encoded in it. It loads no model.
func (a *App) knownSpace(ctx context.Context) (library.Space, error) {
	b, err := a.bundleOf(a.modelID(ctx))
	if err != nil {
		return library.Space{}, nil // a model that is gone has no photos looked at; status still answers
	}
	return a.spaceOf(ctx, b)
}

// spaceOf is the vector space of a model as the library knows it; the zero Space where nothing
// was encoded in it.
func (a *App) spaceOf(ctx context.Context, b *bundle.Bundle) (library.Space, error) {
	spaces, err := a.store.Spaces(ctx)
	if err != nil {
		return library.Space{}, err
	}
	for _, s := range spaces {
		if s.Digest == b.Space() {
			return s, nil
		}
	}
	return library.Space{}, nil
}

// Failures lists the files that could not be used.
func (a *App) Failures(ctx context.Context) ([]library.Failure, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	return a.store.Failures(ctx)
}

// Damaged is a file of a picture of which only a part can be shown.
type Damaged = store.Damaged

// Damaged lists the files of pictures of which only a part can be shown.
func (a *App) Damaged(ctx context.Context) ([]Damaged, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	return a.store.Damaged(ctx)
}

// MissingFiles lists the paths of files that are gone.
func (a *App) MissingFiles(ctx context.Context) ([]string, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	files, err := a.store.MissingFiles(ctx)
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	return paths, nil
}

// Dump writes everything in the library in canonical order.
func (a *App) Dump(ctx context.Context, w io.Writer, user, derived bool) error {
	if err := a.needLibrary(); err != nil {
		return err
	}
	return a.store.Dump(ctx, w, user, derived)
}

// DumpDigest returns the SHA-256 of the dump's user part and of its derived part, in hex.
func (a *App) DumpDigest(ctx context.Context) (user, derived string, err error) {
	if err := a.needLibrary(); err != nil {
		return "", "", err
	}
	return a.store.Digest(ctx)
}

// Backup copies the database to a file and returns the number of photos in it.
func (a *App) Backup(ctx context.Context, file string) (int, error) {
	if err := a.needLibrary(); err != nil {
		return 0, err
	}
	if err := a.store.Backup(ctx, file); err != nil {
		return 0, err
	}
	st, err := a.Status(ctx)
	return st.Photos, err
}

// Doctor checks the machine and the library. Every fault comes with its mend.
func (a *App) Doctor(ctx context.Context) []Check {
	var checks []Check
	add := func(name string, err error, detail, fix string) {
		c := Check{Check: name, OK: err == nil, Detail: detail}
		if err != nil {
			c.Detail, c.Fix = asSentence(err), fix
		}
		checks = append(checks, c)
	}

	path, noRuntime := ort.Find(firstOf(a.p.Runtime, a.Setting(ctx, SettingRuntime)))
	add("ONNX Runtime", noRuntime, path,
		"Run make runtime in the source folder, or set its path: descry config set runtime /path/to/libonnxruntime.so")

	checks = append(checks, a.deviceChecks(ctx)...)

	engine, err := a.engine(ctx)
	if err == nil {
		err = tried(ctx, engine)
	}
	detail, fix := "", "Choose another model: descry models use "+starterID
	switch {
	case noRuntime != nil:
		err, fix = errors.New("no model runs without the ONNX Runtime library"), "Mend that first."
	case errors.Is(err, ErrTooLarge):
		fix = "See what is said of memory."
	case err != nil && a.provider(ctx) != "":
		fix = deviceFix(a.provider(ctx))
	case err == nil:
		detail = fmt.Sprintf("%s on %s, ONNX Runtime %s, %s", engine.Model(), engine.Provider(), ort.Version(),
			count(a.limits().Cores(), "core"))
	}
	add("model", err, detail, fix)
	if engine != nil {
		add("model self-test", engine.SelfTest(ctx), "golden pictures give the expected vectors",
			"Check the model's files: descry models verify")
	}

	checks = append(checks, a.memoryCheck(ctx))
	add("formats", nil, strings.Join(indexer.Extensions(), " "), "")
	checks = append(checks, a.optionalChecks(ctx, install.Here())...)

	const restore = "Save what can be saved: descry doctor --repair"
	switch {
	case errors.Is(a.broken, library.ErrNewer):
		add("library", a.broken, "", "Install the newer version of Descry.")
	case errors.Is(a.broken, library.ErrDamaged):
		add("library", a.broken, "", restore)
	case a.broken != nil:
		add("library", a.broken, "", "See that its folder and what is in it may be read and written.")
	case a.store == nil:
		add("library", nil, "none yet in "+a.p.Dir, "")
	default:
		err := a.store.Integrity(ctx)
		add("library", err, filepath.Join(a.p.Dir, "library.db")+" is sound", restore)
		checks = append(checks, a.backupCheck(ctx))
		roots, err := a.store.Roots(ctx)
		if err != nil {
			add("folders", err, "", "")
		}
		for _, r := range roots {
			c := Check{Check: "folder", OK: r.State != library.Offline, Detail: r.Path}
			if !c.OK {
				c.Detail, c.Fix = absence(r)
			}
			checks = append(checks, c)
		}
	}
	return checks
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
