// Package thumbs makes small pictures and keeps them as files. They are derived data: a
// lost or damaged one is made again, so writing them costs no sync to disk.
package thumbs

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"descry/library"
	"descry/library/decode/jpegcodec"
	"descry/library/decode/jpegseg"
)

// The size of a thumbnail: the long side is Long, unless the short side would then fall
// below Short; then the short side is Short, as far as the long side stays within
// MaxLong, so that a panorama still fills its cell. Nothing is ever enlarged.
const (
	Long    = 512
	Short   = 256
	MaxLong = 1024

	quality = 82

	// temporary starts the names of files that are still being written.
	temporary = "new-"
)

// Size returns the size of the thumbnail of a picture of w × h pixels.
func Size(w, h int) (int, int) {
	long, short := float64(max(w, h)), float64(min(w, h))
	scale := min(1, max(Long/long, min(Short/short, MaxLong/long)))
	return max(1, int(math.Round(float64(w)*scale))), max(1, int(math.Round(float64(h)*scale)))
}

// Make returns the thumbnail of img, an opaque picture that starts at (0, 0). A picture
// that is small enough is returned as it is.
func Make(img *image.RGBA) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	tw, th := Size(w, h)
	if tw == w && th == h {
		return img
	}
	return shrink(img, tw, th)
}

// Encode makes the thumbnail of img, a picture or its thumbnail, and returns it as the JPEG
// file that a Cache keeps.
func Encode(img *image.RGBA) ([]byte, error) { return jpegcodec.Encode(Make(img), quality) }

// Cache is a folder of thumbnails. Its methods are safe for concurrent use, also by
// several processes.
type Cache struct{ dir string }

// Open returns the cache in dir, which is made when the first thumbnail is put.
func Open(dir string) *Cache { return &Cache{dir} }

// Path returns the file that holds, or would hold, the thumbnail of p:
// dir/xx/<digest>-<orientation>.jpg, xx being the first two digits of the digest.
func (c *Cache) Path(p library.Picture) string {
	name := fmt.Sprintf("%x-%d.jpg", p.Content.Digest, p.Orientation)
	return filepath.Join(c.dir, name[:2], name)
}

// Has reports whether the thumbnail of p is there.
func (c *Cache) Has(p library.Picture) bool {
	st, err := os.Stat(c.Path(p))
	return err == nil && st.Size() > 0
}

// Put makes the thumbnail of p from img, p's upright picture or its thumbnail, and stores
// it. A reader sees the whole of it or nothing. It fails with library.ErrDiskFull where
// there is no room.
func (c *Cache) Put(p library.Picture, img *image.RGBA) error {
	path := c.Path(p)
	err := c.write(path, img)
	if isDiskFull(err) {
		err = fmt.Errorf("%w: %w", library.ErrDiskFull, err)
	}
	if err != nil {
		return fmt.Errorf("storing a thumbnail: %w", err)
	}
	return nil
}

func (c *Cache) write(path string, img *image.RGBA) (err error) {
	data, err := Encode(img)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), temporary+"*")
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err = os.CreateTemp(filepath.Dir(path), temporary+"*")
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(sealed(data))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Load reads the thumbnail of p as opaque *image.RGBA. It fails with library.ErrNotFound
// where there is none.
func (c *Cache) Load(p library.Picture) (*image.RGBA, error) {
	data, err := os.ReadFile(c.Path(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("thumbnail of %s: %w", p, library.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a thumbnail: %w", err)
	}
	if data, err = unsealed(data); err != nil {
		return nil, fmt.Errorf("reading the thumbnail of %s: %w", p, err)
	}
	f, err := jpegseg.ReadFrame(data)
	if err == nil && max(f.Width, f.Height) > MaxLong {
		err = errors.New("it is " + strconv.Itoa(f.Width) + " × " + strconv.Itoa(f.Height) + " px")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the thumbnail of %s: %w", p, err)
	}
	img, _, err := jpegcodec.Decode(data, f, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the thumbnail of %s: %w", p, err)
	}
	return img, nil
}

// Remove deletes the thumbnail of p; that there is none is no error.
func (c *Cache) Remove(p library.Picture) error {
	if err := os.Remove(c.Path(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a thumbnail: %w", err)
	}
	return nil
}
