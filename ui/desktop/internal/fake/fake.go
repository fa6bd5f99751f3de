// Package fake is a library in memory for tests of the window: any number of photos with
// drawn pictures, tags, folders and searches, and no files.
package fake

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"descry/library"
	"descry/library/heatmap"
	"descry/tagging"
	"descry/ui/app"
)

// words are what photos show, in turn: photo i shows words[i%len(words)] and the next one.
var words = []string{"beach", "dog", "mountain", "city at night", "food on a table", "forest", "cat", "birthday party", "document", "sunset", "bicycle", "snow"}

// Backend is the library. The zero value is not usable; see New.
type Backend struct {
	mu       sync.Mutex
	n        int
	pictures []*image.RGBA
	states   map[library.PhotoID]map[library.LabelID]library.TagState
	alts     map[library.PhotoID]library.AltText
	fav      map[library.PhotoID]bool
	stars    map[library.PhotoID]int
	settings map[string]string
	journal  []undoable
	undone   []undoable
	events   app.Events
	progress app.Progress
	sets     []tagging.LabelSet
	calls    map[string]int
	roots    int
	groups   []app.DuplicateGroup
	kept     map[string]bool // by the path of a group's first member
	trashed  map[string]bool // by path
	saved    saved

	// Problem is what ModelProblem returns; Fails are the failures; Slow delays answers.
	Problem string
	Kept    Kept
	Fails   []library.Failure
	Slow    func(ctx context.Context, call string)

	// Stacks says that some photos are stacks, videos and motion photos. TrashFails are the
	// reasons for which paths stay, TrashError is what Trash fails with; Heirs are all items
	// that it was given.
	Stacks     bool
	TrashFails map[string]string
	TrashError error
	Heirs      []app.TrashItem

	// Preferred is what Prefer was told last.
	Preferred []library.PhotoID

	Modelled Modelled
}

type undoable struct {
	op   library.Operation
	undo func()
	redo func()
}

// New returns a library of n photos.
func New(n int) *Backend {
	b := &Backend{
		n: n, Modelled: modelled(), pictures: pictures(), states: map[library.PhotoID]map[library.LabelID]library.TagState{}, alts: map[library.PhotoID]library.AltText{},
		fav: map[library.PhotoID]bool{}, stars: map[library.PhotoID]int{}, settings: map[string]string{}, calls: map[string]int{},
		kept: map[string]bool{}, trashed: map[string]bool{},
	}
	if n > 0 {
		b.roots = 2
	}
	b.sets = []tagging.LabelSet{
		{Name: "scenes", Title: "Scenes", Labels: labels("beach", "mountain", "forest", "sunset", "snow", "city at night")},
		{Name: "things", Title: "Things", Limit: 3, Labels: labels("bicycle", "document", "food on a table")},
		{Name: "animals", Title: "Animals", Labels: labels("dog", "cat")},
	}
	return b
}

func labels(names ...string) []tagging.Label {
	var out []tagging.Label
	for _, n := range names {
		out = append(out, tagging.Label{Name: n, Synonyms: []string{n + "s"}})
	}
	return out
}

// pictures are drawn once for all libraries: under the race detector that takes a while.
var pictures = sync.OnceValue(func() []*image.RGBA {
	var out []*image.RGBA
	for i := range 36 {
		out = append(out, draw(i))
	}
	return out
})

// draw makes a picture with a horizon and a few shapes, different for every i.
func draw(i int) *image.RGBA {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	w, h := 240, 160
	if i%5 == 3 {
		w, h = 160, 240
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	top := color.RGBA{uint8(90 + r.IntN(120)), uint8(120 + r.IntN(100)), uint8(150 + r.IntN(105)), 255}
	low := color.RGBA{uint8(40 + r.IntN(150)), uint8(60 + r.IntN(130)), uint8(30 + r.IntN(90)), 255}
	horizon := h/3 + r.IntN(h/3)
	type disc struct {
		x, y, r int
		c       color.RGBA
	}
	var discs []disc
	for range 3 + r.IntN(5) {
		discs = append(discs, disc{r.IntN(w), r.IntN(h), 6 + r.IntN(34), color.RGBA{uint8(r.IntN(255)), uint8(r.IntN(255)), uint8(r.IntN(255)), 255}})
	}
	for y := range h {
		for x := range w {
			c := top
			shade := 0.75 + 0.25*float64(y)/float64(h)
			if y > horizon {
				c = low
				shade = 1.1 - 0.4*float64(y)/float64(h)
			}
			for _, d := range discs {
				if dx, dy := x-d.x, y-d.y; dx*dx+dy*dy < d.r*d.r {
					c = d.c
				}
			}
			p := img.PixOffset(x, y)
			img.Pix[p], img.Pix[p+1], img.Pix[p+2], img.Pix[p+3] = scale(c.R, shade), scale(c.G, shade), scale(c.B, shade), 255
		}
	}
	return img
}

func scale(v uint8, by float64) uint8 { return uint8(min(float64(v)*by, 255)) }

func (b *Backend) count(ctx context.Context, call string) {
	b.mu.Lock()
	b.calls[call]++
	slow := b.Slow
	b.mu.Unlock()
	if slow != nil {
		slow(ctx, call)
	}
}

// Calls returns how often a method was called.
func (b *Backend) Calls(method string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[method]
}

// Listen takes the callbacks; Events returns them for a test to call.
func (b *Backend) Listen(e app.Events) { b.mu.Lock(); b.events = e; b.mu.Unlock() }

// Events is described at Listen.
func (b *Backend) Events() app.Events { b.mu.Lock(); defer b.mu.Unlock(); return b.events }

// Model returns a small bundled model.
func (b *Backend) Model() app.ModelInfo {
	if b.Problem != "" {
		return app.ModelInfo{}
	}
	return app.ModelInfo{ID: "starter", Name: "Starter", Provider: "CPU", Bundled: true, InUse: true}
}

// ModelProblem returns Problem.
func (b *Backend) ModelProblem() string { return b.Problem }

// ReadOnly says yes where Kept.Held names who writes the library.
func (b *Backend) ReadOnly() (bool, string) { return b.Kept.Held != "", b.Kept.Held }

// AddRoot brings 40 photos.
func (b *Backend) AddRoot(ctx context.Context, path string) (library.Root, error) {
	b.count(ctx, "AddRoot")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roots++
	b.n += 40
	return library.Root{ID: library.RootID(b.roots), Path: path}, nil
}

// AddSamples brings 40 photos too.
func (b *Backend) AddSamples(ctx context.Context) (library.Root, error) {
	return b.AddRoot(ctx, "/samples")
}

// RemoveRoot counts the call.
func (b *Backend) RemoveRoot(ctx context.Context, _ library.RootID) error {
	b.count(ctx, "RemoveRoot")
	return nil
}

// RelocateRoot does nothing.
func (b *Backend) RelocateRoot(context.Context, library.RootID, string) error { return nil }

// Roots returns Kept.Roots.
func (b *Backend) Roots(context.Context) ([]library.Root, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.Kept.Roots), nil
}

// SetProgress sets what Progress returns and tells the listener.
func (b *Backend) SetProgress(p app.Progress) {
	b.mu.Lock()
	b.progress = p
	tell := b.events.Progress
	b.mu.Unlock()
	if tell != nil {
		tell(p)
	}
}

func (b *Backend) job(call string, change func(*app.Progress)) {
	b.count(context.Background(), call)
	b.mu.Lock()
	p := b.progress
	b.mu.Unlock()
	change(&p)
	b.SetProgress(p)
}

// StartIndexing begins the job that SetProgress shows.
func (b *Backend) StartIndexing() { b.job("StartIndexing", func(*app.Progress) {}) }

// PauseIndexing pauses it.
func (b *Backend) PauseIndexing() { b.job("PauseIndexing", func(p *app.Progress) { p.Paused = true }) }

// ResumeIndexing goes on with it.
func (b *Backend) ResumeIndexing() {
	b.job("ResumeIndexing", func(p *app.Progress) { p.Paused, p.Waiting = false, app.WaitNot })
}

// CancelIndexing ends it.
func (b *Backend) CancelIndexing() {
	b.job("CancelIndexing", func(p *app.Progress) { p.Running = false })
}

// Touched counts that somebody did something.
func (b *Backend) Touched() { b.count(context.Background(), "Touched") }

// Progress returns how far the job has come.
func (b *Backend) Progress() app.Progress { b.mu.Lock(); defer b.mu.Unlock(); return b.progress }

// Sidebar returns two folders, one of them offline, and a few tags and years.
func (b *Backend) Sidebar(ctx context.Context) (app.Sidebar, error) {
	b.count(ctx, "Sidebar")
	b.mu.Lock()
	defer b.mu.Unlock()
	s := app.Sidebar{All: b.n, Favourites: len(b.fav), Untagged: b.n / 3, AltToReview: b.n / 2, Missing: b.Kept.Missing}
	if b.roots == 0 {
		return s, nil
	}
	folder := func(root library.RootID, dir, title string, n int) app.Folder {
		return app.Folder{Count: app.Count{Title: title, Photos: n, Scope: app.Scope{Kind: app.ScopeFolder, Root: root, Dir: dir, Title: title}}, State: library.Present}
	}
	pictures := folder(1, "", "Pictures", b.n*2/3)
	pictures.Children = []app.Folder{folder(1, "2019", "2019", b.n/4), folder(1, "2021 Sardinia and everything after it", "2021 Sardinia and everything after it", b.n/4)}
	disk := folder(2, "", "USB disk", b.n/3)
	disk.State = library.Offline
	s.Folders = []app.Folder{pictures, disk}
	for i, w := range words {
		s.Tags = append(s.Tags, app.TagCount{Label: library.LabelID(i + 1), Set: "scenes", Name: w, Confirmed: 3, Suggested: b.n / len(words)})
	}
	for y := 2026; y > 2018; y-- {
		s.Dates = append(s.Dates, app.Count{Title: fmt.Sprint(y), Photos: b.n / 8, Scope: app.Scope{Kind: app.ScopeDates, Title: fmt.Sprint(y)}})
	}
	s.Albums = b.listAlbums()
	return s, nil
}

// Browse returns all photos, or a third of them for any narrower scope.
func (b *Backend) Browse(ctx context.Context, s app.Scope) ([]library.PhotoID, error) {
	b.count(ctx, "Browse")
	return b.browse(s), nil
}

func (b *Backend) browse(s app.Scope) []library.PhotoID {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []library.PhotoID
	if s.Kind == app.ScopeFavourites {
		for id := range b.fav {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		return ids
	}
	step := 1
	if s.Kind != app.ScopeAll {
		step = 3
	}
	ids = make([]library.PhotoID, 0, b.n/step+1)
	for i := 0; i < b.n; i += step {
		id := library.PhotoID(i + 1)
		if members, _ := b.stack(id); b.inTrash(id) || s.Stacked && len(members) > 0 && members[0] != id {
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

// Complete knows the beginnings of two filters.
func (b *Backend) Complete(ctx context.Context, text string, cursor int) (app.Completion, error) {
	b.count(ctx, "Complete")
	start := strings.LastIndex(text[:cursor], " ") + 1
	c := app.Completion{Start: start, End: cursor}
	for _, p := range []app.Proposal{{Text: "tag:", Help: "a tag you confirmed"}, {Text: "tag~:", Help: "suggested, too"}} {
		if typed := text[start:cursor]; typed != "" && strings.HasPrefix(p.Text, typed) {
			c.Proposals = append(c.Proposals, p)
		}
	}
	return c, ctx.Err()
}

// Search finds the photos that show the words of the query; the others follow.
func (b *Backend) Search(ctx context.Context, r app.SearchRequest) (app.SearchResult, error) {
	b.count(ctx, "Search")
	if err := ctx.Err(); err != nil {
		return app.SearchResult{}, err
	}
	out := app.SearchResult{Query: r.Text, Interpretation: r.Text, Chips: []string{r.Text}, Calibrated: true, Coverage: 0.61}
	if at := strings.Index(r.Text, `"`); at >= 0 && strings.Count(r.Text, `"`) == 1 {
		out.Problems = []app.SearchProblem{{Sentence: "A quotation mark is missing.", Start: at, End: len(r.Text)}}
	}
	var less []app.Hit
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.n {
		text := words[i%len(words)]
		h := app.Hit{Photo: library.PhotoID(i + 1), Score: 0.2, Confidence: 0.1}
		if r.Text != "" && strings.Contains(text, r.Text) && i%7 < 2 {
			h.Likely, h.Score, h.Confidence = true, 0.3, 0.93-float64(i%7)/5
			h.Why = []app.Reason{{Kind: "looks like", Text: r.Text, Confidence: h.Confidence}, {Kind: "tag", Text: text}}
			out.Hits = append(out.Hits, h)
			continue
		}
		if len(less) < 10_000 {
			less = append(less, h)
		}
	}
	out.Matched = len(out.Hits)
	out.Hits = append(out.Hits, less...)
	if r.Limit > 0 && len(out.Hits) > r.Limit {
		out.Hits = out.Hits[:r.Limit]
	}
	return out, nil
}

// Where finds the words of the query in the upper left, first roughly and then finely, and
// whatever else the query has after a comma in the lower right. A photo that does not show
// the words has no map.
func (b *Backend) Where(ctx context.Context, r app.WhereRequest, show func(app.Where)) (app.Where, error) {
	b.count(ctx, "Where")
	if err := ctx.Err(); err != nil {
		return app.Where{}, err
	}
	found := app.Where{}
	for i, text := range strings.Split(r.Text, ",") {
		m := app.WhereMap{Text: strings.TrimSpace(text), Area: heatmap.Area{X0: 0, Y0: 0, X1: 1, Y1: 1}}
		for _, side := range []int{2, 8} {
			m.Heat = heatmap.Map{Side: side, Heat: make([]float32, side*side)}
			m.Heat.Heat[0] = 1
			m.Place = heatmap.UpperLeft
			if i > 0 {
				slices.Reverse(m.Heat.Heat)
				m.Place = heatmap.LowerRight
			}
			show(app.Where{Maps: append(slices.Clone(found.Maps), m), Done: side, Total: 10})
		}
		m.Final = true
		found.Maps = append(found.Maps, m)
	}
	return found, ctx.Err()
}

// Similar is a search for the first word.
func (b *Backend) Similar(ctx context.Context, _ library.PhotoID, r app.SearchRequest) (app.SearchResult, error) {
	r.Text = words[0]
	return b.Search(ctx, r)
}

func (b *Backend) card(id library.PhotoID) app.Card {
	i := int(id) - 1
	p := b.pictures[i%len(b.pictures)].Pix[:3]
	var content library.Content
	content.Scheme = "fake"
	content.Digest[0], content.Digest[1], content.Digest[2], content.Digest[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
	c := app.Card{
		Photo: id, Name: fmt.Sprintf("IMG_%05d.jpg", i+1), Path: pathOf(id), Format: "jpeg",
		Taken:   time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC).Add(-time.Duration(i) * 53 * time.Minute),
		Picture: library.Picture{Content: content, Orientation: 1}, Colour: uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2]),
		Favourite: b.fav[id], Rating: b.stars[id], State: library.Present,
	}
	if i%31 == 30 {
		c.State = library.Offline
	}
	if members, _ := b.stack(id); len(members) > 0 && members[0] == id {
		c.Stacked = len(members)
	}
	switch {
	case b.Stacks && i%40 == 5:
		c.Name, c.Format, c.Duration = fmt.Sprintf("IMG_%05d.mp4", i+1), "mp4", 83*time.Second
	case b.Stacks && i%40 == 7:
		c.Motion = true
	}
	return c
}

func pathOf(id library.PhotoID) string {
	return fmt.Sprintf("/home/ann/Pictures/2021 Sardinia/IMG_%05d.jpg", id)
}

// Count tells how many photos a scope has.
func (b *Backend) Count(ctx context.Context, s app.Scope) (int, error) {
	b.count(ctx, "Count")
	return len(b.browse(s)), nil
}

// Cards returns what cells show.
func (b *Backend) Cards(ctx context.Context, ids []library.PhotoID) ([]app.Card, error) {
	b.count(ctx, "Cards")
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]app.Card, len(ids))
	for i, id := range ids {
		out[i] = b.card(id)
	}
	return out, nil
}

// Thumbnail returns one of a few drawn pictures.
func (b *Backend) Thumbnail(ctx context.Context, p library.Picture) (*image.RGBA, error) {
	b.count(ctx, "Thumbnail")
	d := p.Content.Digest
	i := int(d[0]) | int(d[1])<<8 | int(d[2])<<16 | int(d[3])<<24
	return b.pictures[i%len(b.pictures)], ctx.Err()
}

// PictureFile returns one of them.
func (b *Backend) PictureFile(ctx context.Context, _ string) (*image.RGBA, error) {
	b.count(ctx, "PictureFile")
	return b.pictures[0], ctx.Err()
}

// Picture returns the same pictures.
func (b *Backend) Picture(ctx context.Context, id library.PhotoID) (*image.RGBA, error) {
	b.count(ctx, "Picture")
	return b.pictures[(int(id)-1)%len(b.pictures)], ctx.Err()
}

// Detail returns everything of a photo.
func (b *Backend) Detail(ctx context.Context, id library.PhotoID) (app.Detail, error) {
	b.count(ctx, "Detail")
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.card(id)
	i := int(id) - 1
	d := app.Detail{
		Card:     c,
		Files:    []app.FileInfo{{Path: c.Path, Size: 3_412_345, Time: c.Taken, State: c.State}},
		Metadata: library.Metadata{Format: "jpeg", Width: 6000, Height: 4000, Make: "FUJIFILM", Model: "X-T4", Lens: "XF 18-55mm F2.8-4", ISO: 400, FNumber: 5.6, Exposure: 1.0 / 250, Focal: 35, GPS: &library.GPS{Lat: 39.223, Lon: 9.121}, Keywords: []string{"holiday", "sea"}},
		Measures: library.Measures{Width: 6000, Height: 4000},
	}
	if i%5 == 3 {
		d.Measures.Width, d.Measures.Height = 4000, 6000
	}
	for n := range i % 12 { // the longer the list, the more stands in the picture
		d.Text = append(d.Text, library.TextLine{Text: fmt.Sprintf("Platform %d", n+1), Confidence: 0.9})
	}
	d.Metadata.Format, d.Metadata.Duration, d.Metadata.Motion = c.Format, c.Duration, c.Motion
	if members, kind := b.stack(id); len(members) > 0 {
		d.StackOf = kind
		for _, m := range members {
			d.Stack = append(d.Stack, b.card(m))
		}
	}
	for k, w := range []int{i % len(words), (i + 1) % len(words), (i + 3) % len(words)} {
		label := library.LabelID(w + 1)
		t := library.Tag{Label: label, Set: "scenes", Name: words[w], State: library.Suggested, Confidence: []float64{0.91, 0.72, 0.53}[k]}
		if s, ok := b.states[id][label]; ok {
			t.State = s
		}
		d.Tags = append(d.Tags, t)
	}
	for label, s := range b.states[id] {
		if !slices.ContainsFunc(d.Tags, func(t library.Tag) bool { return t.Label == label }) {
			d.Tags = append(d.Tags, library.Tag{Label: label, Set: "my-tags", Name: b.name(label), State: s, Confidence: 1})
		}
	}
	rank := map[library.TagState]int{library.Confirmed: 0, library.Suggested: 1, library.Rejected: 2}
	slices.SortStableFunc(d.Tags, func(x, y library.Tag) int {
		return cmp.Or(rank[x.State]-rank[y.State], cmp.Compare(y.Confidence, x.Confidence), cmp.Compare(x.Label, y.Label))
	})
	d.AltText = library.AltText{Text: "A " + words[i%len(words)] + ", probably with a " + words[(i+1)%len(words)] + ".", Lang: "en", State: library.AltDraft}
	if a, ok := b.alts[id]; ok {
		d.AltText = a
	}
	return d, nil
}

func (b *Backend) name(label library.LabelID) string {
	if i := int(label) - 1; i < len(words) {
		return words[i]
	}
	return b.settings[fmt.Sprint("label/", label)]
}
