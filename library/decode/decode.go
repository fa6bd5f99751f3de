// Package decode turns the bytes of a photo file into upright pixels. What a file is, is
// told by its content, never by its name. Whatever the file holds, decoding it costs at
// most an error: sizes are checked against limits before pixels are allocated, and panics
// of Go decoders become errors.
package decode

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"strings"
	"time"

	"descry/library/decode/jpegseg"
)

// Errors of Decode and Probe. They come wrapped in a sentence that says what was found.
var (
	// ErrFormat says that the data is no picture of a format that is read here.
	ErrFormat = errors.New("not a picture that can be read")
	// ErrTooLarge says that the picture exceeds a limit.
	ErrTooLarge = errors.New("the picture is too large")
	// ErrTruncated says that the data ends before there is anything to show.
	ErrTruncated = errors.New("the file ends too early")
	// ErrDamaged says that the data breaks the rules of its format.
	ErrDamaged = errors.New("the picture is damaged")
	// ErrUnsupported says that the format is read here, but not this kind of it.
	ErrUnsupported = errors.New("this kind of picture cannot be read")
)

// Limits bound what is decoded. A zero field stands for the one of DefaultLimits.
type Limits struct {
	MaxPixels int64         // width × height
	MaxBytes  int64         // size of the file
	MaxTime   time.Duration // for decoding it, while the process runs
}

// DefaultLimits let through what cameras, scanners and stitched panoramas make, and keep
// a hostile file from taking all memory: decoding takes 4 bytes a pixel, twice that where
// the picture has to be turned, and more for progressive JPEG. The time is far more than the
// largest of them takes.
var DefaultLimits = Limits{MaxPixels: 300e6, MaxBytes: 1 << 30, MaxTime: 3 * time.Minute}

// Codecs decodes the formats whose decoders are C libraries that may crash: outside this
// process.
type Codecs interface {
	// Decode decodes a picture of a format: HEIF, AVIF or JXL. The picture comes upright, as
	// its container says, non-premultiplied and with the colours of its profile (an ICC
	// profile; nil: sRGB). Its short side may be shorter than the picture's, not than
	// minSide (0: full size). Errors wrap those of this package.
	Decode(ctx context.Context, format string, data []byte, minSide int, l Limits) (img *image.NRGBA, profile []byte, err error)
}

// Options say how to decode. The zero value decodes at full size as stored.
type Options struct {
	// Orientation is the EXIF orientation, 1 to 8, by which the stored picture is turned
	// upright. Other values mean 1.
	Orientation int
	// MinSide is the short side, in pixels, that the caller needs at least. A decoder may
	// then decode at a smaller scale whose short side is no shorter, as JPEG's does in builds
	// with libjpeg-turbo: that takes less time and far less memory. 0 asks for full size.
	MinSide int
	// Codecs decodes HEIF, AVIF and JPEG XL; nil: they are refused with ErrCodec.
	Codecs Codecs
	Limits
}

func (l Limits) filled() Limits {
	if l.MaxPixels <= 0 {
		l.MaxPixels = DefaultLimits.MaxPixels
	}
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultLimits.MaxBytes
	}
	if l.MaxTime <= 0 {
		l.MaxTime = DefaultLimits.MaxTime
	}
	return l
}

func (l Limits) check(width, height int) error {
	if px := int64(width) * int64(height); px > l.MaxPixels {
		return fmt.Errorf("%w: %d × %d px make %d megapixels, and the limit is %d",
			ErrTooLarge, width, height, (px+5e5)/1e6, (l.MaxPixels+5e5)/1e6)
	}
	return nil
}

// Info is what the header of a file says.
type Info struct {
	Format        string // as Sniff gives it
	Width, Height int    // pixels as stored, before orientation; HEIF, AVIF and JXL: upright
}

// Probe reads format and size from the header, without limits and without decoding.
// It fails with ErrFormat, ErrDamaged, ErrTruncated or ErrUnsupported.
func Probe(data []byte) (info Info, err error) {
	defer guard(&err)
	info.Format = Sniff(data)
	var width, height int
	switch info.Format {
	case "":
		return info, fmt.Errorf("the file %s: %w", describe(data), ErrFormat)
	case MP4, MOV, MKV, WebM, AVI:
		return info, fmt.Errorf("the file is a video: %w", ErrUnsupported)
	default:
		d, ok := decoders[info.Format]
		if !ok {
			return info, fmt.Errorf("%w: %s files are not decoded here", ErrUnsupported, strings.ToUpper(info.Format))
		}
		cfg, err := d.config(data)
		if err != nil {
			return info, damaged(info.Format, err)
		}
		width, height = cfg.Width, cfg.Height
	}
	if width <= 0 || height <= 0 {
		return info, fmt.Errorf("%w: it is %d × %d px", ErrDamaged, width, height)
	}
	info.Width, info.Height = width, height
	return info, nil
}

// Decode decodes the picture in data: the first frame where there are several, upright
// according to o.Orientation, 8 bits a sample, colours taken to sRGB as the package icc can,
// transparency laid over white; bounds start at (0, 0) and every pixel is opaque. Of camera
// RAW files an embedded preview is decoded.
//
// A file that is damaged or cut short but shows something is decoded as far as it goes,
// and warnings, one sentence each, say so. Otherwise the error wraps ErrFormat,
// ErrTooLarge, ErrTruncated, ErrDamaged, ErrUnsupported or the cause of ctx. Decode does not
// wait for a decoder when ctx ends or the time is over: what it does then comes to nothing,
// and ends when it next looks at its context, at the latest with its picture.
func Decode(ctx context.Context, data []byte, o Options) (img *image.RGBA, warnings []string, err error) {
	o.Limits = o.filled()
	if err := context.Cause(ctx); err != nil {
		return nil, nil, err
	}
	if n := int64(len(data)); n > o.MaxBytes {
		return nil, nil, fmt.Errorf("%w: the file has %d MB, and the limit is %d", ErrTooLarge, n/1e6, o.MaxBytes/1e6)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		img      *image.RGBA
		warnings []string
		err      error
	}
	decoded := make(chan result, 1)
	go func() {
		img, warnings, err := decode(ctx, data, o)
		decoded <- result{img, warnings, err}
	}()
	// Time is counted in parts: a process that is stopped meanwhile misses all but one.
	const parts = 60
	clock := time.NewTicker(max(o.MaxTime/parts, 1))
	defer clock.Stop()
	for left := parts; ; {
		select {
		case d := <-decoded:
			return d.img, d.warnings, d.err
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-clock.C:
			if left--; left == 0 {
				return nil, nil, fmt.Errorf("%w: decoding it takes longer than %s", ErrTooLarge, o.MaxTime)
			}
		}
	}
}

// decode is Decode however long it takes, once the size of the file was checked.
func decode(ctx context.Context, data []byte, o Options) (img *image.RGBA, warnings []string, err error) {
	defer guard(&err)
	info, err := Probe(data)
	if err != nil {
		return nil, nil, err
	}
	if !IsRaw(info.Format) { // of which only a preview is decoded
		if err := o.check(info.Width, info.Height); err != nil {
			return nil, nil, err
		}
	}
	var p picture
	switch info.Format {
	case HEIF, AVIF, JXL:
		// It comes upright, and its errors are this package's already.
		if p, err = decodeOutside(ctx, info.Format, data, o); err != nil {
			return nil, nil, err
		}
		o.Orientation = 1
	default:
		if p, err = decoders[info.Format].decode(ctx, data, o); err != nil {
			return nil, nil, damaged(info.Format, err)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, nil, err
	}
	return Upright(p.flat(), o.Orientation), p.warnings, nil
}

// damaged maps what a decoder says to this package's errors. Some decoders have nothing
// but the text to tell that the data ended.
func damaged(format string, err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrTruncated), errors.Is(err, ErrUnsupported), errors.Is(err, ErrTooLarge):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, jpegseg.ErrTruncated),
		strings.Contains(text, "unexpected EOF"), strings.Contains(text, "not enough"):
		return fmt.Errorf("%w (%s)", ErrTruncated, strings.ToUpper(format))
	case strings.Contains(text, "unsupported"):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// guard turns a panic of a decoder into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: its decoder failed: %v", ErrDamaged, r)
	}
}
