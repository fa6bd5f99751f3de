package indexer

import (
	"context"
	"slices"
	"strings"

	"descry/library"
	"descry/library/scan"
	"descry/library/store"
)

// comparison runs through the folders of a part and the rows that the store has of it,
// both in the order of their bytes.
type comparison struct {
	*rootScan
	pages   chan []library.File
	page    []library.File
	drained bool
	unmet   map[string]bool // folders with rows that the walk did not come to
}

// peek is the next row, nil after the last.
func (c *comparison) peek(ctx context.Context) (*library.File, error) {
	for len(c.page) == 0 {
		select {
		case page, ok := <-c.pages:
			if !ok {
				// The reader ends early only with the context.
				return nil, context.Cause(ctx)
			}
			c.page = page
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return &c.page[0], nil
}

// skip passes over the rows of folders before dir; all says that every row is.
func (c *comparison) skip(ctx context.Context, dir string, all bool) error {
	for {
		f, err := c.peek(ctx)
		if err != nil || f == nil || !all && f.Dir >= dir {
			return err
		}
		c.unmet[f.Dir] = true
		c.page = c.page[1:]
	}
}

// rest passes over the rows after the last folder.
func (c *comparison) rest(ctx context.Context) error {
	if c.drained {
		return nil
	}
	c.drained = true
	return c.skip(ctx, "", true)
}

// folder compares one folder with what is known of it.
func (c *comparison) folder(ctx context.Context, f scan.Folder) error {
	c.meter.found.Add(int64(len(f.Entries)))
	for _, name := range f.OutFolders {
		c.out[relJoin(f.Dir, name)] = true
	}
	if len(f.Unfollowed) > 0 {
		// What is known of them stays, as of folders that cannot be read.
		c.problems.Lock()
		c.unreadable = append(c.unreadable, f.Unfollowed...)
		c.problems.Unlock()
	}
	if f.Out {
		c.out[f.Dir] = true
		return nil // its rows are passed over with those of folders not met
	}
	d := &folderDiff{rootScan: c.rootScan, Folder: f, fresh: f.Entries[:0]}
	if f.Linked {
		// These come after all others and in no order.
		if err := c.rest(ctx); err != nil {
			return err
		}
		delete(c.unmet, f.Dir)
		known, err := c.p.Store.FilesInDir(ctx, c.root.ID, f.Dir)
		if err != nil {
			return err
		}
		for _, k := range known {
			if err := d.row(ctx, k); err != nil {
				return err
			}
		}
		return d.end(ctx)
	}
	if err := c.skip(ctx, f.Dir, false); err != nil {
		return err
	}
	for {
		k, err := c.peek(ctx)
		if err != nil {
			return err
		}
		if k == nil || k.Dir != f.Dir {
			return d.end(ctx)
		}
		if err := d.row(ctx, *k); err != nil {
			return err
		}
		c.page = c.page[1:]
	}
}

// folderDiff compares the files of one folder with their rows, as these come by name.
type folderDiff struct {
	*rootScan
	scan.Folder
	next     int          // the first entry that was not compared
	fresh    []scan.Entry // entries without a row; they take the place of those compared
	known    bool         // there are rows
	kept     int          // files whose number is as it was
	doubtful []pair       // files whose number alone differs
	counts   struct{ changed, same, moved int }
}

// pair is a file and its row.
type pair struct {
	e scan.Entry
	k library.File
}

// row compares a row with the entry of its name.
func (d *folderDiff) row(ctx context.Context, k library.File) error {
	d.known = true
	d.passTo(k.Name)
	if d.next == len(d.Entries) || d.Entries[d.next].Name != k.Name {
		return d.absent(ctx, k)
	}
	e := d.Entries[d.next]
	d.next++
	switch {
	case e.Size != k.Stat.Size || e.ModTime != k.Stat.ModTime:
		return d.changed(ctx, e)
	case sameNumber(k.Stat.Inode, e):
		d.kept++
		return d.same(ctx, e, k)
	}
	d.doubtful = append(d.doubtful, pair{e, k})
	return nil
}

// passTo takes the entries before name for new ones.
func (d *folderDiff) passTo(name string) {
	for d.next < len(d.Entries) && d.Entries[d.next].Name < name {
		d.fresh = append(d.fresh, d.Entries[d.next])
		d.next++
	}
}

// absent deals with a row whose file is not there.
func (d *folderDiff) absent(ctx context.Context, k library.File) error {
	if _, out := slices.BinarySearch(d.OutFiles, k.Name); out {
		return d.add(ctx, store.ScanChange{Kind: store.LeftOut, Dir: k.Dir, Name: k.Name})
	}
	if k.State != library.Present || d.unread(k.Rel()) {
		return nil
	}
	return d.lost(ctx, k)
}

func (d *folderDiff) changed(ctx context.Context, e scan.Entry) error {
	d.counts.changed++
	return d.add(ctx, store.ScanChange{Kind: store.Changed, Dir: d.Dir, Name: e.Name, Stat: e.Stat()})
}

func (d *folderDiff) same(ctx context.Context, e scan.Entry, k library.File) error {
	d.counts.same++
	switch {
	case k.State == library.Missing:
		return d.add(ctx, store.ScanChange{Kind: store.Back, Dir: d.Dir, Name: e.Name, Stat: e.Stat()})
	case d.retry[k.ID] && readable(scan.Path(d.root, k.Rel())):
		// Permissions and cables leave no trace in a file's size and time.
		return d.add(ctx, store.ScanChange{Kind: store.Changed, Dir: d.Dir, Name: e.Name, Stat: e.Stat()})
	}
	return nil
}

// end deals with what only all rows of the folder could tell.
func (d *folderDiff) end(ctx context.Context) error {
	d.fresh = append(d.fresh, d.Entries[d.next:]...)
	// The file number is worth something unless it fits nowhere: some file systems number
	// their files anew each time they are mounted.
	trust := d.kept > 0 || len(d.doubtful) < 2
	for _, p := range d.doubtful {
		var err error
		if trust {
			err = d.changed(ctx, p.e)
		} else {
			err = d.same(ctx, p.e, p.k)
		}
		if err != nil {
			return err
		}
	}
	if err := d.found(ctx); err != nil {
		return err
	}
	d.count(func(r *Report) {
		r.New += len(d.fresh) - d.counts.moved
		r.Moved += d.counts.moved
		r.Changed += d.counts.changed
		r.Unchanged += d.counts.same
	})
	return nil
}

// found stores the new files, and those of them that were moved here as such.
func (d *folderDiff) found(ctx context.Context) error {
	if len(d.fresh) == 0 {
		return nil
	}
	if err := d.vanishedFirst(ctx); err != nil {
		return err
	}
	if !d.known {
		if err := d.recased(ctx, d.Dir); err != nil {
			return err
		}
	}
	// What is gone must be stored to be found.
	if err := d.flush(ctx); err != nil {
		return err
	}
	moved := map[library.FileID]bool{}
	for _, e := range d.fresh {
		c := store.ScanChange{Kind: store.Found, Dir: d.Dir, Name: e.Name, Stat: e.Stat()}
		f, ok, err := d.movedFrom(ctx, c.Stat)
		if err != nil {
			return err
		}
		// Of two names of one file only one was moved from it; the other is told by content.
		if ok && !moved[f.ID] {
			moved[f.ID] = true
			c.Kind, c.File = store.Moved, f.ID
			d.rootScan.count(func(r *Report) {
				if d.gone[f.Photo] > 0 {
					d.gone[f.Photo]--
					r.Missing--
				}
			})
		}
		if err := d.add(ctx, c); err != nil {
			return err
		}
	}
	d.counts.moved = len(moved)
	return nil
}

// sameNumber reports whether nothing in the file numbers says that the file was replaced.
// Device numbers differ after a remount.
func sameNumber(was string, e scan.Entry) bool {
	if was == "" || e.Dev == 0 && e.Ino == 0 || e.SameInode(was) {
		return true
	}
	devWas, _, _ := strings.Cut(was, ":")
	devIs, _, _ := strings.Cut(e.Stat().Inode, ":")
	return devWas != devIs
}

func relJoin(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
