package fake

import (
	"context"
	"slices"
	"strings"

	"descry/library"
	"descry/ui/app"
)

// QueriesToCompare returns two.
func (b *Backend) QueriesToCompare(context.Context) ([]string, error) {
	return []string{"a dog", "sunset by the sea"}, nil
}

// EvalPhotos lets each model find photos whose words the query has, the first model from the
// first photo on, and each further one from a photo three places later. It calls Modelled.Stands
// in the middle of each.
func (b *Backend) EvalPhotos(ctx context.Context, o app.EvalPhotosOptions) (app.EvalPhotosResult, error) {
	b.count(ctx, "EvalPhotos")
	r := app.EvalPhotosResult{Queries: o.Queries}
	var ids []library.PhotoID
	for i := range min(b.n, o.Photos) {
		ids = append(ids, library.PhotoID(i+1))
	}
	var err error
	if r.Photos, err = b.Cards(ctx, ids); err != nil {
		return r, err
	}
	r.Pictures = len(r.Photos)
	o.Show(r)
	for k, id := range o.Models {
		job := app.Progress{Job: "Looking at the pictures with " + id, Total: r.Pictures, Running: true}
		o.Progress(job)
		for i := range r.Photos {
			if i == r.Pictures/2 && b.Modelled.Stands != nil {
				b.Modelled.Stands(ctx)
			}
			if err := o.Hold(ctx); err != nil {
				return r, err
			}
			if ctx.Err() != nil {
				return r, context.Cause(ctx)
			}
			job.Done, job.PerSecond = i+1, 25
			o.Progress(job)
		}
		m := app.EvalModel{ModelInfo: app.ModelInfo{ID: id}, Pictures: r.Pictures}
		if b.Modelled.Broken != nil {
			m.Problem = b.Modelled.Broken.Error()
		} else {
			for _, q := range r.Queries {
				m.Found = append(m.Found, finds(q, 3*k, r.Pictures, o.Top))
			}
		}
		r.Models = append(slices.Clip(r.Models), m)
		o.Show(r)
	}
	return r, nil
}

// finds are the first photos that show the last word of a query.
func finds(query string, from, photos, top int) []app.EvalHit {
	var hits []app.EvalHit
	for _, shows := range []bool{true, false} {
		for i := from; i < photos && len(hits) < top; i++ {
			word := words[i%len(words)]
			if strings.Contains(word, query[strings.LastIndex(query, " ")+1:]) == shows {
				hits = append(hits, app.EvalHit{Photo: i, Cosine: .3 - float64(len(hits))/100})
			}
		}
	}
	return hits
}
