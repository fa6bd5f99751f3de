package formats

import "descry/library/decode"

// row is one kind of file.
type row struct {
	format  string // as package decode names it
	variant string
	ext     string

	// recipe makes the file: a command, or several joined by "&&", in which IN stands for the
	// test picture as a camera that is held upright stores it (orientation 6), UP for the same
	// upright, OUT for the file to make, TMP for a file between, and SRGB, P3, ADOBE and GRAY
	// for profiles. build makes it instead where no program writes such files.
	recipe string
	build  func(s scene) []byte
	by     string // what made it, where the recipe does not say

	psnr    float64 // at least, in dB, of the decoded picture against the test picture
	against string  // what the picture is compared with: "" the test picture, "gray", "two colours"
	turned  bool    // made from IN, so that the orientation has to be applied
	tagged  bool    // ExifTool writes camera, time and orientation into it, and they are read back
	before  bool    // the recipe has written camera and time already
	id      string  // what becomes of the content id when ExifTool writes a caption: kept, new, or "–"
	profile string  // name of the colour profile
}

// refusal is a kind of file that is not decoded, and says why.
type refusal struct {
	what   string
	recipe string
	build  func(s scene) []byte
	by     string
	ext    string
}

const kept, renewed, none = "kept", "new", "–"

var rows = []row{
	{format: decode.JPEG, variant: "4:4:4", ext: "jpg", recipe: "convert IN -quality 92 -sampling-factor 1x1 OUT", psnr: 34, turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "4:2:2", ext: "jpg", recipe: "convert IN -quality 92 -sampling-factor 2x1 OUT", psnr: 32, turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "4:2:0", ext: "jpg", recipe: "convert IN -quality 92 -sampling-factor 2x2 OUT", psnr: 30, turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "4:4:0", ext: "jpg", recipe: "convert IN -quality 92 -sampling-factor 1x2 OUT", psnr: 32, turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "4:1:1", ext: "jpg", recipe: "convert IN -quality 92 -sampling-factor 4x1 OUT", psnr: 28, turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "progressive", ext: "jpg", recipe: "convert IN -quality 92 -interlace JPEG OUT", psnr: 32, turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "gray", ext: "jpg", recipe: "convert IN -colorspace Gray -quality 92 OUT", psnr: 34, against: "gray", turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "CMYK (Adobe)", ext: "jpg", recipe: "convert IN -colorspace CMYK -quality 95 OUT", psnr: 30, turned: true, tagged: true, id: kept},
	{format: decode.JPEG, variant: "Display P3", ext: "jpg", recipe: "convert IN -profile SRGB -profile P3 -quality 95 -sampling-factor 1x1 OUT", psnr: 34, turned: true, tagged: true, id: kept, profile: "Display P3"},
	{format: decode.JPEG, variant: "Adobe RGB", ext: "jpg", recipe: "convert IN -profile SRGB -profile ADOBE -quality 95 -sampling-factor 1x1 OUT", psnr: 34, turned: true, tagged: true, id: kept, profile: "Adobe RGB (1998)"},
	{
		format: decode.JPEG, variant: "Adobe RGB by camera settings only (R03)", ext: "jpg",
		recipe: "convert IN -profile SRGB -profile ADOBE -strip -quality 95 -sampling-factor 1x1 OUT && exiftool -q -overwrite_original -InteropIndex=R03 OUT",
		psnr:   34, turned: true, tagged: true, id: kept,
	},
	{format: decode.JPEG, variant: "gray with a profile", ext: "jpg", recipe: "convert IN -colorspace Gray -profile GRAY -quality 95 OUT", psnr: 20, against: "gray", turned: true, tagged: true, id: kept, profile: "Gray Gamma 2.2"},

	{format: decode.PNG, variant: "8 bits", ext: "png", recipe: "convert IN OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.PNG, variant: "16 bits", ext: "png", recipe: "convert IN -define png:bit-depth=16 OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.PNG, variant: "interlaced", ext: "png", recipe: "convert IN -interlace PNG OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.PNG, variant: "palette", ext: "png", recipe: "convert IN -dither None -colors 256 PNG8:OUT", psnr: 26, turned: true, tagged: true, id: kept},
	{format: decode.PNG, variant: "gray", ext: "png", recipe: "convert IN -colorspace Gray -define png:color-type=0 OUT", psnr: 50, against: "gray", turned: true, tagged: true, id: kept},
	{format: decode.PNG, variant: "gray, 16 bits", ext: "png", recipe: "convert IN -colorspace Gray -define png:color-type=0 -define png:bit-depth=16 OUT", psnr: 50, against: "gray", turned: true, tagged: true, id: kept},
	{format: decode.PNG, variant: "see-through", ext: "png", recipe: "convert IN -alpha set -channel A -evaluate set 50% +channel OUT", psnr: 45, against: "half white", turned: true, tagged: true, id: kept},
	{format: decode.PNG, variant: "Display P3", ext: "png", recipe: "convert IN -profile SRGB -profile P3 OUT", psnr: 45, turned: true, tagged: true, id: kept, profile: "Display P3"},
	{format: decode.PNG, variant: "animation", ext: "png", recipe: `ffmpeg -loglevel error -y -loop 1 -i UP -t 0.4 -vf negate=enable=gte(n\,1) -plays 0 -f apng OUT`, psnr: 99, tagged: true, id: kept},

	{format: decode.GIF, variant: "still", ext: "gif", recipe: "convert UP -dither None OUT", psnr: 26, id: kept},
	{format: decode.GIF, variant: "interlaced", ext: "gif", recipe: "convert UP -dither None -interlace GIF OUT", psnr: 26, id: kept},
	{format: decode.GIF, variant: "animation", ext: "gif", recipe: "convert -delay 10 UP -dither None ( UP -negate ) OUT", psnr: 24, id: kept},

	{format: decode.WebP, variant: "lossy", ext: "webp", recipe: "convert IN -quality 92 OUT", psnr: 32, turned: true, tagged: true, id: kept},
	{format: decode.WebP, variant: "lossless", ext: "webp", recipe: "convert IN -define webp:lossless=true OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.WebP, variant: "see-through, lossy", ext: "webp", recipe: "convert IN -alpha set -channel A -evaluate set 50% +channel -quality 92 OUT", psnr: 34, against: "half white", turned: true, tagged: true, id: kept},
	{format: decode.WebP, variant: "animation", ext: "webp", recipe: `ffmpeg -loglevel error -y -loop 1 -i UP -t 0.4 -vf negate=enable=gte(n\,1) -c:v libwebp_anim -lossless 1 -f webp OUT`, psnr: 99, tagged: true, id: kept},
	{format: decode.WebP, variant: "Display P3", ext: "webp", recipe: "convert IN -profile SRGB -profile P3 -define webp:lossless=true OUT", psnr: 45, turned: true, tagged: true, id: kept, profile: "Display P3"},

	{format: decode.TIFF, variant: "uncompressed", ext: "tif", recipe: "convert IN -compress None OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "LZW", ext: "tif", recipe: "convert IN -compress LZW OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "Deflate, 16 bits", ext: "tif", recipe: "convert IN -depth 16 -compress Zip OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "PackBits", ext: "tif", recipe: "convert IN -compress RLE OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "big-endian, 16 bits", ext: "tif", recipe: "convert IN -depth 16 -define tiff:endian=msb -compress None OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "tiles", ext: "tif", recipe: "convert IN -define tiff:tile-geometry=64x64 -compress LZW OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "JPEG-compressed", ext: "tif", recipe: "convert IN -compress JPEG -quality 95 OUT", psnr: 30, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "JPEG-compressed tiles", ext: "tif", recipe: "convert IN -define tiff:tile-geometry=64x64 -compress JPEG -quality 95 OUT", psnr: 30, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "CMYK", ext: "tif", recipe: "convert IN -colorspace CMYK -compress LZW OUT", psnr: 45, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "CMYK, 16 bits, separate planes", ext: "tif", recipe: "convert IN -colorspace CMYK -depth 16 -interlace plane -compress Zip OUT", psnr: 45, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "floating point", ext: "tif", recipe: "convert IN -depth 32 -define quantum:format=floating-point -compress Zip OUT", psnr: 50, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "separate planes", ext: "tif", recipe: "convert IN -interlace plane -compress None OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "gray", ext: "tif", recipe: "convert IN -colorspace Gray -compress LZW OUT", psnr: 50, against: "gray", turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "palette", ext: "tif", recipe: "convert IN -dither None -colors 256 -type Palette -compress LZW OUT", psnr: 26, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "fax (group 4)", ext: "tif", recipe: "convert IN -colorspace Gray -threshold 50% -type Bilevel -compress Group4 OUT", psnr: 25, against: "two colours", turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "see-through", ext: "tif", recipe: "convert IN -alpha set -channel A -evaluate set 50% +channel -compress LZW OUT", psnr: 45, against: "half white", turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "several pages", ext: "tif", recipe: "convert IN ( IN -negate ) -compress LZW OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.TIFF, variant: "Adobe RGB", ext: "tif", recipe: "convert IN -profile SRGB -profile ADOBE -compress LZW OUT", psnr: 45, turned: true, tagged: true, id: kept, profile: "Adobe RGB (1998)"},
	{format: decode.TIFF, variant: "BigTIFF", ext: "tif", recipe: "convert UP -compress LZW TIFF64:OUT", psnr: 99},
	{format: decode.TIFF, variant: "BigTIFF, tiles, 16 bits", ext: "tif", recipe: "convert UP -depth 16 -define tiff:tile-geometry=64x64 -compress Zip TIFF64:OUT", psnr: 99},

	{format: decode.BMP, variant: "24 bits", ext: "bmp", recipe: "convert UP BMP3:OUT", psnr: 99},
	{format: decode.BMP, variant: "palette", ext: "bmp", recipe: "convert UP -dither None -colors 256 -compress None BMP3:OUT", psnr: 26},
	{format: decode.BMP, variant: "palette, run lengths", ext: "bmp", recipe: "convert UP -dither None -colors 256 -compress RLE BMP3:OUT", psnr: 26},
	{format: decode.BMP, variant: "two colours", ext: "bmp", recipe: "convert UP -colorspace Gray -threshold 50% -compress None BMP3:OUT", psnr: 25, against: "two colours"},
	{format: decode.BMP, variant: "16 colours", ext: "bmp", recipe: "convert UP -dither None -colors 16 -compress None BMP3:OUT", psnr: 18},
	{format: decode.BMP, variant: "16 bits (5-6-5)", ext: "bmp", recipe: "convert UP -define bmp:subtype=RGB565 BMP:OUT", psnr: 30},
	{format: decode.BMP, variant: "32 bits, see-through", ext: "bmp", recipe: "convert UP -alpha set -channel A -evaluate set 50% +channel BMP:OUT", psnr: 45, against: "half white"},

	{format: decode.HEIF, variant: "8 bits", ext: "heic", recipe: "heif-enc -q 80 UP -o OUT", psnr: 30, tagged: true, id: kept},
	{format: decode.HEIF, variant: "lossless", ext: "heic", recipe: "heif-enc -L -p chroma=444 UP -o OUT", psnr: 35, tagged: true, id: kept},
	{format: decode.HEIF, variant: "10 bits", ext: "heic", recipe: "convert UP -define png:bit-depth=16 TMP && heif-enc -b 10 -q 80 TMP -o OUT", psnr: 30, tagged: true, id: kept},
	{format: decode.HEIF, variant: "Display P3", ext: "heic", recipe: "convert UP -profile SRGB -profile P3 TMP && heif-enc -q 90 TMP -o OUT", psnr: 30, tagged: true, id: kept, profile: "Display P3"},
	{format: decode.AVIF, variant: "8 bits", ext: "avif", recipe: "avifenc -s 10 --min 10 --max 20 UP OUT", psnr: 32, tagged: true, id: kept},
	{format: decode.AVIF, variant: "10 bits, 4:2:0", ext: "avif", recipe: "avifenc -s 10 -d 10 -y 420 --min 10 --max 20 UP OUT", psnr: 30, tagged: true, id: kept},
	{format: decode.AVIF, variant: "turned by its container", ext: "avif", recipe: "avifenc -s 10 --irot 3 --min 10 --max 20 IN OUT", psnr: 32, tagged: true, id: kept},
	{format: decode.AVIF, variant: "Display P3", ext: "avif", recipe: "convert UP -profile SRGB -profile P3 TMP && avifenc -s 10 --min 10 --max 20 TMP OUT", psnr: 32, tagged: true, id: kept, profile: "Display P3"},
	{format: decode.JXL, variant: "lossy", ext: "jxl", recipe: "cjxl --quiet -e 3 -d 1 UP OUT", psnr: 28, tagged: true, id: kept},
	{format: decode.JXL, variant: "lossless", ext: "jxl", recipe: "cjxl --quiet -e 3 -d 0 UP OUT", psnr: 99, tagged: true, id: kept},
	{format: decode.JXL, variant: "JPEG packed without loss", ext: "jxl", recipe: "convert UP -quality 92 TMP.jpg && cjxl --quiet -e 3 TMP.jpg OUT", psnr: 32, tagged: true, id: kept},
	{
		format: decode.JXL, variant: "JPEG packed without loss, EXIF in a Brotli box", ext: "jxl",
		recipe: "convert UP -quality 92 TMP.jpg && exiftool -q -overwrite_original MAKE MODEL TAKEN TMP.jpg && cjxl --quiet -e 3 TMP.jpg OUT", psnr: 32, tagged: true, before: true, id: kept,
	},
	{format: decode.JXL, variant: "Display P3", ext: "jxl", recipe: "convert UP -profile SRGB -profile P3 TMP && cjxl --quiet -e 3 -d 0 TMP OUT", psnr: 40, tagged: true, id: kept},

	{format: decode.PSD, variant: "RGB, 8 bits", ext: "psd", recipe: "convert IN -compress None OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.PSD, variant: "RGB, PackBits", ext: "psd", recipe: "convert IN -compress RLE OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.PSD, variant: "RGB, 16 bits", ext: "psd", recipe: "convert IN -depth 16 OUT", psnr: 99, turned: true, tagged: true, id: kept},
	{format: decode.PSD, variant: "CMYK", ext: "psd", recipe: "convert IN -colorspace CMYK OUT", psnr: 45, turned: true, tagged: true, id: kept},
	{format: decode.PSD, variant: "gray", ext: "psd", recipe: "convert IN -colorspace Gray OUT", psnr: 50, against: "gray", turned: true, tagged: true, id: kept},
	{format: decode.PSD, variant: "Display P3", ext: "psd", recipe: "convert IN -profile SRGB -profile P3 OUT", psnr: 45, turned: true, tagged: true, id: kept, profile: "Display P3"},
	{format: decode.PSD, variant: "large (PSB)", ext: "psb", recipe: "convert UP PSB:OUT", psnr: 99, tagged: true, id: kept},
}
