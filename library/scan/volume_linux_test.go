package scan

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const mountinfo = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:26 / /mnt/nas rw,relatime shared:2 - nfs4 nas:/photos rw,vers=4.2
31 22 8:17 / /media/me/My\040Stick rw shared:3 - vfat /dev/sdb1 rw
32 22 8:33 / /media/me/My\040Stick rw shared:4 - exfat /dev/sdc1 rw
33 22 0:40 /sub /mnt/pool rw - btrfs /dev/mapper/a\134b rw
not a mount
`

func TestFindMount(t *testing.T) {
	for _, tt := range []struct{ path, kind, source string }{
		{"/home/me", "ext4", "/dev/root"},
		{"/mnt/nas", "nfs4", "nas:/photos"},
		{"/mnt/nas/2020/x", "nfs4", "nas:/photos"},
		{"/mnt/nasty", "ext4", "/dev/root"},
		{"/media/me/My Stick/DCIM", "exfat", "/dev/sdc1"},
		{"/mnt/pool/x", "btrfs", `/dev/mapper/a\b`},
	} {
		m, ok := findMount(strings.NewReader(mountinfo), tt.path)
		if !ok || m.kind != tt.kind || m.source != tt.source {
			t.Errorf("%s: %+v %v", tt.path, m, ok)
		}
	}
	if _, ok := findMount(strings.NewReader(""), "/"); ok {
		t.Error("found a mount in nothing")
	}
}

func TestDiskUUID(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"sda1", "sdb1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	uuids := filepath.Join(dir, "by-uuid")
	if err := os.Mkdir(uuids, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../sda1", filepath.Join(uuids, "12AB-34CD")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "sda1"), filepath.Join(dir, "mapped")); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		filepath.Join(dir, "sda1"): "12AB-34CD", filepath.Join(dir, "mapped"): "12AB-34CD",
		filepath.Join(dir, "sdb1"): "", "tmpfs": "", "nas:/photos": "",
	} {
		if got := diskUUID(uuids, source); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

func TestVolumeIsTheSameForAFolderAndBelow(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || !regexp.MustCompile(`(?m)^\d+ \d+ \S+ \S+ / `).Match(mounts) {
		t.Skip("skipped: the system lists no mount for /, as in a chroot, so it names no volume")
	}
	dir := t.TempDir()
	a, err := Volume(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := Volume(filepath.Join(dir, "below"))
	if err != nil || a != b || a == "" {
		t.Errorf("%q, %q, %v", a, b, err)
	}
	if _, err := Volume(filepath.Join(dir, "none")); err == nil {
		t.Error("a volume for a folder that is not there")
	}
}
