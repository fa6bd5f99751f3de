package photomaker

import (
	"encoding/binary"
	"math"
	"slices"
	"unicode/utf16"
)

// Profile describes the colour profile that ICC makes.
type Profile struct {
	Name      string
	Primaries [3][3]float64 // X, Y, Z of red, green and blue, relative to D50; zeros: gray
	Curve     []float64     // one number: a gamma; 3 to 7: parameters of the curve's kind in version 4; more: a table
	Version4  bool
}

// Profiles are colour spaces that photos come in, by name. The numbers are those of the
// spaces' specifications, adapted to D50 by the Bradford method.
var Profiles = map[string]Profile{
	"sRGB": {
		Name: "Made sRGB", Version4: true, Curve: srgbCurve,
		Primaries: [3][3]float64{{0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}},
	},
	"Display P3": {
		Name: "Display P3", Version4: true, Curve: srgbCurve,
		Primaries: [3][3]float64{{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}},
	},
	"Adobe RGB": {
		Name: "Adobe RGB (1998)", Curve: []float64{563.0 / 256},
		Primaries: [3][3]float64{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}},
	},
	"ProPhoto": {
		Name: "ProPhoto RGB", Curve: []float64{1.8},
		Primaries: [3][3]float64{{0.79767, 0.28804, 0}, {0.13519, 0.71188, 0}, {0.03134, 0.00009, 0.82491}},
	},
	"BT.2020": {
		Name: "Rec. 2020", Version4: true, Curve: []float64{1 / 0.45, 1 / 1.0993, 0.0993 / 1.0993, 1 / 4.5, 0.08145},
		Primaries: [3][3]float64{{0.67348, 0.27904, -0.00194}, {0.16567, 0.67535, 0.02998}, {0.12505, 0.04561, 0.79686}},
	},
	"table": { // as scanners' and cameras' own
		Name: "Some scanner", Curve: curveTable(1024),
		Primaries: [3][3]float64{{0.48, 0.25, 0.02}, {0.33, 0.68, 0.12}, {0.1542, 0.07, 0.6849}},
	},
	"gray 2.2": {Name: "Gray Gamma 2.2", Curve: []float64{563.0 / 256}},
	"gray table": {
		Name: "Dot Gain", Curve: curveTable(256),
	},
}

var srgbCurve = []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}

// curveTable is between gamma 1.8 and a straight line.
func curveTable(n int) []float64 {
	t := make([]float64, n)
	for i := range t {
		x := float64(i) / float64(n-1)
		t[i] = 0.8*math.Pow(x, 1.8) + 0.2*x
	}
	return t
}

// ICC makes the profile as a file (ICC.1).
func (p Profile) ICC() []byte {
	be := binary.BigEndian
	fixed := func(v ...float64) (out []byte) {
		for _, f := range v {
			out = be.AppendUint32(out, uint32(int32(math.Round(f*65536))))
		}
		return out
	}
	xyz := func(c [3]float64) []byte { return append([]byte("XYZ \x00\x00\x00\x00"), fixed(c[:]...)...) }
	var curve []byte
	switch {
	case len(p.Curve) == 1:
		curve = be.AppendUint16([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), uint16(math.Round(p.Curve[0]*256)))
	case len(p.Curve) <= 7:
		kind := map[int]byte{3: 1, 4: 2, 5: 3, 7: 4}[len(p.Curve)]
		curve = append([]byte{'p', 'a', 'r', 'a', 0, 0, 0, 0, 0, kind, 0, 0}, fixed(p.Curve...)...)
	default:
		curve = be.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(p.Curve)))
		for _, v := range p.Curve {
			curve = be.AppendUint16(curve, uint16(math.Round(v*65535)))
		}
	}
	type part struct {
		signature string
		data      []byte
	}
	space, version := "RGB ", byte(2)
	var description []byte
	if p.Version4 {
		version = 4
		units := utf16.Encode([]rune(p.Name))
		description = append([]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS"), be.AppendUint32(nil, uint32(2*len(units)))...)
		description = append(description, 0, 0, 0, 28)
		for _, u := range units {
			description = be.AppendUint16(description, u)
		}
	} else {
		description = be.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(p.Name)+1))
		description = append(append(description, p.Name...), make([]byte, 1+4+4+2+1+67)...)
	}
	parts := []part{{"desc", description}, {"cprt", append([]byte("text\x00\x00\x00\x00"), "none\x00"...)}, {"wtpt", xyz([3]float64{0.9642, 1, 0.8249})}}
	if p.Primaries == [3][3]float64{} {
		space = "GRAY"
		parts = append(parts, part{"kTRC", curve})
	} else {
		for i, c := range []string{"r", "g", "b"} {
			parts = append(parts, part{c + "XYZ", xyz(p.Primaries[i])}, part{c + "TRC", curve})
		}
	}
	head := slices.Concat([]byte{0, 0, 0, 0}, make([]byte, 4), []byte{version, 0, 0, 0}, []byte("mntr"+space+"XYZ "),
		[]byte{7, 232, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0}, []byte("acsp"), make([]byte, 28),
		fixed(0.9642, 1, 0.8249), make([]byte, 48))
	table := be.AppendUint32(nil, uint32(len(parts)))
	var data []byte
	for _, t := range parts {
		at := len(head) + 4 + 12*len(parts) + len(data)
		table = be.AppendUint32(be.AppendUint32(append(table, t.signature...), uint32(at)), uint32(len(t.data)))
		data = append(data, t.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	out := slices.Concat(head, table, data)
	be.PutUint32(out, uint32(len(out)))
	return out
}
