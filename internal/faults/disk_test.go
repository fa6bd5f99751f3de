//go:build linux

package faults

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sector is what a disk writes as a whole, in bytes.
const sector = 512

// disk is a folder on a disk on which nothing is certain until it is synced:
//
//   - What was written to a file and not synced is there, or not, sector by sector; a file
//     that grew may have its new length without its content, which then reads as zeros.
//   - What was done to names (new files, renames, removals) is there up to some point, in the
//     order in which it was done, as file systems with a journal keep it. Syncing a folder
//     makes all of it certain, syncing a file its own name.
//
// Photos keep their file numbers, and what is not written to keeps its time.
type disk struct {
	root  string
	now   map[string]*inode // as a process sees it
	sure  map[string]*inode // names that are certain
	ops   []nameOp          // what is not certain of names, in order
	steps int               // events so far
	// deaf makes syncs do nothing, to show that the tests would notice.
	deaf bool
}

type inode struct {
	dir     bool
	sure    []byte
	changes []change
	mode    fs.FileMode
	time    time.Time // zero: when it was written
	// kept is another name of the file itself, outside, so that it keeps its number; "" where
	// its content may change.
	kept string
}

type change struct {
	step int
	at   int64
	data []byte
	size int64 // -1: not a change of length
}

type nameOp struct {
	kind     string // evOpen, evMkdir, evRename, evLink, evRemove
	path, to string
	node     *inode
	swap     bool
}

// readDisk takes a folder as it is, all of it certain. Photos get another name in the folder
// keep ("": none).
func readDisk(root, keep string) (*disk, error) {
	d := &disk{root: root, now: map[string]*inode{}, sure: map[string]*inode{}}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		n := &inode{dir: e.IsDir(), mode: info.Mode().Perm(), time: info.ModTime()}
		if !n.dir {
			if n.sure, err = os.ReadFile(path); err != nil {
				return err
			}
			if keep != "" && !strings.HasPrefix(path, filepath.Join(root, "library")+"/") {
				n.kept = filepath.Join(keep, strconv.Itoa(len(d.now)))
				if err := os.Link(path, n.kept); err != nil {
					return err
				}
			}
		}
		d.now[path], d.sure[path] = n, n
		return nil
	})
	return d, err
}

// clone is the same disk, for another course of things.
func (d *disk) clone() (*disk, error) {
	if len(d.ops) > 0 || d.steps > 0 {
		return nil, errors.New("only a disk to which nothing was done yet is copied")
	}
	out := &disk{root: d.root, now: map[string]*inode{}, sure: map[string]*inode{}}
	for p, n := range d.now {
		c := *n
		out.now[p], out.sure[p] = &c, &c
	}
	return out, nil
}

// apply does what a process did.
func (d *disk) apply(e event) error {
	d.steps++
	n := d.now[e.path]
	switch e.kind {
	case evOpen:
		if n == nil {
			n = &inode{mode: 0o600}
			d.name(nameOp{kind: evOpen, path: e.path, node: n})
		}
		if e.truncate && !n.dir {
			n.change(d.steps, change{size: 0})
		}
	case evMkdir:
		d.name(nameOp{kind: evMkdir, path: e.path, node: &inode{dir: true, mode: 0o700}})
	case evWrite, evSize:
		if n == nil {
			return fmt.Errorf("%s of %s, which is not there", e.kind, e.path)
		}
		if strings.HasSuffix(e.path, "-shm") {
			return nil // shared memory, of no use after a fault
		}
		c := change{at: e.at, data: e.data, size: -1}
		if e.kind == evSize {
			c.size = e.size
		}
		n.change(d.steps, c)
	case evSync:
		if n == nil || d.deaf {
			return nil
		}
		if n.dir {
			d.settle(len(d.ops))
			return nil
		}
		n.settle(e.began)
		for i, o := range d.ops {
			if o.node == n && o.kind == evOpen {
				d.settle(i + 1)
				break
			}
		}
	case evRename, evLink, evRemove:
		if n == nil {
			return fmt.Errorf("%s of %s, which is not there", e.kind, e.path)
		}
		d.name(nameOp{kind: e.kind, path: e.path, to: e.to, node: n, swap: e.swap})
	}
	return nil
}

func (n *inode) change(step int, c change) {
	c.step = step
	n.kept = ""
	n.changes = append(n.changes, c)
}

// settle makes certain what was written in the first steps.
func (n *inode) settle(steps int) {
	i := 0
	for i < len(n.changes) && n.changes[i].step <= steps {
		n.sure = n.changes[i].on(n.sure)
		i++
	}
	n.changes = n.changes[i:]
}

func (d *disk) name(o nameOp) {
	o.on(d.now)
	d.ops = append(d.ops, o)
}

// settle makes certain the first n things that were done to names.
func (d *disk) settle(n int) {
	for _, o := range d.ops[:n] {
		o.on(d.sure)
	}
	d.ops = slices.Clone(d.ops[n:])
}

func (o nameOp) on(names map[string]*inode) {
	switch o.kind {
	case evOpen, evMkdir:
		names[o.path] = o.node
	case evLink:
		names[o.to] = o.node
	case evRemove:
		delete(names, o.path)
	case evRename:
		if o.swap {
			names[o.path], names[o.to] = names[o.to], names[o.path]
			return
		}
		delete(names, o.path)
		names[o.to] = o.node
		if o.node.dir {
			for p, n := range names {
				if rest, ok := strings.CutPrefix(p, o.path+"/"); ok {
					delete(names, p)
					names[o.to+"/"+rest] = n
				}
			}
		}
	}
}

// on returns b changed.
func (c change) on(b []byte) []byte {
	if c.size >= 0 {
		if c.size <= int64(len(b)) {
			return slices.Clone(b[:c.size])
		}
		return append(slices.Clone(b), make([]byte, c.size-int64(len(b)))...)
	}
	out := slices.Clone(b)
	if end := int(c.at) + len(c.data); end > len(out) {
		out = append(out, make([]byte, end-len(out))...)
	}
	copy(out[c.at:], c.data)
	return out
}

// killed is what is there when the process is killed: the system goes on, so all that it
// did is.
func (d *disk) killed() map[string]content {
	out := map[string]content{}
	for p, n := range d.now {
		b := n.sure
		for _, c := range n.changes {
			b = c.on(b)
		}
		out[p] = content{n, b}
	}
	return out
}

type content struct {
	*inode
	bytes []byte
}

// cut is what is there when the power goes now: one of the many disks that may be.
func (d *disk) cut(rng *rand.Rand) map[string]content {
	done := rng.IntN(len(d.ops) + 1)
	switch rng.IntN(3) {
	case 0:
		done = 0
	case 1:
		done = len(d.ops)
	}
	return d.left(rng, done, rng.IntN(4))
}

// cutNamed is the worst of these disks: names are there, what was not synced is not, or in
// part.
func (d *disk) cutNamed(rng *rand.Rand) map[string]content {
	return d.left(rng, len(d.ops), []int{0, 2, 3}[rng.IntN(3)])
}

// left is what is there with the first things done to names, and files as style has them.
func (d *disk) left(rng *rand.Rand, done, style int) map[string]content {
	names := maps.Clone(d.sure)
	for _, o := range d.ops[:done] {
		o.on(names)
	}
	out := map[string]content{}
	for _, p := range slices.Sorted(maps.Keys(names)) {
		if dir := filepath.Dir(p); p != d.root && (names[dir] == nil) {
			continue
		}
		n := names[p]
		out[p] = content{n, n.after(rng, style)}
	}
	return out
}

// after is the content of a file after the power went: by style nothing, all, the first part
// or some sectors of what was not synced.
func (n *inode) after(rng *rand.Rand, style int) []byte {
	b := n.sure
	changes := n.changes
	switch style {
	case 0:
		changes = nil
	case 2:
		changes = changes[:rng.IntN(len(changes)+1)]
	}
	for _, c := range changes {
		if style != 3 || c.size >= 0 {
			if style != 3 || rng.IntN(2) == 0 {
				b = c.on(b)
			}
			continue
		}
		if end := int(c.at) + len(c.data); end > len(b) && rng.IntN(2) == 0 {
			b = change{size: int64(end)}.on(b)
		}
		for from := 0; from < len(c.data); {
			to := min(len(c.data), from+sector-(int(c.at)+from)%sector)
			if rng.IntN(2) == 0 {
				b = change{at: c.at + int64(from), data: c.data[from:to], size: -1}.on(b)
			}
			from = to
		}
	}
	return b
}

// put makes a folder what a disk has.
func (d *disk) put(files map[string]content) error {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(d.root, e.Name())); err != nil {
			return err
		}
	}
	var paths []string
	for p := range files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		c := files[p]
		if c.dir {
			if err := os.MkdirAll(p, 0o755); err != nil {
				return err
			}
			continue
		}
		if strings.HasSuffix(p, "-shm") {
			continue
		}
		if c.kept != "" {
			if err := os.Link(c.kept, p); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(p, c.bytes, c.mode|0o600); err != nil {
			return err
		}
		if !c.time.IsZero() {
			if err := os.Chtimes(p, c.time, c.time); err != nil {
				return err
			}
		}
	}
	return nil
}
