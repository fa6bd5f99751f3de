package contentid

import (
	"encoding/binary"
)

// hashRAF hashes a Fujifilm RAW file: its preview by the rule of JPEG, then the description
// of the sensor's picture and that picture. Where in the file they lie makes no difference.
func hashRAF(d *digest, data []byte) error {
	const places = 84 // of the three parts, each an offset and a length
	if len(data) < places+24 {
		return errMalformed
	}
	part := func(i int) []byte {
		at := uint64(binary.BigEndian.Uint32(data[places+8*i:]))
		n := uint64(binary.BigEndian.Uint32(data[places+8*i+4:]))
		if at > uint64(len(data)) || n > uint64(len(data))-at {
			return nil
		}
		return data[at : at+n]
	}
	preview, header, sensor := part(0), part(1), part(2)
	if len(sensor) == 0 || header == nil {
		return errMalformed
	}
	d.part("preview")
	if err := hashJPEG(d, preview); err != nil {
		return err
	}
	d.part("header", header)
	d.part("sensor", sensor)
	return nil
}
