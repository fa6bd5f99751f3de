// Package install knows how the libraries and programs that Descry can do without, but
// reads more with, are installed on the system at hand.
package install

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// The things that can be installed.
const (
	Libheif = "libheif"
	Libavif = "libavif"
	Libjxl  = "libjxl"
	FFmpeg  = "ffmpeg"
)

// System is an operating system as far as installing packages goes.
type System struct {
	manager string // "apt", "dnf", "pacman", "zypper", "apk", "brew", "winget"; "" unknown
	id      string // of a Linux distribution, as in os-release
	version float64
}

// Here returns the system that the program runs on.
func Here() System {
	data, err := os.ReadFile("/etc/os-release")
	if err != nil {
		data, _ = os.ReadFile("/usr/lib/os-release")
	}
	return Of(runtime.GOOS, string(data))
}

// Of returns the system of a GOOS; for Linux with the text of its file os-release.
func Of(goos, osRelease string) System {
	switch goos {
	case "darwin":
		return System{manager: "brew"}
	case "windows":
		return System{manager: "winget"}
	case "linux":
	default:
		return System{}
	}
	values := make(map[string]string)
	for line := range strings.Lines(osRelease) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	s := System{id: values["ID"]}
	s.version, _ = strconv.ParseFloat(values["VERSION_ID"], 64)
	for _, id := range append([]string{s.id}, strings.Fields(values["ID_LIKE"])...) {
		switch id {
		case "debian", "ubuntu":
			s.manager = "apt"
		case "fedora", "rhel", "centos":
			s.manager = "dnf"
		case "arch":
			s.manager = "pacman"
		case "suse", "opensuse":
			s.manager = "zypper"
		case "alpine":
			s.manager = "apk"
		default:
			continue
		}
		break
	}
	return s
}

// managers say how each one is told to install.
var managers = map[string]string{
	"apt":    "sudo apt install",
	"dnf":    "sudo dnf install",
	"pacman": "sudo pacman -S",
	"zypper": "sudo zypper install",
	"apk":    "sudo apk add",
	"brew":   "brew install",
	"winget": "winget install",
}

// names are the packages, where they are called otherwise than the thing itself; "" where
// there is none.
var names = map[string]map[string]string{
	// Fedora's own libheif reads AVIF only; what reads HEIC comes from RPM Fusion.
	"dnf":    {Libheif: "libheif libheif-freeworld", FFmpeg: "ffmpeg-free"},
	"zypper": {Libheif: "libheif1", Libavif: "libavif16", Libjxl: "libjxl0_11"},
	"brew":   {Libjxl: "jpeg-xl"},
	"winget": {Libheif: "", Libavif: "", Libjxl: "", FFmpeg: "Gyan.FFmpeg"},
}

// Command returns the command that installs these things, or "" where it is not known.
func (s System) Command(things ...string) string {
	line := managers[s.manager]
	if line == "" || len(things) == 0 {
		return ""
	}
	for _, thing := range things {
		name := s.name(thing)
		if name == "" {
			return ""
		}
		if !strings.HasSuffix(line, " "+name) {
			line += " " + name
		}
	}
	return line
}

func (s System) name(thing string) string {
	if s.manager == "apt" {
		return s.debian(thing)
	}
	if name, ok := names[s.manager][thing]; ok {
		return name
	}
	return thing
}

// debian names the packages of Debian and its kin, which carry the version of the library.
// Where that is not known, the one that is named depends on the right library.
func (s System) debian(thing string) string {
	debian := func(from, until float64) bool { return s.id == "debian" && s.version >= from && s.version < until }
	ubuntu := func(from, until float64) bool { return s.id == "ubuntu" && s.version >= from && s.version < until }
	switch thing {
	case Libheif:
		if debian(13, 99) || ubuntu(24.04, 99) {
			return "libheif1 libheif-plugin-libde265"
		}
		return "libheif1"
	case Libavif:
		switch {
		case debian(12, 13):
			return "libavif15"
		case debian(13, 14), ubuntu(24.04, 26):
			return "libavif16"
		case ubuntu(20, 24.04):
			return "libheif1" // too old a libavif; libheif reads AVIF as well
		}
		return "libavif-bin"
	case Libjxl:
		switch {
		case debian(12, 13), ubuntu(23, 25):
			return "libjxl0.7"
		case debian(13, 14), ubuntu(25, 26):
			return "libjxl0.11"
		}
		return "libjxl-tools"
	}
	return thing
}
