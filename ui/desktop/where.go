package desktop

import (
	"context"
	"errors"
	"image"
	"time"

	"descry/library"
	"descry/library/heatmap"
	"descry/ui/app"
)

const (
	// layerSide is the long side of a heat map that is laid over a picture, in pixels, and
	// layerLine half the width of the line in it. The toolkit scales it smoothly.
	layerSide = 512
	layerLine = 2
	// whereSlow is how long looking may take before the window says how far it is.
	whereSlow = 300 * time.Millisecond
)

// whereShown is what is shown of where in a photo that is which was searched for.
type whereShown struct {
	task   task
	photo  library.PhotoID // 0: nothing is shown
	found  app.Where
	layers []image.Image // of the maps; nil while nothing is known
	at     int           // the map that is shown
	busy   bool
	slow   func() // stops the wait before the window says how far it is
	late   bool
}

// mark is what lies over a photo.
type mark struct {
	layer image.Image  // nil: nothing
	area  heatmap.Area // of the picture that it covers
	frame *image.RGBA  // to be shown instead of the photo; nil: the photo
	text  string       // the same in words
}

// toggleWhere shows where in the photo that is which it was found by: of several things one
// after the other, and then none.
func (w *window) toggleWhere() {
	photos := w.targets()
	if len(photos) != 1 {
		w.toast.Show(tr("Choose one photo to see where in it something is."), "", nil)
		return
	}
	s := &w.where
	switch {
	case s.photo == photos[0] && s.at+1 < len(s.found.Maps):
		s.at++
		w.showMark()
	case s.photo == photos[0]:
		w.endWhere()
	case w.search.last == "" && w.similar == 0:
		w.toast.Show(tr("Search for something first; then Descry shows where in the photo it is."), "", nil)
	default:
		w.startWhere(photos[0])
	}
}

func (w *window) startWhere(id library.PhotoID) {
	w.endWhere()
	ctx, number := w.where.task.begin(w.ctx)
	s := &w.where
	s.photo, s.busy = id, true
	s.slow = w.loop.After(whereSlow, func() { s.late = true; w.showMark() })
	request := app.WhereRequest{Photo: id, Text: w.search.last, Similar: w.similar}
	if w.similar != 0 {
		request.Text = ""
	}
	current := func() bool { return number == w.where.task.number && s.photo == id }
	w.loop.Go(func() func() {
		var drawn []heatmap.Map // that layers show
		var layers []image.Image
		draw := func(found app.Where) []image.Image {
			layers, drawn = layersOf(found.Maps, layers, drawn)
			return layers
		}
		found, err := w.b.Where(ctx, request, func(found app.Where) {
			layers := draw(found)
			w.loop.PostLatest(s, func() {
				if current() {
					s.found, s.layers = found, layers
					w.showMark()
				}
			})
		})
		layers = draw(found)
		return func() {
			if !current() {
				return
			}
			s.slow()
			s.busy = false
			if err != nil {
				w.endWhere()
				if !errors.Is(err, context.Canceled) {
					w.fail(tr("Where it is could not be found out"), err)
				}
				return
			}
			s.found, s.layers = found, layers
			w.showMark()
		}
	})
}

// layersOf draws the maps that were not drawn yet.
func layersOf(maps []app.WhereMap, layers []image.Image, drawn []heatmap.Map) ([]image.Image, []heatmap.Map) {
	out, now := make([]image.Image, len(maps)), make([]heatmap.Map, len(maps))
	for i, m := range maps {
		now[i] = m.Heat
		switch {
		case m.Heat.Side == 0:
		case i < len(drawn) && len(drawn[i].Heat) == len(m.Heat.Heat) && &drawn[i].Heat[0] == &m.Heat.Heat[0]:
			out[i] = layers[i]
		default:
			out[i] = m.Heat.Overlay(layerSide, layerSide, layerLine)
		}
	}
	return out, now
}

// endWhere takes the map away, and stops looking.
func (w *window) endWhere() {
	s := &w.where
	if s.photo == 0 {
		return
	}
	if s.task.cancel != nil {
		s.task.cancel()
	}
	s.slow()
	*s = whereShown{task: s.task}
	w.showMark()
}

// leaveWhere ends it when another photo is chosen.
func (w *window) leaveWhere() {
	if w.where.photo == 0 {
		return
	}
	if photos := w.targets(); len(photos) != 1 || photos[0] != w.where.photo {
		w.endWhere()
	}
}

// markOf is what lies over a photo.
func (w *window) markOf(id library.PhotoID) mark {
	s := &w.where
	if s.photo != id || id == 0 {
		return mark{}
	}
	var m mark
	if s.at < len(s.layers) && s.layers[s.at] != nil {
		of := s.found.Maps[s.at]
		m = mark{layer: s.layers[s.at], area: of.Area, frame: of.Frame, text: w.whereText(of)}
		if len(s.found.Maps) > 1 {
			m.text += " " + tr("{{.I}} of {{.N}}; W shows the next.", with{"I": number(s.at + 1), "N": number(len(s.found.Maps))})
		}
	}
	switch {
	case s.busy && s.late && s.found.Total > 0:
		m.text = join(m.text, tr("Looking where it is … {{.Share}}. Esc stops it.", with{"Share": percent(float64(s.found.Done) / float64(s.found.Total))}))
	case s.busy && s.late:
		m.text = join(m.text, tr("Looking where it is …"))
	case !s.busy && len(s.found.Maps) == 0:
		m.text = tr("This photo was found by its words or by filters, not by what it looks like.")
	}
	return m
}

// join puts two sentences after each other.
func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// whereText says in words what a map shows.
func (w *window) whereText(m app.WhereMap) string {
	data := with{"Text": quoted(m.Text), "Place": placeText(m.Place)}
	if m.Frame != nil {
		data["Time"] = durationText(m.At)
		return tr("{{.Text}} at {{.Time}}: {{.Place}}.", data)
	}
	for _, r := range w.hits[w.where.photo].Why {
		if r.Kind == "looks like" && r.Text == m.Text && w.found.Calibrated && r.Confidence < 0.5 {
			return tr("{{.Text}}, if at all: {{.Place}}.", data)
		}
	}
	return tr("{{.Text}}: {{.Place}}.", data)
}

// placeText names a place in a picture.
func placeText(p heatmap.Place) string {
	switch p {
	case heatmap.Everywhere:
		return tr("all over the picture")
	case heatmap.UpperLeft:
		return tr("mostly in the upper left")
	case heatmap.Top:
		return tr("mostly at the top")
	case heatmap.UpperRight:
		return tr("mostly in the upper right")
	case heatmap.Left:
		return tr("mostly on the left")
	case heatmap.Middle:
		return tr("mostly in the middle")
	case heatmap.Right:
		return tr("mostly on the right")
	case heatmap.LowerLeft:
		return tr("mostly in the lower left")
	case heatmap.Bottom:
		return tr("mostly at the bottom")
	case heatmap.LowerRight:
		return tr("mostly in the lower right")
	}
	return tr("nowhere in particular")
}

// showMark shows what lies over the photo as it is now.
func (w *window) showMark() {
	w.detail.SetMark(w.markOf(w.detail.shown.Photo))
	if w.viewer.Open() {
		w.viewer.Remark()
	}
}
