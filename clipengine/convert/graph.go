package convert

import (
	"slices"
	"strconv"

	"descry/clipengine/bundle"
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
func plain(s string) string { return bundle.Plain(s, 80) }
