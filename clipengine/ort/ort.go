// Package ort is the only door to ONNX Runtime: it finds the shared library, loads it,
// and runs models with settings measured for one photo at a time.
package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// EnvLibrary is the environment variable that names the ONNX Runtime library.
const EnvLibrary = "DESCRY_ONNXRUNTIME"

// ErrNoRuntime says that no ONNX Runtime library was found, and what to do about it.
var ErrNoRuntime = errors.New("the ONNX Runtime library was not found: run `make runtime`, or put " +
	libraryName() + " beside the program, or name it in " + EnvLibrary + " or in the setting runtime")

// Find returns the path of the ONNX Runtime library. It looks at the setting (when not
// empty), the environment variable DESCRY_ONNXRUNTIME, beside the executable (and in lib/
// there), and in the folder descry/runtime of the user's cache, in this order; in each of
// these the folder gpu comes first, which holds the variant with GPU support. A setting or
// a variable that names nothing usable is an error at once: what a person asked for is
// not quietly replaced. Where nothing is found the error is ErrNoRuntime.
func Find(setting string) (string, error) {
	for _, asked := range []struct{ path, by string }{
		{setting, "the setting"}, {os.Getenv(EnvLibrary), EnvLibrary},
	} {
		if asked.path == "" {
			continue
		}
		p, err := locate(asked.path)
		if err != nil {
			return "", fmt.Errorf("%s names %s as the ONNX Runtime library, but %w", asked.by, asked.path, err)
		}
		return p, nil
	}
	for _, dir := range searchDirs() {
		for _, dir := range []string{filepath.Join(dir, "gpu"), dir} {
			if p, err := locate(dir); err == nil {
				return p, nil
			}
		}
	}
	return "", ErrNoRuntime
}

// searchDirs lists the folders in which the library is looked for unasked.
func searchDirs() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dirs = append(dirs, filepath.Dir(exe), filepath.Join(filepath.Dir(exe), "lib"))
	}
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "descry", "runtime"))
	}
	return dirs
}

// locate takes a library file or a folder that holds one.
func locate(path string) (string, error) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", errors.New("there is nothing of that name")
	case err != nil:
		return "", fmt.Errorf("it cannot be read: %w", err)
	case st.Mode().IsRegular():
		return filepath.Abs(path)
	case !st.IsDir():
		return "", errors.New("it is neither a file nor a folder")
	}
	names, err := os.ReadDir(path)
	if err != nil {
		return "", fmt.Errorf("it cannot be read: %w", err)
	}
	var found []string
	for _, e := range names {
		if isLibrary(runtime.GOOS, e.Name()) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("there is no %s in it", libraryName())
	}
	slices.SortFunc(found, compareVersions)
	p := filepath.Join(path, found[len(found)-1])
	if st, err := os.Stat(p); err != nil || !st.Mode().IsRegular() {
		return "", fmt.Errorf("%s in it is not a file", filepath.Base(p))
	}
	return filepath.Abs(p)
}

// compareVersions orders file names with the numbers in them taken as numbers, so that
// 1.9 comes before 1.30.
func compareVersions(a, b string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	}
	x, y := split(a), split(b)
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m - n
		}
	}
	return len(x) - len(y)
}

func libraryName() string {
	switch runtime.GOOS {
	case "windows":
		return "onnxruntime.dll"
	case "darwin":
		return "libonnxruntime.dylib"
	}
	return "libonnxruntime.so"
}

// isLibrary tells whether a file of this name is the ONNX Runtime library on the system
// goos; libraries of execution providers have longer names.
func isLibrary(goos, name string) bool {
	switch goos {
	case "windows":
		return strings.EqualFold(name, "onnxruntime.dll")
	case "darwin":
		rest, ok := strings.CutPrefix(name, "libonnxruntime")
		rest, dylib := strings.CutSuffix(rest, ".dylib")
		return ok && dylib && (rest == "" || rest[0] == '.')
	}
	rest, ok := strings.CutPrefix(name, "libonnxruntime.so")
	return ok && (rest == "" || rest[0] == '.')
}

// process holds which library this process has loaded. There is one runtime per process:
// a shared library cannot be exchanged while sessions point into it.
var process struct {
	sync.Mutex
	path     string
	plugins  bool     // providers that are libraries of their own were looked for
	problems []string // sentences on those that could not be loaded
}

// Init loads the library at path; a second call with the same path does nothing. Another
// path than the one in use is an error, since a process has one runtime.
func Init(path string) error {
	process.Lock()
	defer process.Unlock()
	if process.path == path && path != "" {
		return nil
	}
	if process.path != "" {
		return fmt.Errorf("the ONNX Runtime library %s is in use already; restart to use %s", process.path, path)
	}
	if st, err := os.Stat(path); err != nil {
		return fmt.Errorf("open the ONNX Runtime library: %w", err)
	} else if !st.Mode().IsRegular() {
		return fmt.Errorf("the ONNX Runtime library %s is not a file", path)
	}
	if err := silence(); err != nil {
		return err
	}
	onnx.SetSharedLibraryPath(path)
	if err := onnx.InitializeEnvironment(onnx.WithLogLevelFatal()); err != nil {
		if strings.Contains(err.Error(), "API base") {
			return fmt.Errorf("the ONNX Runtime library %s is older than this program needs (1.29 or later): %w", path, err)
		}
		return fmt.Errorf("load the ONNX Runtime library %s: %w", path, err)
	}
	process.path = path
	// Windows builds read no such variables and report to the system's event log unless told.
	if err := onnx.DisableTelemetry(); err != nil {
		return fmt.Errorf("switch off telemetry of the ONNX Runtime library: %w", err)
	}
	return nil
}

// silence keeps the runtime from reporting on its user. Official builds from 1.29 on do so
// on Linux and macOS, too: they write a device identifier and a queue of events to the cache
// folder, and send them, unless one of these variables is set before they are initialised
// (microsoft/onnxruntime, pull requests 27379 and 29843). The call that switches telemetry
// off comes too late for that.
func silence() error {
	for _, name := range []string{"ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"} {
		if err := os.Setenv(name, "1"); err != nil {
			return fmt.Errorf("switch off telemetry of the ONNX Runtime library: %w", err)
		}
	}
	return nil
}

// Version returns the version of the loaded library, as in "1.30.0", or "" before Init.
func Version() string {
	process.Lock()
	defer process.Unlock()
	if process.path == "" {
		return ""
	}
	return onnx.GetVersion()
}

// Path returns the path of the loaded library, or "" before Init.
func Path() string {
	process.Lock()
	defer process.Unlock()
	return process.path
}
