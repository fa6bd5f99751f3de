package tagging

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
)

// Calibration turns what is measured of a label on a photo into a probability by a
// logistic function. Everything is measured in standard deviations of the background
// phrases' scores on the same photo (docs/quality-tagging.md), so that a model's own scale
// drops out and the photo's result depends on nothing but the photo and the labels.
type Calibration struct {
	Space     string             `json:"space"`     // digest of the space it was fitted in
	Texts     string             `json:"texts"`     // digest of the text tower with which it was fitted
	Model     string             `json:"model"`     // bundle id, for people
	Fitted    bool               `json:"fitted"`    // false: weights taken over from another space
	Photos    int                `json:"photos"`    // how many photos it was fitted on
	Pairs     int                `json:"pairs"`     // how many photo-label pairs
	Intercept float64            `json:"intercept"` // of the logistic
	Z         float64            `json:"z"`         // weight of the label's own score
	SetMargin float64            `json:"set"`       // weight of its lead over the other labels of its set
	AllMargin float64            `json:"all"`       // weight of its lead over all labels
	Vague     float64            `json:"vague"`     // weight of how near the label's words are to any phrase
	Sharpness float64            `json:"sharpness"` // how much the leads look at the strongest rivals only
	Padding   float64            `json:"padding"`   // background phrases count as this many rivals
	Offsets   map[string]float64 `json:"offsets"`   // per built-in label, "set/label": found too often (< 0) or too seldom (> 0)
}

//go:embed calibration.json
var builtinCalibration []byte

// BuiltinCalibration returns what was fitted for the starter model.
func BuiltinCalibration() (Calibration, error) {
	var c Calibration
	if err := json.Unmarshal(builtinCalibration, &c); err != nil {
		return c, fmt.Errorf("reading the built-in calibration: %w", err)
	}
	return c, nil
}

// calibrationFor returns the fitted calibration where the space has one with the text tower at
// hand, else the same weights without the offsets of single labels, marked as not fitted.
func calibrationFor(space, texts string) (Calibration, error) {
	c, err := BuiltinCalibration()
	if err != nil {
		return c, err
	}
	if c.Space != space || c.Texts != texts {
		c.Fitted, c.Offsets, c.Photos, c.Pairs = false, nil, 0, 0
	}
	return c, nil
}

// features is what is measured of one label on one photo.
type features struct {
	z, set, all, vague float64
}

// probability is the calibrated probability that the photo shows the label key.
func (c Calibration) probability(f features, key string) float64 {
	return sigmoid(c.Intercept + c.Z*f.z + c.SetMargin*f.set + c.AllMargin*f.all + c.Vague*f.vague + c.Offsets[key])
}

// meanSD returns mean and standard deviation; the deviation is never 0.
func meanSD(xs []float64) (mean, sd float64) {
	for _, x := range xs {
		mean += x
	}
	mean /= float64(len(xs))
	for _, x := range xs {
		sd += (x - mean) * (x - mean)
	}
	return mean, max(math.Sqrt(sd/float64(len(xs))), 1e-6)
}
