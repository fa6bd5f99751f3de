//go:build !cgo

package parity

const exact = false
