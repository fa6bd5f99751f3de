package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/onnxtest"
	"descry/ui/app"
)

// TestModelsAreMeasuredAndOffered follows a model of the transformers.js layout, under the id of
// a model of the catalogue, through being added and removed: the list has the speed that was
// measured, the catalogue knows that it is there, and another library run finds the figure again.
func TestModelsAreMeasuredAndOffered(t *testing.T) {
	a := withModel(t)
	offers, err := a.Offers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const id = "siglip2-base-patch16-224"
	find := func(offers []app.Offer) app.Offer {
		t.Helper()
		for _, o := range offers {
			if o.ID == id {
				return o
			}
		}
		t.Fatalf("no offer of %s", id)
		return app.Offer{}
	}
	o := find(offers)
	if o.Installed != "" || o.Precision != "int8" || !o.BytesKnown || o.Bytes != 377991608 || o.MemoryMiB < 350 || o.MemoryMiB > 450 {
		t.Errorf("before: %+v", o)
	}
	// The starter model was measured for it.
	if o.PerSecond <= 0 || a.Model().PerSecond <= 0 {
		t.Errorf("%.1f a second estimated, %.1f measured of the starter model", o.PerSecond, a.Model().PerSecond)
	}
	for _, o := range offers {
		if o.GFLOPs > 0 && (o.PerSecond <= 0 || o.MemoryMiB <= 16 || o.Bytes <= 0) {
			t.Errorf("%s: %+v", o.ID, o)
		}
	}

	added, err := a.AddModel(t.Context(), onnxtest.TransformersJS().Write(t, id))
	if err != nil {
		t.Fatal(err)
	}
	if offers, err = a.Offers(t.Context()); err != nil || find(offers).Installed != id {
		t.Errorf("after: %+v, %v", find(offers), err)
	}
	models, err := a.Models(t.Context())
	if err != nil || len(models) != 2 || models[1].ID != added.ID || models[1].PerSecond <= 0 || models[1].Precision != "fp32" {
		t.Fatalf("%+v, %v", models, err)
	}
	if tested, err := a.TestModel(t.Context(), id); err != nil || tested.PerSecond <= 0 || tested.Problem != "" {
		t.Errorf("%+v, %v", tested, err)
	}
	if err := a.RemoveModel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if offers, err = a.Offers(t.Context()); err != nil || find(offers).Installed != "" {
		t.Errorf("removed: %+v, %v", find(offers), err)
	}
}

// TestOwnCatalogue adds a model to the catalogue and changes one of it.
func TestOwnCatalogue(t *testing.T) {
	library := filepath.Join(t.TempDir(), "library")
	a := opened(t, params(library, noRuntime))
	c, err := a.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	before := len(c.Models)
	dir := filepath.Join(library, "models")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "catalogue.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const own = `[family.mine]
name = "Mine"
licence = "mine"
licence_note = "Mine."
languages = ["de"]
[[model]]
id = "%"
name = "My own"
family = "mine"
repo = "me/mine"
layout = "immich"
input_size = 224
dim = 512
image_params = 1.0
text_params = 1.0
`
	write(strings.Replace(own, "%", "mine", 1))
	if c, err = a.Catalogue(); err != nil || len(c.Models) != before+1 || c.Models[0].ID != "mine" {
		t.Errorf("%d models, %v", len(c.Models), err)
	}
	write(strings.Replace(own, "%", "ViT-B-32__openai", 1))
	if c, err = a.Catalogue(); err != nil || len(c.Models) != before || c.Models[0].Name != "My own" {
		t.Errorf("%d models, %v", len(c.Models), err)
	}
	write("[[model]]\nspeed = 3\n")
	if _, err = a.Catalogue(); err == nil || !strings.Contains(err.Error(), "catalogue.toml") || !strings.Contains(err.Error(), "not known") {
		t.Errorf("%v", err)
	}
	if _, err := a.Offers(t.Context()); err == nil {
		t.Error("offers from a faulty catalogue")
	}
}
