package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"time"

	"descry/clipengine"
	"descry/library"
	"descry/library/decode"
	"descry/library/heatmap"
	"descry/library/indexer"
	"descry/library/search"
	"descry/library/store"
	"descry/library/video"
)

// WhereRequest asks why a photo is among the results of a search, and where in it that is to
// be seen.
type WhereRequest struct {
	Photo   library.PhotoID
	Text    string          // the query
	Similar library.PhotoID // photos like this one were searched; 0: none
}

// Where says where in a photo something is that the search was for.
type Where struct {
	Maps        []WhereMap // one for each description and example picture that the photo was ranked by
	Done, Total int        // pictures looked at; both 0 where nothing had to be
}

// WhereMap is where in a photo one thing is.
type WhereMap struct {
	Text  string        // as in the Reason that it belongs to
	Heat  heatmap.Map   // of the area; without a side while nothing is known yet
	Area  heatmap.Area  // the part of the upright picture that the model looked at
	Place heatmap.Place // in words, of the whole picture
	Final bool          // it will not change any more
	Parts bool          // from the model's own parts, not by hiding windows

	// Frame is the picture that the map is about where that is not the one by which the photo
	// is shown: another frame of a video, At from its beginning.
	Frame *image.RGBA
	At    time.Duration
}

// Explain searches one photo, likely or not: the result has one hit, with why it matches, or
// none where a filter or an exclusion leaves it out.
func (a *App) Explain(ctx context.Context, r WhereRequest) (SearchResult, error) {
	res, _, _, err := a.explain(ctx, r)
	return res, err
}

func (a *App) explain(ctx context.Context, r WhereRequest) (res SearchResult, seeks []search.Seek, s meaning, err error) {
	if err := a.needLibrary(); err != nil {
		return res, nil, s, err
	}
	if s, err = a.searching(ctx); err != nil {
		return res, nil, s, err
	}
	var like []float32
	if r.Similar != 0 {
		if like, err = a.photoVector(ctx, s.space, r.Similar); err != nil {
			return res, nil, s, err
		}
	}
	res, err = a.search(ctx, SearchRequest{Text: r.Text, Limit: 1, All: true}, s, func(s meaning, q search.Request) (search.Result, error) {
		q.Within, q.Seeks, q.Image = []library.PhotoID{r.Photo}, true, like
		found, err := s.Search(ctx, q)
		seeks = found.Seeks
		return found, err
	})
	return res, seeks, s, err
}

// Where looks where in a photo that is which it was found by. show is called by one goroutine
// at a time whenever more is known; the last state is the one that Where returns, too. Maps of
// a finished one are kept. There are none where the photo does not match by what it looks like,
// which is no error. Errors: ErrNoModel, and that the picture cannot be read.
func (a *App) Where(ctx context.Context, r WhereRequest, show func(Where)) (Where, error) {
	res, seeks, s, err := a.explain(ctx, r)
	if err != nil {
		return Where{}, err
	}
	var why []Reason
	for _, h := range res.Hits {
		why = h.Why
	}
	seeks = slices.DeleteFunc(seeks, func(s search.Seek) bool {
		return !slices.ContainsFunc(why, func(w Reason) bool { return w.Kind == "looks like" && w.Text == s.Text })
	})
	if len(seeks) == 0 {
		return Where{}, nil
	}
	d, err := a.store.Detail(ctx, r.Photo)
	if err != nil {
		return Where{}, err
	}
	if s.problem != nil {
		return Where{}, s.problem
	}
	views, err := a.store.PhotoViews(ctx, s.space.ID, r.Photo)
	if err != nil {
		return Where{}, err
	}
	if len(views) == 0 { // the photo was forgotten meanwhile
		return Where{}, nil
	}
	l := locating{App: a, detail: d, engine: s.engine, views: views, show: show}
	return l.run(ctx, seeks)
}

// locating is one call of Where under way.
type locating struct {
	*App
	detail store.Detail
	engine *clipengine.Engine
	views  []store.PhotoView
	show   func(Where)
	where  Where
}

// run goes through the views of the photo: of each thing that is sought, the one that matches
// it best.
func (l *locating) run(ctx context.Context, seeks []search.Seek) (Where, error) {
	byView := map[int][]int{} // places in seeks
	var order []int
	for i, s := range seeks {
		at := l.best(s)
		if byView[at] == nil {
			order = append(order, at)
		}
		byView[at] = append(byView[at], i)
		l.where.Maps = append(l.where.Maps, WhereMap{Text: s.Text, Parts: l.engine.PatchSide() > 0})
	}
	for _, at := range order {
		if err := l.look(ctx, l.views[at], seeks, byView[at]); err != nil {
			return Where{}, err
		}
	}
	return l.where, nil
}

// best is the place of the view that matches best.
func (l *locating) best(s search.Seek) int {
	best := 0
	for i, v := range l.views {
		if dot(s.Direction, v.Vector) > dot(s.Direction, l.views[best].Vector) {
			best = i
		}
	}
	return best
}

// look makes the maps of what is sought in one view.
func (l *locating) look(ctx context.Context, v store.PhotoView, seeks []search.Seek, which []int) error {
	img, err := l.picture(ctx, v)
	if err != nil {
		return fmt.Errorf("looking where it is: %w", err)
	}
	key := func(i int) heatmap.Key {
		return heatmap.Key{Picture: l.detail.Picture, Space: l.engine.Space(), View: v.View, Direction: seeks[i].Direction}
	}
	cache := heatmap.OpenCache(l.heatDir())
	var lacking []int
	for _, i := range which {
		m := &l.where.Maps[i]
		m.Area, m.Frame, m.At = img.area, img.frame, img.at
		if kept, ok := cache.Get(key(i)); ok {
			m.Heat, m.Place, m.Final = kept, kept.PlaceIn(m.Area), true
			continue
		}
		lacking = append(lacking, i)
	}
	if len(lacking) == 0 {
		l.tell()
		return nil
	}
	directions := make([][]float32, len(lacking))
	for k, i := range lacking {
		directions[k] = seeks[i].Direction
	}
	before := l.where.Done
	put := func(maps []heatmap.Map, final bool) {
		for k, m := range maps {
			at := &l.where.Maps[lacking[k]]
			at.Heat, at.Place, at.Final = m, m.PlaceIn(at.Area), final
		}
		l.tell()
	}
	o := heatmap.Options{Show: func(s heatmap.Step) {
		l.where.Done, l.where.Total = before+s.Done, before+s.Total
		put(s.Maps, false)
	}}
	maps, err := heatmap.Make(ctx, l.engine, img.shown, directions, o)
	instead := errors.Is(err, ErrNoModel) && l.engine.PatchSide() > 0
	if instead { // what gives vectors for parts cannot be loaded beside the rest
		for _, i := range lacking {
			l.where.Maps[i].Parts = false
		}
		maps, err = heatmap.Make(ctx, withoutParts{l.engine}, img.shown, directions, o)
	}
	if err != nil {
		return fmt.Errorf("looking where it is: %w", err)
	}
	put(maps, true)
	for k, i := range lacking {
		if l.needWriting() != nil || instead { // one from parts is kept under the same key
			break
		}
		if err := cache.Put(key(i), maps[k]); err != nil {
			l.p.Log.Warn("keeping a heat map", "error", err)
		}
	}
	return nil
}

// withoutParts is a model that is asked by hiding windows.
type withoutParts struct{ *clipengine.Engine }

func (withoutParts) PatchSide() int { return 0 }

// tell shows how far it is. What was told before stays as it was.
func (l *locating) tell() {
	w := l.where
	w.Maps = slices.Clone(w.Maps)
	l.show(w)
}

// viewed is a view of a photo as the model gets it.
type viewed struct {
	shown *image.RGBA
	area  heatmap.Area // of the upright picture, that the model sees
	frame *image.RGBA  // the whole picture, where it is not the one by which the photo is shown
	at    time.Duration
}

// picture makes a view of the photo again.
func (l *locating) picture(ctx context.Context, v store.PhotoView) (viewed, error) {
	var whole *image.RGBA
	var out viewed
	var err error
	first := l.views[0].At
	if v.At != nil && (first == nil || *v.At != *first) {
		if whole, err = l.frame(ctx, *v.At); err != nil {
			return out, err
		}
		out.frame, out.at = whole, *v.At
		out.shown, out.area = whole, l.seen(whole.Rect, whole.Rect)
		return out, nil
	}
	if whole, err = l.source(ctx, v.View > 0); err != nil {
		return out, err
	}
	out.shown, out.area = whole, l.seen(whole.Rect, whole.Rect)
	if v.View > 0 {
		part, shown, ok := indexer.ViewOf(whole, v.View)
		if !ok {
			return out, errors.New("the part of the picture that matched is not there any more")
		}
		out.shown, out.area = shown, l.seen(part, whole.Rect)
	}
	return out, nil
}

// seen is the area that the model sees of a part of a picture.
func (l *locating) seen(part, whole image.Rectangle) heatmap.Area {
	s := l.engine.Seen(part.Dx(), part.Dy()).Add(part.Min)
	if part.Dx() != part.Dy() && part != whole { // squeezed into a square
		s = part
	}
	w, h := float64(max(whole.Dx(), 1)), float64(max(whole.Dy(), 1))
	return heatmap.Area{X0: float64(s.Min.X) / w, Y0: float64(s.Min.Y) / h, X1: float64(s.Max.X) / w, Y1: float64(s.Max.Y) / h}
}

// source is the photo, at least as large as the model needs: the thumbnail where that will do,
// else a file of it. Where no file can be read the thumbnail has to do.
func (l *locating) source(ctx context.Context, sharp bool) (*image.RGBA, error) {
	small, err := l.Thumbnail(ctx, l.detail.Picture)
	film := decode.IsVideo(l.detail.Metadata.Format)
	if err == nil && (film || !sharp && min(small.Rect.Dx(), small.Rect.Dy()) >= l.engine.InputSize()) {
		return small, nil
	}
	for _, f := range l.detail.Files {
		if f.State != library.Present || film {
			continue
		}
		if img, failed := l.readPicture(ctx, f.Path, indexer.DecodeSide(l.engine)); failed == nil {
			return img, nil
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return small, err
}

// frame takes a frame from a file of the video.
func (l *locating) frame(ctx context.Context, at time.Duration) (*image.RGBA, error) {
	tools, err := video.Find()
	if err != nil {
		return nil, err
	}
	problem := fmt.Errorf("no file of the video is there: %w", library.ErrNotFound)
	for _, f := range l.detail.Files {
		if f.State != library.Present {
			continue
		}
		v, err := tools.Open(ctx, f.Path)
		if err != nil {
			problem = err
			continue
		}
		frame, err := v.FrameAt(ctx, at, video.Options{MinSide: indexer.DecodeSide(l.engine)})
		if err != nil {
			problem = err
			continue
		}
		return frame.Image, nil
	}
	return nil, problem
}

// heatDir is where finished heat maps are kept.
func (a *App) heatDir() string { return filepath.Join(a.cacheDir(), "heat") }
