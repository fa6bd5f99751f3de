package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	onnx "github.com/yalue/onnxruntime_go"
)

// CPU is the provider that every build of ONNX Runtime has.
const CPU = "cpu"

// Kind is what a device is.
type Kind string

// The kinds of devices.
const (
	CPUKind     Kind = "cpu"
	GPUKind     Kind = "gpu"
	NPUKind     Kind = "npu"
	UnknownKind Kind = ""
)

// provider is an execution provider that Descry can ask for.
type provider struct {
	name string // as people write it
	ep   string // as ONNX Runtime calls it
	// kind is what it computes on where it is built into the library; a plug-in says itself.
	kind Kind
	// plugin is the pattern of the file that holds it where it is a library of its own.
	plugin string
	// memory is what ONNX Runtime calls memory of the host that its device reads by itself, ""
	// where there is none or it is a plug-in.
	memory string
	// add asks for the built-in one in a session.
	add func(so *onnx.SessionOptions) error
}

// providers are the known ones, the most to the least wanted; which are tried unasked, and
// where, is in Order.
func providers() []provider {
	return []provider{
		{name: "cuda", ep: "CUDAExecutionProvider", kind: GPUKind, memory: "CudaPinned", add: addCUDA},
		{name: "tensorrt", ep: "TensorrtExecutionProvider", kind: GPUKind, memory: "CudaPinned", add: addTensorRT},
		{name: "coreml", ep: "CoreMLExecutionProvider", kind: GPUKind, add: func(so *onnx.SessionOptions) error {
			return so.AppendExecutionProviderCoreMLV2(map[string]string{"ModelFormat": "MLProgram"})
		}},
		{name: "directml", ep: "DmlExecutionProvider", kind: GPUKind, add: func(so *onnx.SessionOptions) error {
			return so.AppendExecutionProviderDirectML(0)
		}},
		{name: "migraphx", ep: "MIGraphXExecutionProvider", kind: GPUKind, memory: "HipPinned", add: func(so *onnx.SessionOptions) error {
			return so.AppendExecutionProvider("MIGraphX", nil)
		}},
		{name: "openvino", ep: "OpenVINOExecutionProvider", kind: CPUKind, plugin: "onnxruntime_providers_openvino_plugin", add: func(so *onnx.SessionOptions) error {
			return so.AppendExecutionProviderOpenVINO(nil)
		}},
		{name: "webgpu", ep: "WebGpuExecutionProvider", kind: GPUKind, plugin: "onnxruntime_providers_webgpu", add: func(so *onnx.SessionOptions) error {
			return so.AppendExecutionProvider("WebGPU", nil)
		}},
		{name: "xnnpack", ep: "XnnpackExecutionProvider", kind: CPUKind, add: func(so *onnx.SessionOptions) error {
			return so.AppendExecutionProvider("XNNPACK", nil)
		}},
		{name: CPU, ep: "CPUExecutionProvider", kind: CPUKind, memory: "Cpu"},
	}
}

// Providers lists the names that Options.Provider accepts. Whether one works is known
// only when a session is opened.
func Providers() []string {
	var names []string
	for _, p := range providers() {
		names = append(names, p.name)
	}
	return names
}

// Order lists the providers that are tried unasked on the system goos, the best first. The
// makers' own come before what runs everywhere. Left out, and to be asked for by name, are
// TensorRT, which builds an engine for minutes for each model and length of batch and is a
// package of 2 GB of its own, and XNNPACK, which computes on the CPU as ONNX Runtime's own
// kernels do.
func Order(goos string) []string {
	switch goos {
	case "darwin":
		return []string{"coreml", "webgpu", CPU}
	case "windows":
		return []string{"cuda", "directml", "openvino", "webgpu", CPU}
	}
	return []string{"cuda", "migraphx", "openvino", "webgpu", CPU}
}

// nameOf is the name that people write for a provider of ONNX Runtime.
func nameOf(ep string) string {
	for _, p := range providers() {
		if p.ep == ep {
			return p.name
		}
	}
	return strings.ToLower(strings.TrimSuffix(ep, "ExecutionProvider"))
}

// Device is a provider that the loaded library, or a plug-in beside it, holds, and what it
// computes on. That it is listed does not say that it works.
type Device struct {
	Provider string // one of Providers
	Kind     Kind
	Vendor   string // who made it, "" unknown

	plugin onnx.EpDevice // of a plug-in
	isPlug bool
}

// Devices lists what there is, in the order of Providers; a plug-in's GPU before its CPU. It
// loads the plug-ins that lie beside the library when it is first called. One that cannot be
// loaded is left out, and is one of the problems, each a sentence.
func Devices() (devices []Device, problems []string, err error) {
	if Path() == "" {
		return nil, nil, ErrNoRuntime
	}
	names, err := built()
	if err != nil {
		return nil, nil, err
	}
	plugged, problems, err := plugins()
	if err != nil {
		return nil, problems, err
	}
	for _, p := range providers() {
		if slices.Contains(names, p.ep) {
			devices = append(devices, Device{Provider: p.name, Kind: p.kind})
			continue
		}
		for _, kind := range []Kind{GPUKind, CPUKind, NPUKind, UnknownKind} {
			for _, d := range plugged {
				if d.Provider == p.name && d.Kind == kind {
					devices = append(devices, d)
				}
			}
		}
	}
	return devices, problems, nil
}

// plugins loads the plug-ins beside the library once, and lists the devices they have found.
func plugins() ([]Device, []string, error) {
	process.Lock()
	path, loaded := process.path, process.plugins
	if !loaded {
		process.plugins = true
		for _, p := range providers() {
			file := findPlugin(filepath.Dir(path), p)
			if file == "" {
				continue
			}
			if err := onnx.RegisterExecutionProviderLibrary("descry-"+p.name, file); err != nil {
				process.problems = append(process.problems,
					fmt.Sprintf("the plug-in for %s in %s cannot be loaded: %s", p.name, file, reason(err)))
			}
		}
	}
	problems := process.problems
	process.Unlock()
	all, err := onnx.GetEpDevices()
	if err != nil {
		return nil, problems, fmt.Errorf("ask ONNX Runtime for devices: %w", err)
	}
	var devices []Device
	for _, d := range all {
		kind, vendor := hardware(d)
		devices = append(devices, Device{Provider: nameOf(d.EpName()), Kind: kind, Vendor: vendor, plugin: d, isPlug: true})
	}
	return devices, problems, nil
}

// findPlugin returns the file of a provider that is a library of its own: beside the runtime
// library in dir, or in a folder there or beside that, which has the provider's name.
func findPlugin(dir string, p provider) string {
	if p.plugin == "" {
		return ""
	}
	file := "lib" + p.plugin + ".so"
	switch runtime.GOOS {
	case "windows":
		file = p.plugin + ".dll"
	case "darwin":
		file = "lib" + p.plugin + ".dylib"
	}
	for _, d := range []string{dir, filepath.Join(dir, p.name), filepath.Join(filepath.Dir(dir), p.name)} {
		path := filepath.Join(d, file)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// addProvider asks for a provider in a session; the CPU takes what it leaves.
func addProvider(so *onnx.SessionOptions, name string) error {
	all := providers()
	i := slices.IndexFunc(all, func(p provider) bool { return p.name == name })
	if i < 0 {
		return fmt.Errorf("the provider %q is not known; the known ones are %s", name, strings.Join(Providers(), ", "))
	}
	if name == CPU {
		return nil
	}
	devices, problems, err := Devices()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(devices, func(d Device) bool { return d.Provider == name })
	switch {
	case at < 0 && len(problems) > 0:
		return fmt.Errorf("the provider %s is not in this ONNX Runtime library, and %s", name, strings.Join(problems, ", and "))
	case at < 0 && findPlugin(filepath.Dir(Path()), all[i]) != "":
		return fmt.Errorf("the provider %s is there, but finds no device that it can compute on", name)
	case at < 0:
		return fmt.Errorf("the provider %s is not in this ONNX Runtime library", name)
	}
	if err := so.AddSessionConfigEntry(recordAssigned, "1"); err != nil {
		return fmt.Errorf("configure the session: %w", err)
	}
	if devices[at].isPlug {
		err = so.AppendExecutionProviderV2([]onnx.EpDevice{devices[at].plugin}, nil)
	} else {
		err = all[i].add(so)
	}
	if err != nil {
		return fmt.Errorf("the provider %s does not work on this machine: %s", name, reason(err))
	}
	return nil
}

// addCUDA asks for CUDA with settings for batches whose length changes: convolutions chosen
// by rule, not by trying all for each length, and memory taken as needed, not doubled.
func addCUDA(so *onnx.SessionOptions) error {
	o, err := onnx.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer func() { _ = o.Destroy() }()
	if err := o.Update(map[string]string{
		"cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested",
	}); err != nil {
		return err
	}
	return so.AppendExecutionProviderCUDA(o)
}

// addTensorRT asks for TensorRT, and for CUDA behind it for what TensorRT leaves.
func addTensorRT(so *onnx.SessionOptions) error {
	o, err := onnx.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer func() { _ = o.Destroy() }()
	if err := so.AppendExecutionProviderTensorRT(o); err != nil {
		return err
	}
	return addCUDA(so)
}
