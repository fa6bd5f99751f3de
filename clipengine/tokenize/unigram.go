package tokenize

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// unigram is SentencePiece's unigram model: of all ways to cut a piece into tokens it
// takes the one whose log probabilities have the largest sum.
type unigram struct {
	trie    trie
	unknown int64
	// unknownScore is what an unknown character costs: a constant less than the least
	// probable token.
	unknownScore float64
	scores       []float64
	bytes        []int64
}

// unknownPenalty is SentencePiece's constant.
const unknownPenalty = 10.0

// trie finds all tokens with which a text begins. Nodes are kept in one slice and their
// children in one map, which is smaller than a map for each node.
type trie struct {
	edges map[uint64]int32
	token []int32
}

func newTrie(hint int) trie {
	return trie{edges: make(map[uint64]int32, 3*hint), token: []int32{-1}}
}

func (t *trie) add(s string, token int32) {
	node := int32(0)
	for i := range len(s) {
		key := uint64(node)<<8 | uint64(s[i])
		next, ok := t.edges[key]
		if !ok {
			next = int32(len(t.token))
			t.token = append(t.token, -1)
			t.edges[key] = next
		}
		node = next
	}
	t.token[node] = token
}

// each calls fn with the length and the token of every entry with which s begins, the
// shortest first.
func (t *trie) each(s string, fn func(length int, token int32)) {
	node := int32(0)
	for i := range len(s) {
		next, ok := t.edges[uint64(node)<<8|uint64(s[i])]
		if !ok {
			return
		}
		node = next
		if token := t.token[node]; token >= 0 {
			fn(i+1, token)
		}
	}
}

// best is the best way to cut the text before a place.
type best struct {
	score float64
	from  int // where the last token begins, or -1 when the place is not reached
	token int64
}

func (u unigram) tokens(dst []int64, piece string) []int64 {
	if piece == "" {
		return dst
	}
	path := make([]best, len(piece)+1)
	for i := range path {
		path[i].from = -1
	}
	for at := 0; at < len(piece); {
		_, width := utf8.DecodeRuneInString(piece[at:])
		single := false
		offer := func(length int, token int64, score float64) {
			if to := &path[at+length]; to.from < 0 || score > to.score {
				*to = best{score, at, token}
			}
		}
		u.trie.each(piece[at:], func(length int, token int32) {
			offer(length, int64(token), path[at].score+u.scores[token])
			single = single || length == width
		})
		if !single {
			offer(width, -1, path[at].score+u.unknownScore)
		}
		at += width
	}
	return u.collect(dst, piece, path)
}

// collect walks the best path back. Unknown characters in a row are one unknown token, or
// the bytes of all of them.
func (u unigram) collect(dst []int64, piece string, path []best) []int64 {
	type stretch struct {
		from, to int
		token    int64
	}
	var back []stretch
	for at := len(piece); at > 0; at = path[at].from {
		p := path[at]
		if n := len(back); p.token < 0 && n > 0 && back[n-1].token < 0 {
			back[n-1].from = p.from
			continue
		}
		back = append(back, stretch{p.from, at, p.token})
	}
	for i := len(back) - 1; i >= 0; i-- {
		s := back[i]
		switch {
		case s.token >= 0:
			dst = append(dst, s.token)
		case u.bytes != nil:
			for _, b := range []byte(piece[s.from:s.to]) {
				dst = append(dst, u.bytes[b])
			}
		default:
			dst = append(dst, u.unknown)
		}
	}
	return dst
}

// scored is an entry of a unigram vocabulary: a token and its log probability.
type scored struct {
	token string
	score float64
}

// UnmarshalJSON reads ["token", score].
func (s *scored) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 2 {
		return errors.New("an entry of the vocabulary is not a pair of text and number")
	}
	if err := json.Unmarshal(list[0], &s.token); err != nil {
		return err
	}
	return json.Unmarshal(list[1], &s.score)
}

func readUnigram(raw json.RawMessage) (model, map[string]int64, error) {
	var m struct {
		Unknown  *int64   `json:"unk_id"`
		Vocab    []scored `json:"vocab"`
		Fallback bool     `json:"byte_fallback"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, nil, fmt.Errorf("read the tokenizer's model: %w", err)
	}
	if len(m.Vocab) == 0 || len(m.Vocab) > maxVocab {
		return nil, nil, fmt.Errorf("%w: it has %d tokens", errVocab, len(m.Vocab))
	}
	if m.Unknown == nil || *m.Unknown < 0 || *m.Unknown >= int64(len(m.Vocab)) {
		return nil, nil, fmt.Errorf("%w: it lacks an unknown token", errVocab)
	}
	u := unigram{trie: newTrie(len(m.Vocab)), unknown: *m.Unknown, scores: make([]float64, len(m.Vocab))}
	vocab := make(map[string]int64, len(m.Vocab))
	least := math.Inf(1)
	for i, v := range m.Vocab {
		u.scores[i] = v.score
		least = min(least, v.score)
		vocab[v.token] = int64(i)
		if v.token != "" {
			u.trie.add(v.token, int32(i))
		}
	}
	u.unknownScore = least - unknownPenalty
	if m.Fallback {
		var err error
		if u.bytes, err = byteTokens(vocab); err != nil {
			return nil, nil, err
		}
	}
	return u, vocab, nil
}
