package app_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/cmem"
	"descry/internal/machine"
	"descry/internal/onnxtest"
	"descry/internal/testdata"
	"descry/ui/app"
)

// TestLittleMemory opens libraries where memory is little: fewer photos are looked at at a time,
// and a model that does not fit is not loaded, but said not to fit.
func TestLittleMemory(t *testing.T) {
	const mb = 1_000_000
	for _, test := range []struct {
		name   string
		limits machine.Limits
		fits   bool
		tight  string // what is said of the starter model before it is chosen
		doctor string
	}{
		{"as much as anybody wants", machine.Limits{Memory: 64_000 * mb, Free: 32_000 * mb}, true, "", "64.0 GB, 32.0 GB free"},
		{"a limit that fits", machine.Limits{Memory: 400 * mb, Limited: true, Free: 180 * mb}, true, "", "looks at 1 photo at a time"},
		{"little is free", machine.Limits{Memory: 8_000 * mb, Free: 90 * mb}, true, "90 MB are free now", "90 MB free"},
		{"a limit below the model", machine.Limits{Memory: 100 * mb, Limited: true, Free: 90 * mb}, false, "this process may take 100 MB", "does not fit"},
		{"a small machine", machine.Limits{Memory: 64 * mb}, false, "this machine has 64 MB", "does not fit"},
		{"nothing is known", machine.Limits{}, true, "", "is not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
			p.Threads, p.Limits = 0, func() machine.Limits { return test.limits }
			a := opened(t, p)
			// Another one is in use, so that the starter is one that could be chosen.
			if _, err := a.AddModel(t.Context(), onnxtest.Descry().Write(t, "tiny")); err != nil {
				t.Fatal(err)
			}
			if err := a.UseModel(t.Context(), "tiny"); err != nil {
				t.Fatal(err)
			}
			models, err := a.Models(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if m := models[0]; m.Memory < 50*mb || !strings.Contains(m.Tight, test.tight) || (m.Tight == "") != (test.tight == "") {
				t.Errorf("it needs %d bytes; %q", m.Memory, m.Tight)
			}
			err = a.UseModel(t.Context(), "starter")
			if test.fits != (err == nil) || err != nil && !errors.Is(err, app.ErrTooLarge) {
				t.Errorf("choosing it: %v", err)
			}
			if err != nil {
				// Nor is it loaded where it was chosen before.
				other := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
				other.Limits = p.Limits
				a = opened(t, other)
				if s := a.ModelProblem(); !strings.Contains(s, "does not fit into memory") {
					t.Errorf("the problem is %q", s)
				}
			}
			for _, c := range a.Doctor(t.Context()) {
				if c.Check == "memory" && (c.OK != test.fits || !strings.Contains(c.Detail, test.doctor)) {
					t.Errorf("the doctor says %+v", c)
				}
			}
		})
	}
}

// TestTightOffers says of models that could be had which would not fit.
func TestTightOffers(t *testing.T) {
	p := params(filepath.Join(t.TempDir(), "library"), testdata.Runtime(t))
	const free = 900 << 20
	p.Limits = func() machine.Limits { return machine.Limits{Memory: 2 << 30, Free: free} }
	a := opened(t, p)
	offers, err := a.Offers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said := map[bool]int{}
	for _, o := range offers {
		said[o.Tight != ""]++
		if (o.Tight != "") != (int64(o.MemoryMiB)<<20 > free) {
			t.Errorf("%s needs %d MiB: %q", o.ID, o.MemoryMiB, o.Tight)
		}
	}
	if said[true] == 0 || said[false] == 0 {
		t.Errorf("models that are said not to fit, or not: %v", said)
	}
}

// TestBackAndForth changes the model again and again: what is held in memory does not grow by
// more than a model.
func TestBackAndForth(t *testing.T) {
	a := withModel(t)
	ids := []string{"starter"}
	for _, name := range []string{"one", "two", "three", "four"} {
		files := onnxtest.Descry()
		files["vision.onnx"] = onnxtest.Vision("pixel_values", "image_embeds", onnxtest.Tensor("w", onnxtest.VisionWeights(float64(len(ids))), 3, onnxtest.Dim))
		if _, err := a.AddModel(t.Context(), files.Write(t, name)); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, name)
	}
	use := func(id string) {
		t.Helper()
		if err := a.UseModel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if r, err := a.EmbedTexts(t.Context(), []string{"a dog"}); err != nil || r[0].Err != nil {
			t.Fatal(err, r)
		}
	}
	use("starter")
	use("one")
	use("starter")
	model := int64(0)
	for range 20 {
		use("one")
		use("starter")
	}
	if n := a.Engines(); n != 2 {
		t.Errorf("%d models are held after going back and forth between two", n)
	}
	// The starter model comes and goes among five.
	before := cmem.InUse()
	for range 4 {
		for _, id := range ids {
			use(id)
			if n := a.Engines(); n > 3 {
				t.Fatalf("%d models are held", n)
			}
		}
	}
	use("starter")
	after := cmem.InUse()
	if m := a.Model(); m.ID == "starter" {
		model = m.Memory
	}
	t.Logf("%d MB in C, then %d MB; the model is said to need %d MB", before/1e6, after/1e6, model/1e6)
	if after-before > model/2 {
		t.Errorf("memory held by C grew by %d MB", (after-before)/1e6)
	}
}
