package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/ui/app"
)

// TestProviderSetting asks for providers by setting: an unknown one is refused, one that is not
// in the library stops the model with a sentence, and the CPU takes it up again.
func TestProviderSetting(t *testing.T) {
	a := withModel(t)
	ctx := t.Context()
	if err := a.SetSetting(ctx, app.SettingProvider, "abacus"); err == nil || !strings.Contains(err.Error(), "xnnpack") {
		t.Errorf("an unknown provider: %v", err)
	}
	if err := a.SetSetting(ctx, app.SettingProvider, "XNNPACK"); err != nil {
		t.Fatal(err)
	}
	if a.ModelProblem() == "" {
		t.Skip("skipped: this ONNX Runtime library has XNNPACK")
	}
	if p := a.ModelProblem(); !strings.Contains(p, "xnnpack is not used: the provider xnnpack is not in this") {
		t.Errorf("a provider that is not there: %s", p)
	}
	if !slices.ContainsFunc(a.Doctor(ctx), func(c app.Check) bool { return c.Check == "device" && !c.OK && c.Fix != "" }) {
		t.Error("the doctor does not say how to mend that")
	}
	if err := a.SetSetting(ctx, app.SettingProvider, "cpu"); err != nil {
		t.Fatal(err)
	}
	m := a.Model()
	if m.Problem != "" || m.Provider != "cpu" || !strings.Contains(m.Device, "xnnpack is not used") {
		t.Errorf("%+v", m)
	}
	st, err := a.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(st.Library, "cache", "devices.json")); err != nil {
		t.Error(err)
	}
}
