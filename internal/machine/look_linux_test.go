package machine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// sayLimits makes the test's program print its limits and end: the process that is limited.
const sayLimits = "DESCRY_TEST_LIMITS"

func TestMain(m *testing.M) {
	if os.Getenv(sayLimits) != "" {
		var go1 [1]byte // wait until the parent has put this process where it belongs
		_, _ = os.Stdin.Read(go1[:])
		l := Look()
		fmt.Println(l.CPUs, l.Cores(), l.Memory, l.Limited, l.Free)
		return
	}
	os.Exit(m.Run())
}

// TestRealGroup puts a process into a control group with limits and asks it what it sees.
func TestRealGroup(t *testing.T) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip("there are no control groups:", err)
	}
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	const memory = 256 << 20
	var limited []string // groups that were made
	make1 := func(controller string, v2 bool, files map[string]string) error {
		for line := range strings.Lines(string(groups)) {
			parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
			if len(parts) != 3 || v2 != (parts[1] == "") || !v2 && !strings.Contains(","+parts[1]+",", ","+controller+",") {
				continue
			}
			dirs := levels(mountinfo, parts[2], controller, v2)
			if len(dirs) == 0 {
				continue
			}
			dir := filepath.Join("/", dirs[0], "descry-test-"+strconv.Itoa(os.Getpid()))
			if err := os.Mkdir(dir, 0o755); err != nil {
				return err
			}
			t.Cleanup(func() { _ = os.Remove(dir) })
			for name, value := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644); err != nil {
					return err
				}
			}
			limited = append(limited, dir)
			return nil
		}
		return errors.New("no such group")
	}
	err = make1("", true, map[string]string{"cpu.max": "50000 100000", "memory.max": strconv.Itoa(memory)})
	if err != nil {
		err = errors.Join(
			make1("cpu", false, map[string]string{"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"}),
			make1("memory", false, map[string]string{"memory.limit_in_bytes": strconv.Itoa(memory)}),
		)
	}
	if err != nil {
		t.Skip("no control group can be made here:", err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), sayLimits+"=1")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range limited {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o644); err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			t.Skip("no process can be put into a control group here:", err)
		}
	}
	if _, err := in.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	var cpus float64
	var cores int
	var bytes, free int64
	var isLimited bool
	if _, err := fmt.Sscan(out.String(), &cpus, &cores, &bytes, &isLimited, &free); err != nil {
		t.Fatal(err, out.String())
	}
	if cpus != 0.5 || cores != 1 || bytes != memory || !isLimited || free < 1 || free > memory {
		t.Errorf("%g processors, %d cores, %d bytes (limited %v), %d free", cpus, cores, bytes, isLimited, free)
	}
}
