package watch

import (
	"golang.org/x/sys/unix"

	"descry/library/scan"
)

// remote are the file systems, by the magic number of statfs(2), whose changes may be made
// by another machine: the kernel tells only of those made through itself.
var remote = map[uint32]string{
	unix.NFS_SUPER_MAGIC: "NFS", unix.SMB_SUPER_MAGIC: "SMB", unix.SMB2_SUPER_MAGIC: "SMB", unix.CIFS_SUPER_MAGIC: "SMB",
	unix.V9FS_MAGIC: "9P", unix.AFS_SUPER_MAGIC: "AFS", unix.AFS_FS_MAGIC: "AFS", unix.CODA_SUPER_MAGIC: "Coda",
	unix.CEPH_SUPER_MAGIC: "Ceph", unix.NCP_SUPER_MAGIC: "NCP", 0x0bd00bd0: "Lustre", 0x01161970: "GFS2",
	0x7461636f: "OCFS2", 0x47504653: "GPFS", unix.FUSE_SUPER_MAGIC: "FUSE",
}

func kindOf(path string) fsKind {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return fsKind{watch: true}
	}
	magic := uint32(st.Type)
	name, far := remote[magic]
	if magic == unix.FUSE_SUPER_MAGIC && localFuse(path) {
		far = false
	}
	return fsKind{watch: !far, name: name}
}

// localFuse reports whether a file system that a program of the user's serves is one of
// those that lie on a disk of this machine.
func localFuse(path string) bool {
	switch scan.Kind(path) {
	case "fuseblk", "fuse.ntfs-3g", "fuse.exfat", "fuse.mergerfs", "fuse.gocryptfs", "fuse.cryfs", "fuse.encfs":
		return true
	}
	return false
}
