package decode

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"strings"

	"descry/internal/container"
	"descry/library/decode/jpegseg"
)

// rawFile is what is known of a camera RAW file: how large its picture is and which JPEG
// previews it holds.
type rawFile struct {
	width, height int // of the sensor's picture, 0 where the file does not say
	previews      []preview
	adobeRGB      bool // the camera was set to Adobe RGB

	file []byte
	seen map[int]bool // offsets of what was looked at
}

// preview is a JPEG within a RAW file.
type preview struct {
	data          []byte
	width, height int
}

func (p preview) short() int { return min(p.width, p.height) }

// maxFound bounds how many starts of a JPEG are looked at in one file.
const maxFound = 64

// readRaw reads where the previews lie. It never fails: a file of which nothing is
// understood has none.
func readRaw(format string, data []byte) *rawFile {
	r := &rawFile{file: data, seen: make(map[int]bool)}
	switch format {
	case RAF:
		r.readRAF()
	case CR3:
		r.readCR3()
	default:
		r.readTIFF()
	}
	if len(r.previews) == 0 {
		r.search()
	}
	return r
}

// add takes the n bytes at an offset as a preview if they are a JPEG that can be shown. n
// may go past the end of a file that is cut short.
func (r *rawFile) add(offset, n uint64) {
	if n == 0 || offset >= uint64(len(r.file)) || r.seen[int(offset)] || len(r.seen) >= maxFound {
		return
	}
	body := r.file[offset:]
	if !bytes.HasPrefix(body, []byte("\xff\xd8\xff")) {
		return
	}
	r.seen[int(offset)] = true
	r.take(body[:min(n, uint64(len(body)))])
}

// take adds a JPEG that can be shown, and returns where its coded data starts, 0 for what
// is none.
func (r *rawFile) take(body []byte) int {
	f, err := jpegseg.ReadFrame(body)
	if err != nil {
		return 0
	}
	// Sensor data is often a lossless JPEG.
	if !f.Lossless() && f.Precision == 8 && (f.Components == 1 || f.Components == 3) {
		r.previews = append(r.previews, preview{body, f.Width, f.Height})
	}
	return f.FirstScan
}

// search looks for previews where the file's own directories name none that is good
// enough: makers keep inventing places for them.
func (r *rawFile) search() {
	for p, found := 0, 0; found < maxFound; found++ {
		i := bytes.Index(r.file[p:], []byte("\xff\xd8\xff"))
		if i < 0 {
			return
		}
		p += i
		if r.seen[p] {
			p += 3
			continue
		}
		r.seen[p] = true
		p += max(3, r.take(r.file[p:]))
	}
}

// best returns the smallest preview whose short side is at least minSide, or the largest;
// minSide 0 asks for the largest. Previews of another shape than the largest have bars or
// are cropped, and are passed over. ok is false where there is none.
func (r *rawFile) best(minSide int) (best preview, ok bool) {
	for _, p := range r.previews {
		if p.short() > best.short() {
			best = p
		}
	}
	if minSide <= 0 || best.short() == 0 {
		return best, best.short() > 0
	}
	largest := best
	for _, p := range r.previews {
		// The shapes differ by less than two pixels in a hundred.
		a, b := int64(p.width)*int64(largest.height), int64(p.height)*int64(largest.width)
		if p.short() >= minSide && p.short() < best.short() && max(a-b, b-a)*50 < a {
			best = p
		}
	}
	return best, true
}

func rawDecoder(format string) decoder {
	return decoder{
		config: func(data []byte) (image.Config, error) {
			r := readRaw(format, data)
			best, ok := r.best(0)
			switch {
			case r.width > 0 && r.height > 0:
				return image.Config{Width: r.width, Height: r.height}, nil
			case !ok:
				return image.Config{}, noPreview(format)
			}
			return image.Config{Width: best.width, Height: best.height}, nil
		},
		decode: func(ctx context.Context, data []byte, o Options) (picture, error) {
			r := readRaw(format, data)
			best, ok := r.best(o.MinSide)
			if best.short() < o.MinSide {
				r.search()
				best, ok = r.best(o.MinSide)
			}
			if !ok {
				return picture{}, noPreview(format)
			}
			if err := o.check(best.width, best.height); err != nil {
				return picture{}, err
			}
			p, err := decodeJPEG(ctx, best.data, o)
			if err == nil && p.profile == nil && r.adobeRGB {
				p.adobeRGB = true
			}
			return p, err
		},
	}
}

func noPreview(format string) error {
	return fmt.Errorf("%w: it is a camera RAW file (%s) without an embedded preview, and only previews are shown",
		ErrUnsupported, strings.ToUpper(format))
}

// readTIFF reads RAW files built like TIFF: previews are JPEG streams that directories
// point to, strips of a directory, or lie in the maker's note.
func (r *rawFile) readTIFF() {
	t, err := container.ReadTIFF(r.file)
	if err != nil {
		return
	}
	var firstWidth, firstHeight int
	t.Walk(func(d container.Directory, depth int) bool {
		w, h := int(d.Uint(tagWidth, 0)), int(d.Uint(tagHeight, 0))
		if firstWidth == 0 {
			firstWidth, firstHeight = w, h
		}
		if isSensor(d) {
			// The part that is meant to be seen, where the file says so (DNG).
			if crop := d.Uints(tagDefaultCropSize); len(crop) == 2 && crop[0] <= uint64(w) && crop[1] <= uint64(h) {
				w, h = int(crop[0]), int(crop[1])
			}
			r.size(w, h)
		} else {
			r.stream(d, 0)
			if c := d.Uint(tagCompression, 0); c == 6 || c == 7 {
				if at, n := d.Uints(tagStripOffsets), d.Uints(tagStripCounts); len(at) == 1 && len(n) == 1 {
					r.add(at[0], n[0])
				}
			}
		}
		if f, ok := d.Field(tagPanasonicJPEG); ok && f.Type == 7 {
			r.add(f.Offset, f.Count)
			edge := func(tag uint16) int { return int(d.Uint(tag, 0)) }
			// Borders of the picture on the sensor: top, left, bottom, right.
			r.size(edge(7)-edge(5), edge(6)-edge(4))
		}
		if exif, ok := t.Exif(d); ok {
			r.adobeRGB = r.adobeRGB || isAdobeRGB(t, exif)
			if note, ok := exif.Field(tagMakerNote); ok {
				r.makerNote(t, note)
			}
		}
		return true
	})
	// Without a directory for the sensor, the first one tells the size (CR2, ORF).
	if best, ok := r.best(0); r.width == 0 && ok && min(firstWidth, firstHeight) >= best.short() {
		r.size(firstWidth, firstHeight)
	}
}

// Fields that lead to previews.
const (
	tagStripOffsets    = 273
	tagStripCounts     = 279
	tagJPEGOffset      = 513
	tagJPEGLength      = 514
	tagMakerNote       = 37500
	tagColorSpace      = 40961
	tagInterop         = 40965
	tagDefaultCropSize = 50720
	tagPanasonicJPEG   = 46 // JpgFromRaw of RW2
)

// size notes the size of a sensor's picture; the largest counts.
func (r *rawFile) size(w, h int) {
	if w > 0 && h > 0 && w < 1<<20 && h < 1<<20 && w*h > r.width*r.height {
		r.width, r.height = w, h
	}
}

// stream adds the JPEG stream that a directory points to, whose offset counts from base.
func (r *rawFile) stream(d container.Directory, base uint64) {
	if at, n := d.Uint(tagJPEGOffset, 0), d.Uint(tagJPEGLength, 0); at > 0 {
		r.add(base+at, n)
	}
}

// isAdobeRGB reports whether camera settings name Adobe RGB as the colours of the
// processed pictures: DCF 2.0's optional file (R03), or the number that some makers use.
func isAdobeRGB(t *container.TIFF, exif container.Directory) bool {
	if exif.Uint(tagColorSpace, 0) == 2 {
		return true
	}
	interop, err := t.Directory(exif.Uint(tagInterop, 0))
	return err == nil && interop.Text(1) == "R03"
}

// notes are makers' notes that hold previews, by how they start: where the byte order and
// the directory lie, and what offsets count from (inFile: the file, else that place in the
// note). From ExifTool's tables.
var notes = []struct {
	header      string
	order, at   int
	inFile      bool
	base        int
	directories []uint16 // fields that lead to further directories
	pairs       [][2]uint16
}{
	{"OLYMPUS\x00", 8, 12, false, 0, []uint16{0x2020}, [][2]uint16{{0x0101, 0x0102}, {0x0088, 0x0089}, {0x1036, 0x1037}}},
	{"OM SYSTEM\x00\x00\x00", 12, 16, false, 0, []uint16{0x2020}, [][2]uint16{{0x0101, 0x0102}}},
	{"OLYMP\x00", -1, 8, true, 0, []uint16{0x2020}, [][2]uint16{{0x0101, 0x0102}, {0x0088, 0x0089}, {0x1036, 0x1037}}},
	{"AOC\x00", 4, 6, true, 0, nil, [][2]uint16{{0x0004, 0x0003}}},
	{"PENTAX \x00", 8, 10, false, 0, nil, [][2]uint16{{0x0004, 0x0003}}},
	{"Nikon\x00\x02", 10, 18, false, 10, []uint16{0x0011}, [][2]uint16{{tagJPEGOffset, tagJPEGLength}}},
	// Samsung's has no header.
	{"", -1, 0, true, 0, []uint16{0x0035}, [][2]uint16{{tagJPEGOffset, tagJPEGLength}}},
}

// makerNote adds the previews of a maker's note. Offsets that programs did not adjust when
// they rewrote a file may count from elsewhere; add only takes what is a JPEG.
func (r *rawFile) makerNote(t *container.TIFF, field container.Field) {
	for _, n := range notes {
		if !strings.HasPrefix(string(field.Value[:min(len(n.header), len(field.Value))]), n.header) || len(field.Value) < n.at+2 {
			continue
		}
		order := t.Order
		if n.order >= 0 {
			switch string(field.Value[n.order : n.order+2]) {
			case "II":
				order = binary.LittleEndian
			case "MM":
				order = binary.BigEndian
			}
		}
		start := field.Offset + uint64(n.base)
		view, at := container.At(r.file[start:], order), uint64(n.at-n.base)
		if n.inFile {
			start = 0
			view, at = container.At(r.file, order), field.Offset+uint64(n.at)
		}
		main, err := view.Directory(at)
		if err != nil {
			return
		}
		all := []container.Directory{main}
		for _, tag := range n.directories {
			f, ok := main.Field(tag)
			if !ok {
				continue
			}
			from := main.Uint(tag, 0)
			if len(f.Value) > 4 {
				from = f.Offset // the directory itself is the value
			}
			if d, err := view.Directory(from); err == nil {
				all = append(all, d)
			}
		}
		for _, d := range all {
			for _, pair := range n.pairs {
				if at, size := d.Uint(pair[0], 0), d.Uint(pair[1], 0); at > 0 {
					r.add(start+at, size)
					r.add(at, size)
					r.add(field.Offset+at, size)
				}
			}
		}
		return
	}
}
