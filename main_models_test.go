package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/onnxtest"
	"descry/internal/testdata"
)

// A model in each of the two layouts in which models are published is added, tested, used,
// searched with and removed again, and its vectors after it.
func TestModelsFromTheTerminal(t *testing.T) {
	t.Setenv("DESCRY_ONNXRUNTIME", testdata.Runtime(t))
	for name, files := range map[string]onnxtest.Files{"immich": onnxtest.Immich(), "transformers": onnxtest.TransformersJS()} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "library")
			folder, paths := photos(t, 4)
			must(t, dir, "index", "--no-text", folder)
			must(t, dir, "models", "add", files.Write(t, "tiny"))
			must(t, dir, "models", "verify")
			type model struct {
				ID          string
				InUse       bool `json:"in_use"`
				Coming      bool
				Gone        bool
				Vectors     int
				VectorBytes int64 `json:"vector_bytes"`
			}
			models := func(a answer) map[string]model {
				t.Helper()
				var list []model
				if err := json.Unmarshal([]byte(a.out), &list); err != nil {
					t.Fatalf("%v in %s", err, a.out)
				}
				out := map[string]model{}
				for _, m := range list {
					out[m.ID] = m
				}
				return out
			}
			status := func() (st struct {
				Model  string
				Coming *struct{ Encoded, Pending int }
			},
			) {
				t.Helper()
				if err := json.Unmarshal([]byte(must(t, dir, "status", "--json").out), &st); err != nil {
					t.Fatal(err)
				}
				return st
			}

			if got := models(must(t, dir, "models", "use", "--later", "tiny", "--json")); !got["starter"].InUse || !got["tiny"].Coming || got["tiny"].InUse {
				t.Errorf("%+v", got)
			}
			if st := status(); st.Model != "starter" || st.Coming == nil || st.Coming.Pending != 4 {
				t.Errorf("%+v", st)
			}
			a := must(t, dir, "status")
			if want := "tiny has looked at 0 % of the photos (4 photos to come) and is used when it has seen them all: descry index goes on."; !strings.Contains(a.out, want) {
				t.Errorf("status says\n%s, not %q", a.out, want)
			}
			a = must(t, dir, "index", "--no-text")
			if !strings.Contains(a.out, "4 photos looked at again") || !strings.Contains(a.err, "tiny has looked at all photos that are at hand and is in use now.") {
				t.Errorf("index says %s%s", a.out, a.err)
			}
			if st := status(); st.Model != "tiny" || st.Coming != nil {
				t.Errorf("%+v", st)
			}
			var found struct {
				Model   string
				Results []struct{ Path string }
			}
			if err := json.Unmarshal([]byte(must(t, dir, "search", "--all", "--json", "a dog").out), &found); err != nil || len(found.Results) != len(paths) {
				t.Errorf("%+v, %v", found, err)
			}
			for _, tt := range []struct {
				args []string
				want string
			}{
				{[]string{"models", "use", "nobody"}, "not found"},
				{[]string{"models", "use", "--now", "--later", "starter"}, "one of --now and --later"},
				{[]string{"models", "remove", "tiny"}, "is in use"},
				{[]string{"models", "forget", "tiny"}, "is in use, and searches need its vectors"},
				{[]string{"models", "forget", "nobody"}, "not found"},
			} {
				if a := descry(t, dir, tt.args...); a.status == 0 || !strings.Contains(a.err, tt.want) {
					t.Errorf("%v: status %d, %s", tt.args, a.status, a.err)
				}
			}
			// Back in one call, with nothing to look at.
			if a := must(t, dir, "models", "use", "starter"); strings.Contains(a.err, "photo") {
				t.Errorf("going back says %s", a.err)
			}
			must(t, dir, "models", "remove", "tiny")
			if _, err := os.Stat(filepath.Join(dir, "models", "tiny")); err == nil {
				t.Error("its files are there still")
			}
			if m := models(must(t, dir, "models", "list", "--json"))["tiny"]; !m.Gone || m.Vectors == 0 || m.VectorBytes == 0 {
				t.Errorf("%+v, want what its vectors take", m)
			}
			if a := must(t, dir, "models", "list"); !strings.Contains(a.out, "tiny  not here any more; ") {
				t.Errorf("models list says %s", a.out)
			}
			if a := must(t, dir, "models", "forget", "tiny"); !strings.HasPrefix(a.out, "Removed ") {
				t.Errorf("forgetting says %s", a.out)
			}
			if _, ok := models(must(t, dir, "models", "list", "--json"))["tiny"]; ok {
				t.Error("it is listed still")
			}
		})
	}
}
