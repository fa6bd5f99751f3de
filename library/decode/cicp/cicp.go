// Package cicp takes pixels to sRGB whose colours are described by numbers instead of a
// profile: the coding-independent code points of ITU-T H.273, which HEIF, AVIF, JPEG XL and
// videos carry. What is brighter than white, as high dynamic range has it, is compressed so
// that it stays distinguishable.
package cicp

import "math"

// Colour primaries and transfer functions that are told apart, by their numbers.
const (
	Unspecified = 2

	BT709     = 1
	BT2020    = 9
	DCIP3     = 11
	DisplayP3 = 12

	Gamma22 = 4
	Gamma28 = 5
	Linear  = 8
	SRGB    = 13
	PQ      = 16
	HLG     = 18
)

// white is how many candelas per square metre white paper has in high dynamic range (ITU-R
// BT.2408), and peak the brightest that such pictures are taken to hold.
const (
	white = 203
	peak  = 1000
)

// toBT709 are the matrices from linear RGB of other primaries, all with the white D65, to
// that of BT.709, whose primaries are sRGB's. They follow from the chromaticities in H.273.
var toBT709 = map[uint16][9]float32{
	BT2020: {
		1.660491, -0.587641, -0.072850,
		-0.124550, 1.132900, -0.008349,
		-0.018151, -0.100579, 1.118730,
	},
	DisplayP3: {
		1.224940, -0.224940, 0,
		-0.042057, 1.042057, 0,
		-0.019638, -0.078636, 1.098274,
	},
}

// needed reports whether pixels with these numbers are not sRGB already. Numbers of old
// television standards count as sRGB, as all programs that show pictures take them.
func needed(primaries, transfer uint16) bool {
	_, wide := toBT709[known(primaries)]
	return wide || curve(transfer) != nil
}

// known treats the primaries of cinemas, which have another white, as those of displays.
func known(primaries uint16) uint16 {
	if primaries == DCIP3 {
		return DisplayP3
	}
	return primaries
}

// curve returns the function from a value of 0 to 1 to light, with 1 for white, or nil where
// it is that of sRGB.
func curve(transfer uint16) func(float64) float64 {
	switch transfer {
	case Gamma22:
		return func(v float64) float64 { return math.Pow(v, 2.2) }
	case Gamma28:
		return func(v float64) float64 { return math.Pow(v, 2.8) }
	case Linear:
		return func(v float64) float64 { return v }
	case PQ: // SMPTE ST 2084
		return func(v float64) float64 {
			const m1, m2, c1, c2, c3 = 2610.0 / 16384, 2523.0 / 32, 3424.0 / 4096, 2413.0 / 128, 2392.0 / 128
			p := math.Pow(v, 1/m2)
			return 10000.0 / white * math.Pow(max(p-c1, 0)/(c2-c3*p), 1/m1)
		}
	case HLG: // ITU-R BT.2100, light of the scene; the display's gamma comes later
		return func(v float64) float64 {
			const a, b, c = 0.17883277, 0.28466892, 0.55991073
			if v <= 0.5 {
				return v * v / 3
			}
			return (math.Exp((v-c)/a) + b) / 12
		}
	}
	return nil
}

// fromSRGB is the curve of sRGB (IEC 61966-2-1).
func fromSRGB(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func srgbOf(light float64) float64 {
	if light <= 0.0031308 {
		return light * 12.92
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}

// ToSRGB converts pixels of four bytes, red, green, blue and one that stays, in place.
func ToSRGB(pix []byte, primaries, transfer uint16) {
	if !needed(primaries, transfer) {
		return
	}
	light := curve(transfer)
	if light == nil {
		light = fromSRGB
	}
	var linear [256]float32
	for i := range linear {
		linear[i] = float32(light(float64(i) / 255))
	}
	// Fine enough that no step of the steep, dark end is lost.
	const steps = 1 << 14
	var encoded [steps + 1]byte
	for i := range encoded {
		encoded[i] = byte(math.Round(255 * srgbOf(float64(i)/steps)))
	}
	m, wide := toBT709[known(primaries)]
	bright := transfer == PQ || transfer == HLG
	for i := 0; i+3 < len(pix); i += 4 {
		p := pix[i : i+3 : i+3]
		r, g, b := linear[p[0]], linear[p[1]], linear[p[2]]
		if transfer == HLG {
			r, g, b = shown(r, g, b)
		}
		if wide {
			r, g, b = m[0]*r+m[1]*g+m[2]*b, m[3]*r+m[4]*g+m[5]*b, m[6]*r+m[7]*g+m[8]*b
		}
		if bright {
			if most := max(r, g, b); most > knee {
				s := compress(most) / most
				r, g, b = r*s, g*s, b*s
			}
		}
		for c, v := range [3]float32{r, g, b} {
			p[c] = encoded[int(min(max(v, 0), 1)*steps+0.5)]
		}
	}
}

// shown takes light of a scene to that of a display of 1000 cd/m² (BT.2100: a gamma of 1.2
// on the luminance).
func shown(r, g, b float32) (float32, float32, float32) {
	y := 0.2627*r + 0.6780*g + 0.0593*b
	s := float32(peak) / white * float32(math.Pow(float64(y), 0.2))
	return r * s, g * s, b * s
}

// knee is the brightness from which light is compressed.
const knee = 0.7

// compress takes light between knee and the brightest to what is between knee and white:
// Reinhard's curve, extended so that the brightest becomes white, moved to begin at knee
// without a bend.
func compress(v float32) float32 {
	const brightest = (float32(peak)/white - knee) / (1 - knee)
	x := min((v-knee)/(1-knee), brightest)
	return knee + (1-knee)*x*(1+x/(brightest*brightest))/(1+x)
}
