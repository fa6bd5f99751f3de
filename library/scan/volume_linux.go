package scan

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Volume returns the identity of the volume that holds path, the same after a reboot and
// at another mount point: "uuid:…" of the file system where the system tells it, else the
// type and source of the mount, as "nfs4:nas:/photos". "" and no error means that the
// system gives none.
func Volume(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("find the volume of %s: %w", path, err)
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", nil // no /proc: the system gives none
	}
	defer f.Close()
	m, ok := findMount(f, real)
	if !ok {
		return "", nil
	}
	if uuid := diskUUID("/dev/disk/by-uuid", m.source); uuid != "" {
		return "uuid:" + uuid, nil
	}
	return m.kind + ":" + m.source, nil
}

type mount struct {
	point, kind, source string
}

// findMount finds the mount that holds path in the text of /proc/self/mountinfo
// (proc(5)): the longest mount point, and of two alike the later, which hides the first.
func findMount(mountinfo io.Reader, path string) (mount, bool) {
	var best mount
	found := false
	for sc := bufio.NewScanner(mountinfo); sc.Scan(); {
		before, after, ok := strings.Cut(sc.Text(), " - ")
		head, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(head) < 5 || len(tail) < 2 {
			continue
		}
		m := mount{point: unescape(head[4]), kind: tail[0], source: unescape(tail[1])}
		if within(m.point, path) && len(m.point) >= len(best.point) {
			best, found = m, true
		}
	}
	return best, found
}

// unescape undoes the octal escapes of mountinfo: \040 for a space.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// diskUUID finds the name in the folder byUUID whose link leads to the device source.
func diskUUID(byUUID, source string) string {
	if !strings.HasPrefix(source, "/") {
		return ""
	}
	device, err := filepath.EvalSymlinks(source)
	if err != nil {
		return ""
	}
	list, err := os.ReadDir(byUUID)
	if err != nil {
		return ""
	}
	for _, e := range list {
		if real, err := filepath.EvalSymlinks(filepath.Join(byUUID, e.Name())); err == nil && real == device {
			return e.Name()
		}
	}
	return ""
}
