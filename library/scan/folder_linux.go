package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// maxPath is the length of a path, in bytes, from which on the system does not open it.
const maxPath = unix.PathMax

// openDir is a folder being read. Its entries are asked for relative to it, which spares
// the system the way to the folder for each of them, and an allocated fs.FileInfo.
type openDir struct {
	path string
	fd   int
}

func openFolder(path string) (*openDir, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		default:
			return &openDir{path, fd}, nil
		}
	}
}

func (d *openDir) close() { _ = unix.Close(d.fd) }

func (d *openDir) id() (fileID, error) {
	var st unix.Stat_t
	for {
		err := unix.Fstat(d.fd, &st)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fileID{}, &fs.PathError{Op: "stat", Path: d.path, Err: err}
		}
		return fileID{st.Dev, st.Ino}, nil
	}
}

// Layout of struct linux_dirent64, getdents64(2).
const (
	direntLen  = 16
	direntType = 18
	direntName = 19
)

// list calls fn for each entry, in the order of the folder. name is valid during the call.
func (d *openDir) list(fn func(name []byte, k kind, ino uint64)) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Getdents(d.fd, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return &fs.PathError{Op: "readdirent", Path: d.path, Err: err}
		}
		if n <= 0 {
			return nil
		}
		for b := buf[:n]; len(b) > direntName; {
			size := int(binary.NativeEndian.Uint16(b[direntLen:]))
			if size <= direntName || size > len(b) {
				return &fs.PathError{Op: "readdirent", Path: d.path, Err: unix.EIO}
			}
			ino, name := binary.NativeEndian.Uint64(b), b[direntName:size]
			if end := bytes.IndexByte(name, 0); end >= 0 {
				name = name[:end]
			}
			if len(name) > 0 && string(name) != "." && string(name) != ".." {
				fn(name, kindOfType(b[direntType]), ino)
			}
			b = b[size:]
		}
	}
}

func kindOfType(t byte) kind {
	switch t {
	case unix.DT_REG:
		return file
	case unix.DT_DIR:
		return folder
	case unix.DT_LNK:
		return link
	case unix.DT_UNKNOWN:
		return unknown
	}
	return other
}

// stat follows symbolic links.
func (d *openDir) stat(name string) (Entry, kind, error) {
	var st unix.Stat_t
	for {
		err := unix.Fstatat(d.fd, name, &st, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return Entry{}, other, &fs.PathError{Op: "stat", Path: join(d.path, name), Err: err}
		}
		e := Entry{Name: name, Size: st.Size, ModTime: st.Mtim.Nano(), Dev: st.Dev, Ino: st.Ino}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			return e, file, nil
		case unix.S_IFDIR:
			return e, folder, nil
		}
		return e, other, nil
	}
}

// folderID is the number of the folder that a path leads to.
func folderID(path string) (fileID, error) {
	d, err := openFolder(path)
	if err != nil {
		return fileID{}, err
	}
	defer d.close()
	return d.id()
}
