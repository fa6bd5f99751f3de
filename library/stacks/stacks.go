// Package stacks finds photos of one folder that belong together and are shown as one: the
// RAW and the JPEG of a shot, the picture and the film of a Live Photo, and bursts. It goes by
// names, times and identifiers; what looks alike without those is a matter of the package
// duplicates. A motion photo is one file and no stack.
package stacks

import (
	"cmp"
	"math/bits"
	"path"
	"slices"
	"strings"

	"descry/library"
	"descry/library/decode"
	"descry/library/store"
)

// Kind says why photos are a stack.
type Kind string

// The kinds of stacks. A burst of pairs is a burst; a pair with a film is a Live Photo.
const (
	Raw   Kind = "raw"   // RAW and developed picture of one shot
	Live  Kind = "live"  // picture and film of a Live Photo
	Burst Kind = "burst" // shots in quick succession
)

// Stack are photos that are shown as one: by Top, which is one of them.
type Stack struct {
	Kind    Kind
	Top     library.PhotoID
	Members []library.PhotoID // Top first, then by name
}

// The limits of the rules, in milliseconds.
const (
	sameShot  = 2000  // RAW and JPEG of one shot are dated no further apart; cameras round
	sameLive  = 3000  // the film of a Live Photo begins up to 1.5 s before the picture
	liveFilm  = 10000 // and is no longer than this
	burstGap  = 2000  // between two shots of a burst
	burstLow  = 3     // shots that a burst without an identifier has at least
	burstBits = 22    // by which the hashes of two shots in a row differ at most, of 64
)

// unit is one shot with all its files.
type unit struct {
	shots []store.Shot // the one that stands for it first
	film  bool
}

// Find returns the stacks among the photos of one folder, by the name of their top. The
// result does not depend on the order of shots.
//
// The top of a pair is the developed picture: it is what the camera, or a person, made of
// the shot, and every program shows it alike; the picture stands before its film. The top of
// a burst is the one whose name says that it is the cover (as phones write it), else the
// sharpest.
func Find(shots []store.Shot) []Stack {
	shots = slices.Clone(shots)
	slices.SortFunc(shots, func(a, b store.Shot) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest))
	})
	units := pairs(shots)
	var out []Stack
	inBurst := make([]bool, len(units))
	for _, group := range bursts(units) {
		best := group[0]
		for _, i := range group {
			inBurst[i] = true
			if better(&units[i].shots[0], &units[best].shots[0]) {
				best = i
			}
		}
		out = append(out, stackOf(Burst, units, group, best))
	}
	for i, u := range units {
		if inBurst[i] || len(u.shots) == 1 {
			continue
		}
		kind := Raw
		if u.film {
			kind = Live
		}
		out = append(out, stackOf(kind, units, []int{i}, i))
	}
	names := make(map[library.PhotoID]string, len(shots))
	for _, s := range shots {
		names[s.Photo] = s.Name
	}
	slices.SortFunc(out, func(a, b Stack) int { return cmp.Compare(names[a.Top], names[b.Top]) })
	return out
}

func stackOf(kind Kind, units []unit, group []int, best int) Stack {
	s := Stack{Kind: kind, Top: units[best].shots[0].Photo}
	for _, sh := range units[best].shots {
		s.Members = append(s.Members, sh.Photo)
	}
	for _, i := range group {
		if i == best {
			continue
		}
		for _, sh := range units[i].shots {
			s.Members = append(s.Members, sh.Photo)
		}
	}
	return s
}

// better tells which of two shots of a burst stands for it.
func better(a, b *store.Shot) bool {
	if x, y := cover(a.Name), cover(b.Name); x != y {
		return x
	}
	if a.Sharpness != b.Sharpness {
		return a.Sharpness > b.Sharpness
	}
	return a.Name < b.Name
}

// cover reports that a name says that the shot is its burst's cover.
func cover(name string) bool { return strings.Contains(strings.ToUpper(stem(name)), "COVER") }

func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// pairs joins the files of each shot: the RAW with the pictures of its name, a picture with
// its film.
func pairs(shots []store.Shot) []unit {
	byStem := map[string][]int{}
	byPair := map[string][]int{}
	for i, s := range shots {
		key := strings.ToLower(stem(s.Name))
		byStem[key] = append(byStem[key], i)
		if s.Pair != "" {
			byPair[s.Pair] = append(byPair[s.Pair], i)
		}
	}
	with := make([]int, len(shots)) // the shot that each belongs to
	for i := range with {
		with[i] = i
	}
	join := func(same []int, fit func(main, other *store.Shot) bool) {
		main := -1
		for _, i := range same {
			if with[i] == i && (main < 0 || before(&shots[i], &shots[main])) {
				main = i
			}
		}
		for _, i := range same {
			if i != main && with[i] == i && fit(&shots[main], &shots[i]) {
				with[i] = main
			}
		}
	}
	for i := range shots { // in order of names, not of the map
		if same := byPair[shots[i].Pair]; shots[i].Pair != "" && len(same) > 1 && same[0] == i {
			join(same, func(main, other *store.Shot) bool {
				return decode.IsVideo(other.Format) && !decode.IsVideo(main.Format)
			})
		}
		if same := byStem[strings.ToLower(stem(shots[i].Name))]; len(same) > 1 && same[0] == i {
			hasRaw := slices.ContainsFunc(same, func(j int) bool { return decode.IsRaw(shots[j].Format) })
			join(same, func(main, other *store.Shot) bool {
				switch {
				case decode.IsVideo(main.Format):
					return false
				case decode.IsVideo(other.Format):
					return isFilmOf(main, other)
				}
				return hasRaw && near(main, other, sameShot)
			})
		}
	}
	at := map[int]int{}
	var out []unit
	for i, s := range shots {
		if with[i] == i {
			at[i] = len(out)
			out = append(out, unit{shots: []store.Shot{s}})
		}
	}
	for i, s := range shots {
		main := with[i]
		for with[main] != main {
			main = with[main]
		}
		if main == i {
			continue
		}
		u := &out[at[main]]
		u.shots = append(u.shots, s)
		u.film = u.film || decode.IsVideo(s.Format)
	}
	return out
}

// before tells which of the files of one shot stands for it: a picture before a film, a
// developed picture before a RAW.
func before(a, b *store.Shot) bool {
	rank := func(s *store.Shot) int {
		switch {
		case decode.IsVideo(s.Format):
			return 2
		case decode.IsRaw(s.Format):
			return 1
		}
		return 0
	}
	if x, y := rank(a), rank(b); x != y {
		return x < y
	}
	return a.Name < b.Name
}

// near reports that the times of two files do not say that they are two shots.
func near(a, b *store.Shot, limit int64) bool {
	return !a.Dated || !b.Dated || max(a.Taken-b.Taken, b.Taken-a.Taken) <= limit
}

// isFilmOf reports whether a film of the same name belongs to a picture as the other half of
// a Live Photo.
func isFilmOf(still, film *store.Shot) bool {
	if still.Pair != "" && film.Pair != "" && still.Pair != film.Pair {
		return false
	}
	return film.Duration <= liveFilm && near(still, film, sameLive)
}

// bursts finds the units that are shots of one burst: places in units, in order of time.
func bursts(units []unit) [][]int {
	var out [][]int
	taken := make([]bool, len(units))
	byID := map[string][]int{}
	for i := range units {
		if id := units[i].shots[0].Burst; id != "" && !decode.IsVideo(units[i].shots[0].Format) {
			byID[id] = append(byID[id], i)
		}
	}
	for i := range units {
		group := byID[units[i].shots[0].Burst]
		if len(group) < 2 || group[0] != i {
			continue
		}
		for _, j := range group {
			taken[j] = true
		}
		out = append(out, group)
	}
	var rest []int
	for i := range units {
		s := &units[i].shots[0]
		if !taken[i] && s.Dated && s.Measured && s.Camera != "" && !decode.IsVideo(s.Format) {
			rest = append(rest, i)
		}
	}
	slices.SortStableFunc(rest, func(i, j int) int {
		a, b := &units[i].shots[0], &units[j].shots[0]
		return cmp.Or(cmp.Compare(a.Camera, b.Camera), cmp.Compare(a.Taken, b.Taken))
	})
	for start := 0; start < len(rest); {
		end := start + 1
		for end < len(rest) && follows(&units[rest[end-1]].shots[0], &units[rest[end]].shots[0]) {
			end++
		}
		if end-start >= burstLow {
			out = append(out, slices.Clone(rest[start:end]))
		}
		start = end
	}
	return out
}

// follows reports whether b is the next shot of the burst of a.
func follows(a, b *store.Shot) bool {
	return a.Camera == b.Camera && b.Taken-a.Taken <= burstGap && bits.OnesCount64(a.Hash^b.Hash) <= burstBits
}
