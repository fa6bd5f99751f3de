package soak

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/contentid"
)

// sample is a file that a program of the system made.
type sample struct {
	ext  string
	data []byte
}

// samples makes a few videos, HEIF, AVIF and JPEG XL files with those programs that are here.
func samples(ctx context.Context, dir string) ([]sample, error) {
	var out []sample
	for i := range 2 {
		from := filepath.Join(dir, fmt.Sprintf("sample%d.png", i))
		if err := os.WriteFile(from, photomaker.PNG(photomaker.Scene(160, 120, uint64(900_000+i)), library.Metadata{}), 0o644); err != nil {
			return nil, err
		}
		for _, c := range []struct {
			program, ext string
			args         []string // before the name of the file to make
		}{
			{"ffmpeg", "mp4", []string{"-v", "error", "-loop", "1", "-i", from, "-t", "1", "-pix_fmt", "yuv420p", "-y"}},
			{"heif-enc", "heic", []string{from, "-o"}},
			{"avifenc", "avif", []string{"-s", "9", from}},
			{"cjxl", "jxl", []string{"--quiet", from}},
		} {
			program, err := exec.LookPath(c.program)
			if err != nil {
				continue
			}
			to := filepath.Join(dir, fmt.Sprintf("sample%d.%s", i, c.ext))
			if text, err := exec.CommandContext(ctx, program, append(c.args, to)...).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%s: %w: %s", c.program, err, text)
			}
			data, err := os.ReadFile(to)
			if err != nil {
				return nil, err
			}
			out = append(out, sample{c.ext, data})
		}
	}
	return out, nil
}

// made is a new photo file.
type made struct {
	photo *photo
	ext   string
	data  []byte
}

// make makes a photo that no other shows: mostly JPEG, some of other formats, some that are
// no picture at all. With a RAW comes the JPEG that its camera wrote.
func (w *world) make(rng *rand.Rand) ([]made, error) {
	n := w.number()
	p := &photo{
		number: n, seed: w.seed<<20 | uint64(n), said: map[string]string{},
		taken: time.Date(2020, 1, 1, 0, n, 0, 0, time.UTC),
	}
	img := photomaker.Scene(240+16*rng.IntN(4), 180+16*rng.IntN(4), p.seed)
	m := p.metadata(0)
	out := made{photo: p}
	switch rng.IntN(16) {
	case 0:
		out.ext, out.data = "png", photomaker.PNG(img, m)
	case 1:
		out.ext, out.data = "webp", photomaker.WebP(img, m)
	case 2:
		out.ext, out.data = "gif", photomaker.GIF(img)
	case 3:
		out.ext, out.data = "tif", photomaker.TIFF(img, m)
	case 4:
		out.ext, out.data = "jpg", fmt.Appendf(nil, "this is no picture %d", n)
		return []made{out}, nil
	case 5:
		// Of the samples there is one each: the same one again is a copy.
		if i := n % 4 * 4; i < len(w.other) {
			s := w.other[i%len(w.other)]
			w.other = append(w.other[:i:i], w.other[i+1:]...)
			out.ext, out.data = s.ext, s.data
			break
		}
		fallthrough
	case 6:
		raw := &photo{number: w.number(), said: map[string]string{}, taken: p.taken}
		file := made{raw, "dng", photomaker.Raw("dng", img, m)}
		p.editable = true
		out.ext, out.data = "jpg", p.jpeg(0)
		return []made{out, file}, file.name(&out)
	default:
		p.editable = true
		out.ext, out.data = "jpg", p.jpeg(0)
	}
	return []made{out}, out.name()
}

// name finds the content ids of new photos.
func (m *made) name(others ...*made) error {
	for _, x := range append(others, m) {
		id, err := contentid.Of(x.data)
		if err != nil {
			return err
		}
		x.photo.content = id
	}
	return nil
}

func (p *photo) metadata(words int) library.Metadata {
	return library.Metadata{
		Orientation: 1, Taken: p.taken, HasZone: true, Make: "Descry", Model: "Soak",
		Keywords: []string{fmt.Sprintf("photo %d", p.number), fmt.Sprintf("words %d", words)},
	}
}

// jpeg is the photo as a file with some words.
func (p *photo) jpeg(words int) []byte {
	return photomaker.JPEG(photomaker.Scene(256, 192, p.seed), p.metadata(words), 88)
}

// write puts a file in place as programs do that are careful, at once, and records it.
func (w *world) write(at place, p *photo, data []byte) error {
	path := at.String()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	part := filepath.Join(filepath.Dir(path), ".part")
	if err := os.WriteFile(part, data, 0o644); err != nil {
		return err
	}
	w.put(at, file{p, sha256.Sum256(data)})
	return os.Rename(part, path)
}

// same tells whether a file lies on disk as it must.
func (f file) same(path string) (bool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(data)
	return bytes.Equal(sum[:], f.sum[:]), nil
}
