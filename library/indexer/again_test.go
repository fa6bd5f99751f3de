package indexer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/internal/photomaker"
	"descry/library"
	"descry/library/store"
)

// again lets another encoder look at the photos.
func (l *lib) again(e *eye, prefer func() []library.PhotoID) Report {
	l.Helper()
	x := New(Params{Store: l.store, Thumbs: l.thumbs, Threads: 1, Encoder: e})
	r, err := x.LookAgain(l.Context(), prefer, nil)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// vectorsOf are the vectors of a space by picture and view.
func (l *lib) vectorsOf(space string) map[string]string {
	l.Helper()
	out := map[string]string{}
	spaces, err := l.store.Spaces(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	for _, s := range spaces {
		if s.Digest != space {
			continue
		}
		err := l.store.Vectors(l.Context(), s.ID, 0, 0, func(v store.VectorRow) error {
			out[fmt.Sprint(v.Picture, v.View)] = string(v.Data)
			return nil
		})
		if err != nil {
			l.Fatal(err)
		}
	}
	return out
}

// kinds puts photos of many kinds below the root, named from the oldest to the newest.
func (l *lib) kinds() {
	l.Helper()
	day := time.Date(2020, 5, 1, 12, 0, 0, 0, time.UTC)
	for i := range 12 {
		m := library.Metadata{Orientation: i%8 + 1, Taken: day.AddDate(0, 0, i), Make: "Maker", Model: "One"}
		l.write(fmt.Sprintf("%02d.jpg", i), scene(uint64(i), m))
	}
	l.write("long.jpg", photomaker.JPEG(photomaker.Scene(300, 60, 50), library.Metadata{Taken: day}, 90))
	data, err := os.ReadFile(l.at("03.jpg"))
	if err != nil {
		l.Fatal(err)
	}
	l.write("copies/again.jpg", data)
}

// TestLookingAgainMakesTheVectorsThatARunMakes compares what another model sees of photos that
// are known with what it sees of them in a library of its own, and looks that nothing else is
// done or changed.
func TestLookingAgainMakesTheVectorsThatARunMakes(t *testing.T) {
	fresh := newLib(t)
	fresh.encoder = &eye{space: "two"}
	fresh.kinds()
	fresh.index()
	want := fresh.vectorsOf("two")

	l := newLib(t)
	l.kinds()
	l.index()
	before, files := l.vectorsOf("one"), l.files()
	user, _, err := l.store.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var gone string // a thumbnail that was evicted is not made again
	err = filepath.WalkDir(filepath.Join(filepath.Dir(l.photos), "library", "thumbs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && gone == "" {
			gone = path
			return os.Remove(path)
		}
		return err
	})
	if err != nil || gone == "" {
		t.Fatal(gone, err)
	}
	two := &eye{space: "two"}
	r := l.again(two, nil)
	if r.Encoded != 13 || len(r.Failed) != 0 || r.New+r.Changed+r.Moved != 0 {
		t.Errorf("%+v, want 13 photos encoded", r)
	}
	if got := l.vectorsOf("two"); len(got) != len(want) || !mapsEqual(got, want) {
		t.Errorf("%d vectors that differ from the %d that an undisturbed run makes", len(got), len(want))
	}
	if !mapsEqual(l.vectorsOf("one"), before) || !mapsEqual(l.files(), files) {
		t.Error("what was known before has changed")
	}
	if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a thumbnail was made again (%v)", err)
	}
	if after, _, err := l.store.Digest(t.Context()); err != nil || after != user {
		t.Errorf("what a person said has changed, %v", err)
	}
	n := two.encodes.Load()
	if r := l.again(two, nil); r.Encoded != 0 || two.encodes.Load() != n {
		t.Errorf("%+v, want nothing to do", r)
	}
	if r := l.index(); r.Encoded != 0 || r.Unchanged != 14 {
		t.Errorf("%+v, want nothing to do for the first model", r)
	}
}

func mapsEqual[K, V comparable](a, b map[K]V) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

// TestLookingAgainBeginsWithWhatIsOnScreen looks at the order in which photos are read.
func TestLookingAgainBeginsWithWhatIsOnScreen(t *testing.T) {
	l := newLib(t)
	l.kinds()
	l.index()
	photoOf := func(name string) library.PhotoID { return l.files()[name].Photo }
	oldest, second := photoOf("00.jpg"), photoOf("01.jpg")

	order := func(prefer func() []library.PhotoID) []string {
		t.Helper()
		var mu sync.Mutex
		var read []string
		two := &eye{space: fmt.Sprintf("space %p", &read)}
		x := New(Params{Store: l.store, Thumbs: l.thumbs, Threads: 1, Encoder: two})
		r := x.newRun()
		space, err := l.store.EnsureSpace(t.Context(), two.Space(), two.Model(), two.Dim())
		if err != nil {
			t.Fatal(err)
		}
		r.space, r.again = space.ID, true
		r.disks.spins = func(uint64) bool { return false }
		done := make(chan struct{})
		go func() {
			defer close(done)
			for f := range r.jobs {
				mu.Lock()
				read = append(read, f.File.Name)
				mu.Unlock()
			}
		}()
		if err := r.feedAgain(t.Context(), prefer); err != nil {
			t.Fatal(err)
		}
		close(r.jobs)
		<-done
		return read
	}
	plain := order(nil)
	if len(plain) != 13 || plain[0] != "11.jpg" || plain[1] != "10.jpg" {
		t.Errorf("without anything on screen: %v", plain)
	}
	got := order(func() []library.PhotoID { return []library.PhotoID{second, oldest} })
	rest := slices.DeleteFunc(slices.Clone(plain), func(n string) bool { return n == "00.jpg" || n == "01.jpg" })
	if want := append([]string{"01.jpg", "00.jpg"}, rest...); !slices.Equal(got, want) {
		t.Errorf("with two old ones on screen: %v, want %v", got, want)
	}
}

// TestLookingAgainCostsABadFileOnly lets files change, go away and become unreadable before they
// are looked at again.
func TestLookingAgainCostsABadFileOnly(t *testing.T) {
	l := newLib(t)
	l.kinds()
	l.index()
	l.photo("05.jpg", 500)                   // edited: the next scan tells
	l.remove("06.jpg")                       // gone
	l.write("07.jpg", []byte("not a photo")) // edited, too
	info, err := os.Stat(l.at("08.jpg"))     // broken without a trace
	data := slices.Clone(must(t, l.at("08.jpg")))
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	f, err := os.OpenFile(l.at("08.jpg"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(data, 0)
	if err := errors.Join(err, f.Close(), os.Chtimes(l.at("08.jpg"), info.ModTime(), info.ModTime())); err != nil {
		t.Fatal(err)
	}
	before := l.files()
	r := l.again(&eye{space: "two"}, nil)
	l.expect(Report{Failed: r.Failed}, Report{Failed: []library.Failure{
		{Path: "08.jpg", Stage: "decode", Reason: "only zeros"},
	}})
	if r.Encoded != 9 {
		t.Errorf("%+v", r)
	}
	if got := l.files(); got["08.jpg"].Photo != before["08.jpg"].Photo || got["08.jpg"].Photo == 0 {
		t.Errorf("the photo of a file that broke is %d, was %d", got["08.jpg"].Photo, before["08.jpg"].Photo)
	}
}

func must(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestLookingAgainCanBeStoppedAndGoesOn ends a run in its middle: what is finished is kept.
func TestLookingAgainCanBeStoppedAndGoesOn(t *testing.T) {
	l := newLib(t)
	l.kinds()
	l.index()
	ctx, cancel := context.WithCancel(t.Context())
	two := &eye{space: "two"}
	two.hold = func(ctx context.Context) error {
		if two.encodes.Load() == 5 {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	x := New(Params{Store: l.store, Thumbs: l.thumbs, Threads: 1, Encoder: two})
	if _, err := x.LookAgain(ctx, nil, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("it ended with %v", err)
	}
	some := len(l.vectorsOf("two"))
	if some == 0 || some > 8 {
		t.Errorf("%d vectors were kept of 5 photos", some)
	}
	two.hold = nil
	l.again(two, nil)
	fresh := newLib(t)
	fresh.encoder = &eye{space: "two"}
	fresh.kinds()
	fresh.index()
	if !mapsEqual(l.vectorsOf("two"), fresh.vectorsOf("two")) {
		t.Error("the vectors differ from those of an undisturbed run")
	}
}

// TestAModelThatFailsCostsNothing lets another model fail on all photos, and then on one: a photo
// that the model in use sees is not said to be unreadable because of a model that never worked.
func TestAModelThatFailsCostsNothing(t *testing.T) {
	l := newLib(t)
	l.kinds()
	l.index()
	two := &eye{space: "two", fail: func() error { return errors.New("the device is gone") }}
	x := New(Params{Store: l.store, Thumbs: l.thumbs, Threads: 1, Encoder: two})
	if r, err := x.LookAgain(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "the model fails on every photo: the device is gone") || len(r.Failed) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if failures, err := l.store.Failures(t.Context()); err != nil || len(failures) > 0 {
		t.Errorf("%+v, %v", failures, err)
	}
	n := 0
	two.fail = func() error {
		if n++; n == 3 {
			return errors.New("it gave no numbers")
		}
		return nil
	}
	r := l.again(two, nil)
	if r.Encoded != 12 || len(r.Failed) != 1 || r.Failed[0].Stage != "encode" {
		t.Errorf("%+v, want one photo that failed", r)
	}
	if r := l.again(two, nil); r.Encoded != 0 || len(r.Failed) != 0 {
		t.Errorf("%+v, want it left alone", r)
	}
}
