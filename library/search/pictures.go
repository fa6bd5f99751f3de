package search

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"descry/library"
	"descry/library/query"
	"descry/library/store"
)

// pictureAnswer is the vector of an example picture, or why there is none.
type pictureAnswer struct {
	vec     []float32
	problem string
}

// exampleLook scores a picture that the query names; false where there is none to be had.
func (r *run) exampleLook(n query.Node) (look, bool, error) {
	if r.view == nil || r.view.Len() == 0 {
		return look{}, false, nil
	}
	name := n.Values[0]
	a, ok := r.shared.pictures[name]
	if !ok {
		var err error
		if a, err = r.example(name); err != nil {
			return look{}, false, err
		}
		r.shared.pictures[name] = a
	}
	if a.vec == nil {
		r.problem(query.Problem{Sentence: a.problem, Start: n.Start, End: n.End})
		return look{}, false, nil
	}
	l, err := r.pictureLook("the picture “"+short(filepath.Base(name))+"”", a.vec)
	return l, err == nil, err
}

// example finds the vector of a picture: a photo of the library by its number or path, a
// picture file, or the newest photo of the library with a file of that name.
func (r *run) example(name string) (pictureAnswer, error) {
	photo, err := numbered(r.ctx, r.p.Store, name)
	if err != nil {
		return pictureAnswer{}, err
	}
	if photo == 0 && r.p.Picture != nil {
		vec, err := r.p.Picture(r.ctx, name)
		switch {
		case err == nil:
			return pictureAnswer{vec: vec}, nil
		case r.ctx.Err() != nil:
			return pictureAnswer{}, err
		case !errors.Is(err, library.ErrNotFound):
			return pictureAnswer{problem: "The picture “" + short(name) + "” cannot be used: " + strings.TrimSuffix(err.Error(), ".") + "."}, nil
		}
	}
	if photo == 0 {
		if photo, err = called(r.ctx, r.p.Store, name); err != nil {
			return pictureAnswer{}, err
		}
	}
	if _, ok := r.view.Row(photo); !ok {
		return pictureAnswer{problem: "There is no picture “" + short(name) + "” that was looked at; name a file, or the number of a photo."}, nil
	}
	vec, ok, err := r.p.Store.PhotoVector(r.ctx, r.p.Index.Space().ID, photo)
	if err != nil {
		return pictureAnswer{}, err
	}
	if !ok {
		return pictureAnswer{problem: "The picture “" + short(name) + "” has not been looked at yet."}, nil
	}
	return pictureAnswer{vec: vec}, nil
}

// numbered finds a photo of the library by its number or path; 0 where there is none at that
// path.
func numbered(ctx context.Context, st *store.Store, name string) (library.PhotoID, error) {
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		return library.PhotoID(id), nil
	}
	id, err := st.PhotoByPath(ctx, name)
	if errors.Is(err, library.ErrNotFound) {
		return 0, nil
	}
	return id, err
}

// called finds the newest photo of the library with a file of a name; 0 where there is none.
func called(ctx context.Context, st *store.Store, name string) (library.PhotoID, error) {
	if strings.ContainsAny(name, "*?") {
		return 0, nil
	}
	ids, err := st.Find(ctx, store.Named(filepath.Base(name)))
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// PhotoNamed finds the photo of the library that a query means by its number, its path or
// the name of its file; 0 where there is none of that path and name.
func PhotoNamed(ctx context.Context, st *store.Store, name string) (library.PhotoID, error) {
	id, err := numbered(ctx, st, name)
	if id == 0 && err == nil {
		id, err = called(ctx, st, name)
	}
	return id, err
}
