package machine

import (
	"bufio"
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// unlimited is more memory than any limit that means something: version 1 of control groups
// writes "no limit" as the largest number of whole pages.
const unlimited = 1 << 60

// Within returns the limits that Linux control groups, of version 1 and 2, set to this process:
// its own group's and those of all groups above it, as far as they can be seen. root is the file
// system from / on. What cannot be read or understood sets no limit.
func Within(root fs.FS) Limits {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return Limits{}
	}
	mounts, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return Limits{}
	}
	g := groupFiles{root: root}
	for line := range strings.Lines(string(groups)) {
		// "4:memory:/user.slice", and of version 2 "0::/user.slice".
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		controllers := strings.Split(parts[1], ",")
		for _, c := range controllers {
			v2 := parts[1] == "" && parts[0] == "0"
			if !v2 && c != "cpu" && c != "memory" {
				continue
			}
			for _, dir := range levels(mounts, parts[2], c, v2) {
				switch {
				case v2:
					g.version2(dir)
				case c == "cpu":
					g.cpu1(dir)
				default:
					g.memory1(dir)
				}
			}
		}
	}
	return g.limits
}

// levels lists the folders of a control group and of those above it, as paths from the root
// without the slash. group is its path in its hierarchy, which the mount shows from a point on.
func levels(mounts []byte, group, controller string, v2 bool) []string {
	s := bufio.NewScanner(bytes.NewReader(mounts))
	for s.Scan() {
		// "36 35 98:0 /root /mount/point rw - type source options", where the part before the
		// dash has further fields at times.
		left, right, ok := strings.Cut(s.Text(), " - ")
		a, b := strings.Fields(left), strings.Fields(right)
		if !ok || len(a) < 5 || len(b) < 3 {
			continue
		}
		switch {
		case v2 && b[0] == "cgroup2":
		case !v2 && b[0] == "cgroup" && slices.Contains(strings.Split(b[2], ","), controller):
		default:
			continue
		}
		shown, at := unescape(a[3]), strings.TrimPrefix(path.Clean(unescape(a[4])), "/")
		below := "/"
		switch rest, found := strings.CutPrefix(group, strings.TrimSuffix(shown, "/")); {
		case found && (rest == "" || rest[0] == '/'):
			below = path.Clean("/" + rest)
		default:
			// The group lies outside of what is mounted, as in some containers: what is mounted
			// is the container's own.
		}
		var dirs []string
		for ; below != "/"; below = path.Dir(below) {
			dirs = append(dirs, path.Join(at, below))
		}
		return append(dirs, at)
	}
	return nil
}

// unescape reads a path of mountinfo, where space, tab, line feed and backslash are octal.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// groupFiles gathers the limits that the files of control groups set.
type groupFiles struct {
	root   fs.FS
	limits Limits
}

// version2 reads a folder of version 2.
func (g *groupFiles) version2(dir string) {
	if f := strings.Fields(g.text(dir, "cpu.max")); len(f) == 2 {
		g.processors(number(f[0]), number(f[1]))
	}
	used := g.number(dir, "memory.current")
	// Above memory.high a group is slowed down so much that it might as well not run.
	for _, name := range []string{"memory.max", "memory.high"} {
		g.memory(g.number(dir, name), used, dir, "file", "shmem")
	}
}

func (g *groupFiles) cpu1(dir string) {
	g.processors(g.number(dir, "cpu.cfs_quota_us"), g.number(dir, "cpu.cfs_period_us"))
}

func (g *groupFiles) memory1(dir string) {
	used := g.number(dir, "memory.usage_in_bytes")
	g.memory(g.number(dir, "memory.limit_in_bytes"), used, dir, "total_cache", "total_shmem")
}

// processors takes note of a limit on processor time: so many of each so many microseconds.
func (g *groupFiles) processors(quota, period int64) {
	if quota <= 0 || period <= 0 {
		return
	}
	if n := float64(quota) / float64(period); g.limits.CPUs == 0 || n < g.limits.CPUs {
		g.limits.CPUs = n
	}
}

// memory takes note of a limit in bytes, of which so many are used. cache and shared are how
// memory.stat calls what files are cached, and the part of that which cannot be given up.
func (g *groupFiles) memory(limit, used int64, dir, cache, shared string) {
	if limit <= 0 || limit >= unlimited {
		return
	}
	if g.limits.Memory == 0 || limit < g.limits.Memory {
		g.limits.Memory = limit
	}
	if used < 0 {
		return
	}
	stat := g.text(dir, "memory.stat")
	free := min(limit, limit-used+max(0, statOf(stat, cache)-statOf(stat, shared)))
	free = max(free, 1) // 0 is "not known"
	if g.limits.Free == 0 || free < g.limits.Free {
		g.limits.Free = free
	}
}

func (g *groupFiles) text(dir, name string) string {
	data, err := fs.ReadFile(g.root, path.Join(dir, name))
	if err != nil {
		return ""
	}
	return string(data)
}

// number reads a file with one number; -1 where there is none ("max").
func (g *groupFiles) number(dir, name string) int64 {
	return number(strings.TrimSpace(g.text(dir, name)))
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// statOf is a number of memory.stat, 0 where it is not there.
func statOf(stat, name string) int64 {
	for line := range strings.Lines(stat) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && key == name {
			return max(0, number(value))
		}
	}
	return 0
}
