package decode

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"math"

	"descry/internal/container"
)

// Fields of a TIFF directory that describe its picture (TIFF 6.0, and TechNote 2 for JPEG).
const (
	tagSubfile       = 254
	tagOldSubfile    = 255
	tagBits          = 258
	tagFillOrder     = 266
	tagSamples       = 277
	tagRowsPerStrip  = 278
	tagPlanar        = 284
	tagT4Options     = 292
	tagPredictor     = 317
	tagColorMap      = 320
	tagTileWidth     = 322
	tagTileHeight    = 323
	tagTileOffsets   = 324
	tagTileCounts    = 325
	tagInkSet        = 332
	tagExtraSamples  = 338
	tagSampleFormat  = 339
	tagJPEGTables    = 347
	tagSubsampling   = 530
	tagTIFFProfile   = 34675
	samplesMost      = 32
	chunkMost        = 1 << 30  // bytes of one strip or tile, unpacked
	chunkLeast       = 64 << 20 // that are allowed even for a small picture
	chunkPerPixel    = 64       // and for each pixel of the picture
	formatUnsigned   = 1
	formatFloat      = 3
	premultiplied    = 1
	straight         = 2
	predictorInteger = 2
	predictorFloat   = 3
)

// Kinds of colour, as the field PhotometricInterpretation numbers them.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgbColour   = 2
	palette     = 3
	cmykColour  = 5
	yCbCrColour = 6
)

// tiffPicture is the layout of one picture.
type tiffPicture struct {
	file          *container.TIFF
	width, height int
	bits          int // of a sample; the same for all
	samples       int // of a pixel
	format        int // formatUnsigned, formatFloat
	colour        int
	compression   int
	predictor     int
	alpha         int // 0, premultiplied or straight
	separate      bool
	reversedBits  bool
	t4            uint64
	chunk         image.Point // size of a strip or tile
	offsets       []uint64
	counts        []uint64
	colours       []uint64 // of a palette: all reds, greens, blues, 16 bits each
	tables        []byte   // what the JPEG streams of the chunks share
	sub           image.Point
	profile       []byte
}

// tiffDirectory returns the directory of the picture to show: the first that is no mask
// and no smaller copy of another.
func tiffDirectory(data []byte) (*container.TIFF, container.Directory, error) {
	t, err := container.ReadTIFF(data)
	if err != nil {
		return nil, container.Directory{}, fmt.Errorf("%w: its header is no TIFF header", ErrDamaged)
	}
	var first, chosen *container.Directory
	t.Walk(func(d container.Directory, _ int) bool {
		const reduced, mask = 1, 4
		if d.Uint(tagWidth, 0) == 0 || d.Uint(tagHeight, 0) == 0 {
			return true
		}
		if first == nil {
			first = &d
		}
		if d.Uint(tagSubfile, 0)&(reduced|mask) == 0 && d.Uint(tagOldSubfile, 1) != 2 {
			chosen = &d
		}
		return chosen == nil
	})
	if chosen == nil {
		chosen = first
	}
	if chosen == nil {
		if t.First >= uint64(len(data)) {
			return nil, container.Directory{}, fmt.Errorf("%w: its directory is missing", ErrTruncated)
		}
		return nil, container.Directory{}, fmt.Errorf("%w: it has no directory of a picture", ErrDamaged)
	}
	return t, *chosen, nil
}

func configTIFF(data []byte) (image.Config, error) {
	_, d, err := tiffDirectory(data)
	if err != nil {
		return image.Config{}, err
	}
	w, h := d.Uint(tagWidth, 0), d.Uint(tagHeight, 0)
	if w > math.MaxInt32 || h > math.MaxInt32 {
		return image.Config{}, fmt.Errorf("%w: it is %d × %d px", ErrTooLarge, w, h)
	}
	return image.Config{Width: int(w), Height: int(h)}, nil
}

func decodeTIFF(ctx context.Context, data []byte, _ Options) (picture, error) {
	t, d, err := tiffDirectory(data)
	if err != nil {
		return picture{}, err
	}
	p, err := readTIFFPicture(t, d)
	if err != nil {
		return picture{}, err
	}
	return p.decode(ctx)
}

// readTIFFPicture reads the layout, and refuses what is not decoded here.
func readTIFFPicture(t *container.TIFF, d container.Directory) (*tiffPicture, error) {
	number := func(tag uint16, otherwise uint64) int { return int(min(d.Uint(tag, otherwise), math.MaxInt32)) }
	p := &tiffPicture{
		file: t, width: number(tagWidth, 0), height: number(tagHeight, 0),
		bits: number(tagBits, 1), samples: number(tagSamples, 1), format: number(tagSampleFormat, formatUnsigned),
		colour: number(tagPhotometric, blackIsZero), compression: number(tagCompression, 1),
		predictor: number(tagPredictor, 1), separate: number(tagPlanar, 1) == 2, reversedBits: number(tagFillOrder, 1) == 2,
		t4: d.Uint(tagT4Options, 0), colours: d.Uints(tagColorMap),
	}
	if f, ok := d.Field(tagJPEGTables); ok {
		p.tables = f.Value
	}
	if f, ok := d.Field(tagTIFFProfile); ok && len(f.Value) > 0 {
		p.profile = f.Value
	}
	p.sub = image.Pt(2, 2)
	if s := d.Uints(tagSubsampling); len(s) >= 2 {
		p.sub = image.Pt(int(min(s[0], 9)), int(min(s[1], 9)))
	}
	if err := p.checkKind(d); err != nil {
		return nil, err
	}
	return p, p.readChunks(d)
}

// checkKind refuses kinds of samples and colours that are not decoded.
func (p *tiffPicture) checkKind(d container.Directory) error {
	refuse := func(format string, a ...any) error {
		return fmt.Errorf("%w: it is a TIFF "+format, append([]any{ErrUnsupported}, a...)...)
	}
	if isSensor(d) {
		return refuse("that holds what a camera's sensor saw, without a picture")
	}
	need := 1
	switch p.colour {
	case whiteIsZero, blackIsZero:
	case palette:
		if p.bits > 8 || len(p.colours) < 3<<p.bits {
			return fmt.Errorf("%w: its palette is too short", ErrDamaged)
		}
	case rgbColour:
		need = 3
	case yCbCrColour:
		need = 3
		ok := func(n int) bool { return n == 1 || n == 2 || n == 4 }
		if p.compression != compressedJPEG && (p.bits != 8 || p.samples != 3 || p.separate || !ok(p.sub.X) || !ok(p.sub.Y)) {
			return refuse("with an unusual kind of YCbCr")
		}
	case cmykColour:
		need = 4
		if d.Uint(tagInkSet, 1) != 1 {
			return refuse("with other inks than CMYK")
		}
	default:
		return refuse("with colours of kind %d", p.colour)
	}
	if p.samples < need || p.samples > samplesMost {
		return fmt.Errorf("%w: it has %d samples a pixel", ErrDamaged, p.samples)
	}
	for _, b := range d.Uints(tagBits) {
		if int(b) != p.bits {
			return refuse("whose channels differ in depth")
		}
	}
	switch {
	case p.format == formatFloat && p.bits == 32:
	case p.format != formatUnsigned && p.format != 4: // 4: not said
		return refuse("with %d-bit numbers of another kind", p.bits)
	case p.bits != 1 && p.bits != 2 && p.bits != 4 && p.bits != 8 && p.bits != 16 && p.bits != 32:
		return refuse("with %d bits a sample", p.bits)
	}
	if p.predictor > predictorFloat || p.predictor == predictorInteger && p.bits < 8 || p.predictor == predictorFloat && p.format != formatFloat {
		return refuse("with predictor %d for %d-bit samples", p.predictor, p.bits)
	}
	if extra := d.Uints(tagExtraSamples); len(extra) > 0 && p.samples > need && (extra[0] == premultiplied || extra[0] == straight) {
		p.alpha = int(extra[0])
	}
	return nil
}

// readChunks reads where strips or tiles lie.
func (p *tiffPicture) readChunks(d container.Directory) error {
	p.chunk = image.Pt(p.width, int(min(d.Uint(tagRowsPerStrip, math.MaxUint32), uint64(p.height))))
	p.offsets, p.counts = d.Uints(tagStripOffsets), d.Uints(tagStripCounts)
	if w, h := d.Uint(tagTileWidth, 0), d.Uint(tagTileHeight, 0); w > 0 && h > 0 {
		if w > 1<<20 || h > 1<<20 {
			return fmt.Errorf("%w: its tiles are %d × %d px", ErrDamaged, w, h)
		}
		p.chunk = image.Pt(int(w), int(h))
		if _, ok := d.Field(tagTileOffsets); ok {
			p.offsets, p.counts = d.Uints(tagTileOffsets), d.Uints(tagTileCounts)
		}
	}
	if p.chunk.Y == 0 || len(p.offsets) == 0 {
		return fmt.Errorf("%w: it says nowhere where its pixels lie", ErrDamaged)
	}
	// What is unpacked stays in proportion to the picture, which was held against the limits:
	// a few bytes can unpack to a gigabyte, and a tile may be larger than its picture.
	most := min(max(chunkPerPixel*int64(p.width)*int64(p.height), chunkLeast), chunkMost)
	if size := p.rowBytes() * int64(p.chunk.Y); size > most {
		return fmt.Errorf("%w: a part of it has %d MB", ErrTooLarge, size/1e6)
	}
	return nil
}

// inChunk is how many samples a pixel has within one chunk.
func (p *tiffPicture) inChunk() int {
	if p.separate {
		return 1
	}
	return p.samples
}

// rowBytes is how long a row of a chunk is, unpacked.
func (p *tiffPicture) rowBytes() int64 {
	if p.colour == yCbCrColour && p.compression != compressedJPEG {
		// Blocks of pixels share two samples of chroma; averaged over the rows of a block
		// and rounded up.
		blocks := int64(p.chunk.X+p.sub.X-1) / int64(p.sub.X)
		return blocks * int64(p.sub.X*p.sub.Y+2)
	}
	return (int64(p.chunk.X)*int64(p.inChunk())*int64(p.bits) + 7) / 8
}

// decode unpacks chunk by chunk. What is missing stays see-through, and a warning says so.
func (p *tiffPicture) decode(ctx context.Context) (picture, error) {
	across, down := (p.width+p.chunk.X-1)/p.chunk.X, (p.height+p.chunk.Y-1)/p.chunk.Y
	planes := 1
	if p.separate {
		planes = p.samples
	}
	img := image.NewNRGBA(image.Rect(0, 0, p.width, p.height))
	var failed error
	named := min(across*down, len(p.offsets))
	missing := across*down - named
	for i := range named {
		if err := context.Cause(ctx); err != nil {
			return picture{}, err
		}
		at := image.Pt(i%across*p.chunk.X, i/across*p.chunk.Y)
		if err := p.decodeChunk(img, at, i, across*down, planes); err != nil {
			if failed == nil {
				failed = err
			}
			missing++
		}
	}
	if missing == across*down {
		return picture{}, failed
	}
	out := picture{img: img, profile: p.profile}
	if missing > 0 {
		out.warnings = []string{fmt.Sprintf("the picture may be incomplete: %d of its %d parts could not be read", missing, across*down)}
	}
	return out, nil
}

// decodeChunk decodes the chunk with number i of count, whose upper left corner is at.
func (p *tiffPicture) decodeChunk(img *image.NRGBA, at image.Point, i, count, planes int) error {
	place := image.Rectangle{Min: at, Max: at.Add(p.chunk)}.Intersect(img.Rect)
	if p.compression == compressedJPEG {
		raw, err := p.raw(i)
		if err != nil {
			return err
		}
		return p.decodeJPEGChunk(img, place, raw)
	}
	rows := p.chunk.Y
	if tall := place.Dy(); p.chunk.X == p.width { // the last strip may be shorter
		rows = tall
	}
	var parts [samplesMost][]byte
	whole := place.Dy()
	for plane := range planes {
		raw, err := p.raw(i + plane*count)
		if err != nil {
			return err
		}
		want := p.rowBytes() * int64(rows)
		if p.colour == yCbCrColour {
			want = p.rowBytes() * int64((rows+p.sub.Y-1)/p.sub.Y)
		}
		body, err := p.unpack(raw, want, rows)
		if len(body) == 0 && err != nil {
			return err
		}
		if p.colour == yCbCrColour {
			body = p.spread(body, rows)
		} else {
			p.undoPredictor(body)
		}
		if have := int(int64(len(body)) / p.lineBytes()); have < whole {
			whole = have
		}
		parts[plane] = body
	}
	line := make([]uint16, p.chunk.X*p.samples)
	for y := range whole {
		for plane := range planes {
			n := p.lineBytes()
			p.widen(line[plane:], parts[plane][int64(y)*n:int64(y+1)*n], planes)
		}
		row := img.Pix[(place.Min.Y+y)*img.Stride+4*place.Min.X:][:4*place.Dx()]
		p.colourRow(row, line)
	}
	if whole < place.Dy() {
		return fmt.Errorf("%w: a part of it ends too early", ErrTruncated)
	}
	return nil
}

// lineBytes is rowBytes after the chroma is spread over all pixels.
func (p *tiffPicture) lineBytes() int64 {
	if p.colour == yCbCrColour {
		return 3 * int64(p.chunk.X)
	}
	return p.rowBytes()
}

// raw returns the packed bytes of a chunk.
func (p *tiffPicture) raw(i int) ([]byte, error) {
	if i >= len(p.offsets) || p.offsets[i] == 0 {
		return nil, fmt.Errorf("%w: a part of it is missing", ErrDamaged)
	}
	left := uint64(len(p.file.Data))
	if p.offsets[i] >= left {
		return nil, fmt.Errorf("%w: a part of it lies behind its end", ErrTruncated)
	}
	left -= p.offsets[i]
	n := left
	if i < len(p.counts) && p.counts[i] > 0 {
		n = min(p.counts[i], left)
	}
	return p.file.Slice(p.offsets[i], n), nil
}

// widen takes the samples of a row to 16 bits, or palette indices as they are, and stores
// each step places after the one before.
func (p *tiffPicture) widen(line []uint16, row []byte, step int) {
	order := p.file.Order
	switch {
	case p.format == formatFloat:
		for i := 0; len(row) >= 4; i, row = i+step, row[4:] {
			f := math.Float32frombits(order.Uint32(row))
			if !(f > 0) { // not a number, too
				f = 0
			}
			line[i] = uint16(min(f, 1)*65535 + 0.5)
		}
	case p.bits == 32:
		for i := 0; len(row) >= 4; i, row = i+step, row[4:] {
			line[i] = uint16(order.Uint32(row) >> 16)
		}
	case p.bits == 16:
		widen16(line, row, step, order)
	case p.bits == 8 && p.colour != palette:
		for i, v := range row {
			line[i*step] = uint16(v) * 257
		}
	default:
		unit := uint16(65535 / (1<<p.bits - 1))
		if p.colour == palette {
			unit = 1
		}
		perByte := 8 / p.bits
		n := (len(line) + step - 1) / step
		for i := range min(n, len(row)*perByte) {
			shift := 8 - p.bits*(i%perByte+1)
			line[i*step] = uint16(row[i/perByte]>>shift) & (1<<p.bits - 1) * unit
		}
	}
}

func widen16(line []uint16, row []byte, step int, order binary.ByteOrder) {
	if order == binary.ByteOrder(binary.LittleEndian) {
		for i := 0; len(row) >= 2; i, row = i+step, row[2:] {
			line[i] = uint16(row[0]) | uint16(row[1])<<8
		}
		return
	}
	for i := 0; len(row) >= 2; i, row = i+step, row[2:] {
		line[i] = uint16(row[1]) | uint16(row[0])<<8
	}
}
