package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"descry/clipengine/hub"
	"descry/internal/hubtest"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/library"
	"descry/ui/app"
)

// tinyCatalogue is a person's own catalogue, with models that take no time.
const tinyCatalogue = `
[family.tiny]
name = "Tiny"
licence = "MIT"
licence_note = "May be used for any purpose."
languages = ["en", "de"]

[family.closed]
name = "Closed"
licence = "CC-BY-NC-4.0"
licence_note = "Not for commercial use."
restricted = true
languages = ["multilingual"]

[[model]]
id = "tiny-immich"
name = "Tiny one"
family = "tiny"
repo = "tiny/immich"
layout = "immich"
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001

[[model]]
id = "tiny-js"
name = "Tiny two"
family = "tiny"
repo = "tiny/js"
layout = "transformers.js"
variants = ["fp32", "int8"]
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001

[[model]]
id = "tiny-closed"
name = "Tiny three"
family = "closed"
repo = "tiny/immich"
layout = "immich"
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001

[[model]]
id = "tiny-words"
name = "Tiny words"
family = "tiny"
repo = "tiny/words"
layout = "immich"
languages = ["multilingual"]
image_tower = "tiny-immich"
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001

[[model]]
id = "tiny-curves"
name = "Tiny curves"
family = "tiny"
repo = "tiny/immich"
layout = "immich"
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001
convolutions = true

[[model]]
id = "tiny-nowhere"
name = "Tiny nowhere"
family = "tiny"
note = "Nobody publishes it."
input_size = 16
dim = 8
image_params = 0.001
text_params = 0.001
`

// withHub opens a new library whose models come from a hub of the test's own.
func withHub(t *testing.T) (*app.App, *hubtest.Server, string) {
	t.Helper()
	s := hubtest.New(t)
	publish(s)
	dir := filepath.Join(t.TempDir(), "library")
	p := params(dir, testdata.Runtime(t))
	p.Hub = hub.Params{From: s.URL, Agent: "Descry/test", Stall: time.Minute, Wait: time.Microsecond, Tries: 3}
	a := opened(t, p)
	writeCatalogue(t, dir)
	return a, s, dir
}

// writeCatalogue writes the person's own catalogue of a library.
func writeCatalogue(t *testing.T, dir string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "models"), 0o700), os.WriteFile(filepath.Join(dir, "models", "catalogue.toml"), []byte(tinyCatalogue), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// publish puts the tiny models on a hub, each among files that are made for other programs.
func publish(s *hubtest.Server) {
	immich := map[string][]byte(onnxtest.Immich())
	immich["README.md"] = []byte("---\nlicense: other\nlanguage: xx\n---\n")
	immich["visual/armnn/model.armnn"] = make([]byte, 5000)
	immich["bundle.json"] = []byte(`{"name": "Foreign", "image_tower": "starter"}`)
	s.Publish("tiny/immich", immich)
	js := map[string][]byte(onnxtest.TransformersJS())
	js["onnx/vision_model_quantized.onnx"], js["onnx/text_model_quantized.onnx"] = js["onnx/vision_model.onnx"], js["onnx/text_model.onnx"]
	js["onnx/model.onnx"] = make([]byte, 5000)
	s.Publish("tiny/js", js)
	words := map[string][]byte(onnxtest.Immich())
	delete(words, "visual/model.onnx")
	s.Publish("tiny/words", words)
}

func TestInstall(t *testing.T) {
	a, s, dir := withHub(t)
	ctx := t.Context()
	var last app.InstallProgress
	install := func(id string, o app.InstallOptions) app.ModelInfo {
		t.Helper()
		made, err := a.InstallModel(ctx, id, o, func(p app.InstallProgress) { last = p })
		if err != nil {
			t.Fatal(err)
		}
		return made.Model
	}
	m := install("tiny-immich", app.InstallOptions{})
	if m.ID != "tiny-immich" || m.Name != "Tiny one" || m.Licence != "MIT" || m.Note != "May be used for any purpose." || !slices.Equal(m.Languages, []string{"en", "de"}) {
		t.Errorf("%+v", m)
	}
	if m.Dim != onnxtest.Dim || m.InputSize != onnxtest.Size || len(m.Space) != 64 || m.PerSecond <= 0 || m.Memory <= 0 {
		t.Errorf("%+v", m)
	}
	if !last.Testing || last.Done != last.Total || last.Done == 0 {
		t.Errorf("in the end it was at %+v", last)
	}
	if n := s.Sent("visual/armnn/model.armnn") + s.Sent("bundle.json"); n != 0 {
		t.Errorf("%d bytes of files were fetched that are not needed", n)
	}
	var manifest struct {
		Source    string
		Digests   map[string]string
		Published struct{ Repository, Revision, Commit, From string }
	}
	data, err := os.ReadFile(filepath.Join(dir, "models", "tiny-immich", "bundle.json"))
	if err != nil || json.Unmarshal(data, &manifest) != nil {
		t.Fatalf("%s, %v", data, err)
	}
	if p := manifest.Published; p.Repository != "tiny/immich" || p.Revision != "main" || len(p.Commit) != 40 || p.From != strings.TrimPrefix(s.URL, "http://") {
		t.Errorf("it is said to be from %+v", p)
	}
	if len(manifest.Digests) != 7 || len(manifest.Digests["visual/model.onnx"]) != 64 || !strings.HasSuffix(manifest.Source, "/tiny/immich") {
		t.Errorf("%s", data)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "models", ".inst*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "models", "tiny-immich", ".download.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state of the download: %v", err)
	}

	// The variant that suits this machine has an id of its own; one may be asked for.
	if m := install("tiny-js", app.InstallOptions{}); m.ID != "tiny-js-int8" || m.Name != "Tiny two (int8)" {
		t.Errorf("%+v", m)
	}
	if n := s.Sent("onnx/vision_model.onnx") + s.Sent("onnx/model.onnx"); n != 0 || s.Sent("onnx/vision_model_quantized.onnx") == 0 {
		t.Errorf("%d bytes of another variant were fetched", n)
	}
	if m := install("tiny-js", app.InstallOptions{Precision: "fp32"}); m.ID != "tiny-js" || m.Name != "Tiny two" {
		t.Errorf("%+v", m)
	}
	// A text tower alone goes with the pictures of the other model.
	images := s.Sent("visual/model.onnx")
	if words := install("tiny-words", app.InstallOptions{}); words.Space != m.Space {
		t.Errorf("%+v", words)
	}
	if s.Sent("visual/model.onnx") != images {
		t.Error("the image tower was fetched again")
	}

	checked, err := a.VerifyModels(ctx)
	if err != nil || len(checked) != 5 {
		t.Fatalf("%+v, %v", checked, err)
	}
	for _, m := range checked {
		if m.Problem != "" {
			t.Errorf("%s: %s", m.ID, m.Problem)
		}
	}
	// A file that changes later is found.
	tokens := filepath.Join(dir, "models", "tiny-js", "config.json")
	data, err = os.ReadFile(tokens)
	if err = errors.Join(err, os.WriteFile(tokens, append(data, '\n'), 0o600)); err != nil {
		t.Fatal(err)
	}
	checked, err = a.VerifyModels(ctx)
	if i := slices.IndexFunc(checked, func(m app.ModelInfo) bool { return m.ID == "tiny-js" }); err != nil || i < 0 || !strings.Contains(checked[i].Problem, "is not the file it should be") {
		t.Errorf("%+v, %v", checked, err)
	}
}

// TestInstallRefuses asks for what cannot be installed.
func TestInstallRefuses(t *testing.T) {
	a, s, _ := withHub(t)
	if _, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	before := len(s.Requests())
	for _, tt := range []struct {
		id   string
		o    app.InstallOptions
		want string
		code string
		is   error
	}{
		{"nothing", app.InstallOptions{}, `the catalogue has no model "nothing"`, "not_found", library.ErrNotFound},
		{"../x", app.InstallOptions{}, "the catalogue has no model", "not_found", library.ErrNotFound},
		{"tiny-immich", app.InstallOptions{}, "there is a model called tiny-immich already", "", nil},
		{"tiny-curves", app.InstallOptions{Precision: "int8"}, "is not published in int8, only in fp32", "no_variant", nil},
		{"tiny-js", app.InstallOptions{Precision: "int2"}, "is not published in int2, only in fp32, int8", "no_variant", nil},
		{"tiny-closed", app.InstallOptions{}, "its licence has to be accepted first. It is CC-BY-NC-4.0: Not for commercial use", "licence", app.ErrLicence},
		{"tiny-nowhere", app.InstallOptions{}, "is published in no form that Descry reads", "not_published", nil},
	} {
		_, err := a.InstallModel(t.Context(), tt.id, tt.o, nil)
		var known app.InstallError
		if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &known) != (tt.code != "") || known.Code != tt.code || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s %+v: %v (%s), want %q", tt.id, tt.o, err, known.Code, tt.want)
		}
	}
	if after := len(s.Requests()); after != before {
		t.Errorf("the hub was asked %d times for it", after-before)
	}
	if m, err := a.InstallModel(t.Context(), "tiny-closed", app.InstallOptions{AcceptLicence: true}, nil); err != nil || m.Model.Licence != "CC-BY-NC-4.0" {
		t.Errorf("accepted: %+v, %v", m, err)
	}
	// Without the model whose pictures they go with, words are of no use.
	if err := a.RemoveModel(t.Context(), "tiny-immich"); err != nil {
		t.Fatal(err)
	}
	var known app.InstallError
	if _, err := a.InstallModel(t.Context(), "tiny-words", app.InstallOptions{}, nil); !errors.As(err, &known) || known.Code != "needs_model" || !strings.Contains(known.Fix, "models install tiny-immich") {
		t.Errorf("words alone: %v", err)
	}
}

// TestInstallFails lets the hub fail: there is no model then, the error has a name and says what
// can be done, and the same call succeeds once the hub is well.
func TestInstallFails(t *testing.T) {
	broken := onnxtest.Immich()
	broken["visual/model.onnx"] = []byte("no model")
	for _, tt := range []struct {
		name, code, want string
		fault            hubtest.Fault
		kept             bool
	}{
		{"busy", "busy", "come back later", hubtest.Fault{Status: 429}, true},
		{"gated", "gated", "only to those who may have it", hubtest.Fault{Status: 403}, true},
		{"missing", "not_published", "visual/model.onnx is not published on 127.0.0.1", hubtest.Fault{Status: 404}, true},
		{"wrong", "changed_file", "is not the file that was published", hubtest.Fault{Content: bytes.Repeat([]byte("x"), len(onnxtest.Immich()["visual/model.onnx"]))}, true},
		{"odd", "bad_answer", "the status 418", hubtest.Fault{Status: 418}, true},
		{"proxy", "proxy", "asks for a name", hubtest.Fault{Status: 407}, true},
		{"cut", "connection", "broke off", hubtest.Fault{Cut: 1, NoRange: true}, true},
		{"away", "no_network", "cannot be reached", hubtest.Fault{Redirect: "http://127.0.0.1:1"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, s, dir := withHub(t)
			s.Misbehave(func(r hubtest.Request) hubtest.Fault {
				if r.File == "visual/model.onnx" {
					return tt.fault
				}
				return hubtest.Fault{}
			})
			_, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil)
			var known app.InstallError
			if !errors.As(err, &known) || known.Code != tt.code || known.Fix == "" || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v (%s), want %s: %q", err, known.Code, tt.code, tt.want)
			}
			if models, err := a.Models(t.Context()); err != nil || len(models) != 1 {
				t.Errorf("%+v, %v", models, err)
			}
			if list, err := a.UnfinishedInstalls(); err != nil || len(list) != 1 || list[0].ID != "tiny-immich" || list[0].Total == 0 {
				t.Errorf("unfinished: %+v, %v", list, err)
			}
			s.Misbehave(nil)
			if _, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil); err != nil {
				t.Error(err)
			}
			if left, err := filepath.Glob(filepath.Join(dir, "models", ".inst*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
	t.Run("a model that is none", func(t *testing.T) {
		a, s, dir := withHub(t)
		s.Publish("tiny/immich", broken)
		_, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil)
		if err == nil || !strings.Contains(err.Error(), "is as it was published, and cannot be used") {
			t.Errorf("%v", err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "models", ".inst*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
	})
}

// TestInstallIsPaused stops a download by its context and goes on with it; drops another.
func TestInstallIsPaused(t *testing.T) {
	a, s, _ := withHub(t)
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File == "visual/model.onnx" {
			return hubtest.Fault{Stall: 100}
		}
		return hubtest.Fault{}
	})
	size := int64(len(onnxtest.Immich()["visual/model.onnx"]))
	stop := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := a.InstallModel(ctx, "tiny-immich", app.InstallOptions{}, func(p app.InstallProgress) {
			if p.Done == p.Total-size+100 {
				if _, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil); !errors.Is(err, library.ErrInUse) {
					t.Errorf("twice at a time: %v", err)
				}
				if err := a.RemoveModel(t.Context(), "tiny-immich"); !errors.Is(err, library.ErrInUse) {
					t.Errorf("removed meanwhile: %v", err)
				}
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("it says %v", err)
		}
	}
	stop()
	list, err := a.UnfinishedInstalls()
	if err != nil || len(list) != 1 || list[0].Done != list[0].Total-size+100 {
		t.Errorf("%+v, %v", list, err)
	}
	if plan, err := a.PlanInstall(t.Context(), "tiny-immich", app.InstallOptions{}); err != nil || plan.There != list[0].Done {
		t.Errorf("%+v, %v", plan, err)
	}
	if err := a.RemoveModel(t.Context(), "tiny-immich"); err != nil {
		t.Error(err)
	}
	if list, err := a.UnfinishedInstalls(); err != nil || len(list) != 0 {
		t.Errorf("after removal: %+v, %v", list, err)
	}
	stop()
	s.Misbehave(nil)
	before := s.Sent("visual/model.onnx")
	if _, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	if n := s.Sent("visual/model.onnx") - before; n != size-100 {
		t.Errorf("%d bytes were sent of the %d that were missing", n, size-100)
	}
}

// TestInstallNoticesChanges installs a model once more after it was published anew.
func TestInstallNoticesChanges(t *testing.T) {
	a, s, _ := withHub(t)
	again := func(o app.InstallOptions) error {
		t.Helper()
		_, err := a.InstallModel(t.Context(), "tiny-immich", o, nil)
		if err == nil {
			err = a.RemoveModel(t.Context(), "tiny-immich")
		}
		return err
	}
	if err := again(app.InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(map[string][]byte(onnxtest.Immich()))
	files["README.md"] = []byte("Something else to read.")
	s.Publish("tiny/immich", files)
	if err := again(app.InstallOptions{}); err != nil {
		t.Errorf("only something to read changed: %v", err)
	}
	files["visual/model.onnx"] = onnxtest.VisionHalf("image", "embedding")
	s.Publish("tiny/immich", files)
	var known app.InstallError
	if err := again(app.InstallOptions{}); !errors.As(err, &known) || known.Code != "changed_file" || !strings.Contains(known.Fix, "--fresh") {
		t.Errorf("the model changed: %v", err)
	}
	if err := again(app.InstallOptions{Fresh: true}); err != nil {
		t.Error(err)
	}
	if err := again(app.InstallOptions{}); err != nil {
		t.Errorf("it was accepted: %v", err)
	}
}

// TestInstallFromMirrors takes models from a folder, and from a server that has files alone.
func TestInstallFromMirrors(t *testing.T) {
	a, s, _ := withHub(t)
	mirror := t.TempDir()
	if err := os.CopyFS(filepath.Join(mirror, "tiny", "immich"), os.DirFS(onnxtest.Immich().Write(t, "x"))); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"mirror", "ftp://x", filepath.Join(mirror, "none")} {
		if err := a.SetSetting(t.Context(), app.SettingModelsFrom, wrong); err == nil || !strings.HasPrefix(err.Error(), "models_from: ") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if err := a.SetSetting(t.Context(), app.SettingModelsFrom, mirror); err != nil {
		t.Fatal(err)
	}
	if plan, err := a.PlanInstall(t.Context(), "tiny-immich", app.InstallOptions{}); err != nil || plan.Where != mirror || plan.Page != "" {
		t.Errorf("%+v, %v", plan, err)
	}
	if _, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil); err != nil {
		t.Error(err)
	}
	var known app.InstallError
	if _, err := a.InstallModel(t.Context(), "tiny-js", app.InstallOptions{}, nil); !errors.As(err, &known) || known.Code != "not_published" {
		t.Errorf("what the mirror lacks: %v", err)
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("the hub was asked %d times", n)
	}

	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File == "revision" || r.File == "list" {
			return hubtest.Fault{Status: 404}
		}
		return hubtest.Fault{}
	})
	if err := a.SetSetting(t.Context(), app.SettingModelsFrom, s.URL); err != nil {
		t.Fatal(err)
	}
	if m, err := a.InstallModel(t.Context(), "tiny-js", app.InstallOptions{}, nil); err != nil || m.Model.ID != "tiny-js-int8" {
		t.Errorf("%+v, %v", m, err)
	}
}
