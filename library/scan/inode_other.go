//go:build !unix

package scan

import "io/fs"

// inode is unknown here: the standard library's stat does not carry it.
func inode(fs.FileInfo) string { return "" }
