package tagging

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// TextEncoder turns words into unit vectors of one space. It is used from several
// goroutines at once.
type TextEncoder interface {
	// EncodeText returns the unit vector of a text.
	EncodeText(ctx context.Context, text string) ([]float32, error)
	// Space is the digest of the vector space.
	Space() string
	// Texts is the digest of the text tower with its tokenizer: several may go with one space.
	// "" is none, and nothing is kept between runs then.
	Texts() string
	// LogitScale is what the model multiplies cosines with.
	LogitScale() float64
	// LogitBias is what a sigmoid model adds to scaled cosines; false: a softmax model.
	LogitBias() (float64, bool)
}

// VectorCache keeps text vectors between runs, since encoding all labels takes seconds.
type VectorCache interface {
	Get(key string) ([]float32, bool)
	Put(key string, vec []float32) error
}

// Cached returns an encoder that asks the cache first. A cache that cannot be written
// costs time only, so its errors are dropped.
func Cached(enc TextEncoder, cache VectorCache) TextEncoder {
	return &cachedEncoder{enc, cache}
}

type cachedEncoder struct {
	TextEncoder
	cache VectorCache
}

func (c *cachedEncoder) EncodeText(ctx context.Context, text string) ([]float32, error) {
	texts := c.Texts()
	if texts == "" {
		return c.TextEncoder.EncodeText(ctx, text)
	}
	sum := sha256.Sum256([]byte(texts + "\x00" + text))
	key := hex.EncodeToString(sum[:])
	if vec, ok := c.cache.Get(key); ok {
		return vec, nil
	}
	vec, err := c.TextEncoder.EncodeText(ctx, text)
	if err != nil {
		return nil, err
	}
	_ = c.cache.Put(key, vec)
	return vec, nil
}

// encodeAll encodes distinct texts, several at a time, and returns them by text.
func encodeAll(ctx context.Context, enc TextEncoder, texts []string) (map[string][]float32, error) {
	index := make(map[string]int, len(texts))
	var distinct []string
	for _, t := range texts {
		if _, ok := index[t]; !ok {
			index[t] = len(distinct)
			distinct = append(distinct, t)
		}
	}
	vecs := make([][]float32, len(distinct))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range distinct {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			v, err := enc.EncodeText(ctx, t)
			if err != nil {
				return fmt.Errorf("encoding the text %q: %w", t, err)
			}
			vecs[i] = v
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	dim := 0
	out := make(map[string][]float32, len(distinct))
	for i, t := range distinct {
		if dim == 0 {
			dim = len(vecs[i])
		}
		if len(vecs[i]) != dim || dim == 0 {
			return nil, fmt.Errorf("encoding the text %q: %d numbers, want %d", t, len(vecs[i]), dim)
		}
		out[t] = vecs[i]
	}
	return out, nil
}

// DefaultTemplates are the prompt templates of a set that brings none, where the caller
// of NewTagger gives none either.
func DefaultTemplates() []string { return []string{"a photo of {}.", "{}"} }

// fill puts a name into every template.
func fill(templates []string, name string) []string {
	out := make([]string, len(templates))
	for i, t := range templates {
		out[i] = strings.Replace(t, "{}", name, 1)
	}
	return out
}

// addTo adds a vector, times weight, to dst.
func addTo(dst []float64, vec []float32, weight float64) {
	for i, v := range vec {
		dst[i] += weight * float64(v)
	}
}

// unit scales v to length 1; a zero vector stays zero.
func unit(v []float64) []float64 {
	var n float64
	for _, x := range v {
		n += x * x
	}
	if n = math.Sqrt(n); n > 0 {
		for i := range v {
			v[i] /= n
		}
	}
	return v
}

func toFloat32(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// ensemble is the unit vector of a name: the mean over its templates.
func ensemble(vecs map[string][]float32, texts []string) []float64 {
	sum := make([]float64, len(vecs[texts[0]]))
	for _, t := range texts {
		addTo(sum, vecs[t], 1)
	}
	return unit(sum)
}

func dot(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a) && i+4 <= len(b); i += 4 {
		s0 += float64(a[i]) * float64(b[i])
		s1 += float64(a[i+1]) * float64(b[i+1])
		s2 += float64(a[i+2]) * float64(b[i+2])
		s3 += float64(a[i+3]) * float64(b[i+3])
	}
	for ; i < len(a) && i < len(b); i++ {
		s0 += float64(a[i]) * float64(b[i])
	}
	return s0 + s1 + s2 + s3
}
