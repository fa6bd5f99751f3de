//go:build linux

package faults

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The kinds of event. What a process reads is of no interest.
const (
	evOpen   = "open"
	evWrite  = "write"
	evSize   = "size"
	evSync   = "sync"
	evRename = "rename"
	evLink   = "link"
	evRemove = "remove"
	evMkdir  = "mkdir"
	evSaid   = "said" // the process told its parent something
)

// event is one thing that a process did to the disk, in the order in which they were done.
type event struct {
	kind     string
	path, to string
	at       int64 // evWrite: place in the file
	size     int64 // evSize
	data     []byte
	truncate bool // evOpen
	began    int  // evSync: events that were done when it began
	swap     bool // evRename: both stay, with their names exchanged
}

// traced are the system calls that change a disk; those that Descry does not use are there
// so that the day it does is noticed.
const traced = "openat,open,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate," +
	"fsync,fdatasync,sync_file_range,syncfs,sync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat," +
	"mkdir,mkdirat,rmdir,copy_file_range,sendfile,splice,dup,dup2,dup3"

// straced makes a command run under strace, which writes its system calls to a file.
func straced(cmd *exec.Cmd, log string, options ...string) error {
	return strace(cmd, append([]string{"-y", "-xx", "-s", "100000000", "-o", log, "-e", "trace=" + traced}, options...)...)
}

// strace makes a command and its threads run under strace.
func strace(cmd *exec.Cmd, options ...string) error {
	path, err := exec.LookPath("strace")
	if err != nil {
		return err
	}
	args := append([]string{path, "-f", "-qq", "-e", "signal=none"}, options...)
	cmd.Args = append(append(args, "--", cmd.Path), cmd.Args[1:]...)
	cmd.Path = path
	return nil
}

// needStrace skips the test where processes cannot be traced, and says why.
func needStrace(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		return "strace is not installed"
	}
	if out, err := exec.CommandContext(t.Context(), path, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		return fmt.Sprintf("strace may not trace here: %v: %s", err, strings.TrimSpace(string(out)))
	}
	return ""
}

var (
	callLine    = regexp.MustCompile(`^(\w+)\((.*)\)\s+= (-?\d+|\?)(.*)$`)
	resumedLine = regexp.MustCompile(`^<\.\.\. \w+ resumed>(.*)$`)
	numberedFD  = regexp.MustCompile(`^(\d+|AT_FDCWD)<(.*)>$`)
)

// readTrace reads what strace wrote of a process: the events below a folder, and what the
// process said on its standard output.
func readTrace(log, below string) ([]event, error) {
	f, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := traceReader{below: below, offsets: map[string]int64{}}
	type part struct {
		text  string
		began int
	}
	waiting := map[string]part{}
	in := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return r.events, nil
		}
		if err != nil {
			return nil, err
		}
		pid, call, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			continue
		}
		call = strings.TrimLeft(call, " ")
		began := len(r.events)
		if begin, ok := strings.CutSuffix(call, " <unfinished ...>"); ok {
			waiting[pid] = part{begin, began}
			continue
		}
		if m := resumedLine.FindStringSubmatch(call); m != nil {
			call, began = waiting[pid].text+m[1], waiting[pid].began
			delete(waiting, pid)
		}
		if m := callLine.FindStringSubmatch(call); m != nil {
			if err := r.call(m[1], splitArgs(m[2]), m[3], m[4], began); err != nil {
				return nil, fmt.Errorf("%w in %.300s", err, call)
			}
		}
	}
}

// splitArgs parts the arguments of a call. Text is in hexadecimal, so no comma is in it.
func splitArgs(s string) []string { return strings.Split(s, ", ") }

type traceReader struct {
	below   string
	events  []event
	offsets map[string]int64 // of open files, by number
}

// unhex reads text as strace writes it: quoted, each byte as \xNN.
func unhex(s string) ([]byte, error) {
	s = strings.Trim(s, `"`)
	return hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
}

// fd reads a file number with the path of what is open there.
func (r *traceReader) fd(arg string) (number, path string) {
	m := numberedFD.FindStringSubmatch(arg)
	if m == nil {
		return arg, ""
	}
	path = m[2]
	gone := strings.HasSuffix(path, "(deleted)")
	if b, err := unhex(strings.TrimSuffix(path, "(deleted)")); err == nil {
		path = string(b)
	}
	if gone {
		path = ""
	}
	return m[1], path
}

// file reads a path that may be relative to an open folder.
func (r *traceReader) file(folder, arg string) (string, error) {
	b, err := unhex(arg)
	if err != nil {
		return "", err
	}
	p := string(b)
	if !filepath.IsAbs(p) {
		_, dir := r.fd(folder)
		p = filepath.Join(dir, p)
	}
	return filepath.Clean(p), nil
}

func (r *traceReader) ours(path string) bool {
	return path == r.below || strings.HasPrefix(path, r.below+"/")
}

func (r *traceReader) add(e event) {
	if r.ours(e.path) || e.kind == evSaid {
		r.events = append(r.events, e)
	}
}

func (r *traceReader) call(name string, args []string, result, rest string, began int) error {
	n, err := strconv.ParseInt(result, 10, 64)
	if err != nil || n < 0 {
		return nil // it failed, or the process ended in it
	}
	const here = "AT_FDCWD"
	switch name {
	case "unlink", "rmdir", "mkdir":
		args = append([]string{here}, args...)
	case "rename":
		args = []string{here, args[0], here, args[1]}
	}
	switch name {
	case "openat":
		p, err := r.file(args[0], args[1])
		if err != nil {
			return err
		}
		r.offsets[result] = 0
		if strings.Contains(args[2], "O_APPEND") && r.ours(p) {
			return errors.New("a file is appended to, which is not followed here")
		}
		if strings.Contains(args[2], "O_CREAT") || strings.Contains(args[2], "O_TRUNC") {
			r.add(event{kind: evOpen, path: p, truncate: strings.Contains(args[2], "O_TRUNC")})
		}
	case "lseek":
		number, _ := r.fd(args[0])
		r.offsets[number] = n
	case "write", "pwrite64":
		number, p := r.fd(args[0])
		if number != "1" && !r.ours(p) {
			return nil
		}
		data, err := unhex(args[1])
		if err != nil {
			return err
		}
		if number == "1" {
			r.add(event{kind: evSaid, data: data[:n]})
			return nil
		}
		at := r.offsets[number]
		if name == "pwrite64" {
			if at, err = strconv.ParseInt(args[3], 10, 64); err != nil {
				return err
			}
		} else {
			r.offsets[number] += n
		}
		r.add(event{kind: evWrite, path: p, at: at, data: data[:n]})
	case "copy_file_range":
		return r.copied(args, n)
	case "ftruncate":
		_, p := r.fd(args[0])
		size, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		r.add(event{kind: evSize, path: p, size: size})
	case "fsync", "fdatasync":
		_, p := r.fd(args[0])
		r.add(event{kind: evSync, path: p, began: began})
	case "rename", "renameat", "renameat2":
		from, err := r.file(args[0], args[1])
		if err != nil {
			return err
		}
		to, err := r.file(args[2], args[3])
		if err != nil {
			return err
		}
		swap := len(args) > 4 && strings.Contains(args[4], "RENAME_EXCHANGE")
		r.add(event{kind: evRename, path: from, to: to, swap: swap})
	case "linkat":
		from, err := r.file(args[0], args[1])
		if err != nil {
			return err
		}
		to, err := r.file(args[2], args[3])
		if err != nil {
			return err
		}
		r.add(event{kind: evLink, path: from, to: to})
	case "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat":
		p, err := r.file(args[0], args[1])
		if err != nil {
			return err
		}
		kind := evRemove
		if strings.HasPrefix(name, "mkdir") {
			kind = evMkdir
		}
		r.add(event{kind: kind, path: p})
	case "dup", "dup2", "dup3":
	case "sync_file_range", "syncfs", "sync":
		// They promise nothing that counts here.
	default:
		for _, a := range args {
			if _, p := r.fd(a); r.ours(p) {
				return fmt.Errorf("%s is not followed here", name)
			}
			if b, err := unhex(a); err == nil && r.ours(string(b)) {
				return fmt.Errorf("%s is not followed here", name)
			}
		}
	}
	return nil
}

// copied follows a copy from file to file, each at its place, by what the one that is read has
// still: what is copied while it is traced does not change.
func (r *traceReader) copied(args []string, n int64) error {
	from, source := r.fd(args[0])
	to, p := r.fd(args[2])
	at, into := r.offsets[from], r.offsets[to]
	r.offsets[from], r.offsets[to] = at+n, into+n
	if !r.ours(p) || n == 0 {
		return nil
	}
	if args[1] != "NULL" || args[3] != "NULL" {
		return errors.New("a copy to a place that is named is not followed here")
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	r.add(event{kind: evWrite, path: p, at: into, data: data[at : at+n]})
	return nil
}
