package soak

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"descry/library"
)

// world is what there is, as the test knows it: files, and what was said of their photos.
type world struct {
	dir   string
	seed  uint64
	other []sample // files that other programs made

	// tree is held while files are changed, word while something is said, in this order. mu
	// guards the fields and is held for moments.
	tree, word, mu sync.Mutex

	roots   []*root
	files   map[place]file
	photos  map[*photo]bool
	bin     *photo             // what is said of no photo belongs to it: "trashed PATH", "labels"
	trashed map[string]trashed // by absolute path
	ops     []*op              // by id
	next    int                // number of the next thing made
}

// root is a folder of the library.
type root struct {
	name string
	id   library.RootID
	path string
	away bool // it is unplugged
}

// place is a path in a root, "/" separated.
type place struct {
	root *root
	rel  string
}

func (p place) String() string { return filepath.Join(p.root.path, filepath.FromSlash(p.rel)) }

// file is a file as it must lie on disk.
type file struct {
	photo *photo
	sum   [sha256.Size]byte
}

// photo is picture data and what was said of it. A key of said is a row of the library: "mark",
// "alt", "tag SET/LABEL", "distinct NUMBER", or "trashed PATH".
type photo struct {
	number   int
	content  library.Content // zero: the file is no picture
	seed     uint64          // of its pixels
	taken    time.Time
	editable bool // the test can make it anew with other pixels or words
	copied   bool // it has, or had, several files
	said     map[string]string
}

// trashed is a file in the trash.
type trashed struct {
	at     place
	file   file
	op     *op
	rowOut bool // the library has no row for its file any more
}

// change is a row before and after an operation; "" where there is none.
type change struct {
	photo         *photo
	key           string
	before, after string
}

// op is an entry of the journal.
type op struct {
	id      int64
	undoes  *op
	undone  bool
	final   bool // nobody takes it back but who made it
	changes []change
}

func newWorld(dir string, seed uint64) *world {
	return &world{
		dir: dir, seed: seed, files: map[place]file{}, photos: map[*photo]bool{}, trashed: map[string]trashed{},
		bin: &photo{said: map[string]string{}},
	}
}

// number returns a number that nothing else has.
func (w *world) number() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	return w.next
}

// plugged are the roots that are there.
func (w *world) plugged() []*root {
	var out []*root
	for _, r := range w.roots {
		if !r.away {
			out = append(out, r)
		}
	}
	return out
}

// places lists the files that there are, in order, those for which want is true.
func (w *world) places(want func(place, file) bool) []place {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []place
	for p, f := range w.files {
		if want == nil || want(p, f) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b place) int {
		return strings.Compare(a.root.name+"/"+a.rel, b.root.name+"/"+b.rel)
	})
	return out
}

func here(p place, _ file) bool { return !p.root.away }

func (w *world) setAway(r *root, away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.away = away
}

func isPhoto(_ place, f file) bool { return !f.photo.content.IsZero() }

func (w *world) at(p place) (file, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, ok := w.files[p]
	return f, ok
}

// put records a file; take forgets one.
func (w *world) put(p place, f file) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files[p] = f
	w.photos[f.photo] = true
}

func (w *world) take(p place) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.files, p)
}

// folders lists the folders of a root that hold files, the root itself first.
func (w *world) folders(r *root) []string {
	seen := map[string]bool{"": true}
	for _, p := range w.places(func(p place, _ file) bool { return p.root == r }) {
		for dir := parent(p.rel); dir != ""; dir = parent(dir) {
			seen[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func parent(rel string) string {
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		return rel[:i]
	}
	return ""
}

func join(dir, name string) string { return strings.TrimPrefix(dir+"/"+name, "/") }

// saying collects the changes of one operation.
type saying []change

func (s *saying) set(p *photo, key, value string) {
	if p.said[key] != value {
		*s = append(*s, change{p, key, p.said[key], value})
	}
}

// record takes operation id into the journal. It must be there just when something changed.
func (w *world) record(id int64, changes saying, final bool) (*op, error) {
	if (id == 0) != (len(changes) == 0) {
		return nil, fmt.Errorf("operation %d for %d changes: %v", id, len(changes), changes)
	}
	if id == 0 {
		return nil, nil
	}
	w.apply(changes)
	return w.enter(&op{id: id, changes: changes, final: final})
}

// enter takes an entry into the journal.
func (w *world) enter(o *op) (*op, error) {
	if n := len(w.ops); n > 0 && w.ops[n-1].id >= o.id {
		return nil, fmt.Errorf("operation %d came after operation %d", o.id, w.ops[n-1].id)
	}
	w.ops = append(w.ops, o)
	return o, nil
}

func (w *world) apply(changes []change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes {
		if c.after == "" {
			delete(c.photo.said, c.key)
		} else {
			c.photo.said[c.key] = c.after
		}
	}
}

// conflict returns an operation that stands, is later than o and touched one of its rows.
func (w *world) conflict(o *op) *op {
	type row struct {
		photo *photo
		key   string
	}
	rows := map[row]bool{}
	for _, c := range o.changes {
		rows[row{c.photo, c.key}] = true
	}
	for _, later := range w.ops {
		if later.id <= o.id || later.undone || later.undoes != nil {
			continue
		}
		for _, c := range later.changes {
			if rows[row{c.photo, c.key}] {
				return later
			}
		}
	}
	return nil
}

// turnBack takes operation o back by operation id.
func (w *world) turnBack(o *op, id int64) error {
	var back []change
	for _, c := range slices.Backward(o.changes) {
		back = append(back, change{c.photo, c.key, c.after, c.before})
	}
	w.apply(back)
	flag := true
	for x := o; x != nil; x = x.undoes {
		x.undone = flag
		flag = !flag
	}
	_, err := w.enter(&op{id: id, undoes: o, final: o.final, changes: back})
	return err
}

// undoable is the operation that an undo without an id takes back; nil: none.
func (w *world) undoable() *op {
	for _, o := range slices.Backward(w.ops) {
		if o.undoes == nil && !o.undone {
			return o
		}
	}
	return nil
}

// redoable is the undo that a redo takes back; nil: none.
func (w *world) redoable() *op {
	for _, o := range slices.Backward(w.ops) {
		if o.undoes == nil {
			return nil
		}
		if !o.undone && o.undoes.undoes == nil {
			return o
		}
	}
	return nil
}

// forget drops what was said of photos, and their part of the journal.
func (w *world) forget(gone map[*photo]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := map[string]bool{} // that are about them and belong to others
	for p := range gone {
		keys[fmt.Sprintf("distinct %d", p.number)] = true
	}
	for path, t := range w.trashed {
		if gone[t.file.photo] && !t.rowOut {
			delete(w.trashed, path)
			keys["trashed "+path] = true
		}
	}
	w.ops = slices.DeleteFunc(w.ops, func(o *op) bool {
		o.changes = slices.DeleteFunc(o.changes, func(c change) bool { return gone[c.photo] || keys[c.key] })
		return len(o.changes) == 0
	})
	for p := range gone {
		delete(w.photos, p)
		clear(p.said)
	}
	w.photos[w.bin] = true
	for p := range w.photos {
		maps.DeleteFunc(p.said, func(key, _ string) bool { return keys[key] })
	}
	delete(w.photos, w.bin)
}

// pick returns one of several things.
func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
