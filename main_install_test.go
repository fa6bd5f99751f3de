package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/hubtest"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/ui/cli"
)

// tinyModels is a person's own catalogue.
const tinyModels = `
[family.tiny]
name = "Tiny"
licence = "MIT"
licence_note = "May be used for any purpose."
languages = ["en"]

[family.closed]
name = "Closed"
licence = "CC-BY-NC-4.0"
licence_note = "Not for commercial use."
restricted = true
languages = ["multilingual"]

[[model]]
id = "tiny"
name = "Tiny"
family = "tiny"
repo = "tiny/immich"
layout = "immich"
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001

[[model]]
id = "closed"
name = "Closed"
family = "closed"
repo = "tiny/js"
layout = "transformers.js"
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001
`

// A model is downloaded from a mirror, used, searched with and removed; what goes wrong on the
// way is told to people and to scripts.
func TestModelsAreInstalledFromTheTerminal(t *testing.T) {
	t.Setenv("DESCRY_ONNXRUNTIME", testdata.Runtime(t))
	s := hubtest.New(t)
	s.Publish("tiny/immich", onnxtest.Immich())
	s.Publish("tiny/js", onnxtest.TransformersJS())
	dir := filepath.Join(t.TempDir(), "library")
	folder, paths := photos(t, 4)
	must(t, dir, "index", "--no-text", folder)
	must(t, dir, "config", "set", "models_from", s.URL)
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "models"), 0o700), os.WriteFile(filepath.Join(dir, "models", "catalogue.toml"), []byte(tinyModels), 0o600)); err != nil {
		t.Fatal(err)
	}
	failed := func(a answer, status int, code string) {
		t.Helper()
		var doc struct {
			Error struct{ Code, Message, Fix string }
		}
		if err := json.Unmarshal([]byte(a.out), &doc); err != nil || a.status != status || doc.Error.Code != code || doc.Error.Message == "" || doc.Error.Fix == "" {
			t.Errorf("status %d, %s%s, %v; want status %d and %s", a.status, a.out, a.err, err, status, code)
		}
	}

	// Who may not be asked has to say that the licence is accepted.
	failed(descry(t, dir, "--json", "models", "install", "closed"), 1, "licence")
	failed(descry(t, dir, "--json", "models", "install", "nothing"), 1, "not_found")
	failed(descry(t, dir, "--json", "models", "install"), 2, "usage")
	if n := len(s.Requests()); n != 0 {
		t.Errorf("the mirror was asked %d times for it", n)
	}
	a := must(t, dir, "models", "install", "closed", "--accept-licence")
	for _, want := range []string{"Closed, fp32, from tiny/js on 127.0.0.1:", "queries in many languages", "Licence: RESTRICTED: CC-BY-NC-4.0. Not for commercial use.", "Testing the model"} {
		if !strings.Contains(a.err, want) {
			t.Errorf("it says\n%s, not %q", a.err, want)
		}
	}
	if want := "Installed closed (Closed). Use it with: descry models use closed\n"; !strings.HasPrefix(a.out, want) || !strings.Contains(a.out, "descry models convert closed --to int8") {
		t.Errorf("it answers %q, want %q and an offer to convert it", a.out, want)
	}

	if want := "As int8 it would suit this machine better. It is not published so, and can be made here instead: descry models install closed --precision int8"; !strings.Contains(a.err, want) {
		t.Errorf("it says\n%s, not %q", a.err, want)
	}
	// What nobody publishes is made here, of what is at hand.
	asked := len(s.Requests())
	a = must(t, dir, "models", "install", "closed", "--precision", "int8")
	for _, want := range []string{"Closed, int8, made here of closed, which stays; nothing is downloaded", "Making int8", "Comparing with the original: 0 of 128"} {
		if !strings.Contains(a.err, want) {
			t.Errorf("it says\n%s, not %q", a.err, want)
		}
	}
	if !strings.HasPrefix(a.out, "Installed closed-int8 (Closed (int8)), int8, ") || !strings.Contains(a.out, "Vectors differ from the original's by at most ") || len(s.Requests()) != asked {
		t.Errorf("it answers %q after %d requests", a.out, len(s.Requests())-asked)
	}
	must(t, dir, "models", "remove", "closed-int8")

	// Stopped in the middle, it goes on later.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File != "visual/model.onnx" {
			return hubtest.Fault{}
		}
		stop()
		return hubtest.Fault{Stall: 100}
	})
	var out bytes.Buffer
	env := world()
	env.Out, env.Err, env.In = &out, io.Discard, strings.NewReader("")
	status := cli.Run(ctx, []string{"--library", dir, "--json", "models", "install", "tiny"}, env)
	failed(answer{status, out.String(), ""}, 130, "interrupted")
	if a := must(t, dir, "models", "list"); !strings.Contains(a.out, "are downloaded. To go on: descry models install tiny. To drop it: descry models remove tiny") {
		t.Errorf("the list is\n%s", a.out)
	}
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File == "visual/model.onnx" {
			return hubtest.Fault{Status: 403}
		}
		return hubtest.Fault{}
	})
	failed(descry(t, dir, "--json", "models", "install", "tiny"), 1, "gated")
	s.Misbehave(nil)
	var doc struct {
		ID, Licence, Space, Repository, From string
		Bytes                                int64
	}
	a = must(t, dir, "--json", "models", "install", "tiny")
	if err := json.Unmarshal([]byte(a.out), &doc); err != nil || doc.ID != "tiny" || doc.Licence != "MIT" || len(doc.Space) != 64 || doc.Repository != "tiny/immich" || doc.From == "" || doc.Bytes == 0 {
		t.Errorf("%s, %v", a.out, err)
	}
	must(t, dir, "models", "verify")
	must(t, dir, "models", "use", "--now", "tiny")
	must(t, dir, "index", "--no-text")
	var found struct {
		Model   string
		Results []struct{ Path string }
	}
	if err := json.Unmarshal([]byte(must(t, dir, "search", "--all", "--json", "a dog").out), &found); err != nil || found.Model != "tiny" || len(found.Results) != len(paths) {
		t.Errorf("%+v, %v", found, err)
	}
	must(t, dir, "models", "use", "--now", "starter")
	for _, id := range []string{"tiny", "closed"} {
		must(t, dir, "models", "remove", id)
	}
	if entries, err := filepath.Glob(filepath.Join(dir, "models", "*")); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %q, %v", entries, err)
	}
}
