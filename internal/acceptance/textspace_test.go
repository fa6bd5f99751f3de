package acceptance

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"descry/internal/testdata"
)

// clipVectors reads vectors of 512 numbers from a NumPy file and scales them to length 1: as
// float16 they are not quite.
func clipVectors(t *testing.T, path string) [][]float32 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for v := range slices.Chunk(readNPY(t, data), 512) {
		out = append(out, unitOf(v))
	}
	return out
}

func unitOf(v []float32) []float32 {
	n := math.Sqrt(dot(v, v))
	for i := range v {
		v[i] = float32(float64(v[i]) / n)
	}
	return v
}

// moments are mean, standard deviation and skewness.
func moments(v []float64) (mean, deviation, skew float64) {
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean) / n
	}
	deviation = math.Sqrt(deviation)
	for _, x := range v {
		skew += math.Pow((x-mean)/deviation, 3) / n
	}
	return mean, deviation, skew
}

// neighbours says how many vectors have each one among their k nearest: hubs are in very many.
func neighbours(vecs [][]float32, k int) []float64 {
	in := make([]float64, len(vecs))
	for i, v := range vecs {
		for _, j := range nearest(v, vecs, k+1) {
			if j != i {
				in[j]++
			}
		}
	}
	return in
}

// nearest are the numbers of the k vectors nearest to one, nearest first.
func nearest(v []float32, vecs [][]float32, k int) []int {
	scores, order := make([]float64, len(vecs)), make([]int, len(vecs))
	for i, o := range vecs {
		scores[i], order[i] = dot(v, o), i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return a - b
	})
	return order[:k]
}

// TestQualityOfTextSpace looks at label vectors of a real CLIP (ViT-B/32): what search does
// with the vectors of texts must make sense there, too, and not in the starter's space alone.
func TestQualityOfTextSpace(t *testing.T) {
	dir := filepath.Join(testdata.Shared(t), "data", "clip-vit-b32")
	var names []string
	data, err := os.ReadFile(filepath.Join(dir, "lvis_names.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &names); err != nil {
		t.Fatal(err)
	}
	texts := clipVectors(t, filepath.Join(dir, "lvis_text_embeddings.npy"))
	at := func(name string) int {
		i := slices.Index(names, name)
		if i < 0 {
			t.Fatalf("no label %q", name)
		}
		return i
	}

	t.Run("like words lie together", func(t *testing.T) {
		within := 0
		list := [][2]string{
			{"airplane", "jet plane"},
			{"cup", "mug"},
			{"wine bottle", "bottle"},
			{"cat", "kitten"},
			{"dog", "puppy"},
			{"horse", "pony"},
			{"knife", "steak knife"},
			{"hat", "sunhat"},
			{"boat", "canoe"},
			{"lion", "tiger"},
			{"fork", "spoon"},
			{"bicycle", "tricycle"},
			{"skateboard", "snowboard"},
			{"teapot", "teacup"},
			{"truck", "pickup truck"},
			{"sheep", "lamb (animal)"},
			{"chair", "armchair"},
			{"clock", "alarm clock"},
			{"glove", "mitten"},
			{"bird", "parakeet"},
			{"shirt", "tank top (clothing)"},
			{"car (automobile)", "minivan"},
			{"motorcycle", "motor scooter"},
			{"bed", "bunk bed"},
		}
		for _, p := range list {
			place := slices.Index(nearest(texts[at(p[0])], texts, len(texts)), at(p[1])) // 0 is the label itself
			if place <= 5 {
				within++
			} else {
				t.Logf("%s: %s is only the %d. of %d", p[0], p[1], place, len(texts)-1)
			}
		}
		t.Logf("of %d pairs of like things, %d are among the nearest 5 of %d labels", len(list), within, len(texts))
		if within < 17 {
			t.Errorf("%d of %d pairs, want at least 17", within, len(list))
		}
	})

	t.Run("the mean takes the hubs away", func(t *testing.T) {
		var cosines []float64
		mean := make([]float64, len(texts[0]))
		for i, v := range texts {
			for d, x := range v {
				mean[d] += float64(x) / float64(len(texts))
			}
			for _, o := range texts[:i] {
				cosines = append(cosines, dot(v, o))
			}
		}
		m, deviation, _ := moments(cosines)
		centred := make([][]float32, len(texts))
		for i, v := range texts {
			centred[i] = make([]float32, len(v))
			for d := range v {
				centred[i][d] = v[d] - float32(mean[d])
			}
			unitOf(centred[i])
		}
		_, _, raw := moments(neighbours(texts, 10))
		_, _, less := moments(neighbours(centred, 10))
		t.Logf("cosines of two labels: mean %.3f, deviation %.3f; skewness of how often a label is among the nearest 10 of others: %.2f, without the mean %.2f", m, deviation, raw, less)
		if less > raw/2 {
			t.Errorf("skewness %.2f without the mean, %.2f with it", less, raw)
		}
	})

	t.Run("photos have floors of their own", func(t *testing.T) {
		var index struct {
			Photos []string `json:"photos"`
		}
		data, err := os.ReadFile(filepath.Join(dir, "index.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &index); err != nil {
			t.Fatal(err)
		}
		// What is to be seen; no more than a check that nothing is upside down: 7 photos.
		shows := map[string][]string{
			"123_456.jpg": {"cat", "cougar"}, "456_123.jpg": {"kitten", "cat"}, "208_495.jpg": {"diving board", "surfboard"},
			"321_421.jpg": {"coconut", "cabana"}, "389_535.jpg": {"street sign", "signboard"}, "524_316.jpg": {"cornice"},
			"416_264.jpg": {"window box (for plants)", "pinecone"},
		}
		lowest, highest := math.Inf(1), math.Inf(-1)
		for i, photo := range clipVectors(t, filepath.Join(dir, "image_embeddings.npy")) {
			var scores []float64
			for _, v := range texts {
				scores = append(scores, dot(photo, v))
			}
			floor, deviation, _ := moments(scores)
			lowest, highest = min(lowest, floor), max(highest, floor)
			best := nearest(photo, texts, 5)
			t.Logf("%s: floor %.3f, deviation %.3f, best %s at %.1f deviations", index.Photos[i], floor, deviation,
				names[best[0]], (scores[best[0]]-floor)/deviation)
			if !slices.ContainsFunc(best, func(j int) bool { return slices.Contains(shows[index.Photos[i]], names[j]) }) {
				t.Errorf("%s: nothing of %q is among the best 5", index.Photos[i], shows[index.Photos[i]])
			}
		}
		t.Logf("floors from %.3f to %.3f", lowest, highest)
	})
}
