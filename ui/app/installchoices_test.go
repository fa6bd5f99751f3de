package app_test

import (
	"strings"
	"testing"

	"descry/ui/app"
)

// TestInstallChoices lists the precisions of models that are published in one and in several,
// for a machine that computes on its processor.
func TestInstallChoices(t *testing.T) {
	a, _, _ := withHub(t)
	ctx := t.Context()
	said := func(id string) string {
		t.Helper()
		choices, err := a.InstallChoices(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range choices {
			text := c.ID
			if c.Suits {
				text += " suits"
			}
			if c.Convert {
				text += " made"
			}
			if c.From != "" {
				text += " of " + c.From
			}
			if (c.Bytes > 0) != (c.From == "") || c.Disk <= 0 || c.Memory <= 0 {
				t.Errorf("%s takes %+v", c.ID, c)
			}
			out = append(out, text)
		}
		return strings.Join(out, ", ")
	}
	for id, want := range map[string]string{
		"tiny-js":     "tiny-js-int8 suits, tiny-js-fp16 made, tiny-js",
		"tiny-immich": "tiny-immich-int8 suits made, tiny-immich-fp16 made, tiny-immich",
	} {
		if got := said(id); got != want {
			t.Errorf("of %s: %s", id, got)
		}
	}
	for id, want := range map[string]string{"tiny-nowhere": "in no form", "tiny-words": "is not at hand", "none": "no model"} {
		if _, err := a.InstallChoices(ctx, id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %s: %v", id, err)
		}
	}
	if _, err := a.InstallModel(ctx, "tiny-immich", app.InstallOptions{Precision: "fp32"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := said("tiny-immich"); got != "tiny-immich-int8 made of tiny-immich, tiny-immich-fp16 made of tiny-immich" {
		t.Errorf("beside the float32 model: %s", got)
	}
	if got := said("tiny-words"); got != "tiny-words suits" {
		t.Errorf("of a text tower: %s", got)
	}
}
