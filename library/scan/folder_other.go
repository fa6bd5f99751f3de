//go:build !linux

package scan

import (
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
)

// maxPath is a length that no system reaches that is served here.
const maxPath = 1 << 20

// openDir is a folder being read.
type openDir struct {
	path string
}

func openFolder(path string) (*openDir, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotFolder}
	}
	return &openDir{path}, nil
}

func (d *openDir) close() {}

func (d *openDir) id() (fileID, error) { return folderID(d.path) }

// list calls fn for each entry, in the order of the folder.
func (d *openDir) list(fn func(name []byte, k kind, ino uint64)) error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer f.Close()
	list, err := f.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range list {
		fn([]byte(e.Name()), kindOf(e.Type()), 0)
	}
	return nil
}

func kindOf(m fs.FileMode) kind {
	switch {
	case m.IsRegular():
		return file
	case m.IsDir():
		return folder
	case m&fs.ModeSymlink != 0:
		return link
	}
	return other
}

// stat follows symbolic links.
func (d *openDir) stat(name string) (Entry, kind, error) {
	info, err := os.Stat(join(d.path, name))
	if err != nil {
		return Entry{}, other, err
	}
	e := Entry{Name: name, Size: info.Size(), ModTime: info.ModTime().UnixNano()}
	e.Dev, e.Ino = numbers(info)
	return e, kindOf(info.Mode()), nil
}

// folderID stands for the folder that a path leads to: its numbers, or one made from its
// path without links where there are none.
func folderID(path string) (fileID, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileID{}, err
	}
	if dev, ino := numbers(info); dev != 0 || ino != 0 {
		return fileID{dev, ino}, nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fileID{}, err
	}
	h := fnv.New64a()
	h.Write([]byte(real))
	return fileID{0, h.Sum64()}, nil
}
