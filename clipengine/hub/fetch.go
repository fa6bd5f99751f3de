package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"descry/internal/disk"
)

// Job is what is to be fetched.
type Job struct {
	// Listing names the model and the files that are wanted of it, not all that it has.
	Listing
	// Dir is the folder that they go to. It belongs to this download: what else lies in it
	// is removed. Several processes must not use it at the same time.
	Dir string
	// Reserve is how many bytes are to be left free on its disk besides.
	Reserve int64
	// Report hears how far it is, now and then and one call at a time; nil: nobody does.
	Report func(Progress)
}

// Progress says how far a download is.
type Progress struct {
	File              string // that of which something came last
	Bytes, Total      int64  // Bytes include what was there from an earlier attempt
	Kept              int64  // of Bytes, what was there from an earlier attempt
	FilesDone, Number int    // files that are there and checked, and all files
}

// Fetch brings the files of a job into its folder. When it fails or is cancelled, what is
// there of them stays, and another call goes on from it; a file that another call finds
// changed on the hub is fetched anew. It returns the files as they are there now, each with
// its size and SHA-256.
func (c *Client) Fetch(ctx context.Context, j Job) ([]File, error) {
	if err := checkNames(j.Files); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for the model: %w", err)
	}
	root, err := os.OpenRoot(j.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for the model: %w", err)
	}
	defer func() { _ = root.Close() }()
	d := &download{c: c, job: j, root: root, files: slices.Clone(j.Files), progress: Progress{Number: len(j.Files)}}
	if err := d.begin(); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.p.Parallel)
	// The largest first, so that no long one is left for the end.
	order := make([]int, len(d.files))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(d.files[b].Bytes, d.files[a].Bytes) })
	for _, i := range order {
		group.Go(func() error { return d.fetch(ctx, &d.files[i], d.marks[i]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := syncFolders(j.Dir, d.files); err != nil {
		return nil, fmt.Errorf("writing the model to disk: %w", err)
	}
	return d.files, nil
}

// Discard removes what a download left in its folder.
func Discard(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing an unfinished download: %w", err)
	}
	return nil
}

// Settle removes from a folder that was fetched what only the download needed.
func Settle(dir string) error {
	err := os.Remove(filepath.Join(dir, stateFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tidying the model's folder: %w", err)
	}
	return nil
}

// checkNames refuses files that cannot lie side by side in a folder.
func checkNames(files []File) error {
	seen := map[string]string{}
	clash := func(a, b string) error {
		return sayf(ErrAnswer, fs.ErrExist, "the model has two files that would lie in the same place: %s and %s", a, b)
	}
	for _, f := range files {
		if !validPath(f.Path) {
			return sayf(ErrAnswer, fs.ErrInvalid, "the model has a file called %q, which is no name for a file of a model", f.Path)
		}
		// Some systems do not tell small letters from capitals.
		key := strings.ToLower(f.Path)
		if other, ok := seen[key]; ok {
			return clash(other, f.Path)
		}
		seen[key] = f.Path
	}
	for _, f := range files {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			if other, ok := seen[strings.ToLower(dir)]; ok {
				return clash(other, f.Path)
			}
		}
	}
	if len(files) == 0 {
		return sayf(ErrNotPublished, fs.ErrNotExist, "the model has no files")
	}
	return nil
}

// download is a job under way.
type download struct {
	c     *Client
	job   Job
	root  *os.Root
	files []File
	marks []*mark

	mu       sync.Mutex
	state    state
	progress Progress
}

// begin compares what an earlier attempt left with what is wanted, and the disk with what is
// still to come.
func (d *download) begin() error {
	old := readState(d.root)
	keep := map[string]bool{stateFile: true}
	var missing int64
	for _, f := range d.files {
		m := &mark{Path: f.Path, Bytes: f.Bytes, SHA256: f.SHA256, Blob: f.Blob}
		if was := old.find(f.Path); was != nil && old.Repo == d.job.Repo && f.certain() && was.sameFile(m) {
			m.ETag, m.From = was.ETag, was.From
			keep[f.Path] = true
		}
		d.marks = append(d.marks, m)
		d.state.Files = append(d.state.Files, m)
		if f.Bytes < 0 {
			continue
		}
		d.progress.Total += f.Bytes
		missing += f.Bytes
		if keep[f.Path] {
			missing -= min(f.Bytes, d.size(f.Path))
		}
	}
	d.state.Repo, d.state.Commit = d.job.Repo, d.job.Commit
	if err := d.clear(keep); err != nil {
		return fmt.Errorf("clearing the folder for the model: %w", err)
	}
	free, err := d.c.p.Free(d.job.Dir)
	if err != nil {
		return fmt.Errorf("asking how much room the disk has: %w", err)
	}
	if free-d.job.Reserve < missing {
		keep := ""
		if d.job.Reserve > 0 {
			keep = ", of which " + Size(d.job.Reserve) + " are to stay so"
		}
		return sayf(ErrNoRoom, errors.New("too little room"), "there is too little room on the disk of %s: %s of the model are still to come, and %s are free%s",
			filepath.Dir(d.job.Dir), Size(missing), Size(free), keep)
	}
	return d.state.write(d.root)
}

func (d *download) size(name string) int64 {
	st, err := d.root.Lstat(name)
	if err != nil || !st.Mode().IsRegular() {
		return 0
	}
	return st.Size()
}

// clear removes from the folder all files but those that are kept.
func (d *download) clear(keep map[string]bool) error {
	return filepath.WalkDir(d.job.Dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(d.job.Dir, p)
		if err != nil {
			return err
		}
		if keep[filepath.ToSlash(name)] && e.Type().IsRegular() {
			return nil
		}
		return os.Remove(p)
	})
}

// report tells of n more bytes of a file that came, and kept more of an earlier attempt; fewer
// than none where some were thrown away.
func (d *download) report(file string, n, kept int64, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.progress.File = file
	d.progress.Bytes += n + kept
	d.progress.Kept += kept
	if done {
		d.progress.FilesDone++
	}
	if d.job.Report != nil {
		d.job.Report(d.progress)
	}
}

// grows notes that a file whose size was not known has n bytes.
func (d *download) grows(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.progress.Total += n
}

// note writes down what is known of a file that is being fetched.
func (d *download) note(m *mark, etag, from string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.ETag == etag && m.From == from {
		return nil
	}
	m.ETag, m.From = etag, from
	return d.state.write(d.root)
}

// syncFolders makes the names of files certain.
func syncFolders(dir string, files []File) error {
	folders := []string{"."}
	for _, f := range files {
		for p := path.Dir(f.Path); p != "."; p = path.Dir(p) {
			folders = append(folders, p)
		}
	}
	slices.Sort(folders)
	for _, f := range slices.Compact(folders) {
		if err := disk.SyncFolder(filepath.Join(dir, filepath.FromSlash(f))); err != nil {
			return err
		}
	}
	return nil
}

// Size writes a number of bytes for people: "605 MB".
func Size(n int64) string {
	switch {
	case n >= 10e9:
		return fmt.Sprintf("%.0f GB", float64(n)/1e9)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 10e6:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", max(n, 0))
}
