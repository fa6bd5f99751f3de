//go:build !linux && !darwin && !windows

package machine

func lower() {}
