package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"descry/assets"
	"descry/internal/onnxtest"
	"descry/library/store"
)

// TestKilledChangeOfTheModelComesToTheSameEnd kills the program with SIGKILL while another model
// looks at the photos, at points chosen by how many of its vectors were stored, lets it go on and
// compares what the library then holds with an undisturbed change. Until the other model has seen
// all, the library has to answer as before.
func TestKilledChangeOfTheModelComesToTheSameEnd(t *testing.T) {
	photos := differentPhotos(t)
	run := program(t)
	say := func(t *testing.T, dir string, args ...string) string {
		t.Helper()
		cmd := run(t.Context(), append([]string{"--library", dir, "--json", "--quiet"}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, out, &stderr)
		}
		return string(out)
	}
	// The second model is the starter's with other preprocessing, which is another vector space.
	second := filepath.Join(t.TempDir(), "second")
	if err := os.CopyFS(second, assets.Starter()); err != nil {
		t.Fatal(err)
	}
	preprocess, err := os.ReadFile(filepath.Join(second, "preprocess.json"))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.Remove(filepath.Join(second, "bundle.json")), os.WriteFile(filepath.Join(second, "preprocess.json"),
		bytes.ReplaceAll(preprocess, []byte("127.0"), []byte("120.0")), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	start := filepath.Join(t.TempDir(), "library")
	say(t, start, "models", "add", onnxtest.TransformersJS().Write(t, "first"))
	say(t, start, "models", "add", second)
	say(t, start, "models", "use", "first")
	say(t, start, "index", "--no-text", photos)
	before := found(t, say(t, start, "search", "--all", "a red dog"))

	again := func(t *testing.T) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "library")
		if err := os.CopyFS(dir, os.DirFS(start)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	whole := again(t)
	say(t, whole, "models", "use", "second")
	want, after := say(t, whole, "dump", "--digest"), found(t, say(t, whole, "search", "--all", "a red dog"))
	if after == before {
		t.Fatal("the two models answer alike")
	}

	for _, tt := range []struct {
		name    string
		percent int
		goOn    []string
	}{
		{"nothing stored", 0, []string{"models", "use", "second"}},
		{"15 %", 15, []string{"index", "--no-text"}},
		{"two thirds", 66, []string{"index", "--no-text"}},
		{"nearly all", 95, []string{"models", "use", "second"}},
		{"all looked at, not in use", 100, []string{"index", "--no-text"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := again(t)
			stored := killedAt(t, run(t.Context(), "--library", dir, "--json", "--quiet", "models", "use", "second"), dir, killedPhotos*tt.percent/100)
			var st struct {
				Model  string
				Coming struct{ Encoded, Pending int }
			}
			if err := json.Unmarshal([]byte(say(t, dir, "status")), &st); err != nil {
				t.Fatal(err)
			}
			if st.Model == "first" && found(t, say(t, dir, "search", "--all", "a red dog")) != before {
				t.Error("after the kill a search has another answer")
			}
			t.Logf("killed with %d vectors stored, %+v", stored, st)
			var r struct{ Again, Encoded int }
			out := say(t, dir, tt.goOn...)
			if tt.goOn[0] == "index" {
				if err := json.Unmarshal([]byte(out), &r); err != nil {
					t.Fatal(err)
				}
				if r.Again != st.Coming.Pending || r.Encoded != 0 {
					t.Errorf("%d photos were looked at again after the kill, and %d were lacking", r.Again, st.Coming.Pending)
				}
			}
			if got := say(t, dir, "dump", "--digest"); got != want {
				t.Errorf("the library is %s, that of an undisturbed change %s", got, want)
			}
			if found(t, say(t, dir, "search", "--all", "a red dog")) != after {
				t.Error("a search has another answer than after an undisturbed change")
			}
			// Back at once: nothing is looked at.
			say(t, dir, "models", "use", "first")
			if found(t, say(t, dir, "search", "--all", "a red dog")) != before {
				t.Error("after going back a search has another answer")
			}
		})
	}
}

// found is what a search found, with scores, without how long it took.
func found(t *testing.T, out string) string {
	t.Helper()
	var r struct {
		Coverage float64
		Matched  int
		Results  []struct {
			Path  string
			Score float64
		}
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// killedAt runs a command and kills it when the second model of a library has that many photos.
func killedAt(t *testing.T, cmd *exec.Cmd, dir string, photos int) int {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	s, err := store.Open(t.Context(), dir, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	vectors := func() (n int, begun bool) {
		spaces, err := s.Spaces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, space := range spaces {
			if space.Model == "second" {
				c, err := s.Coverage(t.Context(), space.ID)
				if err != nil {
					t.Fatal(err)
				}
				return c.Encoded, true
			}
		}
		return 0, false
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if n, begun := vectors(); begun && n >= photos {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended before it was killed: %v\n%s", err, &stderr)
		case <-tick.C:
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the process was not killed: %v\n%s", err, &stderr)
	}
	n, _ := vectors()
	return n
}
