package metadata

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes what a file gives fit for a screen: bytes that are not UTF-8 are read as
// Latin-1, control characters go, ends are trimmed, and what is longer than limit
// characters is cut.
func clean(s string, limit int) string {
	if !utf8.ValidString(s) {
		s = latin1(s)
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case unicode.IsControl(r) || r == utf8.RuneError || r == '\uFEFF':
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	n := 0
	for i := range s {
		if n == limit {
			return strings.TrimSpace(s[:i])
		}
		n++
	}
	return s
}

func latin1(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// reread undoes that UTF-8 was taken for Latin-1, which IPTC readers must assume where
// the file does not name its character set.
func reread(s string) string {
	b := make([]byte, 0, len(s))
	ascii := true
	for _, r := range s {
		if r > 0xFF {
			return s
		}
		ascii = ascii && r < 0x80
		b = append(b, byte(r))
	}
	if ascii || !utf8.Valid(b) {
		return s
	}
	return string(b)
}

// first is the first of texts that is not empty once cleaned.
func first(limit int, texts ...string) string {
	for _, s := range texts {
		if s = clean(s, limit); s != "" {
			return s
		}
	}
	return ""
}

// placeless drops what cameras and programs write into a description without being asked.
func placeless(s string) string {
	switch l := strings.ToLower(strings.TrimSpace(s)); {
	case isUnknown(l):
		return ""
	case strings.HasSuffix(l, "digital camera"), strings.HasPrefix(l, "dcim"), l == "sony dsc", l == "default",
		l == "ascii", l == "unicode", l == "image", l == "photo", l == "untitled", l == "screenshot",
		strings.HasPrefix(l, "created with gimp"), strings.HasPrefix(l, "minolta dsc"), strings.HasPrefix(l, "<"):
		return ""
	}
	return s
}

// isUnknown reports whether a field only says that nothing is known.
func isUnknown(s string) bool {
	switch strings.ToLower(strings.Trim(s, "-?.0 \t")) {
	case "", "unknown", "none", "n/a", "na", "null":
		return true
	}
	return false
}
