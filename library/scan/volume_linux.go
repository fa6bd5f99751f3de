package scan

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
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
	return identity(m), nil
}

// identity names the volume of a mount.
func identity(m mount) string {
	if uuid := diskUUID("/dev/disk/by-uuid", m.source); uuid != "" {
		return "uuid:" + uuid
	}
	if id := fsID(m); id != "" {
		return id
	}
	return m.kind + ":" + m.source
}

// fsID is the identity that a file system gives of itself, made from its UUID; "" for those
// whose identity comes from the device that they happen to be on (statfs(2)).
func fsID(m mount) string {
	switch m.kind {
	case "ext2", "ext3", "ext4", "btrfs", "f2fs", "zfs":
	default:
		return ""
	}
	var st unix.Statfs_t
	if err := unix.Statfs(m.point, &st); err != nil || st.Fsid.Val == [2]int32{} {
		return ""
	}
	return fmt.Sprintf("fsid:%08x%08x", uint32(st.Fsid.Val[0]), uint32(st.Fsid.Val[1]))
}

type mount struct {
	point, kind, source string
}

// findMount finds the mount that holds path in the text of /proc/self/mountinfo:
// the longest mount point, and of two alike the later, which hides the first.
func findMount(mountinfo io.Reader, path string) (mount, bool) {
	var best mount
	found := false
	for _, m := range mounts(mountinfo) {
		if within(m.point, path) && len(m.point) >= len(best.point) {
			best, found = m, true
		}
	}
	return best, found
}

// mounts reads the text of /proc/self/mountinfo (proc(5)).
func mounts(mountinfo io.Reader) []mount {
	var out []mount
	for sc := bufio.NewScanner(mountinfo); sc.Scan(); {
		before, after, ok := strings.Cut(sc.Text(), " - ")
		head, tail := strings.Fields(before), strings.Fields(after)
		if ok && len(head) >= 5 && len(tail) >= 2 {
			out = append(out, mount{point: unescape(head[4]), kind: tail[0], source: unescape(tail[1])})
		}
	}
	return out
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

// Mounts lists where a volume is mounted now.
func Mounts(volume string) []string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer f.Close()
	var out []string
	for _, m := range mounts(f) {
		if identity(m) == volume && !slices.Contains(out, m.point) {
			out = append(out, m.point)
		}
	}
	return out
}

// Kind is the name of the file system that holds path, as mount(8) writes it ("ext4",
// "fuse.sshfs"), "" where it is not known.
func Kind(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	m, _ := findMount(f, real)
	return m.kind
}
