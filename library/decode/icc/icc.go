// Package icc takes pixels from the colours of an ICC profile to sRGB: relative
// colorimetric, what sRGB cannot show clipped. It reads the profiles that photos carry:
// three primaries with tone curves (Display P3, Adobe RGB, ProPhoto, BT.2020, scanners'
// and cameras' own) and gray ones, of version 2 and 4 (ICC.1:2022). Profiles made of
// tables, which printers and a few scanners use, are refused.
package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode/utf16"
)

// Errors of New. They come wrapped in what was found.
var (
	// ErrDamaged says that the data is no profile or breaks the rules of the format.
	ErrDamaged = errors.New("the colour profile is damaged")
	// ErrUnsupported says that the profile is of a kind that is not applied.
	ErrUnsupported = errors.New("this kind of colour profile is not applied")
)

const (
	headerSize = 128
	maxTags    = 1000
)

// profile is the table of a profile's parts.
type profile struct {
	data   []byte
	offset map[string][2]uint32 // offset and size by signature
	space  string               // "RGB ", "GRAY", "CMYK", …
	pcs    string               // "XYZ " or "Lab "
}

func read(data []byte) (profile, error) {
	if len(data) < headerSize+4 || string(data[36:40]) != "acsp" {
		return profile{}, fmt.Errorf("%w: it has no header", ErrDamaged)
	}
	p := profile{data: data, offset: make(map[string][2]uint32), space: string(data[16:20]), pcs: string(data[20:24])}
	be := binary.BigEndian
	for i := range min(be.Uint32(data[headerSize:]), maxTags) {
		at := headerSize + 4 + 12*int(i)
		if at+12 > len(data) {
			return profile{}, fmt.Errorf("%w: its table is cut short", ErrDamaged)
		}
		p.offset[string(data[at:at+4])] = [2]uint32{be.Uint32(data[at+4:]), be.Uint32(data[at+8:])}
	}
	return p, nil
}

// part returns a part of the profile, nil where it is missing or cut short.
func (p profile) part(signature string) []byte {
	o, ok := p.offset[signature]
	if !ok || uint64(o[0])+uint64(o[1]) > uint64(len(p.data)) || o[1] < 8 {
		return nil
	}
	return p.data[o[0] : uint64(o[0])+uint64(o[1])]
}

// xyz reads a colour.
func (p profile) xyz(signature string) (c [3]float64, err error) {
	b := p.part(signature)
	if len(b) < 20 || string(b[:4]) != "XYZ " {
		return c, fmt.Errorf("%w: it has no usable %s", ErrDamaged, signature)
	}
	for i := range c {
		c[i] = fixed(b[8+4*i:])
	}
	return c, nil
}

// fixed reads a number with 16 bits behind the point.
func fixed(b []byte) float64 {
	return float64(int32(binary.BigEndian.Uint32(b))) / 65536
}

// curve reads a tone curve, which takes 0 to 1 to 0 to 1.
func (p profile) curve(signature string) (func(float64) float64, error) {
	b := p.part(signature)
	if b == nil {
		return nil, fmt.Errorf("%w: it has no usable %s", ErrDamaged, signature)
	}
	f, err := readCurve(b)
	if err != nil {
		return nil, fmt.Errorf("%w: its %s is no curve", ErrDamaged, signature)
	}
	return f, nil
}

func readCurve(b []byte) (func(float64) float64, error) {
	if len(b) < 12 {
		return nil, ErrDamaged
	}
	be := binary.BigEndian
	switch string(b[:4]) {
	case "curv":
		n := uint64(be.Uint32(b[8:]))
		values := b[12:]
		switch {
		case n == 0:
			return func(x float64) float64 { return x }, nil
		case 2*n > uint64(len(values)):
			return nil, ErrDamaged
		case n == 1:
			gamma := float64(be.Uint16(values)) / 256
			return func(x float64) float64 { return math.Pow(x, gamma) }, nil
		}
		return func(x float64) float64 {
			at := min(max(x, 0), 1) * float64(n-1)
			i := min(uint64(at), n-2)
			a, b := float64(be.Uint16(values[2*i:])), float64(be.Uint16(values[2*i+2:]))
			return (a + (b-a)*(at-float64(i))) / 65535
		}, nil
	case "para":
		// The number of parameters by kind; ICC.1, table 68.
		counts := [...]int{1, 3, 4, 5, 7}
		kind := int(be.Uint16(b[8:]))
		if kind >= len(counts) || len(b) < 12+4*counts[kind] {
			return nil, ErrDamaged
		}
		var v [7]float64
		for i := range counts[kind] {
			v[i] = fixed(b[12+4*i:])
		}
		return parametric(kind, v), nil
	}
	return nil, ErrDamaged
}

// parametric is a curve (ax + b)^g + e from d on, and cx + f below.
func parametric(kind int, v [7]float64) func(float64) float64 {
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a, b, c, d, e, f = 1, 0, 0, math.Inf(-1), 0, 0
	case 1: // 0 below -b/a
		c, d, e, f = 0, -b/a, 0, 0
	case 2: // the same, with an offset
		c, d, e, f = 0, -b/a, v[3], v[3]
	case 3:
		e, f = 0, 0
	}
	return func(x float64) float64 {
		y := c*x + f
		if x >= d {
			y = math.Pow(max(a*x+b, 0), g) + e
		}
		return min(max(y, 0), 1)
	}
}

// Transform takes the colours of pixels to sRGB. It may be used by several goroutines.
type Transform struct {
	// What each value of red, green and blue adds to the three linear samples of sRGB.
	add [3][256][3]int32
	out *[outSize]byte
}

// Linear sRGB samples are numbers from 0 to outSize-1 with fraction bits behind the point.
const (
	outSize  = 1 << 14
	fraction = 8
)

// outTable takes linear samples to sRGB's 8 bits (IEC 61966-2-1).
var outTable = sync.OnceValue(func() *[outSize]byte {
	var t [outSize]byte
	for i := range t {
		t[i] = byte(255*encode(float64(i)/(outSize-1)) + 0.5)
	}
	return &t
})

func encode(x float64) float64 {
	if x <= 0.0031308 {
		return 12.92 * x
	}
	return 1.055*math.Pow(x, 1/2.4) - 0.055
}

// srgb are the primaries of sRGB relative to D50, as the ICC's own profile has them.
var srgb = matrix{
	{0.43607, 0.38515, 0.14307},
	{0.22249, 0.71687, 0.06061},
	{0.01392, 0.09708, 0.71410},
}

// New reads a profile. It returns nil, of which Apply does nothing, for a profile that
// says the same as sRGB: no colour would change by more than a step of 255. It fails with
// ErrDamaged and ErrUnsupported.
func New(data []byte) (*Transform, error) {
	p, err := read(data)
	if err != nil {
		return nil, err
	}
	var curves [3]func(float64) float64
	primaries := srgb
	switch {
	case p.space == "GRAY":
		f, err := p.curve("kTRC")
		if err != nil {
			return nil, err
		}
		curves = [3]func(float64) float64{f, f, f}
	case p.space != "RGB ":
		return nil, fmt.Errorf("%w: it is for %q", ErrUnsupported, strings.TrimSpace(p.space))
	case p.part("rXYZ") == nil && p.part("A2B0") != nil:
		return nil, fmt.Errorf("%w: it is made of tables", ErrUnsupported)
	default:
		for i, name := range []string{"r", "g", "b"} {
			colour, err := p.xyz(name + "XYZ")
			if err != nil {
				return nil, err
			}
			for row := range colour {
				primaries[row][i] = colour[row]
			}
			if curves[i], err = p.curve(name + "TRC"); err != nil {
				return nil, err
			}
		}
	}
	return build(primaries, curves), nil
}

// AdobeRGB is the transform for pictures whose camera settings, not a profile, say that
// they are Adobe RGB (1998): gamma 2 51/256 and the primaries of Adobe's specification,
// relative to D50.
func AdobeRGB() *Transform { return adobeRGB() }

var adobeRGB = sync.OnceValue(func() *Transform {
	curve := func(x float64) float64 { return math.Pow(x, 2+51.0/256) }
	return build(matrix{
		{0.60974, 0.20528, 0.14919},
		{0.31111, 0.62567, 0.06322},
		{0.01947, 0.06087, 0.74457},
	}, [3]func(float64) float64{curve, curve, curve})
})

// build makes the tables, or nil where they change nothing.
func build(primaries matrix, curves [3]func(float64) float64) *Transform {
	t := &Transform{out: outTable()}
	m := srgb.inverse().times(primaries)
	for c, curve := range curves {
		for v := range 256 {
			linear := curve(float64(v) / 255)
			if !(linear >= 0 && linear <= 1) {
				linear = min(max(linear, 0), 1)
				if linear != linear {
					linear = 0
				}
			}
			for row := range 3 {
				// Primaries of a damaged profile must not run over.
				k := min(max(m[row][c], -16), 16)
				t.add[c][v][row] = int32(math.Round(linear * k * (outSize - 1) * (1 << fraction)))
			}
		}
	}
	if t.changesNothing() {
		return nil
	}
	return t
}

// changesNothing reports whether no colour changes by more than 1: seen on the grays and
// on a grid of 17 steps a side.
func (t *Transform) changesNothing() bool {
	same := func(r, g, b int) bool {
		p := []byte{byte(r), byte(g), byte(b), 255}
		t.Apply(p)
		for i, v := range []int{r, g, b} {
			if d := int(p[i]) - v; d > 1 || d < -1 {
				return false
			}
		}
		return true
	}
	for v := range 256 {
		if !same(v, v, v) {
			return false
		}
	}
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				if !same(r, g, b) {
					return false
				}
			}
		}
	}
	return true
}

// Apply takes pixels to sRGB in place: 4 bytes each, red, green, blue, and one that stays
// as it is. Colours must not be multiplied by alpha. A nil Transform changes nothing.
func (t *Transform) Apply(pix []byte) {
	if t == nil {
		return
	}
	const half = 1 << (fraction - 1)
	for ; len(pix) >= 4; pix = pix[4:] {
		p := pix[:4:4]
		r, g, b := &t.add[0][p[0]], &t.add[1][p[1]], &t.add[2][p[2]]
		p[0] = t.out[min(max((r[0]+g[0]+b[0]+half)>>fraction, 0), outSize-1)]
		p[1] = t.out[min(max((r[1]+g[1]+b[1]+half)>>fraction, 0), outSize-1)]
		p[2] = t.out[min(max((r[2]+g[2]+b[2]+half)>>fraction, 0), outSize-1)]
	}
}

// matrix takes samples to colours (XYZ) or back.
type matrix [3][3]float64

func (m matrix) times(n matrix) (out matrix) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[i][j] += m[i][k] * n[k][j]
			}
		}
	}
	return out
}

// inverse returns the inverse by cofactors, zeros for a matrix that has none.
func (m matrix) inverse() (out matrix) {
	cofactor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	det := m[0][0]*cofactor(0, 0) + m[0][1]*cofactor(0, 1) + m[0][2]*cofactor(0, 2)
	if det == 0 {
		return out
	}
	for i := range 3 {
		for j := range 3 {
			out[i][j] = cofactor(j, i) / det
		}
	}
	return out
}

// Name returns what a profile calls itself, in English where it has several languages, or
// "" where it says nothing that can be read.
func Name(data []byte) string {
	p, err := read(data)
	if err != nil {
		return ""
	}
	b := p.part("desc")
	if len(b) < 12 {
		return ""
	}
	be := binary.BigEndian
	var name string
	switch string(b[:4]) {
	case "desc": // version 2: a length and ASCII
		n := min(uint64(be.Uint32(b[8:])), uint64(len(b)-12))
		name = string(b[12 : 12+n])
	case "mluc": // version 4: records of a language, a country, and where a text lies
		const most = 1000 // characters
		if len(b) < 16 {
			return ""
		}
		records := b[16:]
		for range be.Uint32(b[8:]) {
			if len(records) < 12 {
				break
			}
			english := string(records[:2]) == "en"
			n, at := uint64(be.Uint32(records[4:])), uint64(be.Uint32(records[8:]))
			records = records[12:]
			if at+n > uint64(len(b)) || name != "" && !english {
				continue
			}
			units := make([]uint16, min(n/2, most))
			for i := range units {
				units[i] = be.Uint16(b[at+2*uint64(i):])
			}
			if name = string(utf16.Decode(units)); english {
				break
			}
		}
	}
	name, _, _ = strings.Cut(name, "\x00")
	return strings.ToValidUTF8(strings.TrimSpace(name), "")
}
