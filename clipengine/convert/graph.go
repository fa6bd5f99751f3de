package convert

import (
	"slices"
	"strconv"
	"strings"
)

// fresh returns a name that no value of the model has yet.
func (m *model) fresh(name string) string {
	for i := 0; ; i++ {
		s := name
		if i > 0 {
			s += "_" + strconv.Itoa(i)
		}
		if !m.names[s] {
			m.names[s] = true
			return s
		}
	}
}

// producers says which node makes a value.
func (m *model) producers() map[string]*node {
	made := map[string]*node{}
	for _, n := range m.nodes {
		for _, out := range n.out {
			made[out] = n
		}
	}
	return made
}

// prune takes away nodes and tensors that no output depends on.
func (m *model) prune() {
	used := map[string]bool{}
	for _, p := range m.outputs {
		used[p.name] = true
	}
	var kept []*node
	for _, n := range slices.Backward(m.nodes) {
		if !slices.ContainsFunc(n.out, func(s string) bool { return used[s] }) {
			continue
		}
		for _, in := range n.in {
			used[in] = true
		}
		kept = append(kept, n)
	}
	slices.Reverse(kept)
	m.nodes = kept
	m.order = slices.DeleteFunc(m.order, func(name string) bool {
		if used[name] {
			return false
		}
		delete(m.tensors, name)
		return true
	})
}

// plain makes a name from a file safe to show.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	runes := []rune(s)
	return string(runes[:min(len(runes), 80)])
}
