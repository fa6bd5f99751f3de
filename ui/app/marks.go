package app

import (
	"context"
	"errors"
	"image"
	"os"
	"strconv"
	"strings"

	"descry/library"
	"descry/library/query"
	"descry/library/search"
)

// Mark is a query to which a person added that photos are what is meant (right), or are not.
// Of a photo that was marked so already the mark is taken away; one that was marked the other
// way gets the new mark.
func Mark(text string, photos []library.PhotoID, right bool) string {
	q, _ := query.Parse(text)
	for _, id := range photos {
		name := strconv.FormatInt(int64(id), 10)
		again := false
		var rest []query.Node
		for _, n := range q.Terms {
			if n.Kind == query.Filter && n.Field == query.Like {
				var others []string
				for _, v := range n.Values {
					if v != name {
						others = append(others, v)
						continue
					}
					again = again || n.Not != right
				}
				if n.Values = others; len(others) == 0 {
					continue
				}
			}
			rest = append(rest, n)
		}
		if q.Terms = rest; !again {
			q.Terms = append(q.Terms, query.Node{Kind: query.Filter, Not: !right, Field: query.Like, Values: []string{name}, Weight: 1})
		}
	}
	q, _ = query.Parse(q.String()) // into canonical order
	return q.String()
}

// WithPictures is a query to which example pictures were added, by their paths: photos are to
// look like one of them.
func WithPictures(text string, paths []string) string {
	for i, p := range paths {
		paths[i] = `"` + strings.ReplaceAll(p, `"`, "") + `"` // a quote cannot be written
	}
	q, _ := query.Parse(text + " " + query.Similar + ":" + strings.Join(paths, ","))
	return q.String()
}

// nameParts says which photos or files the pictures among the parts of a query are.
func (a *App) nameParts(ctx context.Context, parts []Part) error {
	for i := range parts {
		p := &parts[i]
		if p.Picture == "" {
			continue
		}
		id, err := a.photoOf(ctx, p.Picture)
		if err != nil {
			return err
		}
		p.Photo = id
		if id == 0 {
			continue
		}
		cards, err := a.store.Cards(ctx, []library.PhotoID{id})
		if err != nil {
			return err
		}
		if p.Photo = 0; len(cards) > 0 && cards[0].Name != "" {
			p.Photo, p.Name = id, cards[0].Name
		}
	}
	return nil
}

// photoOf finds the photo of the library that a query names; 0 where it names a file elsewhere,
// which goes before a photo whose file is called the same.
func (a *App) photoOf(ctx context.Context, name string) (library.PhotoID, error) {
	_, err := strconv.ParseInt(name, 10, 64)
	if info, there := os.Stat(name); err == nil || there != nil || info.IsDir() {
		return search.PhotoNamed(ctx, a.store, name)
	}
	id, err := a.store.PhotoByPath(ctx, name)
	if errors.Is(err, library.ErrNotFound) {
		return 0, nil
	}
	return id, err
}

// fileSide is the least side that PictureFile decodes, in pixels.
const fileSide = 128

// PictureFile is a small picture of a file, in the library or not.
func (a *App) PictureFile(ctx context.Context, path string) (*image.RGBA, error) {
	return a.readPicture(ctx, path, fileSide)
}
