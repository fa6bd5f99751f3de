package scan

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Names of the files by which a person keeps folders out of the library.
const (
	// IgnoreFile holds patterns, one a line, for the folder it lies in and below.
	IgnoreFile = ".descryignore"
	// NoMediaFile keeps its folder and everything below out, as on Android.
	NoMediaFile = ".nomedia"
)

// maxIgnore bounds an ignore file, in bytes; what is longer was not written by a person.
const maxIgnore = 1 << 20

// rule is one line of an ignore file. The last rule that matches decides.
type rule struct {
	base     string   // folder of the ignore file, relative to the root
	parts    []string // pattern split at "/"; "**" stands for any number of folders
	anchored bool     // the pattern counts from base; else it matches a name at any depth
	dirOnly  bool
	negated  bool
}

// parseRules reads the lines of an ignore file that lies in the folder base. The syntax is
// the common part of gitignore: comments with #, a leading ! takes back, a trailing /
// means folders only, a pattern with a / elsewhere counts from the file's folder, and *,
// ?, [...] and ** have their usual meaning.
func parseRules(base, text string) ([]rule, error) {
	var rules []rule
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r := rule{base: base}
		line, r.negated = strings.CutPrefix(line, "!")
		line, r.dirOnly = strings.CutSuffix(line, "/")
		r.anchored = strings.Contains(line, "/")
		line = strings.TrimPrefix(line, "/")
		if line == "" {
			continue
		}
		r.parts = strings.Split(line, "/")
		for _, p := range r.parts {
			if _, err := path.Match(p, ""); err != nil {
				return rules, fmt.Errorf("the pattern %q cannot be understood: %w", line, err)
			}
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// CheckPatterns says in its error which of the patterns cannot be understood.
func CheckPatterns(patterns []string) error {
	_, err := parseRules("", strings.Join(patterns, "\n"))
	return err
}

// ignored reports whether the rules leave out the file or folder rel, relative to the root.
func ignored(rules []rule, rel string, isDir bool) bool {
	for i := len(rules) - 1; i >= 0; i-- {
		if r := rules[i]; (isDir || !r.dirOnly) && r.matches(rel) {
			return !r.negated
		}
	}
	return false
}

func (r rule) matches(rel string) bool {
	if r.base != "" {
		var ok bool
		if rel, ok = strings.CutPrefix(rel, r.base+"/"); !ok {
			return false
		}
	}
	if !r.anchored {
		ok, _ := path.Match(r.parts[0], path.Base(rel))
		return ok
	}
	return matchParts(r.parts, strings.Split(rel, "/"))
}

// matchParts matches the parts of a path. It goes back to the last "**" only, which is
// enough and keeps a pattern of many from taking for ever.
func matchParts(pattern, name []string) bool {
	p, n := 0, 0
	star, from := -1, 0 // the last "**", and where what follows it was tried
	for n < len(name) {
		if p < len(pattern) && pattern[p] == "**" {
			star, from = p, n
			p++
			continue
		}
		if p < len(pattern) {
			if ok, _ := path.Match(pattern[p], name[n]); ok {
				p, n = p+1, n+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		from++
		p, n = star+1, from
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// ownRules adds the rules of a folder's own ignore file. What of them can be understood
// counts also when there is an error.
func ownRules(abs, dir string, rules []rule) ([]rule, error) {
	text, err := readIgnore(join(abs, IgnoreFile))
	if err != nil {
		return rules, fmt.Errorf("read %s: %w", join(abs, IgnoreFile), err)
	}
	more, err := parseRules(dir, text)
	if err != nil {
		err = fmt.Errorf("%s: %w", join(abs, IgnoreFile), err)
	}
	return append(rules[:len(rules):len(rules)], more...), err
}

func readIgnore(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxIgnore {
		return "", errors.New("it is not a short text file")
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxIgnore))
	return string(text), err
}
