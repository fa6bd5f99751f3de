package tagging

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
)

// maxCacheFile is the size in bytes at which a cache file is started anew.
const maxCacheFile = 64 << 20

// cacheMagic begins a cache file; another version of the layout gets another magic.
var cacheMagic = []byte("DESCRYV2")

// FileCache is a VectorCache in one file: after the magic one record per text, {32-byte
// key, number of float32 as uint32, the numbers, CRC-32 of all that}, little endian. It
// is only ever appended to; whatever follows a damaged record is ignored and written
// again. Several goroutines may use it.
type FileCache struct {
	mu   sync.Mutex
	path string
	vecs map[string][]float32
	size int64 // bytes of the file that are sound
}

// OpenFileCache reads the cache file at path, or begins an empty one. A file that is
// damaged or not ours is replaced by the first Put.
func OpenFileCache(path string) (*FileCache, error) {
	c := &FileCache{path: path, vecs: map[string][]float32{}}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > maxCacheFile {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the cache of text vectors: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the cache of text vectors: %w", err)
	}
	rest, ok := bytes.CutPrefix(data, cacheMagic)
	if !ok {
		return c, nil
	}
	c.size = int64(len(cacheMagic))
	for {
		n, key, vec := readRecord(rest)
		if n == 0 {
			return c, nil
		}
		c.vecs[key] = vec
		c.size += int64(n)
		rest = rest[n:]
	}
}

func readRecord(b []byte) (n int, key string, vec []float32) {
	const head = 32 + 4
	if len(b) < head {
		return 0, "", nil
	}
	dim := int64(binary.LittleEndian.Uint32(b[32:]))
	end := head + dim*4
	if dim == 0 || int64(len(b)) < end+4 || crc32.ChecksumIEEE(b[:end]) != binary.LittleEndian.Uint32(b[end:]) {
		return 0, "", nil
	}
	vec = make([]float32, dim)
	for i := range vec {
		vec[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[head+4*i:]))
	}
	return int(end + 4), hex.EncodeToString(b[:32]), vec
}

// Get returns the vector kept under key. It must not be changed.
func (c *FileCache) Get(key string) ([]float32, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.vecs[key]
	return v, ok
}

// Put keeps a vector under key, 64 hexadecimal digits.
func (c *FileCache) Put(key string, vec []float32) error {
	k, err := hex.DecodeString(key)
	if err != nil || len(k) != 32 || len(vec) == 0 {
		return fmt.Errorf("keeping a text vector: bad key %q or empty vector", key)
	}
	rec := make([]byte, 0, 32+4+4*len(vec)+4)
	rec = append(rec, k...)
	rec = binary.LittleEndian.AppendUint32(rec, uint32(len(vec)))
	for _, x := range vec {
		rec = binary.LittleEndian.AppendUint32(rec, math.Float32bits(x))
	}
	rec = binary.LittleEndian.AppendUint32(rec, crc32.ChecksumIEEE(rec))

	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.vecs[key]; ok {
		return nil
	}
	c.vecs[key] = vec
	if err := c.write(rec); err != nil {
		return fmt.Errorf("writing the cache of text vectors: %w", err)
	}
	return nil
}

// write puts a record after the last sound one.
func (c *FileCache) write(rec []byte) error {
	if c.size == 0 {
		if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(c.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if c.size == 0 {
		rec = append(bytes.Clone(cacheMagic), rec...)
		if err := f.Truncate(0); err != nil {
			return err
		}
	}
	if _, err := f.WriteAt(rec, c.size); err != nil {
		return err
	}
	c.size += int64(len(rec))
	return f.Close()
}
