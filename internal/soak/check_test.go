package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"descry/ui/app"
)

// fields are the words of a line of a dump; quoted ones are unquoted.
func fields(line string) ([]string, error) {
	var out []string
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			out, line = append(out, word), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("the line %q: %w", line, err)
		}
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		out, line = append(out, text), line[len(quoted):]
	}
	return out, nil
}

// expected is what the library must hold of what was said, as sorted lines.
func (w *world) expected() []string {
	shown := w.shown()
	var out []string
	numbers := map[int]*photo{}
	for _, p := range w.said() {
		numbers[p.number] = p
	}
	for _, p := range w.said() {
		for key, value := range p.said {
			kind, rest, _ := strings.Cut(key, " ")
			switch kind {
			case "tag":
				state := "shown"
				if strings.HasPrefix(rest, "colours/") && !shown[rest] {
					state = "hidden"
				}
				out = append(out, fmt.Sprintf("tag %s %s %s %s", p.content, rest, value, state))
			case "distinct":
				n, _ := strconv.Atoi(rest)
				ids := []string{p.content.String(), numbers[n].content.String()}
				slices.Sort(ids)
				out = append(out, "distinct "+strings.Join(ids, " "))
			default:
				out = append(out, fmt.Sprintf("%s %s %s", kind, p.content, value))
			}
		}
	}
	slices.Sort(out)
	return out
}

// held is what a library holds of what was said, in the same form.
func held(ctx context.Context, a *app.App) ([]string, error) {
	var buf bytes.Buffer
	if err := a.Dump(ctx, &buf, true, false); err != nil {
		return nil, err
	}
	var out []string
	err := scanLines(buf.Bytes(), func(line string) error {
		f, err := fields(line)
		if err != nil {
			return err
		}
		switch f[0] {
		case "tag":
			out = append(out, fmt.Sprintf("tag %s %s/%s %s %s", f[1], f[2], f[3], f[4], f[5]))
		case "alt":
			out = append(out, fmt.Sprintf("alt %s %s %q %q", f[1], f[3], f[4], f[5]))
		case "mark", "distinct":
			out = append(out, strings.Join(f, " "))
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

// differ tells the first lines that one list has and the other has not.
func differ(what string, want, got []string) error {
	var errs []error
	tell := func(missing string, from, in []string) {
		n := 0
		for _, line := range from {
			if _, found := slices.BinarySearch(in, line); !found {
				if n++; n <= 5 {
					errs = append(errs, fmt.Errorf("%s: %s: %s", what, missing, line))
				}
			}
		}
		if n > 5 {
			errs = append(errs, fmt.Errorf("%s: %s: %d lines more", what, missing, n-5))
		}
	}
	tell("lost", want, got)
	tell("invented", got, want)
	if len(errs) == 0 && len(want) != len(got) {
		errs = append(errs, fmt.Errorf("%s: %d lines, not %d", what, len(got), len(want)))
	}
	return errors.Join(errs...)
}

// checkSaid compares what was said.
func (s *soak) checkSaid(ctx context.Context) error {
	got, err := held(ctx, s.app())
	if err != nil {
		return err
	}
	trashed, err := s.app().Trashed(ctx)
	if err != nil {
		return err
	}
	slices.Sort(trashed)
	return errors.Join(differ("what was said", s.w.expected(), got),
		differ("the trash", slices.Sorted(maps.Keys(s.w.trashed)), trashed))
}

// checkFiles compares the files on disk with those that must be there, byte by byte, and with
// those that the library knows.
func (s *soak) checkFiles(ctx context.Context) error {
	var want, disk, known []string
	for _, p := range s.w.places(nil) {
		f, _ := s.w.at(p)
		ok, err := f.same(p.String())
		if err != nil || !ok {
			return fmt.Errorf("%s is not as it was: %w", p, err)
		}
		content := "-"
		if !f.photo.content.IsZero() {
			content = f.photo.content.String()
		}
		want = append(want, p.String()+" "+content)
	}
	slices.Sort(want)
	var paths []string
	for _, line := range want {
		paths = append(paths, line[:strings.LastIndexByte(line, ' ')])
	}
	for _, r := range s.w.roots {
		err := filepath.WalkDir(r.path, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				disk = append(disk, path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(disk)
	slices.Sort(paths)
	var buf bytes.Buffer
	if err := s.app().Dump(ctx, &buf, false, true); err != nil {
		return err
	}
	err := scanLines(buf.Bytes(), func(line string) error {
		f, err := fields(line)
		if err != nil || f[0] != "file" || f[4] != "present" {
			return err
		}
		content := f[6]
		if strings.HasPrefix(content, "file1:") || content == ":" {
			content = "-"
		}
		known = append(known, f[1]+" "+content)
		return nil
	})
	if err != nil {
		return err
	}
	for i, line := range want {
		if at := strings.LastIndexByte(line, ' '); strings.HasPrefix(line[at:], " file1:") {
			want[i] = line[:at] + " -"
		}
	}
	slices.Sort(want)
	slices.Sort(known)
	return errors.Join(differ("files on disk", paths, disk), differ("files of the library", want, known))
}

// checkSound asks the doctor, and looks that nothing is left to do.
func (s *soak) checkSound(ctx context.Context) error {
	var errs []error
	for _, c := range s.app().Doctor(ctx) {
		if !c.OK && c.Check != "decoders" {
			errs = append(errs, fmt.Errorf("the doctor: %s: %s", c.Check, c.Detail))
		}
	}
	st, err := s.app().Status(ctx)
	if err != nil {
		return err
	}
	broken := len(s.w.places(func(p place, f file) bool { return !isPhoto(p, f) }))
	if st.Pending != 0 || st.Offline != 0 || st.Failed != broken {
		failures, _ := s.app().Failures(ctx)
		errs = append(errs, fmt.Errorf("not all is done: %+v, %d files are no pictures: %v", st, broken, failures))
	}
	return errors.Join(errs...)
}

// rest brings everything to rest: all disks are there, all is looked at, and a further run
// finds nothing to do.
func (s *soak) rest(ctx context.Context) error {
	for {
		err := s.plug(ctx, nil)
		if errors.Is(err, errSkip) {
			break
		}
		if err != nil {
			return err
		}
	}
	for range 2 {
		if _, err := s.app().Index(ctx, nil, nil); err != nil {
			return err
		}
	}
	r, err := s.app().Index(ctx, nil, nil)
	if err == nil && r.New+r.Changed+r.Moved+r.Missing+r.Encoded > 0 {
		err = fmt.Errorf("a run over what did not change did something: %+v", r)
	}
	return err
}

// checkpoint compares everything, after which missing photos are purged, so that the library
// does not grow.
func (s *soak) checkpoint(ctx context.Context) error {
	for _, f := range []func(context.Context) error{s.rest, s.checkSaid, s.checkFiles, s.checkSound} {
		if err := f(ctx); err != nil {
			return err
		}
	}
	if s.checkpoints%2 == 1 {
		for _, f := range []func(context.Context) error{s.purge, s.removeRoot, s.rest, s.checkSaid, s.checkFiles, s.checkSound} {
			if err := f(ctx); err != nil {
				return err
			}
		}
	}
	if s.checkpoints%4 == 3 {
		if err := errors.Join(s.checkBackup(ctx), s.checkExport(ctx)); err != nil {
			return err
		}
	}
	s.checkpoints++
	s.w.ops = slices.Clone(s.w.ops[max(0, len(s.w.ops)-remembered):])
	return nil
}

// remembered is how many operations the test remembers: far more than it takes back.
const remembered = 2000

// purge lets the library forget what is missing, what is in the trash included.
func (s *soak) purge(ctx context.Context) error {
	there := map[*photo]bool{}
	for _, at := range s.w.places(nil) {
		f, _ := s.w.at(at)
		there[f.photo] = true
	}
	gone := map[*photo]bool{}
	for _, p := range s.w.said() {
		if !there[p] {
			gone[p] = true
		}
	}
	r, err := s.app().PurgeMissing(ctx)
	if err != nil {
		return err
	}
	if s.purged = append(s.purged, r.Backup); len(s.purged) > 2 {
		if err := os.Remove(s.purged[0]); err != nil && !errors.Is(err, fs.ErrNotExist) { // forgetting may take it
			return err
		}
		s.purged = s.purged[1:]
	}
	s.w.forget(gone)
	for path, t := range s.w.trashed {
		t.rowOut = true
		s.w.trashed[path] = t
	}
	s.count("purge")
	return nil
}

// removeRoot takes a folder out of the library and puts it in again. What was said stays, and
// nothing is encoded again.
func (s *soak) removeRoot(ctx context.Context) error {
	r := s.w.roots[s.checkpoints/2%len(s.w.roots)]
	if err := s.app().RemoveRoot(ctx, r.id); err != nil {
		return err
	}
	added, err := s.app().AddRoot(ctx, r.path)
	if err != nil {
		return err
	}
	r.id = added.ID
	report, err := s.app().Index(ctx, nil, nil)
	if err == nil && report.Encoded > 0 {
		err = fmt.Errorf("a folder that was taken out and added again was encoded again: %+v", report)
	}
	s.count("remove root, add root")
	return err
}

// checkBackup restores a backup elsewhere.
func (s *soak) checkBackup(ctx context.Context) error {
	file, dir := s.scratch("backup.db"), s.scratch("restored")
	if _, err := s.app().Backup(ctx, file); err != nil {
		return err
	}
	if err := app.Restore(ctx, dir, file); err != nil {
		return err
	}
	p := s.p
	p.Dir, p.ReadOnly = dir, true
	a, err := app.Open(ctx, p)
	if err != nil {
		return err
	}
	user, derived, err := a.DumpDigest(ctx)
	err = errors.Join(err, a.Close(), remove(file), os.RemoveAll(dir))
	u, d, err2 := s.app().DumpDigest(ctx)
	if err = errors.Join(err, err2); err == nil && (user != u || derived != d) {
		err = errors.New("a restored backup holds something else")
	}
	s.count("restore a backup")
	return err
}

// checkExport imports what was said into a library that knows none of the photos.
func (s *soak) checkExport(ctx context.Context) error {
	dir := s.scratch("imported")
	err := s.imported(ctx, dir, func(a *app.App) error {
		got, err := held(ctx, a)
		if err != nil {
			return err
		}
		return differ("an imported export", s.w.expected(), got)
	})
	s.count("import elsewhere")
	return errors.Join(err, os.RemoveAll(dir))
}

// imported opens a new library with what was said in this one.
func (s *soak) imported(ctx context.Context, dir string, f func(*app.App) error) error {
	var buf bytes.Buffer
	if _, err := s.app().Export(ctx, &buf); err != nil {
		return err
	}
	p := s.p
	p.Dir = dir
	a, err := app.Open(ctx, p)
	if err != nil {
		return err
	}
	_, err = a.Import(ctx, bytes.NewReader(buf.Bytes()), false)
	if err == nil {
		err = f(a)
	}
	return errors.Join(err, a.Close())
}

// checkFresh makes a new library of the same files, which must hold the same.
func (s *soak) checkFresh(ctx context.Context) error {
	derived := func(a *app.App) ([]string, error) {
		var buf bytes.Buffer
		err := a.Dump(ctx, &buf, false, true)
		return slices.Sorted(strings.Lines(buf.String())), err
	}
	want, err := derived(s.app())
	if err != nil {
		return err
	}
	dir := s.scratch("fresh")
	err = s.imported(ctx, dir, func(a *app.App) error {
		for _, r := range s.w.roots {
			if _, err := a.AddRoot(ctx, r.path); err != nil {
				return err
			}
		}
		if _, err := a.Index(ctx, nil, nil); err != nil {
			return err
		}
		got, err := derived(a)
		if err != nil {
			return err
		}
		said, err := held(ctx, a)
		return errors.Join(err, differ("a new library of the same files", want, got), differ("what was said, in a new library", s.w.expected(), said))
	})
	s.count("new library, same files")
	return errors.Join(err, os.RemoveAll(dir))
}
