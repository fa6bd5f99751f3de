package ort

/*
#cgo linux LDFLAGS: -ldl
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The table of functions of ONNX Runtime's C interface, as far as the binding has no call for
// them. Functions are only ever added at its end, so a place in it is for good. The places are
// offsetof(OrtApi, NAME) / sizeof(void *) of onnxruntime_c_api.h, version 29.
enum {
	errorMessage = 2,
	createTensor = 49, // CreateTensorWithDataAsOrtValue
	createMemoryInfo = 68,
	allocatorAlloc = 75,
	allocatorFree = 76,
	allocatorInfo = 77,
	releaseStatus = 93,
	releaseMemoryInfo = 94,
	releaseValue = 96,
	getAvailableProviders = 125,
	releaseAvailableProviders = 126,
	createAllocator = 131,
	releaseAllocator = 132,
	runWithBinding = 133,
	bindInput = 136,
	synchronizeInputs = 202, // SynchronizeBoundInputs
	deviceHardware = 316,   // EpDevice_Device
	hardwareType = 307,     // HardwareDevice_Type
	hardwareVendor = 309,   // HardwareDevice_Vendor
	deviceMemory = 374,     // EpDevice_MemoryInfo
	getAssignment = 407,    // Session_GetEpGraphAssignmentInfo
	assignedProvider = 408, // EpAssignedSubgraph_GetEpName
	assignedNodes = 409,    // EpAssignedSubgraph_GetNodes
	nodeOperator = 412,     // EpAssignedNode_GetOperatorType
	profileRun = 415,       // RunOptionsEnableProfiling
};
#define INTERFACE 29

typedef const void *const *table;
typedef struct {
	table (*get)(unsigned version);
	const char *(*version)(void);
} base;

#ifdef _WIN32
#include <windows.h>
static void *entry(const char *path) {
	// By its whole path: Windows has one of its own in its folder, and this one may have any name.
	wchar_t wide[1024];
	HMODULE m = MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 1024) ? GetModuleHandleW(wide) : NULL;
	return m ? (void *)GetProcAddress(m, "OrtGetApiBase") : NULL;
}
typedef int signals;
static void keepSignals(signals *s) {}
static void putSignals(signals *s) {}
static int profile(table t, void *options, const char *prefix) {
	wchar_t wide[1024];
	if (!MultiByteToWideChar(CP_UTF8, 0, prefix, -1, wide, 1024)) return 1;
	void *status = ((void *(*)(void *, const wchar_t *))t[profileRun])(options, wide);
	if (status) ((void (*)(void *))t[releaseStatus])(status);
	return status != NULL;
}
#else
#include <dlfcn.h>
#include <signal.h>
static void *entry(const char *path) {
	void *m = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	void *f = m ? dlsym(m, "OrtGetApiBase") : NULL;
	if (m) dlclose(m); // the binding holds it
	return f;
}
typedef struct {
	struct sigaction of[32];
	char is[32];
} signals;
static void keepSignals(signals *s) {
	for (int i = 1; i < 32; i++)
		s->is[i] = sigaction(i, NULL, &s->of[i]) == 0;
}
static void putSignals(signals *s) {
	for (int i = 1; i < 32; i++)
		if (s->is[i]) sigaction(i, &s->of[i], NULL);
}
static int profile(table t, void *options, const char *prefix) {
	void *status = ((void *(*)(void *, const char *))t[profileRun])(options, prefix);
	if (status) ((void (*)(void *))t[releaseStatus])(status);
	return status != NULL;
}
#endif

static table api(const char *path) {
	base *(*f)(void) = (base * (*)(void)) entry(path);
	return f ? f()->get(INTERFACE) : NULL;
}

// failed frees a status and tells whether it was one of failure.
static int failed(table t, void *status) {
	if (status) ((void (*)(void *))t[releaseStatus])(status);
	return status != NULL;
}

static int providers(table t, char ***names, int *n) {
	return failed(t, ((void *(*)(char ***, int *))t[getAvailableProviders])(names, n));
}

static void freeProviders(table t, char **names, int n) {
	failed(t, ((void *(*)(char **, int))t[releaseAvailableProviders])(names, n));
}

static const char *stringAt(char **names, int i) { return names[i]; }

static int deviceKind(table t, const void *device) {
	const void *hw = ((const void *(*)(const void *))t[deviceHardware])(device);
	return hw ? ((int (*)(const void *))t[hardwareType])(hw) : -1;
}

static const char *deviceVendor(table t, const void *device) {
	const void *hw = ((const void *(*)(const void *))t[deviceHardware])(device);
	return hw ? ((const char *(*)(const void *))t[hardwareVendor])(hw) : "";
}

static int assignment(table t, const void *session, const void *const **parts, size_t *n) {
	return failed(t, ((void *(*)(const void *, const void *const **, size_t *))t[getAssignment])(session, parts, n));
}

static int partProvider(table t, const void *const *parts, size_t i, const char **name) {
	return failed(t, ((void *(*)(const void *, const char **))t[assignedProvider])(parts[i], name));
}

static int partNodes(table t, const void *const *parts, size_t i, const void *const **nodes, size_t *n) {
	return failed(t, ((void *(*)(const void *, const void *const **, size_t *))t[assignedNodes])(parts[i], nodes, n));
}

static int operatorOf(table t, const void *const *nodes, size_t i, const char **name) {
	return failed(t, ((void *(*)(const void *, const char **))t[nodeOperator])(nodes[i], name));
}

// hostMemory is a session's allocator of memory of the host that its device reads by itself: the
// one that a plug-in's device names, or the one that ONNX Runtime knows by a name. NULL: none.
static void *hostMemory(table t, const void *session, const void *device, const char *name) {
	void *made = NULL, *allocator = NULL;
	const void *info = NULL;
	if (device)
		info = ((const void *(*)(const void *, int))t[deviceMemory])(device, 5); // ...HOST_ACCESSIBLE
	else if (!failed(t, ((void *(*)(const char *, int, int, int, void **))t[createMemoryInfo])(
					 name, 0, 0, -1, &made))) // OrtDeviceAllocator, the first device, OrtMemTypeCPU
		info = made;
	if (info && failed(t, ((void *(*)(const void *, const void *, void **))t[createAllocator])(session, info, &allocator)))
		allocator = NULL;
	if (made) ((void (*)(void *))t[releaseMemoryInfo])(made);
	return allocator;
}

static void freeAllocator(table t, void *allocator) { ((void (*)(void *))t[releaseAllocator])(allocator); }

static void *allocate(table t, void *allocator, size_t n) {
	void *p = NULL;
	return failed(t, ((void *(*)(void *, size_t, void **))t[allocatorAlloc])(allocator, n, &p)) ? NULL : p;
}

static void deallocate(table t, void *allocator, void *p) {
	failed(t, ((void *(*)(void *, void *))t[allocatorFree])(allocator, p));
}

static const char *message(table t, const void *status) {
	return ((const char *(*)(const void *))t[errorMessage])(status);
}

// bindMemory binds numbers in memory of an allocator to an input.
static void *bindMemory(table t, void *binding, const char *input, const void *allocator, void *numbers, size_t size,
			const int64_t *shape, size_t dims, int type) {
	const void *info = NULL;
	void *value = NULL;
	void *status = ((void *(*)(const void *, const void **))t[allocatorInfo])(allocator, &info);
	if (!status)
		status = ((void *(*)(const void *, void *, size_t, const int64_t *, size_t, int, void **))t[createTensor])(
			info, numbers, size, shape, dims, type, &value);
	if (!status) {
		status = ((void *(*)(void *, const char *, const void *))t[bindInput])(binding, input, value);
		((void (*)(void *))t[releaseValue])(value);
	}
	return status;
}

// finished waits until the device of a binding has done all its work, and tells whether it could.
static int finished(table t, void *binding) {
	return !failed(t, ((void *(*)(void *))t[synchronizeInputs])(binding));
}

// runBound runs a session on what is bound. A run that was stopped or failed may have left work to
// the device, which must be done with its memory before that is used again.
static void *runBound(table t, void *session, const void *options, void *binding) {
	void *status = ((void *(*)(void *, const void *, const void *))t[runWithBinding])(session, options, binding);
	if (status) finished(t, binding);
	return status;
}
*/
import "C"

import (
	"errors"
	"reflect"
	"sync"
	"unsafe"

	onnx "github.com/yalue/onnxruntime_go"
)

// errDoor says that the loaded library does not answer what the binding cannot ask it.
var errDoor = errors.New("the ONNX Runtime library does not tell what it runs where")

// door is the table of functions of the loaded library; the binding has no calls for what is
// asked through it: which providers the library holds, what kind of device a plug-in has
// found, and which provider runs which nodes of a session.
func door() (C.table, error) {
	path := C.CString(Path())
	defer C.free(unsafe.Pointer(path))
	t := C.api(path)
	if t == nil {
		return nil, errDoor
	}
	return t, nil
}

// built lists the providers that the library was built with, by their names in ONNX Runtime.
func built() ([]string, error) {
	t, err := door()
	if err != nil {
		return nil, err
	}
	var names **C.char
	var n C.int
	if C.providers(t, &names, &n) != 0 {
		return nil, errDoor
	}
	defer C.freeProviders(t, names, n)
	out := make([]string, n)
	for i := range out {
		out[i] = C.GoString(C.stringAt(names, C.int(i)))
	}
	return out, nil
}

// deviceOf is the address of a plug-in's device.
func deviceOf(d onnx.EpDevice) unsafe.Pointer {
	return reflect.ValueOf(d).FieldByName("p").UnsafePointer()
}

// hardware tells the kind of a plug-in's device and who made it.
func hardware(d onnx.EpDevice) (Kind, string) {
	t, err := door()
	if err != nil {
		return UnknownKind, ""
	}
	p := deviceOf(d)
	kinds := []Kind{CPUKind, GPUKind, NPUKind} // in the order of OrtHardwareDeviceType
	k := int(C.deviceKind(t, p))
	if k < 0 || k >= len(kinds) {
		return UnknownKind, ""
	}
	return kinds[k], C.GoString(C.deviceVendor(t, p))
}

// sessionOf is the address of a session, which the binding keeps to itself.
func sessionOf(s *onnx.DynamicAdvancedSession) unsafe.Pointer {
	return reflect.ValueOf(s).Elem().FieldByName("s").Elem().FieldByName("ortSession").UnsafePointer()
}

// insideOf is the address of what another type of the binding wraps.
func insideOf[T onnx.RunOptions | onnx.IoBinding](v *T) unsafe.Pointer {
	return reflect.ValueOf(v).Elem().FieldByName("o").UnsafePointer()
}

// assigned asks a session that was made with recordAssigned which provider was given which of
// its nodes.
func assigned(s *onnx.DynamicAdvancedSession) (Placement, error) {
	t, err := door()
	if err != nil {
		return Placement{}, err
	}
	var parts *unsafe.Pointer
	var n C.size_t
	if C.assignment(t, sessionOf(s), &parts, &n) != 0 {
		return Placement{}, errDoor
	}
	out := Placement{Nodes: map[string]int{}, Heavy: map[string]int{}}
	for i := range n {
		var name *C.char
		var nodes *unsafe.Pointer
		var count C.size_t
		if C.partProvider(t, parts, i, &name) != 0 || C.partNodes(t, parts, i, &nodes, &count) != 0 {
			return Placement{}, errDoor
		}
		provider := nameOf(C.GoString(name))
		out.Nodes[provider] += int(count)
		for j := range count {
			var op *C.char
			if C.operatorOf(t, nodes, j, &op) != 0 {
				return Placement{}, errDoor
			}
			if heavy[C.GoString(op)] {
				out.Heavy[provider]++
			}
		}
	}
	return out, nil
}

// profile makes a run write down which provider ran which node, and for how long, into a file
// whose name begins with prefix.
func profile(o *onnx.RunOptions, prefix string) error {
	t, err := door()
	if err != nil {
		return err
	}
	p := C.CString(prefix)
	defer C.free(unsafe.Pointer(p))
	if C.profile(t, insideOf(o), p) != 0 {
		return errDoor
	}
	return nil
}

// memory allocates what a device reads by itself: page-locked memory of the host. It belongs to a
// session, and must be released before that.
type memory struct {
	t         C.table
	allocator unsafe.Pointer
}

// memoryOf is the memory of a session for a plug-in's device, or else for the name that ONNX
// Runtime has for it; nil: there is none.
func memoryOf(s *onnx.DynamicAdvancedSession, plugin *onnx.EpDevice, name string) *memory {
	t, err := door()
	if err != nil {
		return nil
	}
	var device unsafe.Pointer
	if plugin != nil {
		device = deviceOf(*plugin)
	}
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	allocator := C.hostMemory(t, sessionOf(s), device, n)
	if allocator == nil {
		return nil
	}
	return &memory{t, allocator}
}

// take allocates n bytes, which hold anything; nil: there are no more. give frees them.
func (m *memory) take(n int) []byte {
	p := C.allocate(m.t, m.allocator, C.size_t(n))
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(p), n)
}

func (m *memory) give(b []byte) {
	C.deallocate(m.t, m.allocator, unsafe.Pointer(unsafe.SliceData(b)))
}

// release ends the memory of a session, none of which may be in use. That of a device that is lost
// is kept for ever: CUDA's and ROCm's allocators end the program where they cannot free.
func (m *memory) release(s *onnx.DynamicAdvancedSession) {
	b, err := s.CreateIoBinding()
	if err != nil {
		return
	}
	defer func() { _ = b.Destroy() }()
	if C.finished(m.t, insideOf(b)) != 0 {
		C.freeAllocator(m.t, m.allocator)
	}
}

// bind binds a tensor that lies in the memory to an input.
func (m *memory) bind(b *onnx.IoBinding, input string, in Tensor) error {
	numbers, size, elem := unsafe.Pointer(unsafe.SliceData(in.Float32)), 4*len(in.Float32), onnx.TensorElementDataTypeFloat
	if in.Float16 != nil {
		numbers, size, elem = unsafe.Pointer(unsafe.SliceData(in.Float16)), len(in.Float16), onnx.TensorElementDataTypeFloat16
	}
	name := C.CString(input)
	defer C.free(unsafe.Pointer(name))
	return m.failure(C.bindMemory(m.t, insideOf(b), name, m.allocator, numbers, C.size_t(size),
		(*C.int64_t)(unsafe.Pointer(unsafe.SliceData(in.Shape))), C.size_t(len(in.Shape)), C.int(elem)))
}

// run runs a session on what is bound, with options by which it can be stopped: the binding's own
// call has none.
func (m *memory) run(s *onnx.DynamicAdvancedSession, o *onnx.RunOptions, b *onnx.IoBinding) error {
	return m.failure(C.runBound(m.t, sessionOf(s), insideOf(o), insideOf(b)))
}

// failure is the error in a status, which it frees.
func (m *memory) failure(status unsafe.Pointer) error {
	if status == nil {
		return nil
	}
	defer C.failed(m.t, status)
	return errors.New(C.GoString(C.message(m.t, status)))
}

// keepingSignals calls f and puts the handlers of signals back as they were. CUDA replaces
// those of the Go runtime by ones without SA_ONSTACK, with which the next Ctrl-C ends the
// program (yalue/onnxruntime_go, issue 140).
//
// Calls at the same time have the handlers of before the first one put back after the last one:
// one that begins in the middle of another would keep those of CUDA.
func keepingSignals(f func() error) error {
	kept.Lock()
	if kept.calls++; kept.calls == 1 {
		C.keepSignals(&kept.signals)
	}
	kept.Unlock()
	defer func() {
		kept.Lock()
		defer kept.Unlock()
		if kept.calls--; kept.calls == 0 {
			C.putSignals(&kept.signals)
		}
	}()
	return f()
}

// kept are the handlers of signals as they were, which are the process's, and how many calls of
// keepingSignals are under way.
var kept struct {
	sync.Mutex
	calls   int
	signals C.signals
}
