package tokenize

import (
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bpe is byte-pair encoding: a piece begins as its characters, and the pair of neighbours
// that was learned first is joined until no learned pair is left.
type bpe struct {
	vocab  map[string]int64
	merges map[[2]int64]merge
	// unknown is the number for characters that are not in the vocabulary, or -1 to leave
	// them out. fuse makes one of several in a row.
	unknown int64
	fuse    bool
	// suffix marks the last character of a piece, prefix all but the first.
	suffix, prefix string
	// bytes are the numbers of <0x00> to <0xFF>, which spell unknown characters, or nil.
	bytes []int64
	// whole looks a piece up as it is before it is taken apart.
	whole bool
}

// merge is what becomes of a pair and how early it was learned.
type merge struct {
	rank int
	id   int64
}

// symbol is a token in a piece under construction; the symbols form a list.
type symbol struct {
	id         int64
	prev, next int
	dead       bool
}

// candidate is a pair that may be joined: the symbol at pos and its neighbour.
type candidate struct {
	rank, pos int
	id        int64
}

type queue []candidate

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].rank < q[j].rank || q[i].rank == q[j].rank && q[i].pos < q[j].pos
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(candidate)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (b bpe) tokens(dst []int64, piece string) []int64 {
	if piece == "" {
		return dst
	}
	if b.whole {
		if id, ok := b.vocab[piece]; ok {
			return append(dst, id)
		}
	}
	symbols := b.symbols(piece)
	b.join(symbols)
	for _, s := range symbols {
		if !s.dead {
			dst = append(dst, s.id)
		}
	}
	return dst
}

// symbols looks up the characters of a piece.
func (b bpe) symbols(piece string) []symbol {
	var list []symbol
	add := func(id int64) { list = append(list, symbol{id: id, prev: len(list) - 1, next: len(list) + 1}) }
	unknown := false
	for i, r := range piece {
		end := i + utf8.RuneLen(r)
		text := piece[i:end]
		if i > 0 {
			text = b.prefix + text
		}
		if end == len(piece) {
			text += b.suffix
		}
		if id, ok := b.vocab[text]; ok {
			unknown = false
			add(id)
			continue
		}
		if b.bytes != nil {
			unknown = false
			for j := range len(text) {
				add(b.bytes[text[j]])
			}
			continue
		}
		if b.unknown >= 0 && !(b.fuse && unknown) {
			add(b.unknown)
		}
		unknown = true
	}
	if len(list) > 0 {
		list[len(list)-1].next = -1
	}
	return list
}

// join applies the learned pairs.
func (b bpe) join(list []symbol) {
	var q queue
	push := func(pos int) {
		if pos < 0 || list[pos].next < 0 {
			return
		}
		if m, ok := b.merges[[2]int64{list[pos].id, list[list[pos].next].id}]; ok {
			heap.Push(&q, candidate{m.rank, pos, m.id})
		}
	}
	for i := range list {
		push(i)
	}
	for q.Len() > 0 {
		c := heap.Pop(&q).(candidate)
		left := &list[c.pos]
		if left.dead || left.next < 0 {
			continue
		}
		right := &list[left.next]
		// The pair may have changed since it was queued.
		if m, ok := b.merges[[2]int64{left.id, right.id}]; !ok || m.id != c.id || m.rank != c.rank {
			continue
		}
		left.id, left.next, right.dead = c.id, right.next, true
		if right.next >= 0 {
			list[right.next].prev = c.pos
		}
		push(left.prev)
		push(c.pos)
	}
}

func readBPE(raw json.RawMessage) (model, map[string]int64, error) {
	var m struct {
		Vocab    map[string]int64  `json:"vocab"`
		Merges   []json.RawMessage `json:"merges"`
		Unknown  *string           `json:"unk_token"`
		Suffix   *string           `json:"end_of_word_suffix"`
		Prefix   *string           `json:"continuing_subword_prefix"`
		Fuse     bool              `json:"fuse_unk"`
		Fallback bool              `json:"byte_fallback"`
		Whole    bool              `json:"ignore_merges"`
		Dropout  *float64          `json:"dropout"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, nil, fmt.Errorf("read the tokenizer's model: %w", err)
	}
	if err := checkVocab(m.Vocab); err != nil {
		return nil, nil, err
	}
	if m.Dropout != nil && *m.Dropout != 0 {
		return nil, nil, errors.New("the tokenizer drops merges at random, which is not supported")
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	b := bpe{
		vocab: m.Vocab, merges: make(map[[2]int64]merge, len(m.Merges)), unknown: -1, fuse: m.Fuse,
		suffix: text(m.Suffix), prefix: text(m.Prefix), whole: m.Whole,
	}
	if m.Unknown != nil {
		id, ok := m.Vocab[*m.Unknown]
		if !ok {
			return nil, nil, fmt.Errorf("%w: it lacks the unknown token %q", errVocab, *m.Unknown)
		}
		b.unknown = id
	}
	if m.Fallback {
		var err error
		if b.bytes, err = byteTokens(m.Vocab); err != nil {
			return nil, nil, err
		}
	}
	for rank, raw := range m.Merges {
		left, right, err := readMerge(raw)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: merge %d: %w", errVocab, rank, err)
		}
		if err := b.learn(rank, left, right); err != nil {
			return nil, nil, fmt.Errorf("%w: merge %d: %w", errVocab, rank, err)
		}
	}
	return b, m.Vocab, nil
}

// learn adds a pair; a pair that is listed twice keeps its later rank.
func (b bpe) learn(rank int, left, right string) error {
	l, ok1 := b.vocab[left]
	r, ok2 := b.vocab[right]
	id, ok3 := b.vocab[left+strings.TrimPrefix(right, b.prefix)]
	if !ok1 || !ok2 || !ok3 {
		return fmt.Errorf("%q and %q or what they make is not in the vocabulary", left, right)
	}
	b.merges[[2]int64{l, r}] = merge{rank, id}
	return nil
}

// readMerge reads a pair, which is written as ["a", "b"] or, in older files, as "a b".
func readMerge(raw json.RawMessage) (left, right string, err error) {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		if len(list) != 2 {
			return "", "", errors.New("it is not a pair")
		}
		return list[0], list[1], nil
	}
	var line string
	if err := json.Unmarshal(raw, &line); err != nil {
		return "", "", err
	}
	left, right, ok := strings.Cut(line, " ")
	if !ok || strings.Contains(right, " ") {
		return "", "", errors.New("it is not a pair")
	}
	return left, right, nil
}

// byteTokens returns the numbers of the 256 tokens <0x00> to <0xFF>.
func byteTokens(vocab map[string]int64) ([]int64, error) {
	out := make([]int64, 256)
	for i := range out {
		id, ok := vocab[fmt.Sprintf("<0x%02X>", i)]
		if !ok {
			return nil, fmt.Errorf("%w: it lacks the byte <0x%02X>", errVocab, i)
		}
		out[i] = id
	}
	return out, nil
}

// findGPT2 finds the words as GPT-2 and after it byte-level encodings cut them: short
// English endings, letters, digits or other signs with one space before them, and runs of
// spaces, of which the last belongs to the word that follows. A regular expression for it
// needs look-ahead, which Go's has not.
func findGPT2(s string) [][]int {
	var out [][]int
	for i := 0; i < len(s); {
		n := gpt2Word(s[i:])
		out = append(out, []int{i, i + n})
		i += n
	}
	return out
}

func gpt2Word(s string) int {
	for _, ending := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(s, ending) {
			return len(ending)
		}
	}
	skip := 0
	if s[0] == ' ' {
		skip = 1
	}
	for _, class := range []func(rune) bool{unicode.IsLetter, unicode.IsNumber, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r)
	}} {
		if n := leading(s[skip:], class); n > 0 {
			return skip + n
		}
	}
	n := leading(s, unicode.IsSpace)
	if n < len(s) {
		// The last space goes to the next word, unless it is the only one.
		if _, last := utf8.DecodeLastRuneInString(s[:n]); last < n {
			return n - last
		}
	}
	return n
}

// leading returns how many bytes the characters of a class take at the beginning of s.
func leading(s string, class func(rune) bool) int {
	for i, r := range s {
		if !class(r) {
			return i
		}
	}
	return len(s)
}
