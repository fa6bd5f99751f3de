package codec

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test program be a child, a good one or a bad one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Argument {
		if len(os.Args) > 2 {
			misbehave(os.Args[2])
		}
		os.Exit(Serve())
	}
	os.Exit(m.Run())
}

// misbehave reads a request and does what no child should.
func misbehave(how string) {
	q, err := readRequest(os.Stdin, 1<<30)
	if err != nil {
		os.Exit(0)
	}
	switch how {
	case "killed":
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is gone
	case "hangs":
		// Its input ends when the parent lets go of it.
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "babbles":
		for range 100 {
			fmt.Println(strings.Repeat("this is no answer ", 1000))
		}
	case "boasts": // of a picture that nobody allowed
		_ = writeAnswer(os.Stdout, answer{width: 1 << 20, height: 1 << 20})
	case "breaks off":
		_ = writeAnswer(os.Stdout, answer{width: 100, height: 100, pix: make([]byte, 100)})
	case "dies at the second": // of its requests, and again at the second of the next child
		_ = writeAnswer(os.Stdout, answer{width: 1, height: 1, pix: make([]byte, 4)})
		if _, err := readRequest(os.Stdin, 1<<30); err != nil {
			os.Exit(0)
		}
		fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 100_000))
	case "obeys":
		_ = writeAnswer(os.Stdout, answer{width: 1, height: 1, pix: q.data[:4]})
	}
	os.Exit(3)
}

// newPool makes a pool of children that are this program.
func newPool(t testing.TB, p Params, arguments ...string) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.Command = append([]string{self, Argument}, arguments...)
	if raceDetector && p.Memory == 0 {
		p.Memory = -1 // it takes terabytes of address space
	}
	pool := NewPool(p)
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

// without is the environment in which libraries are hidden.
func without(libraries string) []string {
	return append(os.Environ(), WithoutVariable+"="+libraries)
}

// made runs a program that writes a file, named OUT among its arguments, and returns what
// it wrote. The test skips where the program is not installed.
func made(t testing.TB, name string, program string, arguments ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("skipped: needs the program %s (scripts/install-deps test)", program)
	}
	out := filepath.Join(t.TempDir(), name)
	for i, a := range arguments {
		if a == "OUT" {
			arguments[i] = out
		}
	}
	if said, err := exec.Command(path, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(arguments, " "), err, said)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
