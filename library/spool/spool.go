// Package spool hands requests from one process to the one that writes a library: files in
// the library's folder "spool", each of which gets its name when it is whole.
//
//	ID.json       a request that waits
//	ID.work.json  one that was taken; left by a process that ended, it is taken again
//	ID.done.json  the answer
//
// A request asks for one of a small closed set of things, all of which can be done twice
// without harm. What is no request costs only itself.
package spool

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Verb is what a request asks for.
type Verb string

// The closed set of verbs.
const (
	Index  Verb = "index"  // add Paths as folders where new, and bring them (none: all) up to date
	Tag    Verb = "tag"    // say State of Label on Paths
	Alt    Verb = "alt"    // approve the alt text of Paths, or set it to Text
	Rating Verb = "rating" // give Paths Stars
	Undo   Verb = "undo"   // undo Operation
	Album  Verb = "album"  // do Do with Album
	Model  Verb = "model"  // put Model in use
)

// Bounds of what is read and kept.
const (
	maxBytes  = 1 << 20  // of a request
	maxAnswer = 64 << 20 // the report of an index names every file that could not be used
	maxPaths  = 10_000
	// Expiry is after how long a request that nobody took, or an answer that nobody fetched, is
	// removed.
	Expiry = 24 * time.Hour
)

// Path is a path in a request: a string, or {"bytes": BASE64} where it is not UTF-8.
type Path string

// MarshalJSON writes the path.
func (p Path) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(p)) {
		return json.Marshal(string(p))
	}
	return json.Marshal(map[string][]byte{"bytes": []byte(p)})
}

// UnmarshalJSON reads the path.
func (p *Path) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var v struct{ Bytes string }
		if err := json.Unmarshal(b, &v); err != nil {
			return err
		}
		raw, err := base64.StdEncoding.DecodeString(v.Bytes)
		*p = Path(raw)
		return err
	}
	return json.Unmarshal(b, (*string)(p))
}

// Request is what a process asks of the one that writes the library.
type Request struct {
	Verb      Verb   `json:"verb"`
	Paths     []Path `json:"paths,omitempty"`     // absolute
	Label     string `json:"label,omitempty"`     // SET/LABEL
	State     string `json:"state,omitempty"`     // confirmed, rejected, or "" to take it back
	Approve   bool   `json:"approve,omitempty"`   // of alt: approve the text as it stands
	Text      string `json:"text,omitempty"`      // of alt: "" goes back to the draft
	Stars     int    `json:"stars,omitempty"`     // 0 to 5
	Operation int64  `json:"operation,omitempty"` // its id, never "the last one"
	Album     string `json:"album,omitempty"`     // its name
	Model     string `json:"model,omitempty"`     // its id
	Do        string `json:"do,omitempty"`        // of album: add, edit, rename, remove, put, take; of model: use, now
	Query     string `json:"query,omitempty"`     // of album: what it asks for, "" for a plain one
	To        string `json:"to,omitempty"`        // of album: its new name
}

// Check refuses a request that does not make sense.
func (r Request) Check() error {
	for _, p := range r.Paths {
		if !filepath.IsAbs(string(p)) || strings.ContainsRune(string(p), 0) {
			return fmt.Errorf("%q is no absolute path", string(p))
		}
	}
	if len(r.Paths) > maxPaths {
		return fmt.Errorf("%d paths are more than %d", len(r.Paths), maxPaths)
	}
	needs := len(r.Paths) == 0
	switch r.Verb {
	case Index:
		return nil
	case Undo:
		if r.Operation <= 0 {
			return errors.New("it does not say what to undo")
		}
		return nil
	case Model:
		needs = r.Model == "" || r.Do != "use" && r.Do != "now"
	case Tag:
		needs = needs || r.Label == "" || !slices.Contains([]string{"confirmed", "rejected", ""}, r.State)
	case Album:
		needs = r.Album == ""
		switch r.Do {
		case "add", "remove":
		case "edit":
			needs = needs || r.Query == ""
		case "rename":
			needs = needs || r.To == ""
		case "put", "take":
			needs = needs || len(r.Paths) == 0
		default:
			needs = true
		}
	case Alt:
	case Rating:
		needs = needs || r.Stars < 0 || r.Stars > 5
	default:
		return fmt.Errorf("nothing is done for %q", string(r.Verb))
	}
	if needs {
		return fmt.Errorf("it does not say all that %s needs", r.Verb)
	}
	return nil
}

// Answer is what became of a request.
type Answer struct {
	Error     string          `json:"error,omitempty"` // one sentence; "" when it is done
	Code      string          `json:"code,omitempty"`  // kind of the error, for scripts
	Operation int64           `json:"operation,omitempty"`
	What      string          `json:"what,omitempty"`    // the operation's sentence
	Changed   int             `json:"changed,omitempty"` // photos
	Unknown   []Path          `json:"unknown,omitempty"` // paths that are no photo of the library
	Report    json.RawMessage `json:"report,omitempty"`  // of index
}

// Job is a request that was taken.
type Job struct {
	ID      string
	Request Request
}

const (
	waiting = ".json"
	taken   = ".work.json"
	done    = ".done.json"
)

func folder(library string) string { return filepath.Join(library, "spool") }

func file(library, id, suffix string) string { return filepath.Join(folder(library), id+suffix) }

// Put leaves a request for the process that writes the library, and returns its id.
func Put(library string, r Request) (id string, err error) {
	if err := r.Check(); err != nil {
		return "", fmt.Errorf("hand over a request: %w", err)
	}
	id = fmt.Sprintf("%020d-%s", time.Now().UnixNano(), rand.Text()[:8])
	if err := write(library, id, waiting, r, maxBytes); err != nil {
		return "", fmt.Errorf("hand over a request: %w", err)
	}
	return id, nil
}

func write(library, id, suffix string, v any, most int) error {
	if err := os.MkdirAll(folder(library), 0o700); err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) >= most {
		return fmt.Errorf("it is larger than %d bytes", most)
	}
	part := file(library, id, suffix+".part")
	if err := os.WriteFile(part, append(b, '\n'), 0o600); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, file(library, id, suffix))
}

// Withdraw takes back a request. It reports false when it was taken already.
func Withdraw(library, id string) bool { return os.Remove(file(library, id, waiting)) == nil }

// Waits reports whether a request was not taken yet.
func Waits(library, id string) bool {
	_, err := os.Lstat(file(library, id, waiting))
	return err == nil
}

// Fetch returns the answer to a request and removes it; false where there is none yet.
func Fetch(library, id string) (Answer, bool) {
	name := file(library, id, done)
	var a Answer
	b, err := read(name, maxAnswer)
	if err != nil || json.Unmarshal(b, &a) != nil {
		return Answer{}, false
	}
	_ = os.Remove(name)
	return a, true
}

// Finish leaves the answer to a job.
func Finish(library, id string, a Answer) error {
	if err := write(library, id, done, a, maxAnswer); err != nil {
		return fmt.Errorf("answer a request: %w", err)
	}
	if err := os.Remove(file(library, id, taken)); err != nil {
		return fmt.Errorf("answer a request: %w", err)
	}
	return nil
}

// Return puts a job back: it waits again.
func Return(library, id string) error {
	return os.Rename(file(library, id, taken), file(library, id, waiting))
}

// Recover puts back what a process had taken that ended before it answered. Only who holds
// the library's lock may call it.
func Recover(library string) {
	for _, e := range entries(library) {
		if id, ok := strings.CutSuffix(e.Name(), taken); ok {
			_ = Return(library, id)
		}
	}
}

// Take takes the requests that wait, the oldest first; wanted (nil: all) may leave some. What
// is no request is answered as such. Old leftovers are removed. now is the time by the clock.
func Take(library string, now time.Time, wanted func(Request) bool) []Job {
	var jobs []Job
	for _, e := range entries(library) {
		name := e.Name()
		path := filepath.Join(folder(library), name)
		info, err := e.Info()
		if err != nil {
			continue
		}
		old := now.Sub(info.ModTime()) > Expiry
		if strings.HasSuffix(name, done) || strings.HasSuffix(name, ".part") {
			if old {
				_ = os.Remove(path)
			}
			continue
		}
		id, ok := strings.CutSuffix(name, waiting)
		if !ok || strings.HasSuffix(name, taken) {
			continue
		}
		if old {
			_ = os.Remove(path)
			continue
		}
		var r Request
		b, err := read(path, maxBytes)
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		if err == nil {
			err = r.Check()
		}
		if err == nil && wanted != nil && !wanted(r) {
			continue
		}
		if os.Rename(path, file(library, id, taken)) != nil {
			continue // withdrawn meanwhile
		}
		if err != nil {
			_ = Finish(library, id, Answer{Error: "The request cannot be read: " + err.Error() + ".", Code: "usage"})
			continue
		}
		jobs = append(jobs, Job{id, r})
	}
	return jobs
}

// entries lists the spool folder by name, which is by age.
func entries(library string) []fs.DirEntry {
	found, err := os.ReadDir(folder(library))
	if err != nil {
		return nil
	}
	return found
}

// read reads a plain file that is not too large.
func read(name string, most int) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no plain file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(b) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	return b, err
}
