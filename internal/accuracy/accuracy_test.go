package accuracy

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// reference is what Python says (testdata/reference.py).
type reference struct {
	AveragePrecision []struct {
		Scores []float64 `json:"scores"`
		Right  []bool    `json:"right"`
		Want   float64   `json:"want"`
	} `json:"average_precision"`
	Wilson []struct {
		K, N      int
		Low, High float64
	}
	Retrieval []struct {
		Pictures  [][]float32 `json:"pictures"`
		Captions  [][]float32 `json:"captions"`
		Own       []int       `json:"own"`
		OfCaption []int       `json:"of_caption"`
		OfPicture []int       `json:"of_picture"`
		Recall    [3]float64  `json:"recall"`
		Median    float64     `json:"median"`
	}
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "reference.json"))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil || len(r.AveragePrecision) < 6 || len(r.Wilson) < 7 || len(r.Retrieval) < 3 {
		t.Fatalf("the reference is not whole: %v", err)
	}
	return r
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestAveragePrecision(t *testing.T) {
	for _, tt := range []struct {
		name   string
		scores []float64
		right  []bool
		want   float64
		ok     bool
	}{
		{"all found first", []float64{0.9, 0.8, 0.2, 0.1}, []bool{true, true, false, false}, 1, true},
		{"the order of things does not matter", []float64{0.1, 0.9, 0.2, 0.8}, []bool{false, true, false, true}, 1, true},
		{"first and third", []float64{4, 3, 2, 1}, []bool{true, false, true, false}, (1 + 2.0/3) / 2, true},
		{"last", []float64{4, 3, 2, 1}, []bool{false, false, false, true}, 0.25, true},
		{"all alike", []float64{1, 1, 1, 1}, []bool{true, false, false, false}, 0.25, true},
		{"all right", []float64{1, 2}, []bool{true, true}, 1, true},
		{"none right", []float64{1, 2}, []bool{false, false}, 0, false},
		{"nothing", nil, nil, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := AveragePrecision(tt.scores, tt.right)
			if !near(got, tt.want) || ok != tt.ok {
				t.Errorf("got %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
	for i, r := range readReference(t).AveragePrecision {
		if got, ok := AveragePrecision(r.Scores, r.Right); !ok || !near(got, r.Want) {
			t.Errorf("set %d: %v, scikit-learn has %v", i, got, r.Want)
		}
	}
}

func TestOf(t *testing.T) {
	for _, r := range readReference(t).Wilson {
		got := Of(r.K, r.N)
		if !near(got.Low, r.Low) || !near(got.High, r.High) || !near(got.Value, float64(r.K)/float64(r.N)) || got.N != r.N {
			t.Errorf("%d of %d: %+v, statsmodels has %v to %v", r.K, r.N, got, r.Low, r.High)
		}
	}
	if got := Of(0, 0); got != (Share{High: 1}) {
		t.Errorf("of no trials: %+v", got)
	}
}

func TestMean(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   Share
	}{
		{nil, Share{High: 1}},
		{[]float64{0.4}, Share{Value: 0.4, High: 1, N: 1}},
		{[]float64{0.5, 0.5, 0.5}, Share{0.5, 0.5, 0.5, 3}},
		// Standard deviation 0.2, standard error 0.1.
		{[]float64{0.2, 0.4, 0.4, 0.6 + 0.0000000000001}, Share{0.4, 0.4 - z*math.Sqrt(0.08/3/4), 0.4 + z*math.Sqrt(0.08/3/4), 4}},
		{[]float64{0, 1}, Share{0.5, 0, 1, 2}},
	} {
		got := Mean(tt.values)
		if !near(got.Value, tt.want.Value) || !near(got.Low, tt.want.Low) || !near(got.High, tt.want.High) || got.N != tt.want.N {
			t.Errorf("%v: %+v, want %+v", tt.values, got, tt.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	for _, tt := range []struct {
		places []int
		within [3]float64 // 1, 5, 10
		median float64
	}{
		{nil, [3]float64{}, 0},
		{[]int{1}, [3]float64{1, 1, 1}, 1},
		{[]int{7, 1, 12, 5}, [3]float64{0.25, 0.5, 0.75}, 6},
		{[]int{1, 1, 2}, [3]float64{2.0 / 3, 1, 1}, 1},
	} {
		for i, k := range []int{1, 5, 10} {
			if got := Within(tt.places, k).Value; !near(got, tt.within[i]) {
				t.Errorf("%v within %d: %v, want %v", tt.places, k, got, tt.within[i])
			}
		}
		if got := Median(tt.places); got != tt.median {
			t.Errorf("median of %v: %v, want %v", tt.places, got, tt.median)
		}
	}
	scores := []float64{0.2, 0.7, 0.7, 0.1}
	for of, want := range []int{3, 1, 2, 4} {
		if got := Place(scores, of); got != want {
			t.Errorf("place of %d in %v: %d, want %d", of, scores, got, want)
		}
	}
}

func TestConfusion(t *testing.T) {
	var c Confusion
	for _, pair := range [][2]int{{0, 0}, {0, 0}, {0, 1}, {0, 2}, {0, 2}, {1, 1}, {2, 0}, {2, 0}} {
		c.Add(pair[0], pair[1])
	}
	if got := c.Count(0, 2); got != 2 {
		t.Errorf("0 was taken for 2 %d times, want 2", got)
	}
	for class, want := range []float64{0.4, 1, 0} {
		if got := c.Class(class).Value; !near(got, want) {
			t.Errorf("class %d: %v, want %v", class, got, want)
		}
	}
	if got := c.PerClass(); !near(got.Value, 1.4/3) || got.N != 3 {
		t.Errorf("per class: %+v, want %v of 3", got, 1.4/3)
	}
	if got, want := c.Worst(2), []Mistake{{0, 2, 2}, {2, 0, 2}}; !slices.Equal(got, want) {
		t.Errorf("worst: %v, want %v", got, want)
	}
	if got := len(c.Worst(10)); got != 3 {
		t.Errorf("%d mistakes, want 3", got)
	}
	if got := (&Confusion{}).Worst(3); len(got) != 0 {
		t.Errorf("mistakes of nothing: %v", got)
	}
}

func TestRanks(t *testing.T) {
	for i, r := range readReference(t).Retrieval {
		told := 0
		ofCaption, ofPicture, err := Ranks(t.Context(), r.Pictures, r.Captions, r.Own, func(done int) { told = done })
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ofCaption, r.OfCaption) {
			t.Errorf("set %d: captions find their pictures at %v, numpy has %v", i, ofCaption, r.OfCaption)
		}
		if !slices.Equal(ofPicture, r.OfPicture) {
			t.Errorf("set %d: pictures find their captions at %v, numpy has %v", i, ofPicture, r.OfPicture)
		}
		if told != len(r.Captions) {
			t.Errorf("set %d: told of %d captions, want %d", i, told, len(r.Captions))
		}
		for j, k := range []int{1, 5, 10} {
			if got := Within(ofCaption, k).Value; !near(got, r.Recall[j]) {
				t.Errorf("set %d: R@%d %v, numpy has %v", i, k, got, r.Recall[j])
			}
		}
		if got := Median(ofCaption); got != r.Median {
			t.Errorf("set %d: median %v, numpy has %v", i, got, r.Median)
		}
	}
}

func TestRanksWithoutCaptions(t *testing.T) {
	pictures, captions := [][]float32{{1, 0}, {0, 1}, {1, 1}}, [][]float32{{0, 1}}
	ofCaption, ofPicture, err := Ranks(t.Context(), pictures, captions, []int{1}, nil)
	if err != nil || !slices.Equal(ofCaption, []int{1}) || !slices.Equal(ofPicture, []int{0, 1, 0}) {
		t.Errorf("got %v, %v, %v", ofCaption, ofPicture, err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Ranks(stopped, pictures, captions, []int{1}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
