package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
)

// referenceFile keeps the reference vectors, so that they need not be made for the few
// vectors that come in, and the numbers of Backdrop for each whole block of a side file. A
// record says itself of which block of which file it is and whether it is whole.
type referenceFile struct {
	f        *os.File
	writable bool
	start    int64 // of the first record
}

const (
	referenceMagic = 0x3146_4552_4353_4544 // "DESCREF1"
	referenceHead  = 8 + 4 + 4 + sha256.Size + 4
	recordSize     = 8 + 8 + 2*4*blockRows + 4
	maxReferences  = 1 << 16
)

func (s *sideFile) referenceName() string { return s.name + ".reference" }

// openReference opens the file for references with a key and returns these, too. An error
// says that it is not there, of other ones, or damaged.
func (s *sideFile) openReference(key string) (*referenceFile, *references, error) {
	mode := os.O_RDONLY
	if s.writable() {
		mode = os.O_RDWR
	}
	f, err := os.OpenFile(s.referenceName(), mode, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var r *references
		if r, err = readReferences(f, info.Size(), key, s.layout); err == nil {
			return &referenceFile{f, s.writable(), referenceStart(r.n, s.layout)}, r, nil
		}
	}
	f.Close()
	return nil, nil, err
}

func referenceStart(n int, l layout) int64 { return int64(roundUp(referenceHead+2*n*l.exact+4, 64)) }

func readReferences(f *os.File, size int64, key string, l layout) (*references, error) {
	head := make([]byte, referenceHead)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	n := int64(binary.NativeEndian.Uint32(head[12:]))
	if !whole(head) || binary.NativeEndian.Uint64(head) != referenceMagic || int(binary.NativeEndian.Uint32(head[8:])) != l.dim ||
		[sha256.Size]byte(head[16:]) != sha256.Sum256([]byte(key)) || n == 0 || n > maxReferences || size < referenceHead+2*n*int64(l.exact)+4 {
		return nil, errStale
	}
	data := make([]byte, 2*n*int64(l.exact)+4)
	if _, err := f.ReadAt(data, referenceHead); err != nil {
		return nil, err
	}
	if !whole(data) {
		return nil, ErrDamaged
	}
	r := &references{key: key, n: int(n), stride: l.exact, rows: make([]int16, n*int64(l.exact))}
	for i := range r.rows {
		r.rows[i] = int16(binary.NativeEndian.Uint16(data[2*i:]))
	}
	r.fillTable()
	return r, nil
}

// makeReference writes references to a new file.
func (s *sideFile) makeReference(r *references) error {
	digest := sha256.Sum256([]byte(r.key))
	b := binary.NativeEndian.AppendUint64(nil, referenceMagic)
	b = binary.NativeEndian.AppendUint32(b, uint32(s.layout.dim))
	b = binary.NativeEndian.AppendUint32(b, uint32(r.n))
	b = append(b, digest[:]...)
	b = binary.NativeEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	for _, v := range r.rows {
		b = binary.NativeEndian.AppendUint16(b, uint16(v))
	}
	b = binary.NativeEndian.AppendUint32(b, crc32.Checksum(b[referenceHead:], castagnoli))
	if err := os.WriteFile(s.referenceName()+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(s.referenceName()+".new", s.referenceName())
}

// record reads the numbers of a block of the file with a nonce; false: they are not there.
func (r *referenceFile) record(nonce uint64, block int) (mean, hub []float32, ok bool) {
	b := make([]byte, recordSize)
	if _, err := r.f.ReadAt(b, r.start+int64(block)*recordSize); err != nil || !whole(b) ||
		binary.NativeEndian.Uint64(b) != nonce || binary.NativeEndian.Uint64(b[8:]) != uint64(block) {
		return nil, nil, false
	}
	mean, hub = make([]float32, blockRows), make([]float32, blockRows)
	for i := range mean {
		mean[i] = math.Float32frombits(binary.NativeEndian.Uint32(b[16+4*i:]))
		hub[i] = math.Float32frombits(binary.NativeEndian.Uint32(b[16+4*(blockRows+i):]))
	}
	return mean, hub, true
}

// put writes the numbers of a block.
func (r *referenceFile) put(nonce uint64, block int, mean, hub []float32) error {
	b := binary.NativeEndian.AppendUint64(make([]byte, 0, recordSize), nonce)
	b = binary.NativeEndian.AppendUint64(b, uint64(block))
	for _, v := range mean {
		b = binary.NativeEndian.AppendUint32(b, math.Float32bits(v))
	}
	for _, v := range hub {
		b = binary.NativeEndian.AppendUint32(b, math.Float32bits(v))
	}
	b = binary.NativeEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := r.f.WriteAt(b, r.start+int64(block)*recordSize)
	return err
}

// dropReference removes the file: what it says of vectors that were forgotten goes with it.
func (s *sideFile) dropReference() error {
	err := os.Remove(s.referenceName())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
