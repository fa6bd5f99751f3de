//go:build !cgo

package store

// SQLite is compiled from C: build with CGO_ENABLED=1 and a C compiler.
var _ = build_with_CGO_ENABLED_1
