package tokenize

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// metaspace makes SentencePiece's pieces: spaces become a visible sign, one is put before
// the text, and the text is cut before each sign.
type metaspace struct {
	sign rune
	// prepend is "always", "first" (only where the whole text begins) or "never".
	prepend string
	cut     bool
}

func (m metaspace) split(dst []part, p part) []part {
	sign := string(m.sign)
	p.text = strings.ReplaceAll(p.text, " ", sign)
	if (m.prepend == "always" || m.prepend == "first" && p.start) && !strings.HasPrefix(p.text, sign) {
		p.text = sign + p.text
	}
	if !m.cut {
		return append(dst, p)
	}
	return splitFunc{func(r rune) bool { return r == m.sign }, mergedWithNext}.split(dst, p)
}

// charsmap is SentencePiece's compiled normalisation: a double-array trie from texts to
// positions in a list of replacements that end with a zero byte.
type charsmap struct {
	units        []uint32
	replacements []byte
}

var errCharsmap = errors.New("the tokenizer's normalisation table is broken")

func readCharsmap(blob []byte) (charsmap, error) {
	if len(blob) < 4 {
		return charsmap{}, errCharsmap
	}
	size := binary.LittleEndian.Uint32(blob)
	blob = blob[4:]
	if uint64(size) > uint64(len(blob)) || size%4 != 0 || size == 0 {
		return charsmap{}, errCharsmap
	}
	c := charsmap{units: make([]uint32, size/4), replacements: blob[size:]}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(blob[4*i:])
	}
	return c, nil
}

// lookup returns what the shortest entry with which s begins is replaced by.
func (c charsmap) lookup(s string) (string, bool) {
	offset := func(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
	node := offset(c.units[0])
	for i := range len(s) {
		if s[i] == 0 {
			return "", false
		}
		node ^= uint32(s[i])
		if int64(node) >= int64(len(c.units)) {
			return "", false
		}
		unit := c.units[node]
		if unit&(1<<31|0xFF) != uint32(s[i]) {
			return "", false
		}
		node ^= offset(unit)
		if unit>>8&1 == 1 {
			if int64(node) >= int64(len(c.units)) {
				return "", false
			}
			return c.replacement(c.units[node] & (1<<31 - 1))
		}
	}
	return "", false
}

func (c charsmap) replacement(at uint32) (string, bool) {
	if int64(at) >= int64(len(c.replacements)) {
		return "", false
	}
	rest := c.replacements[at:]
	if end := bytes.IndexByte(rest, 0); end >= 0 {
		rest = rest[:end]
	}
	if len(rest) > maxInsert {
		return "", false
	}
	return strings.ToValidUTF8(string(rest), "\uFFFD"), true
}

// apply replaces what people see as one character as a whole where it is shorter than six
// bytes and the table knows its beginning, else its code points one by one. That the
// beginning is enough is odd, but it is what the models were trained and published with.
func (c charsmap) apply(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		n := clusterLength(s)
		cluster := s[:n]
		s = s[n:]
		if n < 6 {
			if r, ok := c.lookup(cluster); ok {
				b.WriteString(r)
				continue
			}
		}
		for i, r := range cluster {
			one := cluster[i : i+utf8.RuneLen(r)]
			if to, ok := c.lookup(one); ok {
				b.WriteString(to)
			} else {
				b.WriteString(one)
			}
		}
	}
	return b.String()
}

// clusterLength returns the length in bytes of the first extended grapheme cluster of s.
// It knows the rules of Unicode's Annex 29 that can join less than six bytes; longer
// clusters are taken apart by the caller anyway.
func clusterLength(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r == '\r' && n < len(s) && s[n] == '\n' {
		return 2
	}
	if breaks(r) {
		return n
	}
	for prepends(r) && n < len(s) {
		next, m := utf8.DecodeRuneInString(s[n:])
		if breaks(next) {
			return n
		}
		r = next
		n += m
	}
	for n < len(s) {
		next, m := utf8.DecodeRuneInString(s[n:])
		if !extends(next) {
			break
		}
		n += m
	}
	return n
}

// breaks tells the characters that never join with others.
func breaks(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) ||
		unicode.Is(unicode.Cf, r) && r != 0x200C && r != 0x200D && !prepends(r) && !(r >= 0xE0020 && r <= 0xE007F)
}

// extends tells the characters that belong to the one before them.
func extends(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r == 0x200C, r == 0x200D, r >= 0x1F3FB && r <= 0x1F3FF, r == 0x0E33, r == 0x0EB3, r >= 0xE0020 && r <= 0xE007F:
		return true
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Other_Grapheme_Extend):
		return true
	}
	return unicode.Is(unicode.Mc, r) && !plainMarks[r]
}

// plainMarks are spacing marks that stand for themselves.
var plainMarks = map[rune]bool{
	0x102B: true, 0x102C: true, 0x1038: true, 0x1062: true, 0x1063: true, 0x1064: true, 0x1067: true,
	0x1068: true, 0x1069: true, 0x106A: true, 0x106B: true, 0x106C: true, 0x106D: true, 0x1083: true,
	0x1087: true, 0x1088: true, 0x1089: true, 0x108A: true, 0x108B: true, 0x108C: true, 0x108F: true,
	0x109A: true, 0x109B: true, 0x109C: true, 0x1A61: true, 0x1A63: true, 0x1A64: true, 0xAA7B: true,
	0xAA7D: true, 0x11720: true, 0x11721: true,
}

// prepends tells the characters that belong to the one after them.
func prepends(r rune) bool {
	return unicode.Is(unicode.Prepended_Concatenation_Mark, r) || r == 0x0D4E || r == 0x111C2 || r == 0x111C3 ||
		r == 0x1193F || r == 0x11941 || r == 0x11A3A || r >= 0x11A84 && r <= 0x11A89 || r == 0x11D46
}
