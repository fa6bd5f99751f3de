package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/assets"
	"descry/clipengine/bundle"
	"descry/internal/onnxtest"
	"descry/library"
	"descry/library/places"
	"descry/library/store"
	"descry/tagging"
)

// A made library is one as somebody who photographed for twenty years would have it, of any
// size: folders of outings with names as cameras give them, times, places, cameras and
// settings, words that a few wrote, tags, and vectors that lie as those of CLIP do: all in a
// narrow cone, gathered around what is to be seen, and far from those of words. No photo of it
// lies on a disk. The same seed gives the same library, wherever it is made.

const (
	madeDim   = 512
	madeBatch = 2000 // photos in a transaction
)

// maker makes the photos of a library one after the other.
type maker struct {
	n      int
	seed   uint64
	events []event
	things [][]float32 // the direction of each of madeThings
	mean   []float32   // of all pictures
	words  []string    // made ones; the first ones are used most
	zipf   func(*rand.Rand) int
	taken  map[string]bool // paths
}

// event is an outing: photos of a few days that lie in one folder.
type event struct {
	dir      string
	first    int // its first photo
	start    time.Time
	days     float64
	lat, lon float64
	camera   int
	things   []int // what is mostly to be seen
	keywords []string
}

// direction is a unit vector of a seed.
func direction(seed, i uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, i))
	v := make([]float32, madeDim)
	for k := range v {
		v[k] = float32(r.NormFloat64())
	}
	unit(v)
	return v
}

func newMaker(n int, seed uint64) *maker {
	m := &maker{n: n, seed: seed, mean: direction(seed, 1), taken: map[string]bool{}}
	for i := range madeThings {
		m.things = append(m.things, direction(seed, uint64(100+i)))
	}
	r := rand.New(rand.NewPCG(seed, 2))
	for range 20_000 {
		var b strings.Builder
		for range 2 + r.IntN(3) {
			b.WriteByte("bdfgklmnprstvz"[r.IntN(14)])
			b.WriteByte("aeiou"[r.IntN(5)])
		}
		m.words = append(m.words, b.String())
	}
	// The k-th word comes 1/k as often as the first (Zipf): the logarithm of the place is even.
	m.zipf = func(r *rand.Rand) int { return int(math.Exp(r.Float64()*math.Log(float64(len(m.words)+1)))) - 1 }
	m.outings(r)
	return m
}

// outings fills twenty years with events until they hold all photos.
func (m *maker) outings(r *rand.Rand) {
	first := time.Date(2005, 1, 1, 8, 0, 0, 0, time.UTC)
	const years = 20 * 365.25
	for done := 0; done < m.n; {
		at := first.Add(time.Duration(years * math.Sqrt(r.Float64()) * float64(24*time.Hour))) // more and more over time
		place := madePlaces[0]                                                                 // at home
		if r.IntN(3) > 0 {
			place = madePlaces[int(float64(len(madePlaces))*r.Float64()*r.Float64())]
		}
		e := event{
			first: done, start: at, days: 0.3 + 6*r.Float64()*r.Float64(),
			lat: place.lat + r.NormFloat64()/20, lon: place.lon + r.NormFloat64()/20,
			camera: min(int(float64(at.Year()-2005)/20*float64(len(madeCameras)))+r.IntN(6), len(madeCameras)-1),
		}
		e.dir = fmt.Sprintf("%d/%02d %s", at.Year(), at.Month(), place.name)
		switch r.IntN(4) {
		case 0:
			e.dir = fmt.Sprintf("%d/%s", at.Year(), at.Format(time.DateOnly))
		case 1:
			e.dir += fmt.Sprintf("/%s %d", madeThings[r.IntN(len(madeThings))], done%97)
		}
		for range 2 + r.IntN(4) {
			e.things = append(e.things, int(float64(len(madeThings))*r.Float64()*r.Float64()))
		}
		if r.IntN(4) == 0 {
			e.keywords = []string{place.name, madeThings[e.things[0]]}
			for range r.IntN(4) {
				e.keywords = append(e.keywords, m.words[m.zipf(r)])
			}
		}
		m.events = append(m.events, e)
		done += 20 + int(400*r.Float64()*r.Float64())
	}
}

// made is one photo.
type made struct {
	number int // of the photo
	change store.ScanChange
	found  store.IndexedFile
	things []int // what is to be seen, the clearest first
}

// photo makes photo i of event e.
func (m *maker) photo(e *event, i int) made {
	r := rand.New(rand.NewPCG(m.seed+1, uint64(i)))
	c := madeCameras[e.camera]
	taken := e.start.Add(time.Duration(r.Float64() * e.days * float64(24*time.Hour))).Truncate(time.Second)
	if h := taken.Hour(); h < 7 && r.IntN(10) > 0 {
		taken = taken.Add(10 * time.Hour) // few are up at night
	}
	md := library.Metadata{
		Format: "jpeg", Width: c.width, Height: c.height, Orientation: 1, Taken: taken, HasZone: c.phone,
		Make: c.maker, Model: c.model, Lens: c.lenses[r.IntN(len(c.lenses))],
		ISO: 100 << r.IntN(6), FNumber: []float64{1.8, 2.8, 4, 5.6, 8, 11}[r.IntN(6)], Exposure: 1 / float64(int(30)<<r.IntN(6)),
		Focal: []float64{4.2, 24, 35, 50, 85, 135, 200}[r.IntN(7)], Profile: "sRGB",
	}
	if r.IntN(4) == 0 {
		md.Orientation = 6
	}
	// Each has a number of its own: a name that is there already would say which came first.
	name := fmt.Sprintf(c.name, i)
	if c.phone {
		name = fmt.Sprintf(c.name, taken.Format("20060102_150405")+fmt.Sprintf("%03d", i%1000)) // with milliseconds
	}
	switch k := r.IntN(200); {
	case k < 6: // sent by others
		name = fmt.Sprintf("IMG-%s-WA%04d.jpg", taken.Format("20060102"), i)
		md = library.Metadata{Format: "jpeg", Width: 1600, Height: 1200, Orientation: 1}
	case k < 10:
		name = fmt.Sprintf("Screenshot_%s.png", taken.Format("20060102-150405"))
		md = library.Metadata{Format: "png", Width: 1080, Height: 2340, Orientation: 1}
	case k < 14:
		name = strings.TrimSuffix(name, filepath.Ext(name)) + ".mp4"
		md.Format, md.Width, md.Height, md.Duration = "mp4", 1920, 1080, time.Duration(1+r.IntN(60))*time.Second
	case k < 18:
		name = strings.TrimSuffix(name, filepath.Ext(name)) + ".CR2"
		md.Format = "cr2"
	case k < 20:
		md.Width, md.Height = 9000, 2000
	}
	if md.Make != "" && (c.phone || r.IntN(4) == 0) {
		md.GPS = &library.GPS{Lat: e.lat + r.NormFloat64()/100, Lon: e.lon + r.NormFloat64()/100, Alt: 200 * r.Float64()}
	}
	if r.IntN(12) == 0 {
		md.Rating = 1 + r.IntN(5)
	}
	x := made{number: i, things: []int{e.things[r.IntN(len(e.things))]}}
	if other := r.IntN(len(madeThings)); r.IntN(2) == 0 && other != x.things[0] {
		x.things = append(x.things, other)
	}
	if e.keywords != nil {
		md.Keywords = append(md.Keywords, e.keywords...)
	}
	if r.IntN(10) == 0 {
		text := []string{madeThings[x.things[0]]}
		for range 3 + r.IntN(12) {
			text = append(text, m.words[m.zipf(r)])
		}
		md.Description = strings.Join(text, " ")
	}
	var vary float32 = 0.4
	if len(x.things) == 1 {
		vary = 0
	}
	v := make([]float32, madeDim)
	for k := range v {
		v[k] = 0.6*m.mean[k] + 0.5*m.things[x.things[0]][k] + vary*m.things[x.things[len(x.things)-1]][k] + float32(0.5/math.Sqrt(madeDim)*r.NormFloat64())
	}
	unit(v)
	palette := make([]library.Swatch, 3)
	for k := range palette {
		palette[k] = library.Swatch{Colour: r.Uint32() & 0xf0f0f0, Share: uint8(120 >> k)}
	}
	if m.taken[e.dir+"/"+name] {
		name = fmt.Sprintf("%d_%s", i, name)
	}
	m.taken[e.dir+"/"+name] = true
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(i))
	st := library.Stat{Size: 2e6 + int64(r.IntN(8e6)), ModTime: taken.UnixNano() + int64(i), Inode: fmt.Sprintf("1:%d", i)}
	x.change = store.ScanChange{Kind: store.Found, Dir: e.dir, Name: name, Stat: st}
	x.found = store.IndexedFile{
		Stat: st, Content: library.Content{Scheme: "jpeg1", Digest: sha256.Sum256(number[:])}, Metadata: md,
		Measures: &library.Measures{
			Width: md.Width, Height: md.Height, PHash: r.Uint64(), Sharpness: 100 * r.Float64(), Exposure: r.Float64(),
			Colour: palette[0].Colour, Palette: palette,
		},
		Vector: v, Provider: "cpu",
	}
	if md.Orientation == 6 {
		x.found.Measures.Width, x.found.Measures.Height = md.Height, md.Width
	}
	return x
}

// makeLibrary makes a library of n photos in dir, in the space of madeModel. order says in
// which order photos come: it takes the numbers 0 to n-1 to themselves.
func makeLibrary(ctx context.Context, dir, space string, n int, order func(int) int, say func(string, ...any)) (err error) {
	s, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	root, err := s.AddRoot(ctx, "/photos", "")
	if err != nil {
		return err
	}
	sp, err := s.EnsureSpace(ctx, space, "made", madeDim)
	if err != nil {
		return err
	}
	m := newMaker(n, 7)
	events := make([]int32, 0, n)
	for i := range m.events {
		end := n
		if i+1 < len(m.events) {
			end = min(n, m.events[i+1].first)
		}
		for len(events) < end {
			events = append(events, int32(i))
		}
	}
	batches := make(chan []made, 1)
	g, both := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(batches)
		for from := 0; from < n; from += madeBatch {
			batch := make([]made, 0, madeBatch)
			for i := from; i < min(from+madeBatch, n); i++ {
				k := order(i)
				batch = append(batch, m.photo(&m.events[events[k]], k))
			}
			select {
			case batches <- batch:
			case <-both.Done():
				return both.Err()
			}
		}
		return nil
	})
	var shown []made // what is to be seen, in the order of vectors
	g.Go(func() error {
		for batch := range batches {
			if err := commit(both, s, root.ID, sp.ID, batch, &shown); err != nil {
				return err
			}
			if len(shown)%100_000 == 0 {
				say("  %s photos made", thousands(len(shown)))
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return errors.Join(sayThings(ctx, s, sp.ID, shown), place(ctx, s))
}

// place looks up where the photos were taken, as the program does after looking at them.
func place(ctx context.Context, s *store.Store) error {
	list, err := places.Read(assets.Places())
	if err != nil {
		return err
	}
	spots, err := s.SpotsWithoutPlace(ctx, list.Version(), 0)
	if err != nil {
		return err
	}
	found := make([]store.SpotPlace, len(spots))
	for i, spot := range spots {
		n := list.Nearest(spot.Middle())
		found[i] = store.SpotPlace{Spot: spot, Town: n.Town, Region: n.Region, Country: n.Country}
	}
	return s.PutPlaces(ctx, list.Version(), found)
}

// commit brings a batch of photos into the library.
func commit(ctx context.Context, s *store.Store, root library.RootID, space library.SpaceID, batch []made, shown *[]made) error {
	byInode := make(map[string]*made, len(batch))
	changes := make([]store.ScanChange, len(batch))
	for i := range batch {
		c := &batch[i].change
		byInode[c.Stat.Inode] = &batch[i]
		changes[i] = *c
	}
	if err := s.ApplyScan(ctx, root, changes); err != nil {
		return err
	}
	files, err := s.Pending(ctx, 0, len(batch), store.Cursor{})
	if err != nil {
		return err
	}
	var found []store.IndexedFile
	for _, f := range files {
		x := byInode[f.File.Stat.Inode]
		x.found.File, x.found.Space = f.File.ID, space
		found = append(found, x.found)
		*shown = append(*shown, made{number: x.number, things: x.things})
	}
	return s.CommitBatch(ctx, found)
}

// sayThings adds what the machine suggests and what a person said.
func sayThings(ctx context.Context, s *store.Store, space library.SpaceID, shown []made) error {
	set := store.LabelSet{Name: "things", Title: "Things"}
	for _, t := range madeThings {
		set.Labels = append(set.Labels, store.Label{Name: t})
	}
	if _, err := s.PutLabelSet(ctx, set, ""); err != nil {
		return err
	}
	sets, err := s.LabelSets(ctx)
	if err != nil {
		return err
	}
	ids := map[string]library.LabelID{}
	for _, l := range sets[0].Labels {
		ids[l.Name] = l.ID
	}
	var list []store.Suggestion
	var liked []library.PhotoID
	confirmed := map[int][]library.PhotoID{}
	var seqs []int64
	var photos []library.PhotoID
	if err := s.VectorPhotos(ctx, space, func(seq int64, photo library.PhotoID) {
		seqs, photos = append(seqs, seq), append(photos, photo)
	}); err != nil {
		return err
	}
	if len(seqs) != len(shown) {
		return fmt.Errorf("%d photos became %d", len(shown), len(seqs))
	}
	for i, seq := range seqs {
		// By its number, so that the order in which photos come does not matter.
		r := rand.New(rand.NewPCG(5, uint64(shown[i].number)))
		for _, t := range shown[i].things {
			list = append(list, store.Suggestion{Seq: seq, Label: ids[madeThings[t]], Confidence: 0.3 + 0.7*r.Float64()})
		}
		if r.IntN(50) == 0 {
			confirmed[shown[i].things[0]] = append(confirmed[shown[i].things[0]], photos[i])
		}
		if shown[i].number%101 == 0 {
			liked = append(liked, photos[i])
		}
		if len(list) > 5*madeBatch || i == len(seqs)-1 {
			if err := s.PutSuggestions(ctx, space, "made", seq, list); err != nil {
				return err
			}
			list = list[:0]
		}
	}
	for t, p := range confirmed {
		if _, _, err := s.SetTags(ctx, p, ids[madeThings[t]], library.Confirmed); err != nil {
			return err
		}
	}
	if _, err := s.SetFavourite(ctx, liked, true); err != nil {
		return err
	}
	if _, err := s.SetRating(ctx, liked[:len(liked)/2], 5); err != nil {
		return err
	}
	album, _, err := s.PutAlbum(ctx, store.Album{Name: "Best of"})
	if err != nil {
		return err
	}
	_, err = s.SetAlbumPhotos(ctx, album, liked, true)
	return err
}

// madeModel is a model whose text tower knows the things of a made library: the vector of a
// text is the mean of its words, and lies where photos of those things lie, as far as CLIP's
// words lie near its pictures.
func madeModel() onnxtest.Files {
	m := newMaker(0, 7)
	words := append([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]"}, strings.Fields("a an the of on in at with and photo picture many something")...)
	apart := direction(7, 3) // from all words to all pictures
	var rows []float32
	add := func(thing []float32, i int) {
		own := direction(7, uint64(10_000+i))
		for k := range madeDim {
			x := 0.7*apart[k] + 0.1*own[k]
			if thing != nil {
				x += 0.6 * thing[k]
			}
			rows = append(rows, x)
		}
	}
	for i := range words {
		add(nil, i)
	}
	for i, t := range madeThings {
		words = append(words, t)
		add(m.things[i], len(words))
	}
	files := onnxtest.Descry()
	files["vision.onnx"] = onnxtest.Graph{
		Nodes: []onnxtest.Message{
			onnxtest.Node("GlobalAveragePool", []string{"pixel_values"}, []string{"pooled"}),
			onnxtest.Node("Flatten", []string{"pooled"}, []string{"flat"}, onnxtest.IntAttribute("axis", 1)),
			onnxtest.Node("MatMul", []string{"flat", "w"}, []string{"image_embeds"}),
		},
		Weights: []onnxtest.Message{onnxtest.Tensor("w", rows[:3*madeDim], 3, madeDim)},
		Inputs:  []onnxtest.Message{onnxtest.Value("pixel_values", onnxtest.Float, -1, 3, onnxtest.Size, onnxtest.Size)},
		Outputs: []onnxtest.Message{onnxtest.Value("image_embeds", onnxtest.Float, -1, madeDim)},
	}.Model()
	files["text.onnx"] = onnxtest.Graph{
		Nodes: []onnxtest.Message{
			onnxtest.Node("Gather", []string{"rows", "input_ids"}, []string{"tokens"}),
			onnxtest.Node("ReduceMean", []string{"tokens"}, []string{"text_embeds"},
				onnxtest.IntsAttribute("axes", 1), onnxtest.IntAttribute("keepdims", 0)),
		},
		Weights: []onnxtest.Message{onnxtest.Tensor("rows", rows, int64(len(words)), madeDim)},
		Inputs: []onnxtest.Message{
			onnxtest.Value("input_ids", onnxtest.Int64, -1, -1), onnxtest.Value("attention_mask", onnxtest.Int64, -1, -1),
		},
		Outputs: []onnxtest.Message{onnxtest.Value("text_embeds", onnxtest.Float, -1, madeDim)},
	}.Model()
	files["preprocess.json"] = onnxtest.JSON(map[string]any{
		"image_size": onnxtest.Size, "resize": map[string]any{"mode": "shortest_edge", "size": onnxtest.Size, "interpolation": "bicubic"},
		"mean": []float64{0.5, 0.5, 0.5}, "std": []float64{0.5, 0.5, 0.5},
		"text": map[string]any{"max_length": 32}, "embed_dim": madeDim, "logit_scale": 100,
	})
	files["tokenizer.json"] = onnxtest.TokenizerOf(words)
	return files
}

// madeSets are the labels of a made library.
func madeSets() []tagging.LabelSet {
	set := tagging.LabelSet{Name: "things"}
	for _, t := range madeThings {
		set.Labels = append(set.Labels, tagging.Label{Name: t})
	}
	return []tagging.LabelSet{set}
}

// makeAlone makes a library and the model that its vectors are of.
func makeAlone(ctx context.Context, dir string, n int, say func(string, ...any)) error {
	if dir == "" {
		return errors.New("-make needs a folder: -dir")
	}
	space, err := putModel(filepath.Join(dir, "models", "made"))
	if err != nil {
		return err
	}
	return makeLibrary(ctx, dir, space, n, func(i int) int { return i }, say)
}

// putModel writes the model of made libraries into a folder and returns its space.
func putModel(dir string) (space string, err error) {
	for name, data := range madeModel() {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return "", err
		}
	}
	b, err := bundle.Open(dir)
	if err != nil {
		return "", err
	}
	return b.Space(), nil
}
