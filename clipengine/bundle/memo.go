package bundle

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"descry/internal/disk"
)

// Memo remembers the digests of model files by path, size and time, in a file that may be deleted
// at any time: so the weights of a model, which may be gigabytes, are read for their digest once
// and not by each process. What is wrong with its file costs time only. It is safe for concurrent
// use.
type Memo struct {
	mu    sync.Mutex
	path  string
	known map[string]remembered // by path; nil: the file was not read yet
}

// remembered is the digest of a file as it was.
type remembered struct {
	Size     int64
	Modified int64 // nanoseconds since 1970
	SHA256   string
}

// NewMemo makes a memo that is kept in a file.
func NewMemo(path string) *Memo { return &Memo{path: path} }

// Remember makes a bundle use a memo for Space and TextDigest; Verify always reads the files. It
// is to be called before them.
func (b *Bundle) Remember(m *Memo) { b.memo = m }

// digestOf is fileDigest of a file in a folder, remembered where there is a memo.
func (m *Memo) digestOf(ctx context.Context, s source, fsys fs.FS, name string) (string, error) {
	if m == nil || s.dir == "" {
		return fileDigest(ctx, fsys, name)
	}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return fileDigest(ctx, fsys, name) // its error says more
	}
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	is := remembered{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	m.mu.Lock()
	if m.known == nil {
		data, err := os.ReadFile(m.path)
		if err != nil || json.Unmarshal(data, &m.known) != nil || m.known == nil {
			m.known = map[string]remembered{}
		}
	}
	was := m.known[path]
	m.mu.Unlock()
	if was.Size == is.Size && was.Modified == is.Modified && len(was.SHA256) == 64 {
		return was.SHA256, nil
	}
	if is.SHA256, err = fileDigest(ctx, fsys, name); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[path] = is
	m.write(path)
	return is.SHA256, nil
}

// write adds what was found out of a file to what is on disk, without what is gone. What other
// processes found out meanwhile stays.
func (m *Memo) write(found string) {
	_ = disk.Update(m.path, func(old []byte) ([]byte, error) {
		var others map[string]remembered
		if json.Unmarshal(old, &others) == nil {
			for path, r := range others {
				if path != found {
					m.known[path] = r
				}
			}
		}
		for path := range m.known {
			if _, err := os.Stat(path); err != nil {
				delete(m.known, path)
			}
		}
		return json.Marshal(m.known)
	})
}
