package app_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/ui/app"
)

func TestModelsAreConvertedHereAndCompared(t *testing.T) {
	a := withModel(t)
	ctx := t.Context()
	added, offer, err := a.AddModelAs(ctx, onnxtest.Immich().Write(t, "small"), app.PrecisionAuto, nil)
	if err != nil || added.Model.Precision != "fp32" || offer != "int8" {
		t.Fatal(added, offer, err)
	}
	var stages []app.Progress // as far as each came
	made, err := a.ConvertModel(ctx, "small", "int8", func(p app.Progress) {
		if n := len(stages); n > 0 && stages[n-1].Job == p.Job && stages[n-1].Total == p.Total {
			if p.Done < stages[n-1].Done {
				t.Errorf("after %+v comes %+v", stages[n-1], p)
			}
			stages = stages[:n-1]
		}
		stages = append(stages, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	switch m := made.Model; {
	case m.ID != "small-int8" || m.Precision != "int8" || m.Space == added.Model.Space || m.Name != "small (int8)":
		t.Errorf("%+v", m)
	case made.From != "small" || made.Pictures != 24 || made.Distance <= 0 || made.Distance > 1e-3 || made.TextDistance > 1e-6:
		t.Errorf("%+v", made)
	case !slices.Equal(stages, []app.Progress{
		{Job: app.JobConverting, Done: 100, Total: 100, Running: true},
		{Job: app.JobTesting, Running: true},
		{Job: app.JobTesting, Done: 128, Total: 128, Running: true},
	}):
		t.Errorf("it was said to do %+v", stages)
	}
	if all, err := a.VerifyModels(ctx); err != nil || len(all) != 3 || all[1].Problem != "" || all[2].Problem != "" {
		t.Errorf("%+v, %v", all, err)
	}
	for _, c := range []struct{ id, to, want string }{
		{"small", "int8", "a model called small-int8 already"},
		{"small-int8", "int8", "only a float32 model is converted"},
		{"starter", "fp16", "only a float32 model is converted"},
		{"small", "int4", "int8 or fp16"},
		{"none", "int8", "not found"},
	} {
		if _, err := a.ConvertModel(ctx, c.id, c.to, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s: %v", c.id, c.to, err)
		}
	}
	for _, at := range []app.Progress{{Job: app.JobConverting, Total: 100}, {Job: app.JobTesting}, {Job: app.JobTesting, Total: 128}} {
		stopped, stop := context.WithCancel(ctx)
		_, err := a.ConvertModel(stopped, "small", "fp16", func(p app.Progress) {
			if p.Job == at.Job && p.Total == at.Total {
				stop()
			}
		})
		stop()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("stopped at %+v: %v", at, err)
		}
	}
	if all, err := a.Models(ctx); err != nil || len(all) != 3 {
		t.Errorf("%d models, %v", len(all), err)
	}
}

func TestOneVariantOfAModelIsTaken(t *testing.T) {
	files := onnxtest.TransformersJS()
	home := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(home, testdata.Runtime(t)))
	ctx := t.Context()
	// The variant is made by the program itself, from the same model.
	if _, _, err := a.AddModelAs(ctx, files.Write(t, "several"), "int8", nil); err != nil {
		t.Fatal(err)
	}
	dir := files.Write(t, "several")
	made := filepath.Join(home, "models", "several-int8", "onnx", "vision_model_int8.onnx")
	data, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vision_model_int8.onnx", "vision_model_fp16.onnx"} {
		if err := os.WriteFile(filepath.Join(dir, "onnx", name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ precision, id, got string }{
		{app.PrecisionAuto, "several", "int8"},
		{"fp32", "several-fp32", "fp32"},
	} {
		added, offer, err := a.AddModelAs(ctx, dir, c.precision, nil)
		if err != nil || offer != "" || added.Model.ID != c.id || added.Model.Precision != c.got {
			t.Fatal(c, added, offer, err)
		}
		found, err := filepath.Glob(filepath.Join(home, "models", c.id, "onnx", "vision_model*"))
		if err != nil || len(found) != 1 {
			t.Errorf("%s has the image towers %v, %v", c.id, found, err)
		}
	}
	if _, _, err := a.AddModelAs(ctx, dir, "fp16", nil); err == nil || !strings.Contains(err.Error(), "fp16") {
		t.Errorf("a variant that is not what its name says: %v", err)
	}
	if _, _, err := a.AddModelAs(ctx, dir, "int3", nil); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("int3: %v", err)
	}
}
