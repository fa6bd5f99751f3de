package codec

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"descry/internal/childproc"
	"descry/internal/machine"
	"descry/library/decode"
)

// child is a process that decodes, from its parent's side. One goroutine uses it at a time,
// but for kill.
type child struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *os.File
	noise    *noise
	limited  bool // in its memory
	gentle   bool // at low priority
	answered int
	rest     *time.Timer // ends it when it is idle for long
	once     sync.Once
	state    error // how it ended
}

// start starts a child that may take so much memory; less than 0: as much as it wants. A gentle
// one runs at low priority.
func start(command, environment []string, memory int64, gentle bool) (*child, error) {
	cmd := exec.Command(command[0], command[1:]...)
	// One small heap for all threads of the C library; no traces of goroutines in what it
	// says when it dies.
	cmd.Env = append(append([]string(nil), environment...), "MALLOC_ARENA_MAX=1", "GOTRACEBACK=none")
	childproc.Apart(cmd)
	cmd.WaitDelay = 5 * time.Second
	c := &child{cmd: cmd, noise: new(noise), limited: memory > 0, gentle: gentle}
	cmd.Stderr = c.noise
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = theirs
	c.in, c.out = in, out
	if gentle {
		childproc.Gently(cmd)
		machine.Gently(func() { err = cmd.Start() })
	} else {
		err = cmd.Start()
	}
	theirs.Close()
	if err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	if c.limited {
		if err := childproc.Set(cmd.Process.Pid, memory, 0); err != nil {
			c.end()
			return nil, err
		}
	}
	return c, nil
}

// ask sends a request and waits for the answer.
func (c *child) ask(memory int64, q request) (answer, error) {
	c.noise.reset()
	if c.limited {
		if err := childproc.Memory(c.cmd.Process.Pid, memory); err != nil {
			return answer{}, err
		}
	}
	if err := writeRequest(c.in, q); err != nil {
		return answer{}, err
	}
	a, err := readAnswer(c.out, q.maxPixels)
	if err == nil {
		c.answered++
	}
	return a, err
}

// kill ends the process at once. It may be called at any time.
func (c *child) kill() { _ = c.cmd.Process.Kill() }

// end makes sure that the process is gone and nothing of it stays.
func (c *child) end() {
	c.once.Do(func() {
		c.in.Close()
		c.kill()
		c.state = c.cmd.Wait()
		c.out.Close()
	})
}

// deathError says that a child died or talked nonsense.
type deathError struct{ what error }

func (e *deathError) Error() string { return e.what.Error() }
func (e *deathError) Unwrap() error { return e.what }

// death ends a child that did not answer as it should and says what became of it.
func (c *child) death() error {
	// Its last words say more than that it was killed: wait for it to die by itself, unless
	// it is alive and only talks nonsense.
	c.in.Close()
	gone := time.AfterFunc(time.Second, c.kill)
	c.once.Do(func() {
		c.state = c.cmd.Wait()
		c.out.Close()
	})
	gone.Stop()
	said := c.noise.String()
	for _, sign := range []string{"out of memory", "bad_alloc", "annot allocate memory", "memory exhausted"} {
		if strings.Contains(said, sign) {
			return &deathError{fmt.Errorf("%w: decoding it takes more memory than it may", decode.ErrTooLarge)}
		}
	}
	how := ""
	if c.cmd.ProcessState != nil {
		how = " (" + c.cmd.ProcessState.String() + ")"
	}
	return &deathError{fmt.Errorf("%w: its decoder crashed%s", decode.ErrDamaged, how)}
}

// noise keeps the beginning of what a child prints since the last request.
type noise struct {
	mu   sync.Mutex
	text []byte
}

const maxNoise = 4 << 10

// Write implements io.Writer.
func (n *noise) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text = append(n.text, p[:min(len(p), maxNoise-len(n.text))]...)
	return len(p), nil
}

func (n *noise) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text = n.text[:0]
}

func (n *noise) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return string(n.text)
}
