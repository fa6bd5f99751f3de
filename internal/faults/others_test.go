//go:build linux

package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// others lets other things go wrong than the process and the power, each while several
// things are done.
func others(t *testing.T, p *page, lacking string) {
	stopsThenGoesOn := "it stops with a sentence, nothing said is lost, it goes on when there is room"
	for _, name := range []string{"the first indexing", "indexing after", "tags", "a tag for", "importing", "restoring", "repairing", "bringing a library"} {
		room := rooms
		if name == "the first indexing" {
			room = []int64{64 << 10, 528 << 10, 548 << 10, 568 << 10, 588 << 10} // making the library takes some
		}
		p.hurt(t, "the disk of the library is full", name, stopsThenGoesOn, hurt{Kind: fullLibrary, Fails: isFull}, room)
	}
	p.hurt(t, "the disk of the library is full", "the first change of a day",
		"the change is made, or refused with a sentence; a backup that has its name is whole", hurt{Kind: fullLibrary}, rooms)
	for _, name := range []string{"a backup", "exporting", "writing sidecars"} {
		p.hurt(t, "the disk of library and photos is full", name, stopsThenGoesOn, hurt{Kind: fullDisk, Fails: isFull},
			[]int64{0, 28 << 10, 32 << 10, 34 << 10, 36 << 10, 40 << 10, 160 << 10})
	}
	for _, name := range []string{"the first indexing", "tags", "a backup", "exporting"} {
		p.hurt(t, "files may not grow past a limit", name, "it stops with a sentence, nothing said is lost, it goes on without the limit",
			hurt{Kind: limited, Fails: isAny}, []int64{4 << 10, 24 << 10, 64 << 10, 128 << 10})
	}
	once := []int64{0}
	p.hurt(t, "the library may only be read", "tags", "it says so, nothing said is lost", hurt{Kind: readOnly, Fails: isPermission}, once)
	p.hurt(t, "the library may not be entered", "tags", "it says so, nothing said is lost", hurt{Kind: noEntry, Fails: isPermission}, once)
	p.hurt(t, "a folder of photos and a photo may not be read", "indexing after",
		"nothing said is lost, the next run looks at them", hurt{Kind: photosUnread}, once)
	p.hurt(t, "folders of photos may not be written", "writing sidecars", "it says so, photos and library stay as they are",
		hurt{Kind: photosReadOnly, Fails: isPermission}, once)
	p.hurt(t, "folders of photos may not be written", "moving a photo", "it says so, the photo stays at its place",
		hurt{Kind: photosReadOnly, Fails: isAny}, once)

	for _, in := range []struct {
		fault, calls, failure string
		lasting               bool
		stages                []string
	}{
		{"syncing fails", "fsync,fdatasync", "EIO", true, []string{"the first indexing", "tags", "a backup", "restoring", "exporting", "writing sidecars"}},
		{"writing to the database fails once", "pwrite64", "EIO", false, []string{"tags", "a tag for", "the first indexing"}},
		{"no write to the database finds room", "pwrite64", "ENOSPC", true, []string{"tags", "undoing", "a backup"}},
		{"reading from the database fails", "pread64", "EIO", true, []string{"tags", "the first indexing", "a backup"}},
		{"listing folders fails, as when a disk is pulled out", "getdents64", "EIO", true, []string{"indexing after"}},
	} {
		for _, name := range in.stages {
			st := stageNamed(name)
			p.other(t, in.fault, st.name, "nothing said is lost, nothing is half there, it can be done again", lacking, func(t *testing.T) int {
				return inject(t, st, in.calls, in.failure, in.lasting)
			})
		}
	}
	strange(t, p, lacking)
}

// rooms is how much of a full disk is free, in bytes.
var rooms = []int64{0, 16 << 10, 64 << 10, 160 << 10}

// other runs a test that gives one row of the table. f returns how often the fault was made.
func (p *page) other(t *testing.T, fault, while, must, lacking string, f func(t *testing.T) int) {
	t.Helper()
	t.Run(fault+", "+while, func(t *testing.T) {
		key := fault + " | " + while
		if lacking != "" {
			p.skipped(t, "others", key, lacking)
		}
		n := f(t)
		if t.Skipped() {
			return
		}
		result := "ok"
		if t.Failed() {
			result = "FAILED"
		}
		p.row("others", key, strconv.Itoa(n), must, result)
	})
}

// injections is how often each system call is made to fail while one thing is done.
const injections = 3

// inject lets system calls of a stage fail, from some point on or once, and returns how
// often one did.
func inject(t *testing.T, st stage, calls, failure string, lasting bool) int {
	r := undisturbed(t, st)
	dir := filepath.Dir(string(r.site))
	failed := 0
	// Calls are counted thread by thread, so a late one may not come; the first always does, but
	// those of the dynamic loader are not meant.
	points := []int{40, 20, 10, 5}
	for i := range *times - 1 {
		points = append(points, 3*i+7)
	}
	least := 1
	if calls == "pread64" {
		least = 6
	}
	for len(points) < 12**times {
		points = append(points, least)
	}
	for _, at := range points {
		if failed == injections**times {
			break
		}
		if err := r.begin.put(r.begin.killed()); err != nil {
			t.Fatal(err)
		}
		when := strconv.Itoa(max(at, least))
		if lasting {
			when += "+"
		}
		log := filepath.Join(dir, "injected")
		cmd := command(t, task{Stage: st.name, Site: r.site})
		if err := strace(cmd, "-o", log, "-e", "trace="+calls, "-e", "inject="+calls+":error="+failure+":when="+when); err != nil {
			t.Fatal(err)
		}
		var said, complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &complaints
		err := cmd.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 127 {
			continue // the program could not even be loaded
		}
		if errors.As(err, &exit) && exit.ExitCode() != 1 {
			t.Errorf("call %s: %v\n%s", when, err, complaints.Bytes())
		}
		lines, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(lines, []byte("(INJECTED)")) {
			continue
		}
		failed++
		if err := r.check(bytes.Count(said.Bytes(), []byte("\n"))); err != nil {
			t.Errorf("%s of %s at call %s (%s): %v", failure, calls, when, strings.TrimSpace(complaints.String()), err)
		}
	}
	if failed != injections**times {
		t.Errorf("only %d times %s failed", failed, calls)
	}
	return failed
}

// hurt is what goes wrong with the folders of a stage; the process itself does that to them.
type hurt struct {
	Kind  string
	Fails string // how the stage has to fail at one of the points at least; "" where it need not
	Room  int64  // bytes: free on the full disk, or the limit on files
	Apart string // the mount namespace in which nothing may be mounted
	Known known
}

const (
	fullLibrary    = "full library"
	fullDisk       = "full disk"
	limited        = "limit"
	readOnly       = "library for reading"
	noEntry        = "library not at all"
	photosUnread   = "photos not for reading"
	photosReadOnly = "photos for reading"

	isAny        = "any"
	isFull       = "full"
	isPermission = "permission"
)

// endured is what a process tells of a stage that it let go wrong.
type endured struct {
	Lacking string // why it could not
	Failed  string // the error, "" for none
	Kind    string // of the error: isAny, isFull, isPermission
}

// hurt lets a stage go wrong in a process of its own, once for each room.
func (p *page) hurt(t *testing.T, fault, name, must string, h hurt, rooms []int64) {
	t.Helper()
	st := stageNamed(name)
	p.other(t, fault, st.name, must, "", func(t *testing.T) int {
		r := undisturbed(t, st)
		h.Known = r.known
		var err error
		if h.Apart, err = os.Readlink("/proc/self/ns/mnt"); err != nil {
			t.Fatal(err)
		}
		program, attr, lacking := r.process(t, h.Kind)
		failed := 0
		for _, room := range rooms {
			if lacking != "" {
				break
			}
			if err := r.begin.put(r.begin.killed()); err != nil {
				t.Fatal(err)
			}
			if attr.Credential != nil {
				if err := own(string(r.site), attr.Credential); err != nil {
					t.Fatal(err)
				}
			}
			h.Room = room
			cmd := command(t, task{Stage: st.name, Site: r.site, Hurt: &h})
			cmd.Path, cmd.SysProcAttr = program, attr
			var complaints bytes.Buffer
			cmd.Stderr = &complaints
			out, err := cmd.Output()
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				t.Errorf("%d bytes: %v %s", room, err, complaints.Bytes())
				continue
			}
			if err != nil { // it did not start: containers and changed roots have no mounts of their own
				lacking = fmt.Sprintf("no process of that kind may be started here: %v", err)
				break
			}
			var got endured
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if lacking = got.Lacking; lacking != "" {
				break
			}
			if got.Failed != "" {
				failed++
				t.Logf("%d bytes: %s", room, got.Failed)
				if h.Fails != "" && h.Fails != isAny && got.Kind != h.Fails {
					t.Errorf("%d bytes: the error does not say what is wrong: %s", room, got.Failed)
				}
			}
		}
		if lacking != "" {
			p.skipped(t, "others", fault+" | "+st.name, lacking)
		}
		if h.Fails != "" && failed == 0 {
			t.Error("it did not fail")
		}
		return len(rooms)
	})
}
