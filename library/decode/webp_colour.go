package decode

import "image"

// webpRGB takes what x/image/webp decodes to RGB. Lossy WebP has BT.601 samples of narrow
// range (black is 16, white 235; RFC 6386, section 9.2), which the YCbCr of package image has
// not; and its chroma is interpolated as libwebp does: of the four samples around a pixel the
// nearest counts 9/16, those beside it 3/16, the last 1/16.
func webpRGB(src image.Image) *image.NRGBA {
	m, ok := src.(*image.YCbCr)
	a, hasAlpha := src.(*image.NYCbCrA)
	if hasAlpha {
		m = &a.YCbCr
	}
	if !ok && !hasAlpha || m.SubsampleRatio != image.YCbCrSubsampleRatio420 || m.Rect.Min != (image.Point{}) {
		return nrgba(src)
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	across, down := (w+1)/2, (h+1)/2
	out := image.NewNRGBA(m.Rect)
	for y := range h {
		near := y / 2
		far := min(max(near-1+y%2*2, 0), down-1)
		row, luma := out.Pix[y*out.Stride:][:4*w], m.Y[y*m.YStride:]
		cb, cbFar := m.Cb[near*m.CStride:][:across], m.Cb[far*m.CStride:][:across]
		cr, crFar := m.Cr[near*m.CStride:][:across], m.Cr[far*m.CStride:][:across]
		for x := range w {
			i := x / 2
			j := min(max(i-1+x%2*2, 0), across-1)
			u := (9*int32(cb[i]) + 3*(int32(cb[j])+int32(cbFar[i])) + int32(cbFar[j]) + 8) >> 4
			v := (9*int32(cr[i]) + 3*(int32(cr[j])+int32(crFar[i])) + int32(crFar[j]) + 8) >> 4
			// With 16 bits behind the point: 255/219 for luma; 255/224 and the weights of BT.601
			// for chroma.
			l := 76309*(int32(luma[x])-16) + 1<<15
			px := row[4*x : 4*x+4 : 4*x+4]
			px[0] = clampByte((l + 104597*(v-128)) >> 16)
			px[1] = clampByte((l - 25674*(u-128) - 53278*(v-128)) >> 16)
			px[2] = clampByte((l + 132201*(u-128)) >> 16)
			px[3] = 255
			if hasAlpha {
				px[3] = a.A[y*a.AStride+x]
			}
		}
	}
	return out
}

func clampByte(v int32) byte { return byte(min(max(v, 0), 255)) }
