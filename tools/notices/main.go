// Command notices writes THIRD_PARTY_NOTICES: every module that is linked into the program
// on some system, what else is shipped with it, and the texts of their licences. With
// -check it only tells whether the file is up to date. A licence that it does not know, or
// that does not allow shipping, is an error.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const file = "THIRD_PARTY_NOTICES"

// tags are the build tags of the program as people get it.
const tags = "sqlite_fts5,nodynamic"

// systems are those the program is built for. Each links modules of its own.
var systems = []string{"linux", "darwin", "windows"}

func main() {
	check := flag.Bool("check", false, "tell whether "+file+" is up to date, write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	parts, err := modules(systems)
	if err != nil {
		return err
	}
	shipped, err := extras(".")
	if err != nil {
		return err
	}
	parts = append(shipped, parts...)
	for _, p := range parts {
		if err := p.allowed(); err != nil {
			return err
		}
	}
	var want bytes.Buffer
	write(&want, parts)
	if !check {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write the notices: %w", err)
		}
		return nil
	}
	have, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the notices: %w", err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		return fmt.Errorf("%s is not what is linked and shipped now: run `make notices` and look at the difference", file)
	}
	return nil
}

// part is something of other people's that the program links or ships.
type part struct {
	Name    string
	Version string // "" where the part has none
	Use     string // what it is to the program
	Texts   []text // its licences, the main one first
}

// text is a licence or notice as its authors wrote it.
type text struct {
	Name string // file name, as a heading
	Kind string // short name of the licence, "" where the text is a credit or patent grant
	Body string
}

// kinds names the licences of a part, each once.
func (p part) kinds() []string {
	var kinds []string
	for _, t := range p.Texts {
		if t.Kind != "" && !slices.Contains(kinds, t.Kind) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// allowed returns an error when a part has no licence, or one that is not known to allow
// shipping the part with a program of another licence.
func (p part) allowed() error {
	if len(p.kinds()) == 0 {
		return fmt.Errorf("%s: no licence was found", p.Name)
	}
	for _, t := range p.Texts {
		if t.Kind == unknown {
			return fmt.Errorf("%s: the licence in %s is not one of those that are known to allow shipping", p.Name, t.Name)
		}
	}
	return nil
}

// modules returns the modules that the program links on the given systems, by path.
func modules(systems []string) ([]part, error) {
	found := map[string]part{}
	for _, system := range systems {
		cmd := exec.Command("go", "list", "-deps", "-tags", tags,
			"-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=1")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("list what is linked on %s: %w", system, err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			name, rest, ok := strings.Cut(line, "\t")
			if _, seen := found[name]; !ok || seen {
				continue
			}
			version, dir, _ := strings.Cut(rest, "\t")
			texts, err := licences(dir)
			if err != nil {
				return nil, fmt.Errorf("read the licences of %s: %w", name, err)
			}
			found[name] = part{Name: name, Version: version, Use: "linked", Texts: texts}
		}
	}
	parts := make([]part, 0, len(found))
	for _, p := range found {
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.Name, b.Name) })
	return parts, nil
}

// licences returns the texts of a module: those at its root, then those of parts that it
// holds, without what serves its own tests and commands. A text that is there twice counts
// once.
func licences(dir string) ([]text, error) {
	var texts []text
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{"testdata", "cmd", "vendor", "examples", "_examples"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !isLicence(d.Name()) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		t := newText(filepath.ToSlash(name), string(data))
		if slices.ContainsFunc(texts, func(o text) bool { return o.Body == t.Body }) {
			return nil
		}
		texts = append(texts, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(texts, func(a, b text) int {
		return strings.Count(a.Name, "/") - strings.Count(b.Name, "/")
	})
	return texts, nil
}

// isLicence tells a licence file by its name.
func isLicence(name string) bool {
	name = strings.ToLower(name)
	switch filepath.Ext(name) {
	case "", ".md", ".txt":
	default:
		// "LICENSE-reader" has no extension, "license.go" is code.
		return false
	}
	for _, stem := range []string{"license", "licence", "copying", "notice", "patents", "unlicense"} {
		if strings.HasPrefix(name, stem) {
			return true
		}
	}
	return false
}

// newText tidies a text and finds out which licence it is.
func newText(name, body string) text {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\f")
	}
	body = strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
	return text{Name: name, Kind: kind(name, body), Body: body}
}

// write writes the notices: what there is, then the texts, each once with the parts that
// it covers.
func write(w *bytes.Buffer, parts []part) {
	w.WriteString(`THIRD-PARTY NOTICES

Descry is licensed under the Apache License, Version 2.0 (see LICENSE). It links or ships
the parts listed here, each under its own licence; their texts follow. Written by
"make notices" from what is linked on Linux, macOS and Windows: do not edit.

`)
	for _, p := range parts {
		fmt.Fprintf(w, "%s\n    %s; %s\n", strings.TrimSpace(p.Name+" "+p.Version), strings.Join(p.kinds(), ", "), p.Use)
	}
	type group struct {
		text
		covers []string
	}
	var groups []group
	for _, p := range parts {
		for _, t := range p.Texts {
			covers := p.Name
			if strings.Contains(t.Name, "/") {
				covers += " (" + t.Name + ")"
			}
			i := slices.IndexFunc(groups, func(g group) bool { return g.Body == t.Body })
			if i < 0 {
				groups = append(groups, group{text: t})
				i = len(groups) - 1
			}
			groups[i].covers = append(groups[i].covers, covers)
		}
	}
	for _, g := range groups {
		fmt.Fprintf(w, "\n%s\n%s\n\n%s", strings.Repeat("=", 78), strings.Join(g.covers, "\n"), g.Body)
	}
}
