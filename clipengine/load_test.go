package clipengine_test

import (
	"errors"
	"sync"
	"testing"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
)

// ledger is what a process grants of its memory.
type ledger struct {
	mu     sync.Mutex
	held   int64
	asked  int
	refuse error
	before func() // called before each answer
}

func (l *ledger) room(n clipengine.Need) (func(), error) {
	if l.before != nil {
		l.before()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.refuse != nil {
		return nil, l.refuse
	}
	l.held += n.Weights
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.held -= n.Weights
	}, nil
}

func openWithin(t *testing.T, f onnxtest.Files, l *ledger) *clipengine.Engine {
	t.Helper()
	b, err := bundle.Open(f.Write(t, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := clipengine.Open(b, clipengine.Options{Library: testdata.Runtime(t), Threads: 2, Room: l.room})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// TestTowersAreLoadedWhenTheyAreNeeded asks each part of a model from several goroutines at once:
// it is loaded then, once, and gives its memory back when the engine is closed.
func TestTowersAreLoadedWhenTheyAreNeeded(t *testing.T) {
	l := &ledger{}
	e := openWithin(t, onnxtest.Patches(), l)
	texts, err := clipengine.NeedOfTexts(e.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	both, err := clipengine.NeedOf(e.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	tensor := make([]float32, 3*onnxtest.Size*onnxtest.Size)
	for i := range tensor {
		tensor[i] = float32(i % 5)
	}
	image := both.Weights - texts.Weights
	for i, c := range []struct {
		name string
		use  func() error
		held int64
	}{
		{"nothing", func() error { return nil }, 0},
		{"texts", func() error { _, err := e.EncodeText(t.Context(), "a dog"); return err }, texts.Weights},
		{"pictures", func() error { _, err := e.EncodeTensor(t.Context(), tensor); return err }, both.Weights},
		{"parts", func() error { _, err := e.EncodePatches(t.Context(), tensor); return err }, both.Weights + image},
		{"all is there", func() error { return errors.Join(e.Ready(t.Context()), e.ReadyTexts()) }, both.Weights + image},
	} {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := c.use(); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			})
		}
		all.Wait()
		if l.held != c.held || e.Held() != c.held || l.asked != min(i, 3) {
			t.Errorf("%s: %d bytes are held, the engine says %d, want %d; %d towers were loaded", c.name, l.held, e.Held(), c.held, l.asked)
		}
	}
	if err := e.Close(); err != nil || l.held != 0 || e.Held() != 0 {
		t.Errorf("%d bytes are held by a closed engine, %v", l.held, err)
	}
	if err := e.Ready(t.Context()); !errors.Is(err, ort.ErrClosed) {
		t.Errorf("a closed engine says %v", err)
	}
	if err := e.ReadyTexts(); !errors.Is(err, ort.ErrClosed) {
		t.Errorf("a closed engine says %v", err)
	}
}

// TestATowerWithoutRoomIsNotLoaded refuses memory, and grants it later.
func TestATowerWithoutRoomIsNotLoaded(t *testing.T) {
	l := &ledger{refuse: errors.New("it is all taken")}
	e := openWithin(t, onnxtest.Descry(), l)
	tensor := make([]float32, 3*onnxtest.Size*onnxtest.Size)
	tensor[0] = 1
	use := func() map[string]error {
		_, picture := e.EncodeTensor(t.Context(), tensor)
		_, text := e.EncodeText(t.Context(), "a dog")
		return map[string]error{"a picture": picture, "a text": text, "Ready": e.Ready(t.Context()), "ReadyTexts": e.ReadyTexts()}
	}
	for what, err := range use() {
		if !errors.Is(err, clipengine.ErrNotRunning) || !errors.Is(err, l.refuse) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if e.Held() != 0 {
		t.Errorf("%d bytes are held", e.Held())
	}
	l.refuse = nil
	for what, err := range use() {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestClosingWhileATowerIsLoaded closes an engine while both towers are about to be loaded.
func TestClosingWhileATowerIsLoaded(t *testing.T) {
	var begun sync.WaitGroup
	begun.Add(2)
	closing := make(chan struct{})
	l := &ledger{before: func() {
		begun.Done()
		<-closing
	}}
	e := openWithin(t, onnxtest.Descry(), l)
	var users sync.WaitGroup
	errs := make([]error, 2)
	users.Go(func() { _, errs[0] = e.EncodeText(t.Context(), "a dog") })
	users.Go(func() {
		tensor := make([]float32, 3*onnxtest.Size*onnxtest.Size)
		tensor[0] = 1
		_, errs[1] = e.EncodeTensor(t.Context(), tensor)
	})
	begun.Wait()
	users.Go(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	close(closing)
	users.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, ort.ErrClosed) {
			t.Error(err)
		}
	}
	if l.held != 0 {
		t.Errorf("%d bytes are held by a closed engine", l.held)
	}
}
