package main

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"descry/assets"
	"descry/clipengine/ocr"
	"descry/internal/cputime"
	"descry/library/decode"
	"descry/library/thumbs"
)

// measureText compares what looking for text costs in photos that hold none, by their
// thumbnails, with reading them in full, and says how long a page of text takes. One thread
// works, as it does behind indexing, and its processor time counts.
func measureText(ctx context.Context, m *machine) ([]row, error) {
	e, err := ocr.Open(assets.Recogniser(), m.runtime)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	made, err := photos(ctx, max(4, m.scaled(12)))
	if err != nil {
		return nil, err
	}
	var whole, small []*image.RGBA
	for _, p := range made {
		img, _, err := decode.Decode(ctx, p.data, decode.Options{Orientation: p.orientation, MinSide: 1200})
		if err != nil {
			return nil, err
		}
		whole, small = append(whole, img), append(small, thumbs.Make(img))
	}
	// timed is the mean processor time for each of some pictures, and how many lines were found in all.
	timed := func(pictures []*image.RGBA, do func(*image.RGBA) (int, error)) (time.Duration, int, error) {
		began, lines := cputime.Used(), 0
		for _, img := range pictures {
			n, err := do(img)
			if err != nil {
				return 0, 0, err
			}
			lines += n
		}
		return (cputime.Used() - began) / time.Duration(len(pictures)), lines, nil
	}
	spots := func(img *image.RGBA) (int, error) {
		_, err := e.Spots(ctx, img)
		return 0, err
	}
	read := func(img *image.RGBA) (int, error) {
		lines, err := e.Read(ctx, img)
		return len(lines), err
	}
	var quick, full []float64
	for range rounds {
		s, _, err := timed(small, spots)
		if err != nil {
			return nil, err
		}
		r, _, err := timed(whole, read)
		if err != nil {
			return nil, err
		}
		quick, full = append(quick, s.Seconds()), append(full, r.Seconds())
	}
	page, err := textPage()
	if err != nil {
		return nil, err
	}
	paged, lines, err := timed([]*image.RGBA{page}, read)
	if err != nil {
		return nil, err
	}
	q, f := median(quick), median(full)
	return []row{{
		what: "looking for text in a photo without any, by its thumbnail, against reading it in full, one thread",
		measured: fmt.Sprintf("×%.1f (%.0f and %.0f ms, %.1f and %.1f photos/s); a screen of %d lines takes %.0f ms",
			f/q, 1000*q, 1000*f, 1/q, 1/f, lines, 1000*paged.Seconds()),
		promise: "at least ×5", ok: f/q >= 5,
	}}, nil
}

// textPage is a screen full of lines.
func textPage() (*image.RGBA, error) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 20, DPI: 72})
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, 1280, 800))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: img, Src: image.Black, Face: face}
	for i := range 20 {
		d.Dot = fixed.P(40, 50+36*i)
		d.DrawString(fmt.Sprintf("Line %d of a letter that says how long it takes to read a page", i+1))
	}
	return img, nil
}
