package tagging

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Classifier is plain zero-shot classification: of a few labels, which fits a picture?
type Classifier struct {
	vecs    [][]float32
	scale   float64
	bias    float64
	sigmoid bool
}

// NewClassifier encodes labels with an ensemble of templates (none: DefaultTemplates).
// Errors: no labels, an empty one, or one twice.
func NewClassifier(ctx context.Context, enc TextEncoder, templates, labels []string) (*Classifier, error) {
	if len(labels) == 0 {
		return nil, errors.New("classifying needs at least one label")
	}
	if len(templates) == 0 {
		templates = DefaultTemplates()
	}
	var texts []string
	for i, l := range labels {
		if strings.TrimSpace(l) == "" {
			return nil, fmt.Errorf("label %d of the labels to classify is empty", i+1)
		}
		if slices.Contains(labels[:i], l) {
			return nil, fmt.Errorf("the label %q is there twice", l)
		}
		texts = append(texts, fill(templates, l)...)
	}
	vecs, err := encodeAll(ctx, enc, texts)
	if err != nil {
		return nil, fmt.Errorf("encoding the labels: %w", err)
	}
	c := &Classifier{scale: enc.LogitScale()}
	c.bias, c.sigmoid = enc.LogitBias()
	for _, l := range labels {
		c.vecs = append(c.vecs, toFloat32(ensemble(vecs, fill(templates, l))))
	}
	return c, nil
}

// Probabilities says how well each label fits the picture whose unit vector vec is, in
// the order of the labels: softmax over the labels with the model's logit scale; for a
// sigmoid model each label's own sigmoid of scale·cosine + bias.
func (c *Classifier) Probabilities(vec []float32) []float64 {
	out := make([]float64, len(c.vecs))
	for i, v := range c.vecs {
		out[i] = c.scale * dot(v, vec)
	}
	if c.sigmoid {
		for i := range out {
			out[i] = sigmoid(out[i] + c.bias)
		}
		return out
	}
	top := slices.Max(out)
	var sum float64
	for i := range out {
		out[i] = math.Exp(out[i] - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
