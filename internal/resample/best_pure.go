//go:build !cgo || purejpeg

package resample

var best passes = plain{}

// every lists all ways of this build, for tests.
func every() map[string]passes { return map[string]passes{"Go": plain{}} }
