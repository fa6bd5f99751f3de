package acceptance

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/baseline"
	"descry/internal/camera"
	"descry/internal/testdata"
	"descry/library/decode"
	"descry/library/indexer"
	"descry/library/measure"
	"descry/library/thumbs"
)

// shot is a photo as a camera stores it.
type shot struct {
	name        string
	data        []byte
	orientation int
}

var shots struct {
	once sync.Once
	made []shot
	err  error
}

// unsteady is the sample whose vector the starter model does not hold still, as the test
// of vectors shows.
const unsteady = "astronaut-portrait.jpg"

// cameraPhotos returns 24 photos of 12 megapixels made from the sample photos, and one of
// the unsteady one behind them. They are made once a run.
func cameraPhotos(t testing.TB) []shot {
	t.Helper()
	shots.once.Do(func() {
		files, err := filepath.Glob(filepath.Join(testdata.Samples(t), "*.jpg"))
		if err != nil || len(files) != 24 {
			t.Fatalf("%d sample photos, %v", len(files), err)
		}
		files = slices.DeleteFunc(files, func(name string) bool { return filepath.Base(name) == unsteady })
		files = append(files, files[0], filepath.Join(testdata.Samples(t), unsteady))
		shots.made = make([]shot, len(files))
		var g errgroup.Group
		g.SetLimit(2)
		for i, kind := range camera.Kinds(len(files)) {
			g.Go(func() error {
				data, err := os.ReadFile(files[i])
				if err == nil {
					data, err = camera.Stored(data, uint64(i), kind)
				}
				shots.made[i] = shot{filepath.Base(files[i]), data, kind.Orientation}
				return err
			})
		}
		shots.err = g.Wait()
	})
	if shots.err != nil {
		t.Fatal(shots.err)
	}
	return shots.made
}

// TestScaledDecodeKeepsVectors shows that decoding at a smaller scale, as indexing does,
// makes no difference to what the model sees.
//
// On one sample the model, which computes with 8 bits, is itself unsteady: noise as small
// as what rounding colours makes moves its vector further than 0.999, which the test
// prints. That photo is held to 0.99.
func TestScaledDecodeKeepsVectors(t *testing.T) {
	b, err := bundle.OpenFS(assets.Starter(), "starter")
	if err != nil {
		t.Fatal(err)
	}
	e, err := clipengine.Open(b, clipengine.Options{Library: testdata.Runtime(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	ctx := context.Background()
	vector := func(tensor []float32) []float32 {
		v, err := e.EncodeTensor(ctx, tensor)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tensor := func(s shot, side int) ([]float32, int) {
		img, warnings, err := decode.Decode(ctx, s.data, decode.Options{Orientation: s.orientation, MinSide: side})
		if err != nil || len(warnings) > 0 {
			t.Fatal(s.name, warnings, err)
		}
		return e.Tensor(img), min(img.Rect.Dx(), img.Rect.Dy())
	}
	photos := cameraPhotos(t)
	side := indexer.DecodeSide(e)
	least := 1.0
	for i, s := range photos {
		if testing.Short() && i%4 != 0 {
			continue
		}
		full, short := tensor(s, 0)
		if short != camera.Height {
			t.Fatalf("%s: the short side has %d px at full size", s.name, short)
		}
		scaled, short := tensor(s, side)
		if short < side {
			t.Errorf("%s: the short side has %d px, and %d were asked for", s.name, short, side)
		}
		want := vector(full)
		c, limit := cosine(want, vector(scaled), nil), 0.999
		if s.name == unsteady {
			limit = 0.99
			t.Logf("%s: cosine %.5f, with noise %.5f", s.name, c, cosine(want, vector(noisy(full)), nil))
		} else {
			least = min(least, c)
		}
		if c < limit {
			t.Errorf("%s, decoded to a short side of %d px: cosine %.5f, want %.5f", s.name, short, c, limit)
		}
	}
	t.Logf("lowest cosine of the others %.5f", least)
}

// noisy adds noise of a third of a level of 255 on average: the model's range of -1 to 1
// stands for 256 levels.
func noisy(tensor []float32) []float32 {
	noise := rand.New(rand.NewPCG(1, 1))
	out := slices.Clone(tensor)
	for i := range out {
		out[i] += 0.01 * (noise.Float32() - 0.5)
	}
	return out
}

// The baseline that speed is measured against does the same work: its thumbnail, tensor
// and hash are those of Descry, as near as another decoder and filter allow.
func TestBaselineDoesTheSame(t *testing.T) {
	for _, s := range cameraPhotos(t)[:4] {
		theirs, err := baseline.Photo(s.data, s.orientation)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := descry(s)
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(ours.Tensor, theirs.Tensor); d > 3 {
			t.Errorf("%s: the tensors differ by %.2f of 255", s.name, d)
		}
		var bits int
		for x := ours.Hash ^ theirs.Hash; x != 0; x &= x - 1 {
			bits++
		}
		if bits > 4 {
			t.Errorf("%s: %d bits of the hashes differ", s.name, bits)
		}
		a, _, err := decode.Decode(context.Background(), ours.Thumb, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := decode.Decode(context.Background(), theirs.Thumb, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Rect != b.Rect {
			t.Errorf("%s: the thumbnails are %v and %v", s.name, a.Rect.Size(), b.Rect.Size())
		}
	}
}

// descry makes of a photo what baseline.Photo makes, with the packages that indexing uses.
func descry(s shot) (baseline.Result, error) {
	img, _, err := decode.Decode(context.Background(), s.data, decode.Options{
		Orientation: s.orientation, MinSide: max(thumbs.Long, clip.MinSide()),
	})
	if err != nil {
		return baseline.Result{}, err
	}
	thumb := thumbs.Make(img)
	file, err := thumbs.Encode(thumb)
	return baseline.Result{
		Thumb: file, Tensor: clip.Tensor(img), Hash: measure.OfThumb(thumb, camera.Width, camera.Height).PHash,
	}, err
}
