//go:build !unix

package scan

import "io/fs"

// numbers are unknown here: the standard library's stat does not carry them.
func numbers(fs.FileInfo) (dev, ino uint64) { return 0, 0 }
