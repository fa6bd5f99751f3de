// Package hubtest is a hub of models for tests: a real HTTP server on this machine that
// publishes files as the public hub does, and can be told to do so badly.
package hubtest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Server is a hub of models.
type Server struct {
	URL string
	// HTTP is the server itself, for what a test wants to know of its certificate.
	HTTP *httptest.Server

	mu       sync.Mutex
	repos    map[string]string            // repository to its latest commit
	commits  map[string]map[string][]byte // commit to its files
	fault    func(Request) Fault
	sent     map[string]int64
	requests []Request
}

// Request is a request for a file, or, where File is "list" or "revision", for what there is.
type Request struct {
	File  string
	Try   int    // the how manieth for that file, from 1
	Range string // the header
	Agent string
	// Header is all that was sent.
	Header http.Header
}

// Fault is how a request is answered badly. The zero value is: well.
type Fault struct {
	Status   int               // this status and no content
	Header   map[string]string // more headers; "" removes one
	Content  []byte            // these bytes instead of the file
	Cut      int               // the connection breaks after so many bytes of the answer
	Stall    int               // after so many bytes nothing more comes while the client waits
	Length   int               // the answer claims to have so many bytes
	Extra    int               // so many bytes too many, in an answer without a length
	Redirect string            // sends on to this address; "again" to the same one
	NoRange  bool              // the whole file, whatever part was asked for
	Late     <-chan struct{}   // the answer begins when it is closed
}

// New starts a hub; it ends with the test.
func New(t testing.TB) *Server { return start(t, false) }

// NewTLS starts a hub behind a certificate that only its own client trusts.
func NewTLS(t testing.TB) *Server { return start(t, true) }

func start(t testing.TB, secure bool) *Server {
	s := &Server{repos: map[string]string{}, commits: map[string]map[string][]byte{}, sent: map[string]int64{}}
	s.HTTP = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.HTTP.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		s.HTTP.StartTLS()
	} else {
		s.HTTP.Start()
	}
	s.URL = s.HTTP.URL
	t.Cleanup(func() {
		s.HTTP.CloseClientConnections()
		s.HTTP.Close()
	})
	return s
}

// Publish puts the files of a model on the hub, in the place of those that were there, and
// returns the commit.
func (s *Server) Publish(repo string, files map[string][]byte) string {
	h := sha1.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d %x\n", name, len(files[name]), sha256.Sum256(files[name]))
	}
	commit := hex.EncodeToString(h.Sum(nil))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits[commit], s.repos[repo] = maps.Clone(files), commit
	return commit
}

// Misbehave makes the hub answer as f says; nil: well.
func (s *Server) Misbehave(f func(Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Sent is how many bytes of a file's content were sent, all answers together; "" of all files.
func (s *Server) Sent(file string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file != "" {
		return s.sent[file]
	}
	var all int64
	for _, n := range s.sent {
		all += n
	}
	return all
}

// Requests are those that came so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// large is whether a file is kept outside of git, as the hub does with large ones.
func large(name string) bool { return strings.Contains(name, ".onnx") }

// note counts a request and says how it is to be answered.
func (s *Server) note(file string, r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := Request{File: file, Try: 1, Range: r.Header.Get("Range"), Agent: r.UserAgent(), Header: r.Header.Clone()}
	for _, old := range s.requests {
		if old.File == file {
			q.Try++
		}
	}
	s.requests = append(s.requests, q)
	if s.fault == nil {
		return Fault{}
	}
	return s.fault(q)
}

// files are those of a repository at a revision.
func (s *Server) files(repo, revision string) (files map[string][]byte, commit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if commit = revision; revision == "main" {
		commit = s.repos[repo]
	}
	if s.repos[repo] == "" {
		return nil, ""
	}
	return s.commits[commit], commit
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case len(parts) == 6 && parts[0] == "api" && parts[1] == "models" && parts[4] == "revision":
		files, commit := s.files(parts[2]+"/"+parts[3], parts[5])
		s.answer(w, r, "revision", asJSON(map[string]any{"id": parts[2] + "/" + parts[3], "sha": commit}), "", files != nil)
	case len(parts) == 6 && parts[0] == "api" && parts[1] == "models" && parts[4] == "tree":
		files, _ := s.files(parts[2]+"/"+parts[3], parts[5])
		s.answer(w, r, "list", asJSON(Tree(files)), "", files != nil)
	case len(parts) >= 5 && (parts[2] == "resolve" || parts[2] == "kept"):
		files, commit := s.files(parts[0]+"/"+parts[1], parts[3])
		name := strings.Join(parts[4:], "/")
		content, ok := files[name]
		if ok && large(name) && parts[2] == "resolve" {
			// Large files are sent on to where they are kept.
			w.Header().Set("X-Repo-Commit", commit)
			http.Redirect(w, r, "/"+parts[0]+"/"+parts[1]+"/kept/"+parts[3]+"/"+name+"?signature=abc", http.StatusFound)
			return
		}
		sum := sha256.Sum256(content)
		s.answer(w, r, name, content, `"`+hex.EncodeToString(sum[:])+`"`, ok)
	default:
		http.NotFound(w, r)
	}
}

// Tree is the hub's list of files.
func Tree(files map[string][]byte) []map[string]any {
	list := []map[string]any{{"type": "directory", "oid": strings.Repeat("0", 40), "size": 0, "path": "folder"}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", len(content))
		h.Write(content)
		e := map[string]any{"type": "file", "path": name, "size": len(content), "oid": hex.EncodeToString(h.Sum(nil))}
		if large(name) {
			sum := sha256.Sum256(content)
			e["lfs"] = map[string]any{"oid": hex.EncodeToString(sum[:]), "size": len(content), "pointerSize": 134}
		}
		list = append(list, e)
	}
	return list
}

func asJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// answer sends content, or what the fault of the request makes of it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, file string, content []byte, etag string, ok bool) {
	fault := s.note(file, r)
	if fault.Late != nil {
		select {
		case <-fault.Late:
		case <-r.Context().Done():
			return
		}
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if etag != "" {
		h.Set("ETag", etag)
	}
	if fault.Content != nil {
		content = fault.Content
	}
	status, length := http.StatusOK, len(content)
	if from, found := strings.CutPrefix(r.Header.Get("Range"), "bytes="); found && !fault.NoRange && ok {
		start, err := strconv.Atoi(strings.TrimSuffix(from, "-"))
		same := r.Header.Get("If-Range")
		switch {
		case err != nil || same != "" && same != h.Get("ETag"):
		case start >= len(content):
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", len(content)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		default:
			status = http.StatusPartialContent
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(content)-1, len(content)))
			content = content[start:]
			length = len(content)
		}
	}
	for name, value := range fault.Header {
		h.Set(name, value)
		if value == "" {
			h.Del(name)
		}
	}
	switch {
	case fault.Status != 0:
		w.WriteHeader(fault.Status)
		return
	case fault.Redirect == "again":
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
		return
	case fault.Redirect != "":
		http.Redirect(w, r, fault.Redirect, http.StatusFound)
		return
	case !ok:
		http.NotFound(w, r)
		return
	}
	if fault.Length > 0 {
		length = fault.Length
	}
	if fault.Extra == 0 {
		h.Set("Content-Length", strconv.Itoa(length))
	} else {
		content = append(slices.Clone(content), make([]byte, fault.Extra)...)
	}
	w.WriteHeader(status)
	send := func(b []byte) {
		for len(b) > 0 {
			n, err := w.Write(b[:min(len(b), 64<<10)])
			s.mu.Lock()
			s.sent[file] += int64(n)
			s.mu.Unlock()
			if err != nil {
				return
			}
			b = b[n:]
		}
		_ = http.NewResponseController(w).Flush()
	}
	switch {
	case fault.Cut > 0 && fault.Cut < len(content):
		send(content[:fault.Cut])
		panic(http.ErrAbortHandler)
	case fault.Stall > 0 && fault.Stall < len(content):
		send(content[:fault.Stall])
		<-r.Context().Done()
	default:
		send(content)
	}
}
