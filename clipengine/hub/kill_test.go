package hub

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"descry/internal/hubtest"
)

// TestChildThatDownloads is the process that TestKilledDownloadsGoOn kills.
func TestChildThatDownloads(t *testing.T) {
	from := os.Getenv("DESCRY_TEST_HUB")
	if from == "" {
		t.Skip("skipped: it is run by TestKilledDownloadsGoOn, in a process of its own")
	}
	c := client(t, Params{From: from, Stall: time.Hour})
	j := job(t, c, os.Getenv("DESCRY_TEST_DIR"))
	j.Report = func(p Progress) { fmt.Printf("bytes %d %d\n", p.Bytes, p.FilesDone) }
	if _, err := c.Fetch(t.Context(), j); err != nil {
		t.Fatal(err)
	}
}

// TestKilledDownloadsGoOn kills a process in the middle of a large file, several times over.
// Each time the next one asks for the rest only: all together no byte is sent twice.
func TestKilledDownloadsGoOn(t *testing.T) {
	s := hubtest.New(t)
	files := map[string][]byte{"visual/model.onnx": noise(8<<20+5, 1), "textual/model.onnx": noise(1<<20, 2), "config.json": []byte("{}")}
	s.Publish(repo, files)
	dir := t.TempDir()
	const step = 2 << 20
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File == "visual/model.onnx" {
			return hubtest.Fault{Stall: step}
		}
		return hubtest.Fault{}
	})
	small := int64(len(files["textual/model.onnx"]) + len(files["config.json"]))
	for kill := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildThatDownloads$", "-test.v")
		cmd.Env = append(os.Environ(), "DESCRY_TEST_HUB="+s.URL, "DESCRY_TEST_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// It has all that the hub is going to send it, and waits for more.
		want := fmt.Sprintf("bytes %d 2", small+int64(kill+1)*step)
		reached := false
		for lines := bufio.NewScanner(out); !reached && lines.Scan(); {
			reached = strings.TrimSpace(lines.Text()) == want
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if !reached {
			t.Fatalf("the download ended before it had said %q", want)
		}
		done, total, ok := Unfinished(dir)
		if !ok || total != small+int64(len(files["visual/model.onnx"])) || done != small+int64(kill+1)*step {
			t.Errorf("after kill %d there are %d of %d bytes, %v", kill+1, done, total, ok)
		}
	}
	s.Misbehave(nil)
	c := client(t, Params{From: s.URL})
	got, err := c.Fetch(t.Context(), job(t, c, dir))
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir, files, got)
	for name, content := range files {
		if n := s.Sent(name); n != int64(len(content)) {
			t.Errorf("%s has %d bytes, and %d were sent", name, len(content), n)
		}
	}
}
