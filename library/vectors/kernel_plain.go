//go:build !cgo || purego

package vectors

func bestKernel() kernel { return plain{} }

// kernels lists all ways of this build, for tests.
func kernels() map[string]kernel { return map[string]kernel{"Go": plain{}} }
