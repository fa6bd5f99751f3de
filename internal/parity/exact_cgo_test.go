//go:build cgo

package parity

// exact is whether JPEGs are decoded bit for bit as Pillow does it, by the same library.
const exact = true
