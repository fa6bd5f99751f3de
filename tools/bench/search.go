package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/fstest"
	"time"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/library"
	"descry/library/search"
	"descry/library/store"
	"descry/library/vectors"
	"descry/ui/app"
)

// The library that is searched, and how often each query is asked.
const (
	searchPhotos = 1_000_000
	searchRounds = 3
	stablePhotos = 20_000
	stableBest   = 100
)

// searched is what searchLibrary, in a process of its own, says.
type searched struct {
	First float64 // ms from opening the library to the first result
	Anon  float64 // MB of anonymous memory then
	After float64 // MB after all searches

	All, Plain, Few []float64 // ms of each search: of the mix, of descriptions alone, of these with a filter
	Share           float64   // of the photos that the filter keeps
	Scan            []float64 // ms of comparing all vectors as float32 and sorting all of them
	Calls           int64     // of the text encoder for a query that was asked before
	Slowest         string
}

// measureSearch measures whole searches, as the window makes them, in a library of a million
// photos.
func measureSearch(ctx context.Context, m *machine) (rows []row, err error) {
	n := m.scaled(searchPhotos)
	dir := filepath.Join(m.dir, "search")
	if err := makeReady(ctx, m, dir, n, func(i int) int { return i }); err != nil {
		return nil, err
	}
	s, err := searchElsewhere(ctx, m, dir)
	if err != nil {
		return nil, err
	}
	p95, plain, few := quantile(s.All, 0.95), quantile(s.Plain, 0.5), quantile(s.Few, 0.5)
	scan := median(s.Scan)
	rows = append(rows, row{
		what: fmt.Sprintf("whole search in %s photos, %d queries, warm", thousands(n), len(s.All)/searchRounds),
		measured: fmt.Sprintf("p95 %.0f ms, p50 %.0f ms; ×%.2f of comparing all vectors as float32 in Go and sorting them (%.0f ms)",
			p95, quantile(s.All, 0.5), p95/scan, scan),
		promise: "p95 less than 100 ms", ok: p95 < 100,
	}, row{
		what:     fmt.Sprintf("descriptions with a filter that keeps %.0f %% of the photos, median", 100*s.Share),
		measured: fmt.Sprintf("×%.2f of the same without (%.0f and %.0f ms)", few/plain, few, plain),
		promise:  "less than without", ok: few < plain,
	}, row{
		what:     fmt.Sprintf("first result after opening a library of %s photos, by a new process", thousands(n)),
		measured: fmt.Sprintf("%.2f s, %.0f MB of anonymous memory (%.0f MB after all searches)", s.First/1000, s.Anon, s.After),
		promise:  "less than 1.5 s and 500 MB", ok: s.First < 1500 && s.Anon < 500,
	}, row{
		what:     "encoding the text of a query that was asked before",
		measured: fmt.Sprintf("%d texts", s.Calls), promise: "none", ok: s.Calls == 0,
	})
	m.say("  slowest: %s", s.Slowest)
	stable, err := measureStable(ctx, m)
	return append(rows, stable), err
}

// makeReady makes a library and what is derived from it, as indexing leaves them.
func makeReady(ctx context.Context, m *machine, dir string, n int, order func(int) int) error {
	began := time.Now()
	b, err := bundle.OpenFS(madeFS(), "starter")
	if err != nil {
		return err
	}
	if err := makeLibrary(ctx, dir, b.Space(), n, order, m.say); err != nil {
		return err
	}
	m.say("  %s photos made in %.0f s", thousands(n), time.Since(began).Seconds())
	a, err := openMade(ctx, dir, m.runtime)
	if err != nil {
		return err
	}
	_, err = a.Search(ctx, app.SearchRequest{Text: "dog"}) // makes the file of vectors
	return errors.Join(err, a.Close())
}

// What a search in a made library measures from, and how its descriptions are put.
var (
	madeBackground = []string{"a photo", "something", "many of the"}
	madeTemplates  = []string{"a photo of a {}", "{}"}
)

func madeFS() fstest.MapFS {
	model := fstest.MapFS{}
	for name, data := range madeModel() {
		model[name] = &fstest.MapFile{Data: data}
	}
	return model
}

func openMade(ctx context.Context, dir, runtime string) (*app.App, error) {
	return app.Open(ctx, app.Params{
		Dir: dir, Runtime: runtime, Starter: madeFS(), Sets: madeSets(), Places: assets.Places(),
		Background: madeBackground, Templates: madeTemplates,
	})
}

// searchQueries are descriptions of what is to be seen, several of them, filters, words,
// quoted texts and exclusions.
func searchQueries() (all, descriptions []string) {
	for i := range 12 {
		descriptions = append(descriptions, madeThings[i*7], fmt.Sprintf("%s and %s", madeThings[i], madeThings[40+i]))
	}
	all = slices.Clone(descriptions)
	filters := []string{
		"year:2019", "month:july", "camera:canon", "lens:ef50mm", "has:gps", "iso:800..", "rating:4", "place:portugal", "place:rome", "near:lisbon",
		"near:52.52,13.40,5", "colour:red", "colour:#2060c0", "type:screenshot", "type:photo", "time:evening", "weekday:sunday", "f:2.8", "mp:>=12",
		"height:>=3000", "orientation:portrait", "in:2015", "ext:heic", "is:favourite", "tag:dog", "tag~:beach", "set:things", "album:\"Best of\"",
		"has:keywords", "is:untagged", "is:unreviewed", "has:duplicates", "is:offline", "date:\"summer 2021\"", "before:2010",
	}
	for i, f := range filters {
		all = append(all, f)
		if i%2 == 0 {
			all = append(all, madeThings[i]+" "+f)
		}
	}
	all = append(all, "img", "img jpg", "lisbon 2019", "squirrel", `"lisbon"`, `beach -"IMG_"`, "file:img_12", "beach -people", "street without cars",
		"tree -(dog or cat)", "dog or cat", "boat or ship or ferry", "tag:dog or tag:cat year:2018", "sunset, 0.5*sea", "iso:100..400 f:..4 camera:nikon",
		"similar:77", "harbour year:2012..2015 -people -tag:dog")
	return all, descriptions
}

// tenth is a filter that keeps about a tenth of the photos.
const tenth = "year:2024"

// searchLibrary is what the process of searchElsewhere does.
func searchLibrary(ctx context.Context, dir, lib string) error {
	began := time.Now()
	a, err := openMade(ctx, dir, lib)
	if err != nil {
		return err
	}
	_, err = a.Search(ctx, app.SearchRequest{Text: "castle"})
	out := searched{First: milliseconds(began), Anon: now(0).anon}
	if err == nil {
		err = out.ask(ctx, a)
	}
	out.After = now(0).anon
	if err = errors.Join(err, a.Close()); err == nil {
		err = out.again(ctx, dir, lib)
	}
	if err == nil {
		out.scan(ctx, dir)
		err = json.NewEncoder(os.Stdout).Encode(out)
	}
	return err
}

// ask asks all queries, once before they are measured.
func (s *searched) ask(ctx context.Context, a *app.App) error {
	all, descriptions := searchQueries()
	worst := 0.0
	took := func(text string) (float64, app.SearchResult, error) {
		began := time.Now()
		r, err := a.Search(ctx, app.SearchRequest{Text: text})
		if err == nil && len(r.Problems) > 0 {
			err = fmt.Errorf("%s: %s", text, r.Problems[0].Sentence)
		}
		return milliseconds(began), r, err
	}
	for round := range searchRounds + 1 {
		for _, q := range all {
			ms, r, err := took(q)
			if err != nil {
				return err
			}
			if round == 0 {
				continue
			}
			fmt.Fprintf(os.Stderr, "    %6.1f ms %s (%d likely)\n", ms, q, r.Matched)
			s.All = append(s.All, ms)
			if ms > worst {
				worst, s.Slowest = ms, fmt.Sprintf("%s (%.0f ms)", q, ms)
			}
		}
		for _, q := range descriptions {
			ms, _, err := took(q)
			filtered, _, errFew := took(q + " " + tenth)
			if err := errors.Join(err, errFew); err != nil {
				return err
			}
			if round > 0 {
				s.Plain, s.Few = append(s.Plain, ms), append(s.Few, filtered)
			}
		}
	}
	kept, err := a.Search(ctx, app.SearchRequest{Text: tenth})
	if err != nil {
		return err
	}
	status, err := a.Status(ctx)
	s.Share = float64(kept.Matched) / float64(status.Photos)
	return err
}

// counted counts what a text encoder is asked for.
type counted struct {
	*clipengine.Engine
	calls atomic.Int64
}

func (c *counted) EncodeText(ctx context.Context, text string) ([]float32, error) {
	c.calls.Add(1)
	return c.Engine.EncodeText(ctx, text)
}

// again asks queries twice of a searcher that counts what is encoded.
func (s *searched) again(ctx context.Context, dir, lib string) (err error) {
	b, err := bundle.OpenFS(madeFS(), "starter")
	if err != nil {
		return err
	}
	engine, err := clipengine.Open(b, clipengine.Options{Library: lib})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	db, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	spaces, err := db.Spaces(ctx)
	if err != nil {
		return err
	}
	x, err := vectors.Open(ctx, vectors.Params{Source: db, Space: spaces[0], Dir: filepath.Join(dir, "cache"), Library: db.LibraryID()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	c := &counted{Engine: engine}
	se := search.New(search.Params{Store: db, Index: x, Text: c, Background: madeBackground, Templates: madeTemplates})
	_, queries := searchQueries()
	for range 2 {
		c.calls.Store(0)
		for _, q := range queries {
			if _, err := se.Search(ctx, search.Request{Text: q, Limit: 50}); err != nil {
				return err
			}
		}
	}
	s.Calls = c.calls.Load()
	return nil
}

// scan compares a query with as many vectors of float32 as the library has, on all cores, and
// sorts what comes out: what a program does that has nothing to search with. The vectors are a
// tenth of them, gone through ten times.
func (s *searched) scan(ctx context.Context, dir string) {
	n := searchPhotos
	if _, photos, err := sizeOf(ctx, dir); err == nil {
		n = photos
	}
	space := newMaker(0, 7)
	part := max(n/10, 1)
	list := make([]float32, part*madeDim)
	for i := range list {
		list[i] = space.mean[i%madeDim]
	}
	type scored struct {
		score float32
		photo int
	}
	for range 5 {
		began := time.Now()
		scores := make([]scored, n)
		var wg sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			wg.Go(func() {
				for i := w * n / workers; i < (w+1)*n/workers; i++ {
					v := list[i%part*madeDim:][:madeDim]
					var sum float32
					for k, x := range space.things[0] {
						sum += x * v[k]
					}
					scores[i] = scored{sum + float32(i%977), i}
				}
			})
		}
		wg.Wait()
		slices.SortFunc(scores, func(a, b scored) int {
			switch {
			case a.score > b.score:
				return -1
			case a.score < b.score:
				return 1
			}
			return a.photo - b.photo
		})
		s.Scan = append(s.Scan, milliseconds(began))
	}
}

// sizeOf is how many files and photos a library has.
func sizeOf(ctx context.Context, dir string) (files, photos int, err error) {
	db, err := store.Open(ctx, dir, store.Options{ReadOnly: true})
	if err != nil {
		return 0, 0, err
	}
	st, err := db.Held(ctx)
	return st.Files, st.Photos, errors.Join(err, db.Close())
}

// searchElsewhere searches a library in a new process, in which nothing else was done.
func searchElsewhere(ctx context.Context, m *machine, dir string) (s searched, err error) {
	program, err := os.Executable()
	if err != nil {
		return s, err
	}
	c := exec.CommandContext(ctx, program, "-search-library", dir, "-runtime", m.runtime)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return s, fmt.Errorf("search in another process: %w", err)
	}
	return s, nil
}

// quantile is the figure below which a part of some figures lies.
func quantile(figures []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// measureStable compares the ranked lists of a library with those after it was opened again,
// on one core, and with those of the same photos that came in another order.
func measureStable(ctx context.Context, m *machine) (row, error) {
	r := row{
		what:    fmt.Sprintf("the first %d photos of %s, 20 queries: opened again, on one core, indexed in another order", stableBest, thousands(m.scaled(stablePhotos))),
		promise: "the same in the same order",
	}
	n := m.scaled(stablePhotos)
	var lists [4][]string
	one, other := filepath.Join(m.dir, "stable"), filepath.Join(m.dir, "stable-other")
	if err := makeReady(ctx, m, one, n, func(i int) int { return i }); err != nil {
		return r, err
	}
	// 7919 is prime: the numbers come all, in an order that is like none.
	if err := makeReady(ctx, m, other, n, func(i int) int { return (i*7919 + 13) % n }); err != nil {
		return r, err
	}
	for i, run := range []struct {
		dir   string
		cores int
	}{{one, runtime.GOMAXPROCS(0)}, {one, runtime.GOMAXPROCS(0)}, {one, 1}, {other, runtime.GOMAXPROCS(0)}} {
		before := runtime.GOMAXPROCS(run.cores)
		var err error
		lists[i], err = rankedLists(ctx, run.dir, m.runtime)
		runtime.GOMAXPROCS(before)
		if err != nil {
			return r, err
		}
	}
	same := 0
	for q := range lists[0] {
		if lists[0][q] == lists[1][q] && lists[0][q] == lists[2][q] && lists[0][q] == lists[3][q] {
			same++
		} else {
			m.say("  query %d: opened again %t, one core %t, another order %t", q, lists[0][q] == lists[1][q], lists[0][q] == lists[2][q], lists[0][q] == lists[3][q])
		}
	}
	r.measured = fmt.Sprintf("%d of %d lists identical", same, len(lists[0]))
	r.ok = same == len(lists[0])
	return r, nil
}

// rankedLists are the first photos of some queries, each as the digests of their contents.
func rankedLists(ctx context.Context, dir, lib string) (lists []string, err error) {
	a, err := openMade(ctx, dir, lib)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	_, queries := searchQueries()
	queries = append(queries[:12:12], "beach -people", "lisbon", "dog or cat", "tree year:2019", "year:2020", `"lisbon"`, "castle, 0.5*sunset", "tag~:dog river")
	for _, q := range queries {
		r, err := a.Search(ctx, app.SearchRequest{Text: q, Limit: stableBest, All: true})
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		for _, h := range r.Hits {
			cards, err := a.Cards(ctx, []library.PhotoID{h.Photo})
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&b, "%x\n", cards[0].Picture.Content.Digest)
		}
		lists = append(lists, b.String())
	}
	return lists, nil
}
