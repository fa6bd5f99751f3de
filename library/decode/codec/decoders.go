package codec

import (
	"cmp"
	"image"
	"os"
	"slices"
	"strings"

	"descry/library/decode"
	"descry/library/decode/cicp"
	"descry/library/decode/heif"
)

// Library is a decoder of one format, as found on this machine.
type Library struct {
	Format  string // as package decode names it
	Name    string // "libheif", "libavif", "libjxl" or BuiltIn
	Version string // "": it is not there, or lacks the decoder
}

// decoder decodes pictures of a format.
type decoder interface {
	name() string
	// version loads the library; it is "" where that fails or where it lacks the decoder.
	version() string
	// decode is called only with a version. It fails with a *fault.
	decode(data []byte, maxPixels int64) (decoded, error)
}

// decoded is a picture as a library gives it: rows of 8-bit RGBA.
type decoded struct {
	width, height, stride int // the stride in bytes
	pix                   []byte
	premultiplied         bool
	asCoded               bool   // not yet cropped, turned and mirrored as a HEIF file says
	profile               []byte // ICC
	primaries, transfer   uint16 // see package cicp; 0: not said
	free                  func() // lets go of pix
}

// decoders are the libraries for a format, the best first, but for those that are hidden.
func decoders(format string) []decoder {
	return slices.DeleteFunc(candidates(format), func(l decoder) bool { return hidden(l.name()) })
}

// WithoutVariable is the environment variable that names libraries to do without, separated
// by blanks: for one that misbehaves on a machine, and for tests.
const WithoutVariable = "DESCRY_WITHOUT"

func hidden(name string) bool {
	return slices.Contains(strings.Fields(os.Getenv(WithoutVariable)), name)
}

// libraries lists what there is for each format.
func libraries() []Library {
	var list []Library
	for _, format := range formats {
		for _, l := range decoders(format) {
			list = append(list, Library{Format: format, Name: l.name(), Version: l.version()})
		}
	}
	return list
}

// decodeHere decodes a picture in this process.
func decodeHere(q request) answer {
	var first *fault
	for _, l := range decoders(q.format) {
		if l.version() == "" {
			continue
		}
		d, err := l.decode(q.data, q.maxPixels)
		if err == nil {
			return finish(d, q)
		}
		// What the best library says of the file counts, but another may be less strict.
		f, ok := err.(*fault)
		if !ok {
			f = &fault{faultDamaged, err.Error()}
		}
		first = cmp.Or(first, f)
		if f.kind == faultTooLarge {
			break
		}
	}
	if first == nil {
		first = &fault{kind: faultMissing}
	}
	return answer{fault: first}
}

// finish shrinks a picture, turns it upright and sees to its colours.
func finish(d decoded, q request) answer {
	if d.free != nil {
		defer d.free()
	}
	crop := image.Rect(0, 0, d.width, d.height)
	var boxes heif.Picture
	if q.format != decode.JXL {
		var err error
		if boxes, err = heif.Parse(q.data); err == nil {
			d.profile = boxes.Profile
			if c := boxes.Colour; c != nil && d.profile == nil {
				d.primaries, d.transfer = c.Primaries, c.Transfer
			}
		}
		if d.asCoded && !boxes.Crop.Empty() && boxes.Crop.In(crop) {
			crop = boxes.Crop
		}
	}
	img := shrink(d, crop, q.minSide)
	if d.asCoded {
		img = turn(img, boxes.Turns, boxes.Mirror)
	}
	switch kind := profileKind(d.profile); {
	case kind == "CMYK":
		return answer{fault: &fault{faultUnsupported, "its colours are those of a printing press (CMYK)"}}
	case d.profile != nil && kind != "RGB ":
		d.profile = nil // of a grey picture, or no profile at all
	case d.profile == nil:
		cicp.ToSRGB(img.Pix, d.primaries, d.transfer)
	}
	return answer{width: img.Rect.Dx(), height: img.Rect.Dy(), pix: img.Pix, profile: d.profile}
}

// profileKind returns the colour space of an ICC profile as its header says it.
func profileKind(profile []byte) string {
	if len(profile) < 128 {
		return ""
	}
	return string(profile[16:20])
}
