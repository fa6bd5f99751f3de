package heatmap

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"descry/library"
)

// Cache keeps finished maps as small files in one folder, which may be deleted at any time.
// It may be used by several goroutines and processes at once.
type Cache struct {
	dir  string
	most int // files
}

// mostMaps is how many maps are kept: each takes a block of the disk, so 8 MB.
const mostMaps = 2000

// OpenCache returns the cache in dir, which is made when the first map is put.
func OpenCache(dir string) *Cache { return &Cache{dir: dir, most: mostMaps} }

// Key names the map of one picture and one thing that was sought in it.
type Key struct {
	Picture   library.Picture
	Space     string // digest of the vector space
	View      int    // which view of the picture the map is of
	Direction []float32
}

// method is part of every key; another one makes the maps of older versions strangers.
const method = "Descry heat map 1"

// path is the file of a map. Its name tells neither picture nor query, but begins alike for
// all maps of a picture, so that they can be removed with it.
func (c *Cache) path(k Key) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%d\n", method, k.Space, k.View)
	for _, x := range k.Direction {
		_ = binary.Write(h, binary.LittleEndian, x) // a hash takes anything
	}
	return filepath.Join(c.dir, fmt.Sprintf("%s%x%s", prefix(k.Picture), h.Sum(nil)[:16], suffix))
}

const (
	suffix    = ".heat"
	temporary = ".tmp-"
)

func prefix(p library.Picture) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s", method, p))
	return fmt.Sprintf("%x-", sum[:8])
}

// Get returns a map that was put; false where there is none, or it is damaged.
func (c *Cache) Get(k Key) (Map, bool) {
	data, err := os.ReadFile(c.path(k))
	if err != nil {
		return Map{}, false
	}
	m, err := decodeMap(data)
	return m, err == nil
}

// Put keeps a map, and drops the oldest ones where there are too many.
func (c *Cache) Put(k Key, m Map) error {
	if err := c.write(c.path(k), encodeMap(m)); err != nil {
		return fmt.Errorf("keeping a heat map: %w", err)
	}
	if err := c.trim(); err != nil {
		return fmt.Errorf("making room for heat maps: %w", err)
	}
	return nil
}

func (c *Cache) write(path string, data []byte) (err error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, temporary+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (c *Cache) trim() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) <= c.most {
		return err
	}
	type file struct {
		name string
		at   int64
	}
	var files []file
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // another process may have removed it
			files = append(files, file{e.Name(), info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.name, b.name)) })
	// Some more than need be, so that not every map that is put looks at all.
	for _, f := range files[:max(len(files)-c.most*9/10, 0)] {
		if err := os.Remove(filepath.Join(c.dir, f.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Forget removes the maps of pictures.
func (c *Cache) Forget(pictures ...library.Picture) error {
	entries, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("removing heat maps: %w", err)
	}
	gone := map[string]bool{}
	for _, p := range pictures {
		gone[prefix(p)] = true
	}
	for _, e := range entries {
		if i := strings.IndexByte(e.Name(), '-'); i < 0 || !gone[e.Name()[:i+1]] {
			continue
		}
		if err := os.Remove(filepath.Join(c.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing heat maps: %w", err)
		}
	}
	return nil
}

// A file holds, each number with the lowest byte first: magic, the side of the map (2 bytes),
// its most heat (float32), a byte for each cell in shares of it, and the CRC-32 (IEEE) of all
// that (4 bytes).
const magic = "DescryHeat1\n"

// mostSide is the largest side of a map.
const mostSide = 256

func encodeMap(m Map) []byte {
	most := m.most()
	out := binary.LittleEndian.AppendUint16([]byte(magic), uint16(m.Side))
	out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(most)))
	for _, h := range m.Heat {
		share := 0.0
		if most > 0 {
			share = min(max(float64(h)/most, 0), 1)
		}
		out = append(out, uint8(math.Round(255*share)))
	}
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}

var errDamaged = errors.New("the heat map is damaged")

func decodeMap(data []byte) (Map, error) {
	const head = len(magic) + 2 + 4
	if len(data) < head+4 || string(data[:len(magic)]) != magic ||
		binary.LittleEndian.Uint32(data[len(data)-4:]) != crc32.ChecksumIEEE(data[:len(data)-4]) {
		return Map{}, errDamaged
	}
	side := int(binary.LittleEndian.Uint16(data[len(magic):]))
	most := math.Float32frombits(binary.LittleEndian.Uint32(data[len(magic)+2:]))
	cells := data[head : len(data)-4]
	if side < 1 || side > mostSide || len(cells) != side*side || !(most >= 0) || math.IsInf(float64(most), 0) {
		return Map{}, errDamaged
	}
	m := Map{Side: side, Heat: make([]float32, len(cells))}
	for i, b := range cells {
		m.Heat[i] = most * float32(b) / 255
	}
	return m, nil
}
