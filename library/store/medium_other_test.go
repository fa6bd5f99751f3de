//go:build !linux

package store

// onMedium does nothing here.
func onMedium(string) {}
