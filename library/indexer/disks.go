package indexer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"descry/library/store"
)

// disks knows which devices have a head that moves: there, files are read one at a time and
// in the order of their folders, for each jump costs as much as reading a photo.
type disks struct {
	spins func(device uint64) bool // asked once for each device
	mu    sync.Mutex
	heads map[uint64]*sync.Mutex // nil: nothing moves
}

// head is the head of the disk with a file number ("dev:ino"), or nil when it has none or
// the system does not say.
func (d *disks) head(inode string) *sync.Mutex {
	device, _ := fileNumber(inode)
	if device == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	head, asked := d.heads[device]
	if !asked {
		if d.spins(device) {
			head = new(sync.Mutex)
		}
		if d.heads == nil {
			d.heads = map[uint64]*sync.Mutex{}
		}
		d.heads[device] = head
	}
	return head
}

// order brings a chunk of waiting files into the order in which they are read: those of
// disks without a head as they are, then those of each spinning disk folder by folder, each
// in the order of the file numbers, which is about the one in which files lie on the disk.
func (d *disks) order(files []store.PendingFile) {
	moving := func(f *store.PendingFile) bool { return d.head(f.File.Stat.Inode) != nil }
	if !slices.ContainsFunc(files, func(f store.PendingFile) bool { return moving(&f) }) {
		return
	}
	slices.SortStableFunc(files, func(a, b store.PendingFile) int {
		am, bm := moving(&a), moving(&b)
		switch {
		case !am && !bm:
			return 0
		case !am:
			return -1
		case !bm:
			return 1
		}
		aDevice, aNumber := fileNumber(a.File.Stat.Inode)
		bDevice, bNumber := fileNumber(b.File.Stat.Inode)
		return cmp.Or(
			cmp.Compare(aDevice, bDevice), cmp.Compare(a.File.Root, b.File.Root),
			cmp.Compare(a.File.Dir, b.File.Dir), cmp.Compare(aNumber, bNumber),
		)
	})
}

// fileNumber reads "dev:ino"; zeros where it is neither.
func fileNumber(inode string) (device, number uint64) {
	d, n, _ := strings.Cut(inode, ":")
	device, err := strconv.ParseUint(d, 10, 64)
	if err != nil {
		return 0, 0
	}
	number, err = strconv.ParseUint(n, 10, 64)
	if err != nil {
		return 0, 0
	}
	return device, number
}
