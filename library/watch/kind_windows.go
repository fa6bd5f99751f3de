package watch

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

func kindOf(path string) fsKind {
	drive, err := windows.UTF16PtrFromString(filepath.VolumeName(path) + `\`)
	if err == nil && windows.GetDriveType(drive) == windows.DRIVE_REMOTE {
		return fsKind{name: "share"}
	}
	return fsKind{watch: true}
}
