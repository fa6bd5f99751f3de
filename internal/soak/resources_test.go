package soak

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"descry/internal/cmem"
)

// figures are what the process takes of the machine.
type figures struct {
	heap       int // KiB of live Go objects
	c          int // KiB that C code holds
	anon       int // KiB, RssAnon; Linux only, as the rest
	goroutines int
	handles    int // open files
	threads    int
	children   int // processes that it started
}

// kinds are the figures by name, and by how much more than before is too much: the larger of
// a share and a number. Two processes of decoders may wait for work, with two goroutines and
// three pipes each; the database opens connections as they are needed; Go keeps as many threads
// as there were calls into C at a time. C's allocator has areas for them, of which it keeps
// more or less: what C holds tells a leak, and RssAnon goes up and down by 40 MiB at that.
// Of a closed library no goroutine and no open file may be left at all (stop).
var kinds = []struct {
	name  string
	of    func(figures) int
	share float64
	more  int
}{
	{"Go heap, KiB", func(f figures) int { return f.heap }, 0.10, 4 << 10},
	{"C heap, KiB", func(f figures) int { return f.c }, 0.10, 4 << 10},
	{"RssAnon, KiB", func(f figures) int { return f.anon }, 0.10, 64 << 10},
	{"goroutines", func(f figures) int { return f.goroutines }, 0, 4},
	{"open files", func(f figures) int { return f.handles }, 0, 8},
	{"threads", func(f figures) int { return f.threads }, 0, 8},
	{"child processes", func(f figures) int { return f.children }, 0, 2},
}

// measure waits until what is under way has ended, and measures.
func measure() figures {
	var f figures
	quiet := 0
	for range 100 {
		runtime.GC()
		was := f
		f = figures{goroutines: runtime.NumGoroutine(), handles: handles(), children: len(children())}
		if f.goroutines == was.goroutines && f.handles == was.handles {
			quiet++
		} else {
			quiet = 0
		}
		if quiet == 5 {
			break
		}
		time.Sleep(20 * time.Millisecond) // lets goroutines that were told to end do so
	}
	debug.FreeOSMemory()
	cmem.Trim() // what is free does not count
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap = int(m.HeapAlloc >> 10)
	f.c = int(cmem.InUse() >> 10)
	f.anon, f.threads = status("RssAnon:"), status("Threads:")
	return f
}

// status is a number of /proc/self/status; 0 where there is none.
func status(key string) int {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == key {
			n, _ := strconv.Atoi(fields[1])
			return n
		}
	}
	return 0
}

func handles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return max(0, len(entries)-1) // one is the folder's own
}

// children lists the processes that this one started, ended ones that nobody waited for
// included.
func children() []string {
	var out []string
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range found {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// PID (NAME) STATE PARENT …, and the name may hold anything.
		_, rest, _ := strings.Cut(string(data[strings.LastIndexByte(string(data), ')')+1:]), " ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			out = append(out, string(data[:strings.LastIndexByte(string(data), ')')+1]))
		}
	}
	return out
}

// handleNames lists what the open files are.
func handleNames() []string {
	var out []string
	found, _ := filepath.Glob("/proc/self/fd/*")
	for _, f := range found {
		if to, err := os.Readlink(f); err == nil {
			out = append(out, to)
		}
	}
	slices.Sort(out)
	return out
}

func median(all []figures, of func(figures) int) int {
	var values []int
	for _, f := range all {
		values = append(values, of(f))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// enough is how many checkpoints a comparison takes.
const enough = 6

// thirds are the first and the last third of the checkpoints after a quarter for warming up;
// ok is false where there are too few.
func thirds(all []figures) (first, last []figures, ok bool) {
	all = all[len(all)/4:]
	if len(all) < enough {
		return nil, nil, false
	}
	return all[:len(all)/3], all[len(all)-len(all)/3:], true
}

// grown compares the medians of the first and the last third.
func grown(all []figures) error {
	first, last, ok := thirds(all)
	if !ok {
		return nil
	}
	var errs []error
	for _, k := range kinds {
		was, is := median(first, k.of), median(last, k.of)
		if is > was+max(int(k.share*float64(was)), k.more) {
			errs = append(errs, fmt.Errorf("%s grew from %d to %d", k.name, was, is))
		}
	}
	return errors.Join(errs...)
}

// leftovers lists what a closed library should not hold: requests, halves of files, journals
// of SQLite.
func leftovers(dirs ...string) ([]string, error) {
	var out []string
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			name := e.Name()
			rel, _ := filepath.Rel(dir, path)
			top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
			known := slices.Contains([]string{"library.db", "lock"}, rel) || slices.Contains([]string{"thumbs", "cache", "models", "backups"}, top)
			for _, part := range []string{".part", ".tmp", "-journal", "-wal", "-shm"} {
				known = known && !strings.Contains(name, part)
			}
			if !known || strings.HasPrefix(name, ".") {
				out = append(out, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scanLines reads lines of a dump.
func scanLines(data []byte, line func(string) error) error {
	sc := bufio.NewScanner(strings.NewReader(string(data)))
	sc.Buffer(nil, 1<<22)
	for sc.Scan() {
		if err := line(sc.Text()); err != nil {
			return err
		}
	}
	return sc.Err()
}
