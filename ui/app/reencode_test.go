package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"descry/internal/machine"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/library"
	"descry/library/spool"
	"descry/ui/app"
)

// layouts are models whose pictures differ from the starter's, in the layouts in which models
// are published.
func layouts() map[string]onnxtest.Files {
	return map[string]onnxtest.Files{"immich": onnxtest.Immich(), "transformers.js": onnxtest.TransformersJS()}
}

// halfway lets the model that comes look at some of the photos of a folder: the others are not
// there for that long.
func halfway(t *testing.T, a *app.App, photos string, names ...string) {
	t.Helper()
	aside := t.TempDir()
	move := func(from, to string) {
		t.Helper()
		for _, name := range few {
			if !slices.Contains(names, name) {
				if err := os.Rename(filepath.Join(from, name+".jpg"), filepath.Join(to, name+".jpg")); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	coming := status(t, a).Coming
	move(photos, aside)
	if r := lookAgain(t, a); r.Again != len(names) {
		t.Fatalf("%+v, want %d photos looked at", r, len(names))
	}
	move(aside, photos)
	if c := status(t, a).Coming; c.Model != coming.Model || c.Encoded != coming.Encoded+len(names) || c.Waiting != coming.Waiting-len(names) {
		t.Fatalf("%+v, was %+v", c, coming)
	}
}

func lookAgain(t *testing.T, a *app.App) app.IndexReport {
	t.Helper()
	r, err := a.LookAgain(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func answers(t *testing.T, a *app.App, query string) app.SearchResult {
	t.Helper()
	res, err := a.Search(t.Context(), app.SearchRequest{Text: query, All: true, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	res.Took = 0
	return res
}

// sameAnswer compares photos and scores of two answers.
func sameAnswer(a, b app.SearchResult) bool {
	if len(a.Hits) != len(b.Hits) || a.Matched != b.Matched || a.Coverage != b.Coverage {
		return false
	}
	for i := range a.Hits {
		if a.Hits[i].Photo != b.Hits[i].Photo || a.Hits[i].Score != b.Hits[i].Score || a.Hits[i].Confidence != b.Hits[i].Confidence {
			return false
		}
	}
	return true
}

var few = []string{"honey-bee", "dogs-on-balcony", "giraffes", "pagoda", "coffee-cup", "white-duck", "polar-bear", "eiffel-tower"}

// TestAnotherModelTakesOverWhenItHasSeenAll follows a change of the model from the asking to the
// end and back again, in each layout.
func TestAnotherModelTakesOverWhenItHasSeenAll(t *testing.T) {
	for name, files := range layouts() {
		t.Run(name, func(t *testing.T) {
			a := withModel(t)
			photos := folder(t, few...)
			add(t, a, photos)
			bee := photo(t, a, filepath.Join(photos, "honey-bee.jpg"))
			if _, err := a.Reject(t.Context(), []library.PhotoID{bee}, label(t, a, "animals/horse")); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Confirm(t.Context(), []library.PhotoID{bee}, label(t, a, "animals/bee")); err != nil {
				t.Fatal(err)
			}
			useModel(t, a, "starter") // it was so by default
			user, _ := digests(t, a)
			before, tags := answers(t, a, "two dogs"), allTags(t, a)
			addModel(t, a, files, "tiny")
			useModel(t, a, "tiny")
			unchanged := func(when string) {
				t.Helper()
				if !sameAnswer(before, answers(t, a, "two dogs")) {
					t.Errorf("%s a search finds other photos", when)
				}
				if got := allTags(t, a); got != tags {
					t.Errorf("%s the tags are\n%s, were\n%s", when, got, tags)
				}
				if m := a.Model(); m.ID != "starter" {
					t.Errorf("%s %s is in use", when, m.ID)
				}
			}
			unchanged("before it looks")
			if st := status(t, a); st.Coming.Model != "tiny" || st.Coming.Waiting != len(few) || st.Coming.Encoded != 0 {
				t.Errorf("%+v", st.Coming)
			}
			halfway(t, a, photos, few[:3]...)
			unchanged("while it looks")

			// Back, and forth again: what was looked at is not looked at again.
			some := status(t, a).Coming.Encoded
			useModel(t, a, "starter")
			unchanged("after going back")
			if st := status(t, a); st.Coming != (app.Coming{}) {
				t.Errorf("%+v comes", st.Coming)
			}
			if r := index(t, a); r.Encoded != 0 || r.Again != 0 {
				t.Errorf("going back looked at photos: %+v", r)
			}
			useModel(t, a, "tiny")
			if r := lookAgain(t, a); r.Again != len(few)-some || !strings.Contains(strings.Join(r.Notes, " "), "in use now") {
				t.Errorf("%+v, want the %d other photos looked at", r, len(few)-some)
			}
			if m := a.Model(); m.ID != "tiny" {
				t.Errorf("in use is %s", m.ID)
			}
			after := answers(t, a, "two dogs")
			if after.Coverage != 1 || after.Calibrated || sameAnswer(before, after) || len(after.Hits) != len(few) {
				t.Errorf("the other model answers %+v", after)
			}
			if got := stateOf(t, a, bee, "bee"); got != library.Confirmed {
				t.Errorf("the bee is %q", got)
			}
			if got := stateOf(t, a, bee, "horse"); got != library.Rejected {
				t.Errorf("the horse is %q", got)
			}
			if r := index(t, a); r.Encoded != 0 || r.Again != 0 {
				t.Errorf("something was left: %+v", r)
			}
			// Going back is at once, and all is as it was.
			useModel(t, a, "starter")
			unchanged("back for good")
			if r := index(t, a); r.Encoded != 0 || r.Again != 0 {
				t.Errorf("going back looked at photos: %+v", r)
			}
			if now, _ := digests(t, a); now != user {
				t.Error("what a person said has changed")
			}
		})
	}
}

// allTags are the tags and suggestions of all photos as one text.
func allTags(t *testing.T, a *app.App) string {
	t.Helper()
	ids, err := a.Browse(t.Context(), app.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := a.Tags(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, id := range ids {
		for _, tag := range tags[id] {
			b.WriteString(strings.Join([]string{tag.Set, tag.Name, string(tag.State)}, " ") + "\n")
		}
		b.WriteString(".\n")
	}
	return b.String()
}

// TestPhotosThatComeWhileAnotherModelLooks: they are found at once, by the model in use, and the
// other one sees them before it takes over.
func TestPhotosThatComeWhileAnotherModelLooks(t *testing.T) {
	a := withModel(t)
	photos := folder(t, few...)
	add(t, a, photos)
	addModel(t, a, onnxtest.Immich(), "tiny")
	useModel(t, a, "tiny")
	halfway(t, a, photos, few[:2]...)
	for _, name := range []string{"rocket-on-pad", "forest-stream"} {
		copyPhoto(t, name, filepath.Join(photos, name+".jpg"))
	}
	r := index(t, a)
	if r.Encoded != 2 || r.New != 2 || r.Model != "starter" || r.Again != len(few) {
		t.Errorf("%+v, want 2 new photos looked at by the model in use", r)
	}
	if st := status(t, a); st.Model != "tiny" || st.Encoded != len(few)+2 || st.Pending != 0 {
		t.Errorf("%+v, want all looked at by the other model", st)
	}
	useModel(t, a, "starter")
	if res := answers(t, a, "a rocket"); len(res.Hits) != len(few)+2 || res.Hits[0].Photo != photo(t, a, filepath.Join(photos, "rocket-on-pad.jpg")) {
		t.Errorf("the new rocket is not found: %+v", res.Hits[0])
	}
}

// TestUsingAModelNow puts a model in use that has seen some photos: searches say how much.
func TestUsingAModelNow(t *testing.T) {
	a := withModel(t)
	photos := folder(t, few...)
	add(t, a, photos)
	addModel(t, a, onnxtest.Immich(), "tiny")
	useModel(t, a, "tiny")
	halfway(t, a, photos, few[:2]...)
	seen := status(t, a).Coming.Encoded
	if err := a.UseModelNow(t.Context(), "tiny"); err != nil {
		t.Fatal(err)
	}
	if m := a.Model(); m.ID != "tiny" {
		t.Errorf("in use is %s", m.ID)
	}
	if res := answers(t, a, "dog"); res.Coverage != float64(seen)/float64(len(few)) {
		t.Errorf("coverage %g, want that of %d of %d photos", res.Coverage, seen, len(few))
	}
	if r := index(t, a); r.Encoded != len(few)-seen || r.Again != 0 || r.Model != "tiny" {
		t.Errorf("%+v, want the other photos looked at", r)
	}
}

// TestPhotosThatAreAwayDoNotHoldAModelUp: a disk that is not connected is left out, and said;
// where most photos are on it, the model in use stays.
func TestPhotosThatAreAwayDoNotHoldAModelUp(t *testing.T) {
	for _, tt := range []struct {
		name     string
		away     int // of eight photos
		takeOver bool
	}{{"few", 2, true}, {"most", 6, false}} {
		t.Run(tt.name, func(t *testing.T) {
			a := withModel(t)
			here, usb := folder(t, few[tt.away:]...), filepath.Join(t.TempDir(), "usb")
			if err := os.Rename(folder(t, few[:tt.away]...), usb); err != nil {
				t.Fatal(err)
			}
			add(t, a, here)
			add(t, a, usb)
			addModel(t, a, onnxtest.Immich(), "tiny")
			if err := os.Rename(usb, usb+"-gone"); err != nil {
				t.Fatal(err)
			}
			index(t, a)
			useModel(t, a, "tiny")
			if c := status(t, a).Coming; c.Waiting != 8-tt.away || c.Away != tt.away {
				t.Errorf("%+v", c)
			}
			r := lookAgain(t, a)
			said := strings.Join(r.Notes, " ")
			want, inUse := "2 photos are not at hand; it looks at them when they are.", "tiny"
			if !tt.takeOver {
				want, inUse = "6 photos are not at hand now. To use it at once: descry models use --now tiny", "starter"
			}
			if r.Again != 8-tt.away || !strings.Contains(said, want) {
				t.Errorf("%d looked at, %q", r.Again, said)
			}
			if m := a.Model(); m.ID != inUse {
				t.Errorf("in use is %s, want %s", m.ID, inUse)
			}
			if err := os.Rename(usb+"-gone", usb); err != nil {
				t.Fatal(err)
			}
			r = index(t, a)
			if r.Encoded+r.Again != tt.away {
				t.Errorf("%+v, want the photos of the disk looked at", r)
			}
			if st := status(t, a); st.Model != "tiny" || st.Encoded != 8 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestTheBackgroundChangesTheModel does it as a window does: the run is started by itself, says
// what it does, can be held, and others search meanwhile.
func TestTheBackgroundChangesTheModel(t *testing.T) {
	a := withModel(t)
	add(t, a, folder(t, few...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	var mu sync.Mutex
	var jobs, notices []string
	finished := make(chan app.IndexReport, 10)
	a.Listen(app.Events{
		Progress: func(p app.Progress) {
			mu.Lock()
			defer mu.Unlock()
			jobs = append(jobs, p.Job)
		},
		Notice:   func(s string) { mu.Lock(); notices = append(notices, s); mu.Unlock() },
		Finished: func(r app.IndexReport) { finished <- r },
	})
	a.Prefer([]library.PhotoID{photo(t, a, onlyRoot(t, a)+"/honey-bee.jpg")})
	useModel(t, a, "tiny")
	if r := <-finished; r.Again != len(few) || len(r.Failed) != 0 {
		t.Errorf("%+v", r)
	}
	mu.Lock()
	defer mu.Unlock()
	if all := strings.Join(jobs, "|"); !strings.Contains(all, "Looking at photos with tiny") {
		t.Errorf("the jobs are %s", all)
	}
	if len(notices) != 1 || notices[0] != "tiny has looked at all photos that are at hand and is in use now." {
		t.Errorf("%q", notices)
	}
	if m := a.Model(); m.ID != "tiny" {
		t.Errorf("in use is %s", m.ID)
	}
}

func onlyRoot(t *testing.T, a *app.App) string {
	t.Helper()
	roots, err := a.Roots(t.Context())
	if err != nil || len(roots) != 1 {
		t.Fatal(roots, err)
	}
	return roots[0].Path
}

// TestAnotherProcessGoesOn closes the library while a model looks at the photos.
func TestAnotherProcessGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(dir, testdata.Runtime(t)))
	photos := folder(t, few...)
	add(t, a, photos)
	addModel(t, a, onnxtest.Immich(), "tiny")
	useModel(t, a, "tiny")
	halfway(t, a, photos, few[:2]...)
	some := status(t, a).Coming.Encoded
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	b := opened(t, params(dir, testdata.Runtime(t)))
	if c := status(t, b).Coming; c.Model != "tiny" || c.Encoded != some {
		t.Errorf("%+v, want that %d photos were looked at", c, some)
	}
	if r := index(t, b); r.Again != len(few)-some || r.Encoded != 0 {
		t.Errorf("%+v", r)
	}
	if m := b.Model(); m.ID != "tiny" {
		t.Errorf("in use is %s", m.ID)
	}
}

// TestAnotherProcessIsAskedToChangeTheModel hands the change over to the process that writes.
func TestAnotherProcessIsAskedToChangeTheModel(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(dir, testdata.Runtime(t)))
	add(t, a, folder(t, few...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	a.Serve(t.Context())
	defer a.FinishServing()
	ask := func(r spool.Request) error {
		t.Helper()
		r.Verb = spool.Model
		_, _, ok, err := app.HandOver(t.Context(), dir, r)
		if !ok {
			t.Fatal("nobody takes requests")
		}
		return err
	}
	if err := ask(spool.Request{Model: "nobody", Do: "use"}); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("a model that is not there: %v", err)
	}
	if err := ask(spool.Request{Model: "tiny", Do: "use"}); err != nil {
		t.Fatal(err)
	}
	if st := status(t, a); st.Model != "starter" || st.Coming.Model != "tiny" {
		t.Errorf("%+v", st)
	}
	if err := ask(spool.Request{Model: "tiny", Do: "now"}); err != nil {
		t.Fatal(err)
	}
	if st := status(t, a); st.Model != "tiny" || st.Coming != (app.Coming{}) || st.Encoded != 0 {
		t.Errorf("%+v", st)
	}
}

// TestOthersAskWhileAModelLooks has another process ask for something while a terminal waits for a
// model to look at the photos: that goes first, and then the model goes on.
func TestOthersAskWhileAModelLooks(t *testing.T) {
	for _, tt := range []struct {
		ask  spool.Request
		want string // the model in use in the end
	}{
		{spool.Request{Verb: spool.Index}, "tiny"},
		{spool.Request{Verb: spool.Model, Model: "starter", Do: "use"}, "starter"},
	} {
		t.Run(string(tt.ask.Verb), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "library")
			a := opened(t, params(dir, testdata.Runtime(t)))
			add(t, a, folder(t, few...))
			addModel(t, a, onnxtest.Immich(), "tiny")
			useModel(t, a, "tiny")
			a.Serve(t.Context())
			defer a.FinishServing()
			a.PauseIndexing()
			begun := make(chan struct{})
			var once sync.Once
			var asking sync.WaitGroup
			asking.Go(func() {
				<-begun
				if _, _, _, err := app.HandOver(t.Context(), dir, tt.ask); err != nil {
					t.Error(err)
				}
				a.ResumeIndexing()
			})
			_, err := a.LookAgain(t.Context(), func(app.Progress) { once.Do(func() { close(begun) }) })
			if err != nil {
				t.Error(err)
			}
			if st := status(t, a); st.Model != tt.want || st.Coming != (app.Coming{}) {
				t.Errorf("%+v, want %s in use", st, tt.want)
			}
			a.ResumeIndexing()
			asking.Wait()
		})
	}
}

// TestAModelThatFailsLeavesTheOtherInUse chooses a model that gives no vectors, which its test
// would have told, and one whose files go away.
func TestAModelThatFailsLeavesTheOtherInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(dir, testdata.Runtime(t)))
	add(t, a, folder(t, few...))
	before := answers(t, a, "two dogs")
	files := onnxtest.Immich()
	files["visual/model.onnx"] = onnxtest.Vision("image", "embedding", onnxtest.Tensor("w", make([]float32, 3*onnxtest.Dim), 3, onnxtest.Dim))
	if err := os.CopyFS(filepath.Join(dir, "models", "mute"), os.DirFS(files.Write(t, "mute"))); err != nil {
		t.Fatal(err)
	}
	useModel(t, a, "mute")
	r, err := a.Index(t.Context(), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "the model fails on every photo") {
		t.Errorf("%+v, %v", r, err)
	}
	if st := status(t, a); st.Model != "starter" || st.Failed != 0 || st.Encoded != len(few) || st.Coming.Waiting != len(few) {
		t.Errorf("%+v", st)
	}
	if !sameAnswer(before, answers(t, a, "two dogs")) {
		t.Error("a search has another answer")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "models", "mute")); err != nil {
		t.Fatal(err)
	}
	b := opened(t, params(dir, testdata.Runtime(t)))
	r = index(t, b)
	if said := strings.Join(r.Notes, " "); !strings.Contains(said, `The model mute cannot look at the photos, so starter stays in use: Model "mute": not found.`) {
		t.Errorf("it says %q", said)
	}
	if c := status(t, b).Coming; c.Problem == "" {
		t.Errorf("%+v", c)
	}
	useModel(t, b, "starter")
	if r := index(t, b); len(r.Notes) != 0 {
		t.Errorf("after it was given up it says %q", r.Notes)
	}
}

// TestAModelThatDoesNotRunGivesWay: where the model in use is not there any more, or is too large
// for this machine, another one takes its place, in a window's runs too.
func TestAModelThatDoesNotRunGivesWay(t *testing.T) {
	for _, name := range []string{"gone", "too large"} {
		t.Run(name, func(t *testing.T) {
			p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
			a := opened(t, p)
			addModel(t, a, onnxtest.Immich(), "tiny")
			add(t, a, folder(t, few...))
			if name == "too large" {
				limits := machine.Limits{Memory: a.Model().Memory - 1}
				p.Limits = func() machine.Limits { return limits }
			} else {
				addModel(t, a, onnxtest.TransformersJS(), "other")
				useModel(t, a, "other")
				lookAgain(t, a)
				if err := os.RemoveAll(filepath.Join(p.Dir, "models", "other")); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			b := opened(t, p)
			if m := b.Model(); m.Problem == "" {
				t.Fatalf("%+v", m)
			}
			finished := make(chan app.IndexReport, 10)
			b.Listen(app.Events{Finished: func(r app.IndexReport) { finished <- r }})
			useModel(t, b, "tiny")
			r := <-finished
			if m := b.Model(); m.ID != "tiny" || m.Problem != "" {
				t.Errorf("in use is %+v; %+v", m, r)
			}
			if st := status(t, b); st.Model != "tiny" || st.Encoded != len(few) || st.Coming != (app.Coming{}) {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestAModelThatHasSeenNothingGivesWay: nobody waits for a model to look at photos that is not to
// be used.
func TestAModelThatHasSeenNothingGivesWay(t *testing.T) {
	a := withModel(t)
	add(t, a, folder(t, few...))
	addModel(t, a, onnxtest.Immich(), "tiny")
	addModel(t, a, onnxtest.TransformersJS(), "other")
	if err := a.UseModelNow(t.Context(), "tiny"); err != nil {
		t.Fatal(err)
	}
	useModel(t, a, "other")
	if st := status(t, a); st.Model != "other" || st.Coming != (app.Coming{}) {
		t.Errorf("%+v", st)
	}
	if r := index(t, a); r.Model != "other" || r.Encoded != len(few) || r.Again != 0 {
		t.Errorf("%+v", r)
	}
}
