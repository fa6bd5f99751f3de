// Package calib turns scores into probabilities, for one vector space and one kind of
// question at a time.
//
// A cosine means nothing by itself: every photo has a floor that any words reach, and
// every model its own scale. So a score is measured from the mean score of background
// phrases (words that say nothing about a photo) on the same photo, in units of how much
// such scores spread, and a logistic function fitted on labelled photos reads that
// measure. Where the library holds more than SmallLibrary photos, how the query's own
// scores spread over it has a bounded say.
package calib

import (
	"encoding/json"
	"fmt"
	"math"
)

// The kinds of question that are calibrated apart from each other.
const (
	Text  = "text"  // a phrase against a photo
	Image = "image" // a photo against a photo
)

// SmallLibrary is the number of photos up to which a query's own scores say too little
// about the query, and the background phrases alone decide.
const SmallLibrary = 50

// Fit is a calibration. P is its use; the zero value must not be used.
//
//	z = (score - background) / Spread
//	P = 1 / (1 + exp(-(Offset + Slope·z + Words·ln(words) + Library·l)))
//
// where l, from -1 to 1, says how widely the query's scores spread over the library: 0 at
// Centre·Spread, ±1 from Width·Spread away.
type Fit struct {
	Slope   float64 `json:"slope"`   // per Spread above the background
	Words   float64 `json:"words"`   // per ln of the number of words: long texts score high anywhere
	Library float64 `json:"library"` // weight of the library's say; 0: none
	Offset  float64 `json:"offset"`
	Spread  float64 `json:"spread"` // standard deviation of background scores on a photo, > 0
	Centre  float64 `json:"centre"` // of the library's say, in Spreads
	Width   float64 `json:"width"`  // half of its range, in Spreads

	Fitted bool   `json:"fitted"` // false: taken over from another space, P is a guide only
	N      int    `json:"n"`      // pairs it was fitted on
	Source string `json:"source"` // what it was fitted on, for people
}

// Query is what is known of a query before a photo is looked at.
type Query struct {
	Words   int     // words of a text query; at least 1 is counted
	Deviate float64 // standard deviation of its scores over the library
	Photos  int     // photos in the library
}

// P is the probability (0 to 1) that a photo matches: score is its cosine with the query,
// background the mean of its cosines with the background phrases (0 for Image).
func (f Fit) P(q Query, score, background float64) float64 {
	return sigmoid(f.At(q) + f.Rise(score, background))
}

// At is the part of the logit that does not depend on the photo.
func (f Fit) At(q Query) float64 { return f.Offset + f.Words*lnWords(q.Words) + f.Library*f.say(q) }

// Rise is the part of the logit that the photo brings.
func (f Fit) Rise(score, background float64) float64 {
	return f.Slope * (score - background) / f.Spread
}

// say is what the library says of a query, -1 to 1.
func (f Fit) say(q Query) float64 {
	if q.Photos <= SmallLibrary || f.Width <= 0 {
		return 0
	}
	return min(max((q.Deviate/f.Spread-f.Centre)/f.Width, -1), 1)
}

func lnWords(n int) float64 { return math.Log(float64(max(n, 1))) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Params is the fit as the store keeps it.
func (f Fit) Params() (json.RawMessage, error) {
	data, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write a calibration: %w", err)
	}
	return data, nil
}

// FromParams reads what Params wrote. Parameters that make no sense are an error.
func FromParams(data json.RawMessage) (Fit, error) {
	var f Fit
	if err := json.Unmarshal(data, &f); err != nil {
		return Fit{}, fmt.Errorf("read a calibration: %w", err)
	}
	for _, v := range []float64{f.Slope, f.Words, f.Library, f.Offset, f.Spread, f.Centre, f.Width} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Fit{}, fmt.Errorf("read a calibration: %v is not a parameter", v)
		}
	}
	if f.Spread <= 0 || f.Slope <= 0 {
		return Fit{}, fmt.Errorf("read a calibration: slope %v and spread %v must be above 0", f.Slope, f.Spread)
	}
	return f, nil
}

// Spread is the standard deviation of the background phrases' scores on a photo, the unit
// of every measure, as the mean over some photos. photos and phrases are unit vectors.
// Without either it is 0.
func Spread(photos, phrases [][]float32) float64 {
	if len(photos) == 0 || len(phrases) == 0 {
		return 0
	}
	var sum float64
	for _, p := range photos {
		var m, sq float64
		for _, b := range phrases {
			s := dot(p, b)
			m += s
			sq += s * s
		}
		n := float64(len(phrases))
		sum += math.Sqrt(max(sq/n-(m/n)*(m/n), 0))
	}
	return sum / float64(len(photos))
}

// Mean is the mean of vectors, not scaled to length 1: its inner product with a photo is
// the mean of their scores on it. nil without vectors.
func Mean(vecs [][]float32) []float32 {
	if len(vecs) == 0 {
		return nil
	}
	sum := make([]float64, len(vecs[0]))
	for _, v := range vecs {
		for i, x := range v {
			sum[i] += float64(x)
		}
	}
	out := make([]float32, len(sum))
	for i, s := range sum {
		out[i] = float32(s / float64(len(vecs)))
	}
	return out
}

func dot(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}
