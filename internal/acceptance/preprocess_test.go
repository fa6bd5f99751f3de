// Package acceptance tests what only several packages together can show.
package acceptance

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/draw"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"descry/clipengine/preprocess"
	"descry/internal/testdata"
	"descry/library/decode"
)

// Limits on the mean absolute difference of one photo's tensor from the reference, in
// levels of 255. What libjpeg-turbo decodes is what Pillow decodes; the decoder of the
// standard library rounds differently and blurs colour less.
const (
	turboLimit = 0.3
	pureLimit  = 0.8
)

// clip is the preprocessing of CLIP's ViT-B/32, with which the references were made.
var clip = preprocess.Config{
	Size: 224, Scale: 1.0 / 255,
	Mean: [3]float64{0.48145466, 0.4578275, 0.40821073}, Std: [3]float64{0.26862954, 0.26130258, 0.27577711},
}

// reference is a photo and the tensor that CLIP's own Python code made of it.
type reference struct {
	name   string
	photo  []byte
	tensor []float32
}

func references(t *testing.T) []reference {
	t.Helper()
	dir := filepath.Join(testdata.Shared(t), "data", "clip-vit-b32")
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var index struct{ Photos []string }
	if err := json.Unmarshal(read("index.json"), &index); err != nil {
		t.Fatal(err)
	}
	tensors := readNPY(t, read("image_tensors.npy"))
	const n = 3 * 224 * 224
	if len(index.Photos) != 7 || len(tensors) != 7*n {
		t.Fatalf("%d photos and %d numbers", len(index.Photos), len(tensors))
	}
	var refs []reference
	for i, name := range index.Photos {
		refs = append(refs, reference{name, read("photos/" + name), tensors[i*n : (i+1)*n]})
	}
	const kafka = "franz-kafka"
	return append(refs, reference{kafka, read("photos/" + kafka + ".jpg"), readNPY(t, read(kafka+"_tensor.npy"))})
}

// readNPY reads NumPy's file format, version 1, of little-endian 16- or 32-bit floats.
func readNPY(t *testing.T, data []byte) []float32 {
	t.Helper()
	if !bytes.HasPrefix(data, []byte("\x93NUMPY\x01\x00")) || len(data) < 10 {
		t.Fatal("not an npy file of version 1")
	}
	end := 10 + int(binary.LittleEndian.Uint16(data[8:]))
	header, body := string(data[10:end]), data[end:]
	if strings.Contains(header, "'fortran_order': True") {
		t.Fatal("column order is not supported")
	}
	count := 1
	shape := regexp.MustCompile(`'shape': \(([^)]*)\)`).FindStringSubmatch(header)
	for dim := range strings.SplitSeq(shape[1], ",") {
		if dim = strings.TrimSpace(dim); dim != "" {
			n, err := strconv.Atoi(dim)
			if err != nil {
				t.Fatal(err)
			}
			count *= n
		}
	}
	out := make([]float32, count)
	switch {
	case strings.Contains(header, "'<f4'"):
		if err := binary.Read(bytes.NewReader(body), binary.LittleEndian, out); err != nil {
			t.Fatal(err)
		}
	case strings.Contains(header, "'<f2'"):
		for i := range out {
			h := binary.LittleEndian.Uint16(body[2*i:])
			out[i] = half(h)
		}
	default:
		t.Fatalf("the type in %s is not supported", header)
	}
	return out
}

func half(h uint16) float32 {
	exp, frac := int(h>>10)&31, float64(h&1023)
	v := math.Ldexp(1+frac/1024, exp-15)
	if exp == 0 {
		v = math.Ldexp(frac/1024, -14)
	}
	if h>>15 == 1 {
		v = -v
	}
	return float32(v)
}

// difference is the mean absolute difference of two tensors in levels of 255.
func difference(a, b []float32) float64 {
	var sum float64
	plane := len(a) / 3
	for i := range a {
		sum += math.Abs(float64(a[i])-float64(b[i])) * clip.Std[i/plane] * 255
	}
	return sum / float64(len(a))
}

func byLibrary(data []byte) (*image.RGBA, error) {
	img, _, err := decode.Decode(context.Background(), data, decode.Options{})
	return img, err
}

func byStandardLibrary(data []byte) (*image.RGBA, error) {
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(src.Bounds())
	draw.Draw(img, img.Rect, src, src.Bounds().Min, draw.Src)
	return img, nil
}

// worst returns the largest difference of all photos.
func worst(t *testing.T, refs []reference, open func([]byte) (*image.RGBA, error), tensor func(*image.RGBA) []float32) float64 {
	t.Helper()
	var most float64
	for _, r := range refs {
		img, err := open(r.photo)
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		d := difference(tensor(img), r.tensor)
		t.Logf("%s: %.3f of 255", r.name, d)
		most = max(most, d)
	}
	return most
}

func TestTensorsMatchCLIPs(t *testing.T) {
	refs := references(t)
	for _, path := range []struct {
		name  string
		open  func([]byte) (*image.RGBA, error)
		limit float64
	}{
		{"library", byLibrary, libraryLimit},
		{"standard library", byStandardLibrary, pureLimit},
	} {
		t.Run(path.name, func(t *testing.T) {
			if d := worst(t, refs, path.open, clip.Tensor); d > path.limit {
				t.Errorf("the tensors differ by up to %.3f of 255, the limit is %g", d, path.limit)
			}
		})
	}
}

// TestPlantedFaultsAreSeen makes the usual mistakes on purpose: each must exceed even the
// wider limit.
func TestPlantedFaultsAreSeen(t *testing.T) {
	refs := references(t)
	squash, bilinear := clip, clip
	squash.Mode, bilinear.Filter = preprocess.Squash, preprocess.Bilinear
	for _, fault := range []struct {
		name   string
		tensor func(*image.RGBA) []float32
	}{
		{"squash instead of crop", squash.Tensor},
		{"bilinear instead of bicubic", bilinear.Tensor},
		{"blue and red exchanged", func(img *image.RGBA) []float32 { return clip.Tensor(exchanged(img)) }},
		{"crop at the top left", func(img *image.RGBA) []float32 { return clip.Tensor(topLeft(img)) }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			for path, open := range map[string]func([]byte) (*image.RGBA, error){
				"library": byLibrary, "standard library": byStandardLibrary,
			} {
				if d := worst(t, refs, open, fault.tensor); d <= pureLimit {
					t.Errorf("%s: the fault changes the tensors by %.3f of 255 only and would not be noticed", path, d)
				}
			}
		})
	}
}

func exchanged(img *image.RGBA) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	copy(out.Pix, img.Pix)
	for i := 0; i+3 < len(out.Pix); i += 4 {
		out.Pix[i], out.Pix[i+2] = out.Pix[i+2], out.Pix[i]
	}
	return out
}

// topLeft cuts the square out of the corner before it is scaled.
func topLeft(img *image.RGBA) *image.RGBA {
	side := min(img.Rect.Dx(), img.Rect.Dy())
	return img.SubImage(image.Rect(0, 0, side, side)).(*image.RGBA)
}
