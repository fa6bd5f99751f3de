package app

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteAlbum writes a smart album as a line of text, NAME: QUERY, to be shared. A name that
// would be misread is quoted as in Go.
func WriteAlbum(al Album) string {
	name := al.Name
	if strings.Contains(name, ":") || strings.HasPrefix(name, "#") || strings.HasPrefix(name, `"`) || strings.TrimSpace(name) != name {
		name = strconv.Quote(name)
	}
	return name + ": " + al.Query
}

// ReadAlbums reads smart albums as WriteAlbum writes them, one a line. Empty lines and those
// that begin with # are passed over. Errors name the line.
func ReadAlbums(text string) ([]Album, error) {
	var out []Album
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("line %d is no text", n)
		}
		name, rest, ok := strings.Cut(line, ":")
		if quoted, err := strconv.QuotedPrefix(line); err == nil {
			if name, err = strconv.Unquote(quoted); err != nil {
				return nil, fmt.Errorf("line %d: the name of the album could not be read: %w", n, err)
			}
			rest, ok = strings.CutPrefix(strings.TrimSpace(line[len(quoted):]), ":")
		}
		if !ok {
			return nil, fmt.Errorf("line %d is no album: it is written NAME: SEARCH", n)
		}
		al := Album{Name: name, Query: rest}
		if err := checkAlbum(&al); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if al.Query == "" {
			return nil, fmt.Errorf("line %d: the album “%s” has no search", n, al.Name)
		}
		out = append(out, al)
	}
	return out, nil
}
