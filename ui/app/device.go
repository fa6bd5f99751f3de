package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/clipengine/ort"
	"descry/library/decode"
)

// deviceBox is what is known of the devices that models run on.
type deviceBox struct {
	mu     sync.Mutex
	proofs *clipengine.Proofs // nil: not read yet
	notes  []string           // sentences that nobody was there to hear
}

// goldenPhotos are the sample photos by which a device is tested: people, an animal, a night,
// and small detail. Together with as many made pictures they are one batch.
func goldenPhotos() []string {
	return []string{"dogs-on-balcony.jpg", "bridge-at-night.jpg", "handwritten-notes.jpg", "orchestra-on-stage.jpg"}
}

// proofs is what tests of devices have shown; it lies in the library's cache.
func (a *App) proofs() *clipengine.Proofs {
	a.devices.mu.Lock()
	defer a.devices.mu.Unlock()
	if a.devices.proofs == nil {
		path := ""
		if a.store != nil {
			path = filepath.Join(a.cacheDir(), "devices.json")
		}
		a.devices.proofs = clipengine.ReadProofs(path)
	}
	return a.devices.proofs
}

// provider is what was asked for: on the command line, else by the setting.
func (a *App) provider(ctx context.Context) string {
	return strings.ToLower(firstOf(a.p.Provider, a.Setting(ctx, SettingProvider)))
}

// computing is the provider that a variant of a model is chosen for: the one that was named,
// else the one on which the model in use really computes, and the CPU where none runs.
func (a *App) computing(ctx context.Context) string {
	if p := a.provider(ctx); p != "" && p != clipengine.Auto {
		return p
	}
	engine, err := a.engine(ctx)
	if err == nil {
		err = tried(ctx, engine)
	}
	if err != nil {
		return ort.CPU
	}
	return engine.Provider()
}

// tried lets an engine find out on what it computes, which it knows at once where there is but the
// CPU: then nothing is loaded.
func tried(ctx context.Context, e *clipengine.Engine) error {
	if e.Provider() != "" {
		return nil
	}
	return e.Choose(ctx)
}

// engineOptions are the options of every engine.
func (a *App) engineOptions(ctx context.Context, b *bundle.Bundle, lib string) clipengine.Options {
	return clipengine.Options{
		// It lives longer than the setting, and who asks it does not ask for more at a time than
		// the setting says.
		Threads:  max(a.askedThreads(ctx), a.limits().Cores()),
		Provider: a.provider(ctx), Library: lib, Proofs: a.proofs(), Golden: a.golden,
		Notice: a.deviceNotice, Room: a.room(b.ID), Now: a.p.Now, Log: a.p.Log,
	}
}

// golden decodes the photos by which a device is tested.
func (a *App) golden() ([]*image.RGBA, error) {
	var out []*image.RGBA
	if a.p.Samples == nil {
		return nil, nil
	}
	for _, name := range goldenPhotos() {
		data, err := fs.ReadFile(a.p.Samples, name)
		if err != nil {
			return nil, err
		}
		img, _, err := decode.Decode(context.Background(), data, decode.Options{Orientation: 1, Limits: decode.DefaultLimits})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, img)
	}
	return out, nil
}

// deviceNotice passes on a sentence about a device: to who listens, or into the report of the
// next run.
func (a *App) deviceNotice(sentence string) {
	if f := a.listeners().Notice; f != nil {
		f(sentence)
		return
	}
	a.devices.mu.Lock()
	defer a.devices.mu.Unlock()
	a.devices.notes = append(a.devices.notes, sentence)
}

// deviceNotes are the sentences that nobody has heard yet.
func (a *App) deviceNotes() []string {
	a.devices.mu.Lock()
	defer a.devices.mu.Unlock()
	notes := a.devices.notes
	a.devices.notes = nil
	return notes
}

// deviceText says what tests have shown of the devices for a vector space, without loading the
// model; "" where it was only on the CPU.
func (a *App) deviceText(space string) string {
	var parts []string
	for _, p := range a.proofs().Of(space) {
		if p.Refused != "" {
			parts = append(parts, p.Provider+" is not used: "+p.Refused)
			continue
		}
		text := agreement(p.Provider, p.Distance)
		if p.Batch > 1 {
			text += fmt.Sprintf(", %d pictures at a time", p.Batch)
		}
		if placed := p.Placement.String(); placed != "" {
			text += " (" + placed + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func agreement(provider string, distance float64) string {
	return fmt.Sprintf("%s agrees with the CPU within %.4f", provider, max(distance, 0.0001))
}

// deviceChecks tests the devices of the model in use anew, whatever was found before, and lists
// what computes, and what does not and why.
func (a *App) deviceChecks(ctx context.Context) []Check {
	b, err := a.bundleOf(a.modelID(ctx))
	if err != nil {
		return nil // the check of the model says so
	}
	lib, err := a.runtimeLibrary(ctx)
	if err != nil {
		return nil
	}
	if err := ort.Init(lib); err != nil {
		return []Check{{Check: "device", Detail: asSentence(err), Fix: "Put another ONNX Runtime library there: 1.29 or later, for this system."}}
	}
	devices, problems, err := ort.Devices()
	if err != nil {
		return []Check{{Check: "device", Detail: asSentence(err), Fix: "Use an ONNX Runtime library of a version that was tried: docs/devices.md lists them."}}
	}
	checks := []Check{{Check: "providers", OK: true, Detail: providersText(devices)}}
	for _, p := range problems {
		checks = append(checks, Check{Check: "plug-in", Detail: asSentence(errors.New(p)), Fix: "Fetch it again, or remove its folder."})
	}
	asked := a.provider(ctx)
	if asked == ort.CPU || len(devices) == 1 && (asked == "" || asked == clipengine.Auto) {
		return append(checks, Check{Check: "device", OK: true, Detail: "the CPU computes"})
	}
	d, err := a.retest(ctx, b, lib)
	if err != nil {
		return append(checks, Check{Check: "device", Detail: asSentence(err), Fix: deviceFix(asked)})
	}
	for _, r := range d.Refused {
		checks = append(checks, Check{Check: "device " + r.Provider, Detail: asSentence(errors.New(r.Reason)), Fix: deviceFix(r.Provider)})
	}
	detail := "the CPU computes"
	if d.Provider != ort.CPU {
		detail = fmt.Sprintf("%s computes (%s); %s", d.Provider, d.Placement, agreement(d.Provider, d.Distance))
	}
	return append(checks, Check{Check: "device", OK: true, Detail: detail})
}

// retest has the devices of a model tested in sessions of their own.
func (a *App) retest(ctx context.Context, b *bundle.Bundle, lib string) (clipengine.Device, error) {
	o := a.engineOptions(ctx, b, lib)
	o.Retest, o.Notice = true, nil
	engine, err := clipengine.Open(b, o)
	if err != nil {
		return clipengine.Device{}, err
	}
	d := engine.Device()
	return d, engine.Close()
}

// providersText lists the providers that there are.
func providersText(devices []ort.Device) string {
	var names []string
	for _, d := range devices {
		name := d.Provider
		if d.Vendor != "" && d.Provider != ort.CPU {
			name += " (" + d.Vendor + " " + strings.ToUpper(string(d.Kind)) + ")"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// deviceFix says how to mend a device that is not used.
func deviceFix(provider string) string {
	const or = "; or do without: descry config set provider cpu"
	switch provider {
	case "cuda":
		return "Install the NVIDIA driver, CUDA 13 and cuDNN 9 where the system's loader finds them, and make runtime-gpu" + or
	case "tensorrt":
		return "Install what CUDA needs and TensorRT 10, or use cuda: descry config set provider cuda" + or
	case "migraphx":
		return "Install ROCm and an ONNX Runtime library with MIGraphX" + or
	case "webgpu":
		return "Install a graphics driver with Vulkan, and the loader libvulkan" + or
	case "openvino":
		return "Fetch the plug-in (scripts/fetch-runtime build openvino) and install the driver of the Intel device" + or
	case "coreml", "directml":
		return "It comes with the system: " + map[string]string{"darwin": "macOS", "windows": "Windows"}[runtime.GOOS] + " may need an update" + or
	}
	return "Choose one that is there: descry config set provider auto"
}
