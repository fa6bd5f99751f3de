package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
)

// sideFile is the file of blocks beside the database. docs/sidefile.md describes it.
//
// A published block never changes, but where a photo was forgotten. So a View may go on with
// a file that was replaced: its blocks stay mapped, and nothing ever gets shorter.
type sideFile struct {
	layout layout
	name   string
	f      *os.File
	lock   *os.File // held by who may write; nil: somebody else does
	header header
	slot   slot
	// What was written, maybe not published yet.
	blocks     int
	last, mark int64
}

// header is the beginning of a side file. It does not change.
type header struct {
	nonce   uint64 // drawn when the file was made
	dim     int
	library [sha256.Size]byte // digest of the library's id
	space   [sha256.Size]byte // digest of the space's digest
}

// slot says how far a side file has come. There are two, which are written in turns, so that
// one of them is whole at any moment.
type slot struct {
	number uint64 // counts what was written; its parity is the place
	blocks int
	last   int64 // sequence number of the last vector in them
	mark   int64 // and store.VectorRow.Mark of it
}

const (
	// magic is read in the machine's order of bytes, so that a file of a machine with another
	// one is none.
	magic      = 0x3156_5952_4353_4544 // "DESCRYV1"
	headerSize = 8 + 4 + 4 + 8 + 2*sha256.Size + 4
	slotSize   = 8 + 8 + 8 + 8 + 8 + 4
	slotPlace  = 4096 // of the first; the second lies as far behind it
	maxBlocks  = 1 << 31 / blockRows
)

func (h header) bytes() []byte {
	b := binary.NativeEndian.AppendUint64(nil, magic)
	b = binary.NativeEndian.AppendUint32(b, blockRows)
	b = binary.NativeEndian.AppendUint32(b, uint32(h.dim))
	b = binary.NativeEndian.AppendUint64(b, h.nonce)
	b = append(append(b, h.library[:]...), h.space[:]...)
	return binary.NativeEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseHeader reads a header; false: it is none, or damaged.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerSize || !whole(b[:headerSize]) || binary.NativeEndian.Uint64(b) != magic ||
		binary.NativeEndian.Uint32(b[8:]) != blockRows {
		return header{}, false
	}
	h.dim = int(binary.NativeEndian.Uint32(b[12:]))
	h.nonce = binary.NativeEndian.Uint64(b[16:])
	copy(h.library[:], b[24:])
	copy(h.space[:], b[24+sha256.Size:])
	return h, true
}

func (s slot) bytes(nonce uint64) []byte {
	b := binary.NativeEndian.AppendUint64(nil, nonce)
	b = binary.NativeEndian.AppendUint64(b, s.number)
	b = binary.NativeEndian.AppendUint64(b, uint64(s.blocks))
	b = binary.NativeEndian.AppendUint64(b, uint64(s.last))
	b = binary.NativeEndian.AppendUint64(b, uint64(s.mark))
	return binary.NativeEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseSlot reads a slot of the file with a nonce; false: it is none, or damaged.
func parseSlot(b []byte, nonce uint64) (s slot, ok bool) {
	if len(b) < slotSize || !whole(b[:slotSize]) || binary.NativeEndian.Uint64(b) != nonce {
		return slot{}, false
	}
	blocks := binary.NativeEndian.Uint64(b[16:])
	s = slot{
		number: binary.NativeEndian.Uint64(b[8:]), blocks: int(min(blocks, maxBlocks)),
		last: int64(binary.NativeEndian.Uint64(b[24:])), mark: int64(binary.NativeEndian.Uint64(b[32:])),
	}
	return s, blocks <= maxBlocks
}

// whole reports that bytes end with their checksum.
func whole(b []byte) bool {
	n := len(b) - 4
	return crc32.Checksum(b[:n], castagnoli) == binary.NativeEndian.Uint32(b[n:])
}

// sideName is the path of the side file of a space.
func sideName(p Params) string {
	sum := sha256.Sum256([]byte(p.Space.Digest))
	return filepath.Join(p.Dir, "vectors-"+hex.EncodeToString(sum[:8]))
}

func newHeader(p Params) header {
	return header{
		nonce: rand.Uint64(), dim: p.Space.Dim,
		library: sha256.Sum256([]byte(p.Library)), space: sha256.Sum256([]byte(p.Space.Digest)),
	}
}

// errStale says why a side file is not that of the library as it is.
var errStale = errors.New("the file of vectors is of no use")

// openSide opens the side file that is there. The error wraps errStale where another one has
// to be made.
func openSide(p Params, l layout, lock *os.File) (*sideFile, error) {
	s := &sideFile{layout: l, name: sideName(p), lock: lock}
	mode := os.O_RDONLY
	if lock != nil {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(s.name, mode, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is none", errStale)
	}
	if err != nil {
		return nil, err
	}
	s.f = f
	if err := s.read(p); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// read reads the header and the slots.
func (s *sideFile) read(p Params) error {
	start := make([]byte, 2*slotPlace+slotSize)
	if _, err := s.f.ReadAt(start, 0); err != nil {
		return fmt.Errorf("%w: %w", errStale, err)
	}
	var ok bool
	if s.header, ok = parseHeader(start); !ok {
		return fmt.Errorf("%w: its header is damaged", errStale)
	}
	want := newHeader(p)
	want.nonce = s.header.nonce
	if s.header != want {
		return fmt.Errorf("%w: it belongs to another library or model", errStale)
	}
	a, okA := parseSlot(start[slotPlace:], s.header.nonce)
	b, okB := parseSlot(start[2*slotPlace:], s.header.nonce)
	switch {
	case !okA && !okB:
		return fmt.Errorf("%w: how far it goes is damaged", errStale)
	case !okA || okB && b.number > a.number:
		a = b
	}
	s.slot, s.blocks, s.last, s.mark = a, a.blocks, a.last, a.mark
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < s.place(a.blocks) {
		return fmt.Errorf("%w: it is cut off", errStale)
	}
	return nil
}

// makeSide makes a side file without blocks. One that was there loses its name: who has it
// open keeps it.
func makeSide(p Params, l layout, lock *os.File) (_ *sideFile, err error) {
	s := &sideFile{layout: l, name: sideName(p), lock: lock, header: newHeader(p)}
	// What belongs to the old one is of no use any more, and may tell of what was forgotten.
	for _, name := range []string{s.ownersName(), s.name + ".new"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	if s.f, err = os.OpenFile(s.name+".new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, err
	}
	start := make([]byte, fileUnit)
	copy(start, s.header.bytes())
	copy(start[slotPlace:], s.slot.bytes(s.header.nonce))
	if _, err = s.f.WriteAt(start, 0); err == nil {
		err = s.f.Sync()
	}
	if err == nil {
		err = os.Rename(s.name+".new", s.name)
	}
	if err != nil {
		s.f.Close()
		return nil, err
	}
	return s, nil
}

// place is where a block lies, or what follows the last one.
func (s *sideFile) place(number int) int64 { return fileUnit + int64(number)*int64(s.layout.size) }

// writable reports whether this process may write the file.
func (s *sideFile) writable() bool { return s != nil && s.lock != nil }

// append writes a block behind the last one and returns it as it lies in the file. last and
// mark are sequence number and mark of its last vector.
func (s *sideFile) append(b *block, last, mark int64) (*block, error) {
	if _, err := s.f.WriteAt(b.data, s.place(s.blocks)); err != nil {
		return nil, err
	}
	in, err := s.block(s.blocks)
	if err != nil {
		return nil, err
	}
	s.blocks, s.last, s.mark = s.blocks+1, last, mark
	in.trusted.Store(true)
	return in, nil
}

// publish makes the blocks that were written part of the file. They are on the disk before
// the slot that counts them is.
func (s *sideFile) publish() error {
	if err := syncData(s.f); err != nil {
		return err
	}
	next := slot{number: s.slot.number + 1, blocks: s.blocks, last: s.last, mark: s.mark}
	if _, err := s.f.WriteAt(next.bytes(s.header.nonce), int64(slotPlace*(1+next.number%2))); err != nil {
		return err
	}
	s.slot = next
	return nil
}

// block maps a block. It is unmapped when nothing uses it any more.
func (s *sideFile) block(number int) (*block, error) {
	data, err := mapFile(s.f, s.place(number), s.layout.size)
	if err != nil {
		return nil, err
	}
	b := &block{layout: s.layout, data: data, mapped: true, nonce: s.header.nonce, number: uint64(number)}
	runtime.AddCleanup(b, unmap, data)
	return b, nil
}

// erase overwrites vectors of a block, given by their place in it, with what stands for no
// photo: the middle of the block. Who looks at the block meanwhile may see either of these
// vectors as it was or as it is then. A process that ends in between leaves a damaged block.
func (s *sideFile) erase(b *block, rows []int) error {
	// From here on this process does not compare it with its checksums any more.
	if err := errors.Join(b.checkNear(), b.checkExact()); err != nil {
		return err
	}
	e := &block{layout: b.layout, data: alignedBytes(len(b.data))}
	copy(e.data, b.data)
	middle := make([]byte, 0, 2*b.layout.exact)
	for _, h := range e.middle() {
		middle = binary.NativeEndian.AppendUint16(middle, h)
	}
	start := s.place(int(b.number))
	for _, i := range rows {
		nears, exacts := b.nears+i*b.layout.near, b.exacts+2*i*b.layout.exact
		clear(e.data[nears:][:b.layout.near])
		copy(e.data[exacts:], middle)
		_, err := s.f.WriteAt(e.data[nears:][:b.layout.near], start+int64(nears))
		if err == nil {
			_, err = s.f.WriteAt(middle, start+int64(exacts))
		}
		if err != nil {
			return err
		}
	}
	e.sum()
	_, err := s.f.WriteAt(e.data[:blockHead], start)
	return errors.Join(err, syncData(s.f))
}

// close lets go of the file and of the right to write it.
func (s *sideFile) close() error {
	if s == nil {
		return nil
	}
	err := s.f.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}
