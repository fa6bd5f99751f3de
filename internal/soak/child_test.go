package soak

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"descry/library"
	"descry/library/decode/codec"
	"descry/library/spool"
	"descry/ui/app"
)

// job is what a child process of the test does.
type job struct {
	Dir     string
	Runtime string         // "": it reads, and hands Request over; else it writes
	Request *spool.Request // what it hands over
	Paths   []string       // photos that it rates, one after another
	Stars   int
}

const childVariable = "DESCRY_TEST_SOAK"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == codec.Argument {
		os.Exit(codec.Serve())
	}
	text := os.Getenv(childVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var j job
	err := json.Unmarshal([]byte(text), &j)
	switch {
	case err != nil:
	case j.Runtime == "":
		err = j.hand()
	default:
		err = j.write()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// command is the test program as a child process.
func (j job) command(ctx context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	return cmd, nil
}

// hand reads the library, hands a request to the process that writes it, and prints the
// operation.
func (j job) hand() error {
	ctx := context.Background()
	p, err := params(j.Dir, "/nonexistent/libonnxruntime.so")
	if err != nil {
		return err
	}
	p.ReadOnly = true
	a, err := app.Open(ctx, p)
	if err != nil {
		return err
	}
	if _, err := a.Status(ctx); err != nil {
		return errors.Join(err, a.Close())
	}
	if _, _, err := a.DumpDigest(ctx); err != nil {
		return errors.Join(err, a.Close())
	}
	answer, _, ok, err := app.HandOver(ctx, j.Dir, *j.Request)
	if !ok && err == nil {
		err = errors.New("the process that writes the library takes no requests")
	}
	if err == nil {
		fmt.Println(answer.Operation)
	}
	return errors.Join(err, a.Close())
}

// ask lets another process hand a request over, and returns the operation.
func (s *soak) ask(ctx context.Context, r spool.Request) (op int64, err error) {
	cmd, err := job{Dir: s.p.Dir, Request: &r}.command(ctx)
	if err != nil {
		return 0, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("another process: %w: %s", err, stderr.Bytes())
	}
	_, err = fmt.Sscan(string(out), &op)
	return op, err
}

// write rates photos one by one while it brings the library up to date, and prints each
// operation. It goes on until it is killed.
func (j job) write() error {
	ctx := context.Background()
	p, err := params(j.Dir, j.Runtime)
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, p)
	if err != nil {
		return err
	}
	a.StartIndexing()
	for _, path := range j.Paths {
		found, _, err := a.Resolve(ctx, []string{path})
		if err != nil || len(found) == 0 {
			return fmt.Errorf("%s is not known: %w", path, err)
		}
		op, err := a.SetRating(ctx, []library.PhotoID{found[0].Photo}, j.Stars)
		if err != nil {
			return err
		}
		fmt.Println(op)
	}
	select {}
}

// kill lets a child process use the library, which must be closed, and kills it in the middle.
// The operation under way is there or not; all before it are.
func (s *soak) kill(ctx context.Context, rng *rand.Rand) error {
	all := s.w.places(func(p place, f file) bool { return here(p, f) && isPhoto(p, f) && !f.photo.copied })
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	j := job{Dir: s.p.Dir, Runtime: s.p.Runtime, Stars: rng.IntN(6)}
	var ts []target
	for _, at := range all[:min(len(all), 20)] {
		f, _ := s.w.at(at)
		ts = append(ts, target{path: at.String(), photo: f.photo})
		j.Paths = append(j.Paths, at.String())
	}
	cmd, err := j.command(ctx)
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	done := 0
	var failed error
	for stop := rng.IntN(len(ts) + 1); done < stop && failed == nil && lines.Scan(); done++ {
		failed = s.ratedLine(lines.Text(), ts[done], j.Stars)
	}
	_ = cmd.Process.Kill()
	for ; failed == nil && lines.Scan(); done++ {
		failed = s.ratedLine(lines.Text(), ts[done], j.Stars)
	}
	_ = cmd.Wait()
	if failed != nil || stderr.Len() > 0 {
		return fmt.Errorf("a process that is killed: %w: %s", failed, stderr.Bytes())
	}
	s.count("kill -9")
	if done == len(ts) {
		return nil
	}
	s.doubt = &doubt{ts[done], j.Stars}
	return nil
}

// doubt is what a killed process may have said or not.
type doubt struct {
	target
	stars int
}

func (s *soak) ratedLine(line string, t target, stars int) error {
	var op int64
	if _, err := fmt.Sscan(line, &op); err != nil {
		return err
	}
	return s.rated(op, []target{t}, stars)
}

// settleDoubt looks whether the killed process said it.
func (s *soak) settleDoubt(ctx context.Context) error {
	d := s.doubt
	s.doubt = nil
	if d == nil {
		return nil
	}
	last, err := s.app().LastOperation(ctx)
	if errors.Is(err, library.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if n := len(s.w.ops); n > 0 && s.w.ops[n-1].id >= last {
		return nil
	}
	return s.rated(last, []target{d.target}, d.stars)
}
