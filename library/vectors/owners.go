package vectors

import (
	"encoding/binary"
	"hash/crc32"
	"os"

	"descry/library"
)

// Which photo shows each vector changes without a new vector. It is written down with the
// generation of the database that it is true of, so that opening a large library does not
// have to ask for it.

const (
	ownersMagic = 0x314e_574f_4353_4544 // "DESCOWN1"
	ownersHead  = 8 + 8 + 8 + 8
)

func (s *sideFile) ownersName() string { return s.name + ".owners" }

// erased is the owner of a vector that was forgotten and is overwritten.
const erased library.PhotoID = -1

// saveOwners writes the photos of the vectors in the file's blocks; 0: none.
func (s *sideFile) saveOwners(generation int64, owners []library.PhotoID) error {
	b := make([]byte, 0, ownersHead+4*len(owners)+4)
	b = binary.NativeEndian.AppendUint64(b, ownersMagic)
	b = binary.NativeEndian.AppendUint64(b, s.header.nonce)
	b = binary.NativeEndian.AppendUint64(b, uint64(generation))
	b = binary.NativeEndian.AppendUint64(b, uint64(len(owners)))
	for _, p := range owners {
		b = binary.NativeEndian.AppendUint32(b, uint32(p))
	}
	b = binary.NativeEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if err := os.WriteFile(s.ownersName()+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(s.ownersName()+".new", s.ownersName())
}

// loadOwners returns what saveOwners wrote for this file; false: nothing of use is there.
func (s *sideFile) loadOwners() (generation int64, owners []library.PhotoID, ok bool) {
	b, err := os.ReadFile(s.ownersName())
	if err != nil {
		return 0, nil, false
	}
	return parseOwners(b, s.header.nonce)
}

func parseOwners(b []byte, nonce uint64) (generation int64, owners []library.PhotoID, ok bool) {
	if len(b) < ownersHead+4 || binary.NativeEndian.Uint64(b) != ownersMagic || binary.NativeEndian.Uint64(b[8:]) != nonce ||
		binary.NativeEndian.Uint64(b[24:]) != uint64(len(b)-ownersHead-4)/4 || len(b)%4 != 0 || !whole(b) {
		return 0, nil, false
	}
	owners = make([]library.PhotoID, (len(b)-ownersHead-4)/4)
	for i := range owners {
		owners[i] = library.PhotoID(int32(binary.NativeEndian.Uint32(b[ownersHead+4*i:])))
	}
	return int64(binary.NativeEndian.Uint64(b[16:])), owners, true
}
