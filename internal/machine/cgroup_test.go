package machine

import (
	"os"
	"path/filepath"
	"testing"
)

// tree writes files, by their paths from the root on, into a folder of the test's own.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const (
	mount2 = "25 30 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	mounts = "22 1 0:20 / /proc rw - proc proc rw\n" +
		"33 32 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
		"34 32 0:29 / /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory\n"
)

// TestWithin reads the limits of control groups of both versions as they lie on disk.
func TestWithin(t *testing.T) {
	const gb = 1 << 30
	tests := []struct {
		name  string
		files map[string]string
		want  Limits
	}{
		{"no control groups", map[string]string{"proc/self/mountinfo": mount2}, Limits{}},
		{"version 2, no limit", map[string]string{
			"proc/self/cgroup": "0::/user.slice/app.scope\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/user.slice/app.scope/cpu.max":    "max 100000\n",
			"sys/fs/cgroup/user.slice/app.scope/memory.max": "max\n",
		}, Limits{}},
		{"version 2, one and a half processors", map[string]string{
			"proc/self/cgroup": "0::/user.slice/app.scope\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/user.slice/app.scope/cpu.max": "150000 100000\n",
		}, Limits{CPUs: 1.5}},
		{"version 2, the group above allows less", map[string]string{
			"proc/self/cgroup": "0::/user.slice/app.scope\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/user.slice/app.scope/cpu.max":        "400000 100000\n",
			"sys/fs/cgroup/user.slice/cpu.max":                  "50000 100000\n",
			"sys/fs/cgroup/user.slice/memory.max":               "2147483648\n",
			"sys/fs/cgroup/user.slice/memory.current":           "1073741824\n",
			"sys/fs/cgroup/user.slice/memory.stat":              "anon 5\nfile 536870912\nshmem 268435456\n",
			"sys/fs/cgroup/user.slice/app.scope/memory.max":     "4294967296\n",
			"sys/fs/cgroup/user.slice/app.scope/memory.current": "1073741824\n",
		}, Limits{CPUs: 0.5, Memory: 2 * gb, Free: 2*gb - gb + gb/4}},
		{"version 2, slowed down above a limit", map[string]string{
			"proc/self/cgroup": "0::/s\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/s/memory.max": "4294967296\n", "sys/fs/cgroup/s/memory.high": "3221225472\n",
			"sys/fs/cgroup/s/memory.current": "3221225472\n",
		}, Limits{Memory: 3 * gb, Free: 1}},
		{"version 2, seen from inside a container", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/cpu.max": "200000 100000\n", "sys/fs/cgroup/memory.max": "1073741824\n",
		}, Limits{CPUs: 2, Memory: gb}},
		{"version 2, the mount shows only a part", map[string]string{
			"proc/self/cgroup":       "0::/docker/abc/inner\n",
			"proc/self/mountinfo":    "25 30 0:22 /docker/abc /cg\\040roups rw - cgroup2 none rw\n",
			"cg roups/inner/cpu.max": "300000 100000\n", "cg roups/cpu.max": "100000 100000\n",
		}, Limits{CPUs: 1}},
		{"version 2, the group is outside of the mount", map[string]string{
			"proc/self/cgroup": "0::/../other\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/cpu.max": "100000 100000\n",
		}, Limits{CPUs: 1}},
		{"version 1", map[string]string{
			"proc/self/cgroup": "5:memory:/a/b\n4:cpu,cpuacct:/a\n1:name=systemd:/\n0::/\n", "proc/self/mountinfo": mounts,
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us":      "250000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us":     "100000\n",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes":    "9223372036854771712\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes":      "1073741824\n",
			"sys/fs/cgroup/memory/a/memory.usage_in_bytes":      "536870912\n",
			"sys/fs/cgroup/memory/a/memory.stat":                "cache 1\ntotal_cache 268435456\ntotal_shmem 0\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":        "9223372036854771712\n",
			"sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us":    "1\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":        "-1\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":       "100000\n",
			"sys/fs/cgroup/memory/a/b/memory.usage_in_bytes":    "5\n",
			"sys/fs/cgroup/memory/a/b/memory.soft_limit_in_byt": "5\n",
		}, Limits{CPUs: 2.5, Memory: gb, Free: gb/2 + gb/4}},
		{"what cannot be understood limits nothing", map[string]string{
			"proc/self/cgroup": "0::/s\nnonsense\n::\n", "proc/self/mountinfo": "x\n" + mount2,
			"sys/fs/cgroup/s/cpu.max": "lots\n", "sys/fs/cgroup/s/memory.max": "-5\n", "sys/fs/cgroup/cpu.max": "100000 0\n",
		}, Limits{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Within(os.DirFS(tree(t, test.files))); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestCores(t *testing.T) {
	all := Limits{}.Cores()
	if all < 1 {
		t.Fatalf("%d cores", all)
	}
	for _, test := range []struct {
		cpus float64
		want int
	}{{0.2, 1}, {1, 1}, {1.05, 1}, {1.5, min(2, all)}, {2, min(2, all)}, {1e6, all}} {
		if got := (Limits{CPUs: test.cpus}).Cores(); got != test.want {
			t.Errorf("%g processors: %d cores, want %d", test.cpus, got, test.want)
		}
	}
}

// FuzzWithin feeds what containers might show.
func FuzzWithin(f *testing.F) {
	f.Add("0::/a/b\n", mount2, "50000 100000", "5")
	f.Add("5:memory:/a\n4:cpu,cpuacct:/../..\n", mounts, "max", "9223372036854771712")
	f.Fuzz(func(t *testing.T, groups, mountinfo, cpu, memory string) {
		l := Within(os.DirFS(tree(t, map[string]string{
			"proc/self/cgroup": groups, "proc/self/mountinfo": mountinfo,
			"sys/fs/cgroup/a/cpu.max": cpu, "sys/fs/cgroup/a/memory.max": memory, "sys/fs/cgroup/a/memory.current": memory,
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": memory,
		})))
		if l.CPUs < 0 || l.Memory < 0 || l.Free < 0 || l.Cores() < 1 {
			t.Errorf("%+v", l)
		}
	})
}
