//go:build !cgo || !unix

package codec

import "descry/library/decode"

// candidates are the libraries that may decode a format. Without cgo, C libraries cannot be
// called.
func candidates(format string) []decoder {
	if format == decode.HEIF {
		return []decoder{builtIn{}}
	}
	return nil
}
