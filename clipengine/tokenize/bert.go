package tokenize

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// bertNormalizer makes the steps of BERT's normalizer.
func bertNormalizer(f normalizerFile) normalizer {
	var n normalizer
	if f.CleanText {
		n = append(n, step{apply: bertClean})
	}
	if f.ChineseChars {
		n = append(n, step{apply: bertIdeographs})
	}
	if f.StripAccents == nil && f.Lowercase || f.StripAccents != nil && *f.StripAccents {
		n = append(n, step{apply: form(norm.NFD)}, step{apply: bertStripMarks})
	}
	if f.Lowercase {
		n = append(n, step{apply: lowercase})
	}
	return n
}

// bertClean drops control characters and makes every kind of space a plain one.
func bertClean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == 0 || r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) && !unicode.Is(bertPlain, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
}

// bertIdeographs puts spaces around Chinese characters, so that each is a word.
func bertIdeographs(s string) string {
	var b strings.Builder
	for _, r := range s {
		if isIdeograph(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isIdeograph knows the blocks that BERT's tokenizer lists.
func isIdeograph(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF ||
		r >= 0x20000 && r <= 0x2A6DF || r >= 0x2A700 && r <= 0x2B73F ||
		r >= 0x2B740 && r <= 0x2B81F || r >= 0x2B920 && r <= 0x2CEAF ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F
}

// bertStripMarks takes the non-spacing marks off that BERT's tokenizer knows.
func bertStripMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) && !unicode.Is(bertNoMarks, r) {
			return -1
		}
		return r
	}, s)
}

// The published tokenizers decide by the tables of Unicode 8 what is a mark, punctuation
// or a format character. These are the characters that are one in newer tables only, as
// tools/tokenizer/bert_tables.py prints them.
var (
	bertNoMarks       = ranges(bertNoMarksList)
	bertNoPunctuation = ranges(bertNoPunctuationList)
	bertPlain         = ranges(bertPlainList)
)

const bertNoMarksList = "5C8-5C9 7FD 897-89F 8CA-8E1 9FE AFA-AFF B53-B55 C04 C3C D00 D3B-D3C D81 EBA ECE 180F 1885-1886 " +
	"1ABF-1AF0 1DF6-1DFB A82C A8C5 A8FF A9BD 10D24-10D27 10D69-10D6D 10EAB-10EAC 10ECB-10ECF 10EF0-10EFF " +
	"10F46-10F50 10F82-10F85 11070 11073-11074 110C2 111C9 111CF 1123E 11241 1133B 113BB-113C0 113CE " +
	"113D0 113D2 113E1-113E2 11438-1143F 11442-11444 11446 1145E 1182F-11837 11839-1183A 1193B-1193C " +
	"1193E 11943 119D4-119D7 119DA-119DB 119E0 11A01-11A0A 11A33-11A38 11A3B-11A3E 11A47 11A51-11A56 " +
	"11A59-11A5B 11A8A-11A96 11A98-11A99 11B60 11B62-11B64 11B66 11C30-11C36 11C38-11C3D 11C3F " +
	"11C92-11CA7 11CAA-11CB0 11CB2-11CB3 11CB5-11CB6 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45 11D47 " +
	"11D90-11D91 11D95 11D97 11DF0 11EF3-11EF4 11F00-11F01 11F36-11F3A 11F40 11F42 11F5A 13440 " +
	"13447-13455 1611E-16129 1612D-1612F 16F4F 16FE4 1CF00-1CF2D 1CF30-1CF46 1D127-1D128 1D25B-1D25C " +
	"1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF " +
	"1E4EC-1E4EF 1E5EE-1E5EF 1E6E3 1E6E6 1E6EE-1E6EF 1E6F5 1E944-1E94A"

const bertNoPunctuationList = "61D 9FD A76 C77 C84 1B4E-1B4F 1B7D-1B7F 2E43-2E4F 2E52-2E5D 2E60-2E63 10D6E 10EAD 10ED0 10F55-10F59 " +
	"10F86-10F89 113D4-113D5 113D7-113D8 1144B-1144F 1145A-1145B 1145D 11660-1166C 116B9 1183B " +
	"11944-11946 119E2 11A3F-11A46 11A9A-11A9C 11A9E-11AA2 11B00-11B09 11BE1 11C41-11C45 11C70-11C71 " +
	"11EF7-11EF8 11F43-11F4F 11FFF 12FF1-12FF2 16D6D-16D6F 16E97-16E9A 16FE2 1E5FF 1E95E-1E95F"

const bertPlainList = "890-891 8E2 110CD 13430-1343F"

// ranges makes a table of a list of hexadecimal code points and ranges.
func ranges(list string) *unicode.RangeTable {
	t := &unicode.RangeTable{}
	for field := range strings.FieldsSeq(list) {
		var lo, hi uint32
		if n, _ := fmt.Sscanf(field, "%X-%X", &lo, &hi); n == 1 {
			hi = lo
		}
		if hi <= 0xFFFF {
			t.R16 = append(t.R16, unicode.Range16{Lo: uint16(lo), Hi: uint16(hi), Stride: 1})
		} else {
			t.R32 = append(t.R32, unicode.Range32{Lo: lo, Hi: hi, Stride: 1})
		}
	}
	return t
}
