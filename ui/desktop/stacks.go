package desktop

import (
	"context"
	"image"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/look"
)

// settingSingly holds "true" where every photo of a stack is to be seen.
const settingSingly = "ui.singly"

const (
	// mostInStrip is how many photos of a stack the details show.
	mostInStrip = 12
	stripHeight = 64
)

// stackText names a stack.
func stackText(kind app.StackKind, photos int) string {
	switch kind {
	case "raw":
		return tr("RAW and JPEG")
	case "live":
		return tr("Live Photo")
	case "burst":
		return tr("Burst of {{.N}}", with{"N": number(photos)})
	}
	return trn("Stack of {{.N}} photos", photos, nil)
}

// openStack shows the photos of the focused photo's stack in the grid.
func (w *window) openStack() {
	if w.onlyInGrid() {
		return
	}
	if w.viewer.Open() {
		w.viewer.Close()
	}
	if i, id, ok := w.grid.Cursor(); ok {
		w.grid.Select(i)
		w.openStackOf(id)
	}
}

func (w *window) openStackOf(id library.PhotoID) {
	w.loop.Go(func() func() {
		d, err := w.b.Detail(w.ctx, id)
		return func() {
			switch {
			case err != nil:
				w.fail(tr("The stack could not be opened"), err)
			case len(d.Stack) < 2:
				w.toast.Show(tr("This photo is in no stack."), "", nil)
			default:
				w.stack = stackShown{
					top: d.Stack[0].Photo, photo: id, title: stackText(d.StackOf, len(d.Stack)) + " · " + d.Stack[0].Name,
					query: w.search.last, similar: w.similar,
				}
				w.reveal = id
				w.list(false)
				w.focusGrid()
			}
		}
	})
}

// stackShown is the stack whose photos fill the grid.
type stackShown struct {
	top     library.PhotoID // 0: none, the grid shows the scope
	photo   library.PhotoID // from which it was opened
	title   string
	query   string // what the grid showed before
	similar library.PhotoID
}

// closeStack goes back to where the stack was opened.
func (w *window) closeStack() {
	s := w.stack
	w.stack = stackShown{}
	w.similar = s.similar
	w.reveal = s.photo
	w.list(false)
	w.focusGrid()
}

// stackIDs lists the photos of the stack that is shown.
func (w *window) stackIDs(ctx context.Context, top library.PhotoID) ([]library.PhotoID, error) {
	d, err := w.b.Detail(ctx, top)
	if err != nil {
		return nil, err
	}
	ids := make([]library.PhotoID, 0, len(d.Stack))
	for _, c := range d.Stack {
		ids = append(ids, c.Photo)
	}
	return ids, nil
}

// toggleStacks shows stacks as one photo each, or every photo.
func (w *window) toggleStacks() {
	w.singly = !w.singly
	w.remember(settingSingly, strconv.FormatBool(w.singly))
	_, w.reveal, _ = w.grid.Cursor()
	w.stack = stackShown{}
	w.list(false)
	if w.singly {
		w.toast.Show(tr("Every photo of a stack is shown."), tr("Undo"), w.toggleStacks)
	} else {
		w.toast.Show(tr("Of each stack one photo is shown, with the number of its photos."), tr("Undo"), w.toggleStacks)
	}
}

// revealWanted chooses the photo that should be in sight after a list came, if it is there.
func (w *window) revealWanted() {
	wanted := w.reveal
	w.reveal = 0
	if wanted == 0 {
		return
	}
	for i, id := range w.grid.Photos() {
		if id == wanted {
			w.grid.Select(i)
			return
		}
	}
}

// stackStrip shows the photos of a stack side by side in the details.
type stackStrip struct {
	OnOpen func(id library.PhotoID) // a photo was clicked
	OnAll  func()

	Content *fyne.Container
	title   *look.Label
	row     *fyne.Container
	boxes   []*photoBox
	shown   []library.PhotoID
}

func newStackStrip(tips *look.Tips) *stackStrip {
	s := &stackStrip{title: tips.NewHeading(""), row: container.New(stripLayout{})}
	all := tips.NewText(tr("Show"), tr("Show the photos of this stack (O)"), func() { call(s.OnAll) }).Outlined()
	s.Content = container.New(layout.NewCustomPaddedVBoxLayout(8), container.NewBorder(nil, nil, nil, all, s.title), s.row)
	return s
}

// Set shows a stack; the pictures follow by SetImage.
func (s *stackStrip) Set(kind app.StackKind, cards []app.Card, current library.PhotoID) {
	s.title.SetText(stackText(kind, len(cards)))
	cards = cards[:min(len(cards), mostInStrip)]
	s.boxes, s.shown, s.row.Objects = nil, nil, nil
	for _, c := range cards {
		b := newPhotoBox(stripHeight)
		b.OnTapped = func() {
			if s.OnOpen != nil {
				s.OnOpen(c.Photo)
			}
		}
		s.boxes, s.shown = append(s.boxes, b), append(s.shown, c.Photo)
		var frame fyne.CanvasObject = b
		if c.Photo == current {
			frame = container.NewStack(look.NewCard("", look.ColourControl, 4), container.New(layout.NewCustomPaddedLayout(3, 3, 3, 3), b))
		}
		s.row.Add(frame)
	}
	s.row.Refresh()
}

// SetImage shows the picture of a photo of the stack.
func (s *stackStrip) SetImage(id library.PhotoID, img image.Image) {
	for i, b := range s.boxes {
		if s.shown[i] == id {
			b.SetImage(img)
		}
	}
}

// stripLayout puts pictures of equal width side by side, four in a row.
type stripLayout struct{}

const stripColumns = 4

func (stripLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	rows := (len(o) + stripColumns - 1) / stripColumns
	return fyne.NewSize(100, float32(rows)*(stripHeight+6)-6)
}

func (stripLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	const gap = 6
	w := (s.Width - (stripColumns-1)*gap) / stripColumns
	for i, x := range o {
		x.Resize(fyne.NewSize(w, stripHeight))
		x.Move(fyne.NewPos(float32(i%stripColumns)*(w+gap), float32(i/stripColumns)*(stripHeight+gap)))
	}
}

// loadStrip fetches the thumbnails of the stack in the details.
func (w *window) loadStrip(ctx context.Context, number int, cards []app.Card) {
	for _, c := range cards[:min(len(cards), mostInStrip)] {
		w.loop.Go(func() func() {
			img, err := w.b.Thumbnail(ctx, c.Picture)
			return func() {
				if err == nil && number == w.choosing.number {
					w.detail.stack.SetImage(c.Photo, img)
				}
			}
		})
	}
}

// viewStack opens the viewer on a photo of the stack in the details.
func (w *window) viewStack(id library.PhotoID) {
	var ids []library.PhotoID
	at := 0
	for i, c := range w.detail.shown.Stack {
		w.feed.Put(c)
		if ids = append(ids, c.Photo); c.Photo == id {
			at = i
		}
	}
	w.viewer.Show(ids, at, false)
	w.aside = true
	w.chosenChanged()
	w.focus(w.viewer.Pane)
}
