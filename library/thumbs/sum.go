package thumbs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Behind the picture a thumbnail's file has sumMark and the CRC-32 (IEEE) of all before the
// mark, four bytes, the highest first: nothing is synced, so after a power cut any part of
// the file may read as zeros, which decoders show as a grey field and do not complain about.
const sumMark = "\nDescry thumbnail "

var errDamaged = errors.New("it is damaged")

// sealed appends the sum to a JPEG file.
func sealed(file []byte) []byte {
	sum := crc32.ChecksumIEEE(file)
	return binary.BigEndian.AppendUint32(append(file, sumMark...), sum)
}

// unsealed checks the sum and returns the file without it. One from before there were sums
// ends as a JPEG file does.
func unsealed(file []byte) ([]byte, error) {
	at := len(file) - len(sumMark) - 4
	if at >= 0 && string(file[at:at+len(sumMark)]) == sumMark {
		if binary.BigEndian.Uint32(file[len(file)-4:]) != crc32.ChecksumIEEE(file[:at]) {
			return nil, errDamaged
		}
		return file[:at], nil
	}
	if !bytes.HasSuffix(file, []byte{0xFF, 0xD9}) {
		return nil, errDamaged
	}
	return file, nil
}
