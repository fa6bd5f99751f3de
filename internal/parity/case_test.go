package parity

import (
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"descry/internal/testdata"
	"descry/library/decode"
)

// kase is a model and what the Python original makes of the photos and texts with it, as
// tools/parity writes it.
type kase struct {
	Name, Layout string
	// Photos are the sample photos with the beginning of the SHA-256 of their pixels as
	// Pillow decodes them:
	// a JPEG is the same picture for both sides when that agrees.
	Photos []struct{ Name, SHA256 string }
	// IDs has for each text the beginning of the SHA-256 of its token numbers.
	IDs []string
	Dim int
	// Photos8 and Texts8 are how many photos and texts the 8-bit graphs are compared on.
	Photos8, Texts8 int
	// Weights lists what stands in the files of weights beside the graphs of a fixture: too
	// large to keep, they are made again from their seeds.
	Weights []weights
	// Tokenizer is a tokenizer.json of the repository that the fixture takes as it is, and
	// Normalizer one of which it takes that part. Paths from the root of the checkout.
	Tokenizer, Normalizer string
	// Place is where in the bundle the tokenizer belongs.
	Place string

	dir string
}

// weights are Count float32 numbers from Offset on in a file: shift + scale × u, u being
// the numbers between -1 and 1 that belong to the seed.
type weights struct {
	File          string
	Offset, Count int64
	Seed          uint64
	Scale, Shift  float64
}

// numbers is SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number
// Generators, OOPSLA 2014), 24 bits of it; tools/parity/weights.py does the same.
func (w weights) numbers() []byte {
	out := make([]byte, 0, 4*w.Count)
	for i := range uint64(w.Count) {
		z := w.Seed + (i+1)*0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		u := float64(z>>40)/(1<<23) - 1
		scaled := w.Scale * u // in two steps, so that no processor joins them into one
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(w.Shift+float64(scaled))))
	}
	return out
}

// readCase reads the case in a folder.
func readCase(t *testing.T, dir string) kase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "case.json"))
	if err != nil {
		t.Fatal(err)
	}
	c := kase{dir: dir}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// unpack lays a fixture out as a folder: its files, its weights, its tokenizer.
func unpack(t *testing.T, path string) kase {
	t.Helper()
	dir := t.TempDir()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	c := readCase(t, dir)
	files := map[string]*os.File{}
	for _, w := range c.Weights {
		f := files[w.File]
		if f == nil {
			if f, err = os.Create(filepath.Join(dir, filepath.FromSlash(w.File))); err != nil {
				t.Fatal(err)
			}
			files[w.File] = f
			defer f.Close()
		}
		if _, err := f.WriteAt(w.numbers(), w.Offset); err != nil {
			t.Fatal(err)
		}
	}
	if c.Tokenizer != "" {
		write(t, filepath.Join(dir, c.Place), whole(t, filepath.Join(testdata.Repo(t), c.Tokenizer)))
	}
	if c.Normalizer != "" {
		var own, other map[string]json.RawMessage
		data, err := os.ReadFile(filepath.Join(dir, c.Place))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &own); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(whole(t, filepath.Join(testdata.Repo(t), c.Normalizer)), &other); err != nil {
			t.Fatal(err)
		}
		own["normalizer"] = other["normalizer"]
		if data, err = json.Marshal(own); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, c.Place), data)
	}
	return c
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// whole returns the contents of a file, unpacked where its name ends in .gz.
func whole(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// pictures decodes the photos of the case in full and checks that they are the pictures
// that Python saw.
func (c kase) pictures(t *testing.T) []*image.RGBA {
	t.Helper()
	var out []*image.RGBA
	for _, p := range c.Photos {
		data, err := os.ReadFile(filepath.Join(testdata.Samples(t), p.Name))
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := decode.Decode(context.Background(), data, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for i := 0; i < len(img.Pix); i += 4 {
			h.Write(img.Pix[i : i+3])
		}
		if got := hex.EncodeToString(h.Sum(nil)); p.SHA256 == "" || !strings.HasPrefix(got, p.SHA256) {
			if !exact {
				t.Skip("skipped: without cgo JPEGs are decoded a little differently from what Python saw")
			}
			t.Fatalf("%s: the pixels are not those that Python saw", p.Name)
		}
		out = append(out, img)
	}
	return out
}

// texts are the texts that all cases have in common.
func texts(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "texts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != 200 {
		t.Fatalf("%d texts", len(out))
	}
	return out
}

// vectors reads the original's vectors: of so many photos, then of so many texts.
func (c kase) vectors(t *testing.T, name string, photos, texts int) (ofPhotos, ofTexts [][]float32) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 * c.Dim * (photos + texts); len(data) != want {
		t.Fatalf("%s has %d bytes instead of %d", name, len(data), want)
	}
	all := make([][]float32, photos+texts)
	for i := range all {
		all[i] = make([]float32, c.Dim)
		for j := range all[i] {
			all[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*(i*c.Dim+j):]))
		}
	}
	return all[:photos], all[photos:]
}

// fingerprint is the beginning of the SHA-256 of token numbers.
func fingerprint(ids []int64) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(id, 10)
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(words, ","))))[:8]
}
