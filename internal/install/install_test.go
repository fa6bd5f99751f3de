package install_test

import (
	"testing"

	"descry/internal/install"
)

func TestCommand(t *testing.T) {
	for name, c := range map[string]struct {
		goos, osRelease, want string
	}{
		"Debian 12":    {"linux", "ID=debian\nVERSION_ID=\"12\"\n", "sudo apt install libheif1 libavif15 libjxl0.7 ffmpeg"},
		"Debian 13":    {"linux", "ID=debian\nVERSION_ID=\"13\"\n", "sudo apt install libheif1 libheif-plugin-libde265 libavif16 libjxl0.11 ffmpeg"},
		"Ubuntu 22.04": {"linux", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"22.04\"\n", "sudo apt install libheif1 libjxl-tools ffmpeg"},
		"Ubuntu 24.04": {"linux", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n", "sudo apt install libheif1 libheif-plugin-libde265 libavif16 libjxl0.7 ffmpeg"},
		"Mint":         {"linux", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"21.3\"\n", "sudo apt install libheif1 libavif-bin libjxl-tools ffmpeg"},
		"Fedora":       {"linux", "ID=fedora\nVERSION_ID=41\n", "sudo dnf install libheif libheif-freeworld libavif libjxl ffmpeg-free"},
		"Rocky":        {"linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "sudo dnf install libheif libheif-freeworld libavif libjxl ffmpeg-free"},
		"Arch":         {"linux", "ID=arch\n", "sudo pacman -S libheif libavif libjxl ffmpeg"},
		"openSUSE":     {"linux", "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n", "sudo zypper install libheif1 libavif16 libjxl0_11 ffmpeg"},
		"Alpine":       {"linux", "ID=alpine\n", "sudo apk add libheif libavif libjxl ffmpeg"},
		"macOS":        {"darwin", "", "brew install libheif libavif jpeg-xl ffmpeg"},
		"Windows":      {"windows", "", ""},
		"unknown":      {"linux", "ID=mine\n", ""},
		"no file":      {"linux", "", ""},
		"another Unix": {"freebsd", "", ""},
	} {
		got := install.Of(c.goos, c.osRelease).Command(install.Libheif, install.Libavif, install.Libjxl, install.FFmpeg)
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := install.Of("windows", "").Command(install.FFmpeg); got != "winget install Gyan.FFmpeg" {
		t.Errorf("ffmpeg on Windows: %q", got)
	}
	if got := install.Of("darwin", "").Command(); got != "" {
		t.Errorf("nothing to install: %q", got)
	}
}
