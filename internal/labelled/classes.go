package labelled

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Class is a folder of pictures of one thing.
type Class struct {
	Folder   string   // its name
	Name     string   // what is in it, in words
	Pictures []string // paths
}

// ReadClasses lists the classes of a data set: each folder in dir is one, and all files in and
// below that folder which are pictures, as is says by their names, are of the class. Hidden
// files and folders are left out, and so are folders without a picture. Classes come in the
// order of their folders; their names are the folders' with spaces for underscores.
func ReadClasses(dir string, is func(name string) bool) ([]Class, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the classes: %w", err)
	}
	var classes []Class
	for _, e := range entries {
		if hidden(e.Name()) {
			continue
		}
		c := Class{Folder: e.Name(), Name: inWords(e.Name())}
		// A class may be a link to a folder that lies elsewhere.
		folder, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("listing the pictures of the class %s: %w", e.Name(), err)
		}
		err = filepath.WalkDir(folder, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case p == folder:
				if !d.IsDir() {
					return fs.SkipAll
				}
			case hidden(d.Name()):
				if d.IsDir() {
					return fs.SkipDir
				}
			case !d.IsDir() && is(d.Name()):
				c.Pictures = append(c.Pictures, p)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("listing the pictures of the class %s: %w", e.Name(), err)
		}
		if len(c.Pictures) > 0 {
			classes = append(classes, c)
		}
	}
	if len(classes) < 2 {
		return nil, fmt.Errorf("listing the classes: %s needs a folder of pictures for each class, at least two", dir)
	}
	return classes, nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// inWords makes words of the name of a folder: "golden_retriever".
func inWords(folder string) string {
	if words := strings.Join(strings.FieldsFunc(folder, func(r rune) bool { return r == '_' || r == ' ' }), " "); words != "" {
		return words
	}
	return folder
}

// NameClasses gives classes the names of a text file, in one of two forms. Either each line
// has the name of a folder, then a space, tab, comma, colon or equals sign, then words, as in
// ImageNet's "n01440764 tench"; lines of other folders do not matter. Or the lines are as many
// as the classes and have words alone, in the order of the folders. Blank lines and lines that
// begin with # do not count. It returns the folders for which the file has no name; they keep
// their own.
func NameClasses(classes []Class, data []byte) (without []string, err error) {
	if !utf8.Valid(data) {
		return nil, errors.New("reading the names of the classes: the file is not text in UTF-8")
	}
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	byFolder := make(map[string]int, len(classes))
	longest := 0
	for i, c := range classes {
		byFolder[c.Folder] = i
		longest = max(longest, len(c.Folder))
	}
	names := make([]string, len(classes))
	found := 0
	for _, line := range lines {
		if i, name, ok := folderLine(line, byFolder, longest); ok && names[i] == "" {
			names[i] = name
			found++
		}
	}
	switch {
	case found == 0 && len(lines) == len(classes):
		names = lines
	case found == 0:
		return nil, fmt.Errorf("reading the names of the classes: no line begins with the name of a folder, and there are %d lines for %d classes",
			len(lines), len(classes))
	}
	for i, name := range names {
		if name == "" {
			without = append(without, classes[i].Folder)
			continue
		}
		classes[i].Name = name
	}
	return without, nil
}

// folderLine splits a line at the end of the longest name of a folder that it begins with.
func folderLine(line string, folders map[string]int, longest int) (class int, name string, ok bool) {
	for n := min(longest, len(line)-1); n > 0; n-- {
		i, known := folders[line[:n]]
		if !known || !strings.ContainsRune(" \t,:=", rune(line[n])) {
			continue
		}
		if name = strings.Trim(line[n:], " \t,:="); name != "" {
			return i, name, true
		}
	}
	return 0, "", false
}

// Templates reads prompt templates: one a line, each with {} once, where a name goes. Blank
// lines and lines that begin with # do not count.
func Templates(data []byte) ([]string, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("reading the templates: the file is not text in UTF-8")
	}
	var out []string
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		n++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if strings.Count(line, "{}") != 1 {
			return nil, fmt.Errorf("reading the templates: line %d must hold {} once, where the name goes", n)
		}
		out = append(out, line)
	}
	if len(out) == 0 {
		return nil, errors.New("reading the templates: there is none in the file")
	}
	return out, nil
}

// Paths are the paths of the pictures that the file of a set names: below the folder in, or
// where that has no such file, in it by their last name alone. One that is nowhere keeps the
// first. there tells whether there is a file.
func Paths(in string, pictures []string, there func(path string) bool) []string {
	out := make([]string, len(pictures))
	for i, p := range pictures {
		p = filepath.FromSlash(p)
		if out[i] = p; !filepath.IsAbs(p) {
			out[i] = filepath.Join(in, p)
		}
		if !there(out[i]) {
			if alone := filepath.Join(in, filepath.Base(p)); there(alone) {
				out[i] = alone
			}
		}
	}
	return out
}
