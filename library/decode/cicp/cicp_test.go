package cicp_test

import (
	"testing"

	"descry/library/decode/cicp"
)

func TestToSRGB(t *testing.T) {
	for _, c := range []struct {
		name                string
		primaries, transfer uint16
		in, want            [3]byte
	}{
		{"sRGB stays", cicp.BT709, cicp.SRGB, [3]byte{10, 128, 250}, [3]byte{10, 128, 250}},
		{"not said: stays", cicp.Unspecified, cicp.Unspecified, [3]byte{10, 128, 250}, [3]byte{10, 128, 250}},
		{"grey of P3", cicp.DisplayP3, cicp.SRGB, [3]byte{128, 128, 128}, [3]byte{128, 128, 128}},
		{"cinema's P3", cicp.DCIP3, cicp.SRGB, [3]byte{128, 128, 128}, [3]byte{128, 128, 128}},
		// Worked out from the chromaticities in H.273: 214.9, 92.6, 31.0.
		{"colour of P3", cicp.DisplayP3, cicp.SRGB, [3]byte{200, 100, 50}, [3]byte{215, 93, 31}},
		{"red of P3 is beyond sRGB", cicp.DisplayP3, cicp.SRGB, [3]byte{255, 0, 0}, [3]byte{255, 0, 0}},
		{"grey of BT.2020", cicp.BT2020, cicp.Unspecified, [3]byte{90, 90, 90}, [3]byte{90, 90, 90}},
		{"linear", cicp.BT709, cicp.Linear, [3]byte{0, 55, 255}, [3]byte{0, 128, 255}},
		{"black of PQ", cicp.BT2020, cicp.PQ, [3]byte{0, 0, 0}, [3]byte{0, 0, 0}},
		// 10 cd/m², a twentieth of white.
		{"dark grey of PQ", cicp.BT2020, cicp.PQ, [3]byte{77, 77, 77}, [3]byte{64, 64, 64}},
		{"brightest of PQ", cicp.BT2020, cicp.PQ, [3]byte{255, 255, 255}, [3]byte{255, 255, 255}},
		{"black of HLG", cicp.BT2020, cicp.HLG, [3]byte{0, 0, 0}, [3]byte{0, 0, 0}},
		{"brightest of HLG", cicp.BT2020, cicp.HLG, [3]byte{255, 255, 255}, [3]byte{255, 255, 255}},
	} {
		pix := []byte{c.in[0], c.in[1], c.in[2], 77}
		cicp.ToSRGB(pix, c.primaries, c.transfer)
		for i, want := range c.want {
			if d := int(pix[i]) - int(want); d < -1 || d > 1 {
				t.Errorf("%s: %v becomes %v, want %v", c.name, c.in, pix[:3], c.want)
				break
			}
		}
		if pix[3] != 77 {
			t.Errorf("%s: the fourth byte became %d", c.name, pix[3])
		}
	}
}

// White paper in high dynamic range stays light, and what is brighter stays brighter.
func TestHighlightsStayApart(t *testing.T) {
	for name, transfer := range map[string]uint16{"PQ": cicp.PQ, "HLG": cicp.HLG} {
		last := -1
		for v := 0; v < 256; v += 5 {
			pix := []byte{byte(v), byte(v), byte(v), 255}
			cicp.ToSRGB(pix, cicp.BT2020, transfer)
			if int(pix[0]) < last {
				t.Errorf("%s: %d is darker than what is darker", name, v)
			}
			last = int(pix[0])
		}
	}
	pix := []byte{148, 148, 148, 255} // 203 cd/m² in PQ
	cicp.ToSRGB(pix, cicp.BT2020, cicp.PQ)
	if pix[0] < 225 || pix[0] > 250 {
		t.Errorf("white paper becomes %d", pix[0])
	}
}
