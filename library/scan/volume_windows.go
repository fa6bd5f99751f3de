package scan

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// Volume returns the identity of the volume that holds path, the same under another drive
// letter: "serial:…" of its file system, else the share or drive that the path names.
func Volume(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("find the volume of %s: %w", path, err)
	}
	name := filepath.VolumeName(real)
	if id := serial(name + `\`); id != "" && !strings.HasPrefix(name, `\`) {
		return id, nil
	}
	return name, nil
}

// serial is the number that a volume got when it was formatted.
func serial(volume string) string {
	root, err := windows.UTF16PtrFromString(volume)
	if err != nil {
		return ""
	}
	var number uint32
	if err := windows.GetVolumeInformation(root, nil, 0, &number, nil, nil, nil, 0); err != nil || number == 0 {
		return ""
	}
	return fmt.Sprintf("serial:%08X", number)
}

// Mounts lists where a volume is mounted now.
func Mounts(volume string) []string {
	letters, err := windows.GetLogicalDrives()
	if err != nil {
		return nil
	}
	var out []string
	for i := range 26 {
		if drive := string(rune('A'+i)) + `:\`; letters&(1<<i) != 0 && serial(drive) == volume {
			out = append(out, drive)
		}
	}
	return out
}
