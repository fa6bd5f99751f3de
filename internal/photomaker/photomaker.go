// Package photomaker makes photo files for tests: pictures that look a little like photos,
// in the formats that Descry reads, with the metadata that a test asks for. The same
// arguments give the same bytes. It needs nothing but Go.
package photomaker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/image/bmp"

	"descry/library"
)

// Scene paints a picture of w × h pixels that differs visibly for every seed: a sky, a
// ground, some shaded shapes, and noise as a camera adds it.
func Scene(w, h int, seed uint64) *image.RGBA {
	rng := rand.New(rand.NewPCG(seed, 0x9E3779B97F4A7C15))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	shade := func() [3]float64 {
		return [3]float64{rng.Float64() * 255, rng.Float64() * 255, rng.Float64() * 255}
	}
	type shape struct {
		x, y, rx, ry float64
		colour       [3]float64
		box          bool
	}
	sky, ground, horizon := shade(), shade(), 0.3+0.4*rng.Float64()
	shapes := make([]shape, 4+rng.IntN(6))
	for i := range shapes {
		shapes[i] = shape{
			rng.Float64(), rng.Float64(), 0.05 + 0.25*rng.Float64(), 0.05 + 0.25*rng.Float64(),
			shade(), rng.IntN(2) == 0,
		}
	}
	noise := rng.Uint64() | 1
	for y := range h {
		row := img.Pix[y*img.Stride:][:4*w]
		v := (float64(y) + 0.5) / float64(h)
		for x := range w {
			u := (float64(x) + 0.5) / float64(w)
			c, light := sky, 0.7+0.3*v/horizon
			if v > horizon {
				c, light = ground, 1.2-v/2
			}
			for i := len(shapes) - 1; i >= 0; i-- {
				s := &shapes[i]
				dx, dy := (u-s.x)/s.rx, (v-s.y)/s.ry
				if s.box && math.Abs(dx) < 1 && math.Abs(dy) < 1 || !s.box && dx*dx+dy*dy < 1 {
					c, light = s.colour, 1.1-0.3*(dx+dy)
					break
				}
			}
			noise ^= noise << 13
			noise ^= noise >> 7
			noise ^= noise << 17
			for k := range 3 {
				n := float64(noise>>(8*k)&7) - 3.5
				row[4*x+k] = uint8(min(max(c[k]*light+n, 0), 255))
			}
			row[4*x+3] = 255
		}
	}
	return img
}

// Quadrants paints w × h pixels red at the top left, green at the top right, blue at the
// bottom left and yellow at the bottom right.
func Quadrants(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{A: 255}
			switch {
			case y < h/2 && x < w/2:
				c.R = 255
			case y < h/2:
				c.G = 255
			case x < w/2:
				c.B = 255
			default:
				c.R, c.G = 255, 255
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// Stored returns img, an upright picture, as a camera that records the EXIF orientation
// stores it.
func Stored(img *image.RGBA, orientation int) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	sw, sh := w, h
	if orientation >= 5 && orientation <= 8 {
		sw, sh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, sw, sh))
	for y := range sh {
		for x := range sw {
			// Where EXIF says row 0 and column 0 of the stored picture are to be seen.
			ux, uy := x, y
			switch orientation {
			case 2:
				ux = w - 1 - x
			case 3:
				ux, uy = w-1-x, h-1-y
			case 4:
				uy = h - 1 - y
			case 5:
				ux, uy = y, x
			case 6:
				ux, uy = w-1-y, x
			case 7:
				ux, uy = w-1-y, h-1-x
			case 8:
				ux, uy = y, h-1-x
			}
			out.SetRGBA(x, y, img.RGBAAt(ux, uy))
		}
	}
	return out
}

// JPEG encodes img as it is, and m as EXIF and XMP. quality is 1 to 100.
func JPEG(img image.Image, m library.Metadata, quality int) []byte {
	var buf bytes.Buffer
	must(jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}))
	var segments []byte
	if e := exifBlob(m); e != nil {
		segments = append(segments, Segment(0xE1, append([]byte("Exif\x00\x00"), e...))...)
	}
	if x := xmpPacket(m); x != "" {
		segments = append(segments, Segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"+x))...)
	}
	return InsertJPEG(buf.Bytes(), segments)
}

// Segment makes a JPEG segment.
func Segment(marker byte, payload []byte) []byte {
	return append([]byte{0xFF, marker, byte((len(payload) + 2) >> 8), byte(len(payload) + 2)}, payload...)
}

// InsertJPEG puts segments behind the start-of-image marker of a JPEG file.
func InsertJPEG(file, segments []byte) []byte {
	out := append([]byte{}, file[:2]...)
	return append(append(out, segments...), file[2:]...)
}

// PNG encodes img, and m as eXIf and XMP.
func PNG(img image.Image, m library.Metadata) []byte {
	var buf bytes.Buffer
	must((&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, img))
	var chunks []byte
	if e := exifBlob(m); e != nil {
		chunks = append(chunks, Chunk("eXIf", e)...)
	}
	if x := xmpPacket(m); x != "" {
		chunks = append(chunks, Chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"+x))...)
	}
	return InsertPNG(buf.Bytes(), chunks)
}

// Chunk makes a PNG chunk.
func Chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// InsertPNG puts chunks behind the header chunk of a PNG file.
func InsertPNG(file, chunks []byte) []byte {
	const header = 8 + 25
	out := append([]byte{}, file[:header]...)
	return append(append(out, chunks...), file[header:]...)
}

// WebP encodes img without loss, and m as EXIF and XMP. Without metadata it is a simple
// file, with metadata an extended one, as encoders do.
func WebP(img image.Image, m library.Metadata) []byte {
	b := img.Bounds()
	picture := riffChunk("VP8L", vp8l(img))
	e, x := exifBlob(m), xmpPacket(m)
	body := picture
	if e != nil || x != "" {
		head := make([]byte, 10)
		head[0] = 0x10 // alpha may be there
		if e != nil {
			head[0] |= 0x08
		}
		if x != "" {
			head[0] |= 0x04
		}
		for i, v := range []int{b.Dx() - 1, b.Dy() - 1} {
			head[4+3*i], head[5+3*i], head[6+3*i] = byte(v), byte(v>>8), byte(v>>16)
		}
		body = append(riffChunk("VP8X", head), picture...)
		if e != nil {
			body = append(body, riffChunk("EXIF", e)...)
		}
		if x != "" {
			body = append(body, riffChunk("XMP ", []byte(x))...)
		}
	}
	return riffChunk("RIFF", append([]byte("WEBP"), body...))
}

// AnimatedWebP encodes frames of equal size as a looping animation of 10 frames a second.
func AnimatedWebP(frames ...image.Image) []byte {
	b := frames[0].Bounds()
	size := []byte{
		byte(b.Dx() - 1), byte((b.Dx() - 1) >> 8), 0,
		byte(b.Dy() - 1), byte((b.Dy() - 1) >> 8), 0,
	}
	body := riffChunk("VP8X", append([]byte{0x12, 0, 0, 0}, size...))
	body = append(body, riffChunk("ANIM", make([]byte, 6))...)
	for _, f := range frames {
		frame := append(make([]byte, 6), size...)
		frame = append(frame, 100, 0, 0, 0)
		body = append(body, riffChunk("ANMF", append(frame, riffChunk("VP8L", vp8l(f))...))...)
	}
	return riffChunk("RIFF", append([]byte("WEBP"), body...))
}

func riffChunk(kind string, body []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// GIF encodes frames of equal size with a fixed palette.
func GIF(frames ...image.Image) []byte {
	var g gif.GIF
	for _, f := range frames {
		p := image.NewPaletted(f.Bounds(), palette.WebSafe)
		draw.Draw(p, p.Rect, f, f.Bounds().Min, draw.Src)
		g.Image = append(g.Image, p)
		g.Delay = append(g.Delay, 10)
	}
	var buf bytes.Buffer
	must(gif.EncodeAll(&buf, &g))
	return buf.Bytes()
}

// BMP encodes img.
func BMP(img image.Image) []byte {
	var buf bytes.Buffer
	must(bmp.Encode(&buf, img))
	return buf.Bytes()
}

// Folder writes n different photos of some hundred pixels into dir, which is made: mostly
// JPEG, some of every other format, all orientations, a minute apart. It returns their
// paths.
func Folder(dir string, n int) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	start := time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)
	paths := make([]string, n)
	for i := range n {
		m := library.Metadata{
			Orientation: i%8 + 1, Taken: start.Add(time.Duration(i) * time.Minute), HasZone: true,
			Make: "Descry", Model: "Test camera", Keywords: []string{fmt.Sprintf("number %d", i)},
		}
		w, h := 320+8*(i%5), 240+8*(i%3)
		upright := Scene(w, h, uint64(i))
		img := Stored(upright, m.Orientation)
		var data []byte
		var ext string
		switch i % 12 {
		case 7:
			data, ext = PNG(img, m), "png"
		case 8:
			data, ext = WebP(img, m), "webp"
		case 9:
			data, ext = GIF(upright), "gif"
		case 10:
			data, ext = TIFF(img, m), "tif"
		case 11:
			data, ext = BMP(upright), "bmp"
		default:
			data, ext = JPEG(img, m, 88), "jpg"
		}
		paths[i] = filepath.Join(dir, fmt.Sprintf("photo-%05d.%s", i, ext))
		if err := os.WriteFile(paths[i], data, 0o644); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
