// Command testreport reads the events of `go test -json` on standard input and prints what
// a person wants to know of them: a line per package, the output of what failed, why each
// skipped test was skipped, and the counts. Where the reference data lies beside the
// checkout, a test that was skipped for want of it counts as failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// needsSetup matches the reason of a test that was skipped for want of the reference data
// or of the runtime library.
var needsSetup = regexp.MustCompile(`\.\./shared|ONNX Runtime`)

// event is one line of `go test -json`, as described by `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

func main() {
	_, err := os.Stat(filepath.Join("..", "shared"))
	ok, err := report(os.Stdin, os.Stdout, err == nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// report prints the events of r to w and tells whether everything passed. complete says
// that the reference data is there, so that no test has a reason to do without it.
func report(r io.Reader, w io.Writer, complete bool) (bool, error) {
	type key struct{ pkg, test string }
	output := map[key][]string{}
	var passed, failed, skipped int
	var skips []string
	broken := false

	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				// What the go command says besides events: pass it on.
				fmt.Fprint(w, string(line))
				e = event{}
			}
			k := key{e.Package, e.Test}
			switch e.Action {
			case "build-output":
				fmt.Fprint(w, e.Output)
			case "build-fail":
				broken = true
			case "output":
				output[k] = append(output[k], e.Output)
			case "pass":
				if e.Test != "" {
					passed++
				} else {
					fmt.Fprint(w, summary(output[k]))
				}
				delete(output, k)
			case "skip":
				if e.Test != "" {
					skipped++
					why := reason(output[k])
					skips = append(skips, fmt.Sprintf("skipped %s %s: %s", e.Package, e.Test, why))
					if complete && needsSetup.MatchString(why) {
						fmt.Fprintf(w, "FAIL %s %s was skipped although what it needs should be here: %s\n", e.Package, e.Test, why)
						failed++
						skipped--
					}
				}
				delete(output, k)
			case "fail":
				if e.Test != "" {
					failed++
				} else {
					broken = true
				}
				fmt.Fprint(w, strings.Join(output[k], ""))
				delete(output, k)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, fmt.Errorf("read the events of the tests: %w", err)
		}
	}
	for _, s := range skips {
		fmt.Fprintln(w, s)
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return failed == 0 && !broken && passed > 0, nil
}

// summary returns the line with which `go test` closes a package, without what its tests
// wrote before, and nothing for a package without tests.
func summary(output []string) string {
	for _, line := range output {
		if strings.HasPrefix(line, "ok ") {
			return line
		}
	}
	return ""
}

// reason returns what a skipped test said, without file and line.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- SKIP") {
			continue
		}
		if _, after, found := strings.Cut(line, ".go:"); found {
			if _, text, ok := strings.Cut(after, ": "); ok {
				line = text
			}
		}
		said = append(said, strings.TrimPrefix(line, "skipped: "))
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}
