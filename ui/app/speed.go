package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/clipengine"
	"descry/internal/disk"
)

// speed is how fast a model looked at pictures on this machine.
type speed struct {
	Model     string  `json:"model"`
	Space     string  `json:"space"`
	Precision string  `json:"precision"`
	Provider  string  `json:"provider"`
	Threads   int     `json:"threads"`
	PerSecond float64 `json:"per_second"` // pictures, decoding not counted
}

// speedBox holds what was measured. It is kept in a file of the cache: it can be had again.
type speedBox struct {
	mu   sync.Mutex
	read bool
	all  []speed
}

func (a *App) speedFile() string { return filepath.Join(a.cacheDir(), "speeds.json") }

// speeds returns what was measured, the latest first.
func (a *App) speeds() []speed {
	b := &a.measured
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.read {
		b.read = true
		if data, err := os.ReadFile(a.speedFile()); err == nil {
			b.all = readSpeeds(data)
		}
	}
	return slices.Clone(b.all)
}

// noteSpeed keeps the best of the figures of the same: what else the machine does makes the others
// smaller. What other processes measured meanwhile stays. Where the library cannot be written, it
// is known until the process ends.
func (a *App) noteSpeed(s speed) {
	a.speeds()
	b := &a.measured
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = withSpeed(b.all, s)
	if a.store == nil || a.p.ReadOnly {
		return
	}
	err := os.MkdirAll(a.cacheDir(), 0o700)
	if err == nil {
		err = disk.Update(a.speedFile(), func(old []byte) ([]byte, error) {
			all := readSpeeds(old)
			for _, mine := range slices.Backward(b.all) {
				all = withSpeed(all, mine)
			}
			b.all = all
			return json.Marshal(all)
		})
	}
	if err != nil {
		a.p.Log.Warn("the speed of a model could not be kept", "err", err)
	}
}

func readSpeeds(data []byte) (all []speed) {
	if json.Unmarshal(data, &all) != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(s speed) bool { return !(s.PerSecond > 0) })
}

// withSpeed puts a figure first, or the better one of the same.
func withSpeed(all []speed, s speed) []speed {
	same := func(o speed) bool {
		return o.Model == s.Model && o.Space == s.Space && o.Provider == s.Provider && o.Threads == s.Threads
	}
	if i := slices.IndexFunc(all, same); i >= 0 {
		s.PerSecond = max(s.PerSecond, all[i].PerSecond)
	}
	all = append([]speed{s}, slices.DeleteFunc(all, same)...)
	return all[:min(len(all), 100)]
}

// speedOf returns what was measured of the models of a space, with as many threads as are used
// now if that was, or 0.
func (a *App) speedOf(ctx context.Context, space string) float64 {
	threads, latest := a.threads(ctx), 0.0
	for _, s := range a.speeds() {
		switch {
		case s.Space != space:
		case s.Threads == threads:
			return s.PerSecond
		case latest == 0:
			latest = s.PerSecond
		}
	}
	return latest
}

// MeasureModel measures how many pictures a second a model at hand looks at here, and keeps it.
func (a *App) MeasureModel(ctx context.Context, id string) (float64, error) {
	b, err := a.openBundle(id)
	if err != nil {
		return 0, err
	}
	engine, err := a.aside(ctx, b)
	if err != nil {
		return 0, err
	}
	rate, err := a.measure(ctx, id, engine)
	return rate, errors.Join(err, engine.Close())
}

// How long a measurement takes: long enough for a figure that a person can choose by, short
// enough to wait for.
const (
	measureFor   = 400 * time.Millisecond
	measureAtMax = 4 * time.Second
)

// measure lets an engine look at a picture again and again, as many at a time as when photos are
// indexed, and keeps how fast that went.
func (a *App) measure(ctx context.Context, id string, engine *clipengine.Engine) (float64, error) {
	threads := a.threads(ctx)
	side := engine.MinSide()
	picture := image.NewRGBA(image.Rect(0, 0, side*3/2, side))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i*i>>7) | 3
	}
	if _, err := engine.EncodeImage(ctx, picture); err != nil {
		return 0, fmt.Errorf("measuring the model %s: %w", id, err)
	}
	var done atomic.Int64
	began := time.Now()
	group, running := errgroup.WithContext(ctx)
	for range threads {
		group.Go(func() error {
			// Each does one picture at least; a slow model is not measured for longer than that.
			for n := 0; n == 0 || time.Since(began) < measureFor && n < 1<<12; n++ {
				if _, err := engine.EncodeImage(running, picture); err != nil {
					return err
				}
				done.Add(1)
				if time.Since(began) > measureAtMax {
					break
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, fmt.Errorf("measuring the model %s: %w", id, err)
	}
	rate := float64(done.Load()) / time.Since(began).Seconds()
	a.noteSpeed(speed{Model: id, Space: engine.Space(), Precision: engine.Bundle().Precision, Provider: engine.Provider(), Threads: threads, PerSecond: rate})
	return rate, nil
}
