// Package codec decodes HEIF, AVIF and JPEG XL outside of the program: in child processes,
// which run the same program and may crash, hang or run out of memory without harm to
// anything but the answer for the file at hand.
//
// Parent (Pool) and child (Serve) talk through the child's standard input and output, one
// request and one answer at a time (wire.go). A child ends when its input does, so none
// outlives its parent.
//
// The child decodes with the system's libheif, libavif and libjxl, which it looks up when
// it needs them: the program starts and builds without any of them. HEIC is decoded by a
// WebAssembly build of libheif and libde265 inside the program where the system has none.
package codec
