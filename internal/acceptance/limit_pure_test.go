//go:build !cgo || purejpeg

package acceptance

// libraryLimit holds for what library/decode gives in this build.
const libraryLimit = pureLimit
