package scan

// kind is what an entry of a folder is.
type kind uint8

const (
	other kind = iota
	file
	folder
	link
	unknown // the file system does not say before it is asked for the stat
)

// item is an entry of a folder before its stat is known.
type item struct {
	name string
	kind kind
	ino  uint64 // 0 where the listing does not say
}

// fileID is what tells one folder from another, whatever way leads there.
type fileID struct{ dev, ino uint64 }

// visits is a heap of folders, the one with the smallest path on top.
type visits []*visit

func (h *visits) push(v *visit) {
	*h = append(*h, v)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up].dir <= s[i].dir {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *visits) pop() *visit {
	s := *h
	top, last := s[0], len(s)-1
	s[0], s[last] = s[last], nil
	s = s[:last]
	*h = s
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if s[c].dir < s[least].dir {
				least = c
			}
		}
		if least == i {
			return top
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
