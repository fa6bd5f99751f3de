package machine

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

func battery() (bool, float64) { return supplies(os.DirFS("/")) }

// supplies reads what the kernel knows of power supplies: the machine runs on battery when one
// of its own batteries, not that of a mouse, is being discharged, and no mains are plugged in.
// charge is that of all its batteries together.
func supplies(root fs.FS) (on bool, charge float64) {
	const dir = "sys/class/power_supply"
	entries, err := fs.ReadDir(root, dir)
	if err != nil {
		return false, -1
	}
	var discharging, mains bool
	var sum float64
	n := 0
	for _, e := range entries {
		read := func(name string) string {
			data, err := fs.ReadFile(root, path.Join(dir, e.Name(), name))
			if err != nil {
				return ""
			}
			return strings.TrimSpace(string(data))
		}
		switch read("type") {
		case "Mains", "USB":
			mains = mains || read("online") == "1"
		case "Battery":
			if read("scope") == "Device" {
				continue
			}
			discharging = discharging || read("status") == "Discharging"
			if c, err := strconv.ParseFloat(read("capacity"), 64); err == nil {
				sum += min(100, max(0, c)) / 100
				n++
			}
		}
	}
	charge = -1
	if n > 0 {
		charge = sum / float64(n)
	}
	return discharging && !mains, charge
}

func processors() times { return processorTimes(os.DirFS("/"), os.Getpid()) }

// processorTimes reads, in clock ticks, how long all processors were busy, and how long with a
// process and its children, those that have ended included.
func processorTimes(root fs.FS, pid int) times {
	stat, err := fs.ReadFile(root, "proc/stat")
	if err != nil {
		return times{}
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	f := strings.Fields(line)
	if len(f) < 6 || f[0] != "cpu" {
		return times{}
	}
	// user nice system idle iowait irq softirq steal; what guests take is part of user.
	t := times{ok: true}
	for i, s := range f[1:min(len(f), 9)] {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return times{}
		}
		t.all += n
		if i != 3 && i != 4 {
			t.busy += n
		}
	}
	own, ok := ticks(root, pid)
	t.own, t.ok = own, ok
	tasks, err := fs.ReadDir(root, path.Join("proc", strconv.Itoa(pid), "task"))
	if err != nil {
		return t
	}
	for _, task := range tasks {
		list, err := fs.ReadFile(root, path.Join("proc", strconv.Itoa(pid), "task", task.Name(), "children"))
		if err != nil {
			continue
		}
		for _, child := range strings.Fields(string(list)) {
			if id, err := strconv.Atoi(child); err == nil {
				n, _ := ticks(root, id)
				t.own += n
			}
		}
	}
	return t
}

// ticks is the processor time of a process and of its children that have ended.
func ticks(root fs.FS, pid int) (float64, bool) {
	data, err := fs.ReadFile(root, path.Join("proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, false
	}
	// The name in brackets may hold anything.
	_, rest, ok := strings.Cut(string(data[strings.LastIndexByte(string(data), ')')+1:]), " ")
	f := strings.Fields(rest)
	if !ok || len(f) < 15 {
		return 0, false
	}
	var sum float64
	for _, s := range f[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0, false
		}
		sum += n
	}
	return sum, true
}

// idle is not known: each desktop has its own way to tell, and several do not.
func idle() time.Duration { return -1 }
