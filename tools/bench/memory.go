package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"descry/internal/camera"
	"descry/internal/onnxtest"
	"descry/internal/photomaker"
	"descry/library"
	"descry/tagging"
	"descry/ui/app"
)

// The library whose memory is measured: 100 folders in ten others, and when it counts.
const (
	memoryPhotos  = 50_000
	memoryFolders = 100
	memoryEarly   = 5_000
)

// use is the memory in use when so many photos were done.
type use struct {
	done       int
	heap, anon float64 // MB
	// peak is the most that the process held of the machine's memory, MB; 0: the system does not say.
	peak float64
}

// measureMemory looks at very many small photos, and then moves some of them.
func measureMemory(ctx context.Context, m *machine) (rows []row, err error) {
	n := m.scaled(memoryPhotos)
	photos := filepath.Join(m.dir, "many")
	if err := makeMany(photos, n); err != nil {
		return nil, err
	}
	model := fstest.MapFS{}
	for name, data := range onnxtest.Descry() {
		model[name] = &fstest.MapFile{Data: data}
	}
	a, err := app.Open(ctx, app.Params{
		Dir: filepath.Join(m.dir, "memory"), Runtime: m.runtime, Starter: fs.FS(model), Quiet: app.QuietOff,
		Sets:       []tagging.LabelSet{{Name: "things", Labels: []tagging.Label{{Name: "dog"}, {Name: "cat"}, {Name: "city"}}}},
		Background: []string{"a photo", "the night"}, Templates: []string{"a photo of a {}"},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	root, err := a.AddRoot(ctx, photos)
	if err != nil {
		return nil, err
	}
	var uses []use
	every := m.scaled(100)
	report, err := a.Index(ctx, []library.RootID{root.ID}, func(p app.Progress) {
		if len(uses) == 0 || p.Done >= uses[len(uses)-1].done+every {
			uses = append(uses, now(p.Done))
		}
	})
	switch {
	case err != nil:
		return nil, err
	case len(report.Failed) > 0:
		return nil, errors.New(report.Failed[0].Reason)
	case report.Encoded != n:
		return nil, fmt.Errorf("%d of %d photos were looked at", report.Encoded, n)
	}
	rows = append(rows, m.growth("memory", uses, n, heapInUse, anonymous)...)
	moved, err := measureMove(ctx, a, photos, n)
	if err != nil {
		return nil, err
	}
	again, err := m.measureAgain(ctx, a, n)
	return append(append(rows, moved), again...), err
}

// A kind is one of the figures of a use.
type kind struct {
	name string
	of   func(use) float64
}

var (
	heapInUse = kind{"Go heap in use", func(u use) float64 { return u.heap }}
	anonymous = kind{"RssAnon", func(u use) float64 { return u.anon }}
	peakRSS   = kind{"peak RSS", func(u use) float64 { return u.peak }}
)

// growth says how what was in use grew from early on to the end, while n photos were looked at.
func (m *machine) growth(what string, uses []use, n int, kinds ...kind) (rows []row) {
	said := 0
	for _, u := range uses {
		if u.done >= said {
			said = u.done + m.scaled(memoryEarly)
			m.say("  %6d photos: %5.1f MB of heap, %6.1f MB anonymous, %6.1f MB at most", u.done, u.heap, u.anon, u.peak)
		}
	}
	early := m.scaled(memoryEarly)
	for _, k := range kinds {
		from := around(uses, early, early+early/2, k.of)
		to := around(uses, n-n/10, n, k.of)
		r := row{
			what:     fmt.Sprintf("%s between the %sth and the %sth photo: %s", what, thousands(early), thousands(n), k.name),
			measured: fmt.Sprintf("grows by %.1f %% (%.1f to %.1f MB)", 100*(to/from-1), from, to),
			promise:  "at most 5 %", ok: to <= 1.05*from,
		}
		if from == 0 {
			r.skipped = "the system does not say"
		}
		rows = append(rows, r)
	}
	return rows
}

// measureAgain chooses another model, which then looks at all photos of the library.
func (m *machine) measureAgain(ctx context.Context, a *app.App, n int) ([]row, error) {
	files := onnxtest.Descry()
	files["vision.onnx"] = onnxtest.Vision("pixel_values", "image_embeds", onnxtest.Tensor("w", onnxtest.VisionWeights(2), 3, onnxtest.Dim))
	dir := filepath.Join(m.dir, "other")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return nil, err
		}
	}
	if _, err := a.AddModel(ctx, dir); err != nil {
		return nil, err
	}
	if err := a.UseModel(ctx, "other"); err != nil {
		return nil, err
	}
	// The peak is counted from here on; a system that cannot do so says what it was before, too.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	var uses []use
	every := m.scaled(100)
	report, err := a.LookAgain(ctx, func(p app.Progress) {
		if strings.HasPrefix(p.Job, "Looking at photos") && (len(uses) == 0 || p.Done >= uses[len(uses)-1].done+every) {
			uses = append(uses, now(p.Done))
		}
	})
	switch {
	case err != nil:
		return nil, err
	case len(report.Failed) > 0:
		return nil, errors.New(report.Failed[0].Reason)
	case report.Again != n || a.Model().ID != "other":
		return nil, fmt.Errorf("another model looked at %d of %d photos, and %s is in use", report.Again, n, a.Model().ID)
	}
	return m.growth("memory while another model looks at all photos,", uses, n, heapInUse, anonymous, peakRSS), nil
}

// measureMove renames a folder that holds a fifth of the photos and looks again.
func measureMove(ctx context.Context, a *app.App, photos string, n int) (row, error) {
	for i := range 2 {
		if err := os.MkdirAll(filepath.Join(photos, "moved"), 0o755); err != nil {
			return row{}, err
		}
		name := strconv.Itoa(i)
		if err := os.Rename(filepath.Join(photos, name), filepath.Join(photos, "moved", "from "+name)); err != nil {
			return row{}, err
		}
	}
	read := 0
	r, err := a.Index(ctx, nil, func(p app.Progress) {
		if p.Job == "Looking at photos" {
			read = max(read, p.Done)
		}
	})
	if err != nil {
		return row{}, err
	}
	many := n / 5
	return row{
		what:     fmt.Sprintf("moving a folder of %s photos within the library, then rescan", thousands(many)),
		measured: fmt.Sprintf("%d moved, %d read, %d encoded, %.1f s", r.Moved, read, r.Encoded, r.Seconds),
		promise:  "no photo decoded or encoded again",
		ok:       r.Moved == many && read == 0 && r.Encoded == 0 && r.New == 0 && r.Missing == 0,
	}, nil
}

// makeMany makes n small photos that all differ.
func makeMany(dir string, n int) error {
	var kinds [][]byte
	for i := range 50 {
		kinds = append(kinds, photomaker.JPEG(photomaker.Scene(96, 64, uint64(i)), library.Metadata{Make: "Canon", Model: "EOS R6"}, 85))
	}
	for i := range n {
		folder := filepath.Join(dir, strconv.Itoa(i%10), strconv.Itoa(i%memoryFolders))
		if i < memoryFolders {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		data, err := camera.Variant(kinds[i%len(kinds)], i)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("IMG_%06d.jpg", i)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// now is the memory in use after a collection.
func now(done int) use {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	u := use{done: done, heap: float64(s.HeapInuse) / 1e6}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return u
	}
	for line := range bytes.Lines(status) {
		name, rest, _ := strings.Cut(string(line), ":")
		kB, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
		switch {
		case err != nil:
		case name == "RssAnon":
			u.anon = kB * 1024 / 1e6
		case name == "VmHWM":
			u.peak = kB * 1024 / 1e6
		}
	}
	return u
}

// around is the median of what was in use while from to to photos were done; 0 for none.
func around(uses []use, from, to int, of func(use) float64) float64 {
	var figures []float64
	for _, u := range uses {
		if u.done >= from && u.done <= to {
			figures = append(figures, of(u))
		}
	}
	if len(figures) == 0 {
		return 0
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}
