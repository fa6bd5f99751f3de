package ort

import (
	"os"
	"runtime"
	"strings"
)

// Driver names the driver that a provider computes through, so that a change of it is noticed:
// that of NVIDIA by its own version, others by the version of the system, with whose kernel
// most drivers come. It is "" for the CPU, and where nothing is known.
func Driver(provider string) string {
	switch provider {
	case CPU, "xnnpack":
		return ""
	case "cuda", "tensorrt":
		// On Linux: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  ..."
		if data, err := os.ReadFile("/proc/driver/nvidia/version"); err == nil {
			line, _, _ := strings.Cut(string(data), "\n")
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return runtime.GOOS + " " + systemVersion()
}
