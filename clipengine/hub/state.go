package hub

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
)

// stateFile lies in the folder of a download while it is not finished. No file of a model
// can be called so.
const stateFile = ".download.json"

// state is what another attempt has to know of an unfinished download: which files the bytes
// in its folder belong to.
type state struct {
	Repo   string  `json:"repo"`
	Commit string  `json:"commit"`
	Files  []*mark `json:"files"`
}

// mark is what is known of a file that is being fetched.
type mark struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
	Blob   string `json:"blob,omitempty"`
	// ETag is the strong entity tag that the server From gave it.
	ETag string `json:"etag,omitempty"`
	From string `json:"from,omitempty"`
}

// certain tells whether it shows at the end that what was there before belongs to the file.
func (f File) certain() bool { return f.SHA256 != "" || f.Blob != "" && f.Bytes >= 0 }

// sameFile tells whether two marks are of the same content.
func (m *mark) sameFile(o *mark) bool {
	return m.Bytes == o.Bytes && strings.EqualFold(m.SHA256, o.SHA256) && m.Blob == o.Blob
}

func (s *state) find(name string) *mark {
	i := slices.IndexFunc(s.Files, func(m *mark) bool { return m.Path == name })
	if i < 0 {
		return nil
	}
	return s.Files[i]
}

// readState reads what an earlier attempt wrote. What cannot be read is as if it were not
// there: then all is fetched anew.
func readState(root *os.Root) state {
	var s state
	f, err := root.Open(stateFile)
	if err != nil {
		return s
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxList))
	if err != nil || json.Unmarshal(data, &s) != nil {
		return state{}
	}
	s.Files = slices.DeleteFunc(s.Files, func(m *mark) bool { return m == nil })
	return s
}

// write puts the state in place of the last one.
func (s *state) write(root *os.Root) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	const fresh = stateFile + ".new"
	f, err := root.Create(fresh)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return root.Rename(fresh, stateFile)
}

// Unfinished returns what there is of an unfinished download in a folder, in bytes, and how
// much it will be (as far as known); ok is false where there is none.
func Unfinished(dir string) (done, total int64, ok bool) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, 0, false
	}
	defer func() { _ = root.Close() }()
	s := readState(root)
	for _, m := range s.Files {
		total += max(m.Bytes, 0)
		if st, err := root.Lstat(m.Path); err == nil && st.Mode().IsRegular() {
			done += st.Size()
		}
	}
	return done, total, len(s.Files) > 0
}
