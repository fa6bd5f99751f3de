package container

// PSDResources calls fn for the image resources of a Photoshop document, or of the
// "Photoshop 3.0" block in a JPEG file, until fn returns false. p is their section without
// its length. It fails with ErrDamaged where one goes past the end of p; a byte or three left
// over at the end are padding.
func PSDResources(p []byte, fn func(id uint16, body []byte) bool) error {
	r := reader{p: p}
	for len(r.p) >= 4 {
		switch string(r.take(4)) {
		case "8BIM", "MeSa", "PHUT", "AgHg", "DCSR": // Adobe's own and those of its other programs
		default:
			return ErrDamaged
		}
		id := uint16(r.uint(2))
		name := r.uint(1)
		r.take(name | 1) // padded so that it is even with its length
		n := r.uint(4)
		body := r.take(n)
		if r.bad {
			return ErrDamaged
		}
		if !fn(id, body) {
			return nil
		}
		if n%2 == 1 && len(r.p) > 0 {
			r.take(1)
		}
	}
	return nil
}
