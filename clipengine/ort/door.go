package ort

/*
#cgo linux LDFLAGS: -ldl
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// The table of functions of ONNX Runtime's C interface, as far as the binding has no call for
// them. Functions are only ever added at its end, so a place in it is for good. The places are
// offsetof(OrtApi, NAME) / sizeof(void *) of onnxruntime_c_api.h, version 29.
enum {
	releaseStatus = 93,
	getAvailableProviders = 125,
	releaseAvailableProviders = 126,
	deviceHardware = 316,   // EpDevice_Device
	hardwareType = 307,     // HardwareDevice_Type
	hardwareVendor = 309,   // HardwareDevice_Vendor
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

// hardware tells the kind of a plug-in's device and who made it.
func hardware(d onnx.EpDevice) (Kind, string) {
	t, err := door()
	if err != nil {
		return UnknownKind, ""
	}
	p := reflect.ValueOf(d).FieldByName("p").UnsafePointer()
	kinds := []Kind{CPUKind, GPUKind, NPUKind} // in the order of OrtHardwareDeviceType
	k := int(C.deviceKind(t, p))
	if k < 0 || k >= len(kinds) {
		return UnknownKind, ""
	}
	return kinds[k], C.GoString(C.deviceVendor(t, p))
}

// assigned asks a session that was made with recordAssigned which provider was given which of
// its nodes.
func assigned(s *onnx.DynamicAdvancedSession) (Placement, error) {
	t, err := door()
	if err != nil {
		return Placement{}, err
	}
	// The binding keeps the session to itself; only its address is read here.
	session := reflect.ValueOf(s).Elem().FieldByName("s").Elem().FieldByName("ortSession").UnsafePointer()
	var parts *unsafe.Pointer
	var n C.size_t
	if C.assignment(t, session, &parts, &n) != 0 {
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
	if C.profile(t, reflect.ValueOf(o).Elem().FieldByName("o").UnsafePointer(), p) != 0 {
		return errDoor
	}
	return nil
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
