package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"descry/clipengine/catalogue"
	"descry/clipengine/convert"
	"descry/clipengine/hub"
	"descry/internal/hubtest"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/library"
	"descry/ui/app"
)

// hidden lists what lies in the folder of models besides models and what is known of them.
func hidden(t *testing.T, dir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "models", ".*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range left {
		if name := filepath.Base(l); name != ".seen.json" {
			names = append(names, name)
		}
	}
	return names
}

func atHand(t *testing.T, a *app.App) string {
	t.Helper()
	models, err := a.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range models {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, " ")
}

// TestInstallConverts installs a model in precisions in which nobody publishes it.
func TestInstallConverts(t *testing.T) {
	a, s, dir := withHub(t)
	ctx := t.Context()
	// What suits this machine better is said, and nothing is converted that nobody asked for.
	if plan, err := a.PlanInstall(ctx, "tiny-immich", app.InstallOptions{}); err != nil || plan.ID != "tiny-immich" || plan.Convert || plan.Offer != "int8" || plan.Peak != plan.Bytes {
		t.Errorf("%+v, %v", plan, err)
	}
	if plan, err := a.PlanInstall(ctx, "tiny-js", app.InstallOptions{}); err != nil || plan.ID != "tiny-js-int8" || plan.Convert || plan.Offer != "" {
		t.Errorf("what is published: %+v, %v", plan, err)
	}
	plan, err := a.PlanInstall(ctx, "tiny-immich", app.InstallOptions{Precision: "int8"})
	if err != nil || plan.ID != "tiny-immich-int8" || !plan.Convert || plan.From != "" || plan.Precision != catalogue.INT8 || plan.Disk <= 0 || plan.Peak != plan.Bytes+plan.Disk {
		t.Errorf("%+v, %v", plan, err)
	}
	if again, err := a.PlanInstall(ctx, "tiny-immich-int8", app.InstallOptions{}); err != nil || again.ID != plan.ID || !again.Convert {
		t.Errorf("asked for by its id: %+v, %v", again, err)
	}

	var stages []string
	made, err := a.InstallModel(ctx, "tiny-immich", app.InstallOptions{Precision: "int8"}, func(p app.InstallProgress) {
		stage := fmt.Sprintf("%t %t", p.Converting, p.Testing)
		if len(stages) == 0 || stages[len(stages)-1] != stage {
			stages = append(stages, stage)
		}
		if p.Done > p.Total || p.Done < 0 {
			t.Errorf("%+v", p)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := made.Model; m.ID != "tiny-immich-int8" || m.Precision != "int8" || m.Name != "Tiny one (int8)" || m.Licence != "MIT" || m.PerSecond <= 0 {
		t.Errorf("%+v", m)
	}
	if made.From != "" || made.Pictures != 24 || made.Distance <= 0 || made.Distance > 1e-3 || made.OriginalBytes <= 0 {
		t.Errorf("%+v", made)
	}
	if got := strings.Join(stages, ", "); got != "false false, true false, true true" {
		t.Errorf("the stages were %s", got)
	}
	if ids, left := atHand(t, a), hidden(t, dir); ids != "starter tiny-immich-int8" || len(left) > 0 {
		t.Errorf("at hand are %s, left behind %q", ids, left)
	}
	var manifest struct {
		Converted struct{ From string }
		Published struct{ Repository, Commit string }
	}
	data, err := os.ReadFile(filepath.Join(dir, "models", "tiny-immich-int8", "bundle.json"))
	if err != nil || json.Unmarshal(data, &manifest) != nil || manifest.Converted.From != "tiny-immich" || manifest.Published.Repository != "tiny/immich" || len(manifest.Published.Commit) != 40 {
		t.Errorf("%s, %v", data, err)
	}

	// The original stays when it is asked to, or was there before; then nothing is downloaded.
	made, err = a.InstallModel(ctx, "tiny-immich", app.InstallOptions{Precision: "fp16", KeepOriginal: true}, nil)
	if err != nil || made.Model.ID != "tiny-immich-fp16" || made.From != "tiny-immich" || atHand(t, a) != "starter tiny-immich tiny-immich-fp16 tiny-immich-int8" {
		t.Errorf("%+v, %v; at hand are %s", made, err, atHand(t, a))
	}
	for _, id := range []string{"tiny-immich-fp16", "tiny-immich-int8"} {
		if err := a.RemoveModel(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	asked := len(s.Requests())
	plan, err = a.PlanInstall(ctx, "tiny-immich-int8", app.InstallOptions{})
	if err != nil || plan.From != "tiny-immich" || plan.Bytes != 0 || plan.Peak != plan.Disk {
		t.Errorf("%+v, %v", plan, err)
	}
	made, err = a.InstallModel(ctx, "tiny-immich-int8", app.InstallOptions{}, nil)
	if err != nil || made.From != "tiny-immich" || atHand(t, a) != "starter tiny-immich tiny-immich-int8" || len(s.Requests()) != asked {
		t.Errorf("%+v, %v; at hand are %s after %d requests", made, err, atHand(t, a), len(s.Requests())-asked)
	}
	if off := made.Model.Bytes - plan.Disk; off < -1<<10 || off > 1<<16 {
		t.Errorf("%d bytes were announced, and it has %d", plan.Disk, made.Model.Bytes)
	}
}

// TestInstallRefusesToConvert asks for what cannot be made; what was downloaded is not lost.
func TestInstallRefusesToConvert(t *testing.T) {
	a, s, dir := withHub(t)
	ctx := t.Context()
	fails := func(id string, o app.InstallOptions, code, want string) error {
		t.Helper()
		_, err := a.InstallModel(ctx, id, o, nil)
		var known app.InstallError
		if !errors.As(err, &known) || known.Code != code || known.Fix == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v (%+v), want %s: %q", id, err, known, code, want)
		}
		return err
	}
	int8 := app.InstallOptions{Precision: "int8"}
	fails("tiny-curves", int8, "no_variant", "convolutions")
	fails("tiny-words", int8, "no_variant", "only in fp32")
	if n := len(s.Requests()); n != 0 {
		t.Errorf("the hub was asked %d times for it", n)
	}
	// The catalogue takes it for float32, and it is not.
	files := onnxtest.Immich()
	to := t.TempDir()
	root, err := os.OpenRoot(to)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := convert.Model(ctx, os.DirFS(files.Write(t, "original")), "visual/model.onnx", root, "int8.onnx", convert.Int8, nil); err != nil {
		t.Fatal(err)
	}
	if files["visual/model.onnx"], err = os.ReadFile(filepath.Join(to, "int8.onnx")); err != nil {
		t.Fatal(err)
	}
	s.Publish("tiny/immich", files)
	fails("tiny-immich", int8, "not_converted", "it is an int8 model already")
	if left := hidden(t, dir); strings.Join(left, " ") != ".installing-tiny-immich" {
		t.Errorf("left are %q", left)
	}
	sent := s.Sent("visual/model.onnx")
	if _, err := a.InstallModel(ctx, "tiny-immich", app.InstallOptions{Precision: "fp32"}, nil); err != nil {
		t.Error(err)
	}
	if n := s.Sent("visual/model.onnx") - sent; n != 0 || len(hidden(t, dir)) > 0 {
		t.Errorf("%d bytes came again; left are %q", n, hidden(t, dir))
	}
}

// TestConvertingNeedsRoom lets the disk have too little room for a conversion.
func TestConvertingNeedsRoom(t *testing.T) {
	s := hubtest.New(t)
	publish(s)
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	free := int64(1 << 40)
	p.Hub = hub.Params{From: s.URL, Free: func(string) (int64, error) { return free, nil }}
	a := opened(t, p)
	writeCatalogue(t, p.Dir)
	ctx := t.Context()
	full := func(what string, err error, words ...string) {
		t.Helper()
		var known app.InstallError
		if !errors.As(err, &known) || known.Code != "disk_full" || !errors.Is(err, library.ErrDiskFull) {
			t.Errorf("%s: %v (%s)", what, err, known.Code)
			return
		}
		for _, w := range append(words, "268 MB are to stay so") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v lacks %q", what, err, w)
			}
		}
	}
	free = 256<<20 + 100
	_, err := a.InstallModel(ctx, "tiny-immich", app.InstallOptions{Precision: "int8"}, nil)
	full("installing", err, "installing tiny-immich-int8 takes about ")
	if n := s.Sent("visual/model.onnx"); n != 0 {
		t.Errorf("%d bytes came all the same", n)
	}
	folder := onnxtest.Immich().Write(t, "small")
	free = 256<<20 + 100
	_, _, err = a.AddModelAs(ctx, folder, "fp32", nil)
	full("adding", err, "the model small takes ")
	free = 1 << 40
	if _, _, err = a.AddModelAs(ctx, folder, "fp32", nil); err != nil {
		t.Fatal(err)
	}
	free = 256<<20 + 100
	_, err = a.ConvertModel(ctx, "small", "int8", nil)
	full("converting", err, "making int8 of small takes ", "268 MB are free")
	if left := hidden(t, p.Dir); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// A child installs a model in int8, says how far it is, and waits where it is told to.
func TestChildThatInstalls(t *testing.T) {
	dir := os.Getenv("DESCRY_TEST_DIR")
	if dir == "" {
		t.Skip("skipped: it is run by TestKilledInstallationsGoOn, in a process of its own")
	}
	p := params(dir, testdata.Runtime(t))
	p.Hub = hub.Params{From: os.Getenv("DESCRY_TEST_HUB"), Stall: time.Hour}
	a := opened(t, p)
	_, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{Precision: "int8"}, func(p app.InstallProgress) {
		if stage := stageOf(p); stage == os.Getenv("DESCRY_TEST_STAGE") {
			fmt.Println("reached", stage)
			select {} // until it is killed
		}
	})
	t.Fatalf("it ended: %v", err)
}

func stageOf(p app.InstallProgress) string {
	switch {
	case p.Converting && p.Testing && p.Done > p.Total/2:
		return "testing what was made"
	case p.Converting && !p.Testing && p.Done > 0:
		return "converting"
	case !p.Converting && p.Done == p.Total && p.Total > 0:
		return "downloaded"
	case !p.Converting && p.Done == p.Total-int64(len(onnxtest.Immich()["visual/model.onnx"]))+100:
		return "downloading"
	}
	return ""
}

// TestKilledInstallationsGoOn kills a process in each stage of an installation that converts. The
// next one brings it to its end, and no byte has to be sent again that was there.
func TestKilledInstallationsGoOn(t *testing.T) {
	for _, stage := range []string{"downloading", "downloaded", "converting", "testing what was made"} {
		t.Run(stage, func(t *testing.T) {
			testdata.Runtime(t)
			s := hubtest.New(t)
			publish(s)
			dir := filepath.Join(t.TempDir(), "library")
			writeCatalogue(t, dir)
			if stage == "downloading" {
				s.Misbehave(func(r hubtest.Request) hubtest.Fault {
					if r.File == "visual/model.onnx" {
						return hubtest.Fault{Stall: 100}
					}
					return hubtest.Fault{}
				})
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildThatInstalls$", "-test.v")
			cmd.Env = append(os.Environ(), "DESCRY_TEST_HUB="+s.URL, "DESCRY_TEST_DIR="+dir, "DESCRY_TEST_STAGE="+stage)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			reached := false
			for lines := bufio.NewScanner(out); !reached && lines.Scan(); {
				reached = strings.TrimSpace(lines.Text()) == "reached "+stage
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			s.Misbehave(nil)
			if !reached {
				t.Fatal("the child ended before that")
			}
			if _, err := os.Stat(filepath.Join(dir, "models", "tiny-immich-int8")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a model: %v", err)
			}

			p := params(dir, testdata.Runtime(t))
			p.Hub = hub.Params{From: s.URL}
			a := opened(t, p)
			if left := hidden(t, dir); strings.Join(left, " ") != ".installing-tiny-immich-int8" {
				t.Errorf("when the library is opened again, left are %q", left)
			}
			list, err := a.UnfinishedInstalls()
			if err != nil || len(list) != 1 || list[0].ID != "tiny-immich-int8" || list[0].Model != "tiny-immich" || list[0].Done == 0 || list[0].Done > list[0].Total {
				t.Fatalf("unfinished are %+v, %v", list, err)
			}
			if stage != "downloading" && list[0].Done != list[0].Total {
				t.Errorf("%d of %d bytes were kept", list[0].Done, list[0].Total)
			}
			if _, err := a.InstallModel(t.Context(), list[0].ID, app.InstallOptions{}, nil); err != nil {
				t.Fatal(err)
			}
			if ids, left := atHand(t, a), hidden(t, dir); ids != "starter tiny-immich-int8" || len(left) > 0 {
				t.Errorf("at hand are %s, left behind %q", ids, left)
			}
			for name, data := range onnxtest.Immich() {
				if n := s.Sent(name); strings.HasSuffix(name, ".onnx") && n != int64(len(data)) {
					t.Errorf("%s has %d bytes, and %d were sent", name, len(data), n)
				}
			}
		})
	}
}

// TestInstallIsStoppedWhileConverting ends the context, after which the download is there still;
// the float32 model itself is then had without another one.
func TestInstallIsStoppedWhileConverting(t *testing.T) {
	a, s, dir := withHub(t)
	ctx, stop := context.WithCancel(t.Context())
	_, err := a.InstallModel(ctx, "tiny-immich", app.InstallOptions{Precision: "int8"}, func(p app.InstallProgress) {
		if p.Converting {
			if _, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil); !errors.Is(err, library.ErrInUse) {
				t.Errorf("the original at the same time: %v", err)
			}
			if err := a.RemoveModel(t.Context(), "tiny-immich-int8"); !errors.Is(err, library.ErrInUse) {
				t.Errorf("removed meanwhile: %v", err)
			}
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || strings.Join(hidden(t, dir), " ") != ".installing-tiny-immich-int8" {
		t.Fatalf("it says %v; left are %q", err, hidden(t, dir))
	}
	sent := s.Sent("visual/model.onnx")
	if plan, err := a.PlanInstall(t.Context(), "tiny-immich", app.InstallOptions{}); err != nil || plan.There != plan.Bytes && plan.There == 0 {
		t.Errorf("%+v, %v", plan, err)
	}
	if _, err := a.InstallModel(t.Context(), "tiny-immich", app.InstallOptions{}, nil); err != nil || s.Sent("visual/model.onnx") != sent {
		t.Errorf("%v; %d bytes were sent again", err, s.Sent("visual/model.onnx")-sent)
	}
	if left := hidden(t, dir); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// TestSpeedsOfSeveralProcesses has two that measure models for one library.
func TestSpeedsOfSeveralProcesses(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	one := opened(t, p)
	addModel(t, one, onnxtest.Immich(), "tiny") // which measures it
	q := p
	q.Optional = true
	two := opened(t, q)
	rates := func(a *app.App) map[string]float64 {
		t.Helper()
		models, err := a.Models(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rates := map[string]float64{}
		for _, m := range models {
			rates[m.ID] = m.PerSecond
		}
		return rates
	}
	if r := rates(two); r["tiny"] <= 0 || r["starter"] != 0 {
		t.Fatalf("%v", r)
	}
	addModel(t, one, onnxtest.TransformersJS(), "other")
	if _, err := two.MeasureModel(t.Context(), "starter"); err != nil {
		t.Fatal(err)
	}
	if r := rates(opened(t, q)); r["tiny"] <= 0 || r["starter"] <= 0 || r["other"] <= 0 {
		t.Errorf("a third one reads %v", r)
	}
}
