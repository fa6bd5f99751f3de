package stacks_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"descry/library"
	"descry/library/stacks"
	"descry/library/store"
)

// shot is one photo of a test: more is said by the options.
func shot(name, format string, more ...func(*store.Shot)) store.Shot {
	s := store.Shot{Name: name, Format: format, Digest: name}
	for _, f := range more {
		f(&s)
	}
	return s
}

func at(ms int64) func(*store.Shot) {
	return func(s *store.Shot) {
		s.Taken, s.Dated, s.Camera, s.Measured = 1_700_000_000_000+ms, true, "X\x00Y", true
	}
}

func pair(id string) func(*store.Shot)   { return func(s *store.Shot) { s.Pair = id } }
func burst(id string) func(*store.Shot)  { return func(s *store.Shot) { s.Burst = id } }
func sharp(v float64) func(*store.Shot)  { return func(s *store.Shot) { s.Sharpness = v } }
func looks(h uint64) func(*store.Shot)   { return func(s *store.Shot) { s.Hash = h } }
func lasts(ms int64) func(*store.Shot)   { return func(s *store.Shot) { s.Duration = ms } }
func by(camera string) func(*store.Shot) { return func(s *store.Shot) { s.Camera = camera } }

func TestFind(t *testing.T) {
	const other = 0xFFFFFFFF00000000
	tests := map[string]struct {
		shots []store.Shot
		want  string // kind: top, others; …
	}{
		"nothing": {nil, ""},
		"one":     {[]store.Shot{shot("a.jpg", "jpeg")}, ""},
		"RAW and JPEG": {
			[]store.Shot{shot("IMG_1.CR2", "cr2", at(0)), shot("IMG_1.JPG", "jpeg", at(0)), shot("IMG_2.JPG", "jpeg", at(9000))},
			"raw: IMG_1.JPG IMG_1.CR2",
		},
		"RAW and JPEG, name in another case, RAW without a date": {
			[]store.Shot{shot("img_1.nef", "nef"), shot("IMG_1.jpg", "jpeg", at(0))}, "raw: IMG_1.jpg img_1.nef",
		},
		"RAW and HEIC": {[]store.Shot{shot("a.dng", "dng"), shot("a.heic", "heif")}, "raw: a.heic a.dng"},
		"the camera counted round: same name, another day": {
			[]store.Shot{shot("IMG_1.CR2", "cr2", at(0)), shot("IMG_1.JPG", "jpeg", at(86_400_000))}, "",
		},
		"an export beside a JPEG is no pair": {[]store.Shot{shot("a.jpg", "jpeg", at(0)), shot("a.png", "png", at(0))}, ""},
		"Live Photo by its identifier": {
			[]store.Shot{shot("IMG_1.HEIC", "heif", pair("P")), shot("x.MOV", "mov", pair("P"))}, "live: IMG_1.HEIC x.MOV",
		},
		"Live Photo by its name": {
			[]store.Shot{shot("IMG_1.JPG", "jpeg", at(1000)), shot("IMG_1.MOV", "mov", at(0), lasts(2900))}, "live: IMG_1.JPG IMG_1.MOV",
		},
		"a film of the same name that is no half": {
			[]store.Shot{shot("IMG_1.JPG", "jpeg", at(0)), shot("IMG_1.MOV", "mov", at(0), lasts(60000))}, "",
		},
		"a film of another day":      {[]store.Shot{shot("IMG_1.JPG", "jpeg", at(0)), shot("IMG_1.MOV", "mov", at(9e7))}, ""},
		"halves of two Live Photos":  {[]store.Shot{shot("a.JPG", "jpeg", pair("P")), shot("a.MOV", "mov", pair("Q"))}, ""},
		"two films":                  {[]store.Shot{shot("a.mp4", "mp4", pair("P")), shot("a.mov", "mov", pair("P"))}, ""},
		"RAW, JPEG and film at once": {[]store.Shot{shot("a.DNG", "dng"), shot("a.JPG", "jpeg"), shot("a.MOV", "mov")}, "live: a.JPG a.DNG a.MOV"},
		"burst by time": {
			[]store.Shot{shot("1.jpg", "jpeg", at(0), sharp(5)), shot("2.jpg", "jpeg", at(300), sharp(9)), shot("3.jpg", "jpeg", at(600), sharp(7))},
			"burst: 2.jpg 1.jpg 3.jpg",
		},
		"two are no burst": {[]store.Shot{shot("1.jpg", "jpeg", at(0)), shot("2.jpg", "jpeg", at(300))}, ""},
		"a pause ends a burst": {
			[]store.Shot{shot("1.jpg", "jpeg", at(0)), shot("2.jpg", "jpeg", at(300)), shot("3.jpg", "jpeg", at(2301)), shot("4.jpg", "jpeg", at(2600))}, "",
		},
		"another scene ends a burst": {
			[]store.Shot{shot("1.jpg", "jpeg", at(0)), shot("2.jpg", "jpeg", at(300)), shot("3.jpg", "jpeg", at(600), looks(other))}, "",
		},
		"two cameras at one time": {
			[]store.Shot{shot("1.jpg", "jpeg", at(0)), shot("2.jpg", "jpeg", at(300), by("Z")), shot("3.jpg", "jpeg", at(600))}, "",
		},
		"burst by its identifier, with its cover": {
			[]store.Shot{shot("B_1.jpg", "jpeg", burst("b"), sharp(9)), shot("B_2_COVER.jpg", "jpeg", burst("b"), sharp(1))},
			"burst: B_2_COVER.jpg B_1.jpg",
		},
		"burst of pairs": {
			[]store.Shot{
				shot("1.jpg", "jpeg", at(0), sharp(1)), shot("1.arw", "arw", at(0)), shot("2.jpg", "jpeg", at(200), sharp(2)), shot("2.arw", "arw", at(200)),
				shot("3.jpg", "jpeg", at(400), sharp(3)), shot("3.arw", "arw", at(400)),
			},
			"burst: 3.jpg 3.arw 1.jpg 1.arw 2.jpg 2.arw",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			names := map[library.PhotoID]string{}
			for i := range test.shots {
				test.shots[i].Photo = library.PhotoID(i + 1)
				names[library.PhotoID(i+1)] = test.shots[i].Name
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 5 {
				var said []string
				for _, s := range stacks.Find(test.shots) {
					if s.Members[0] != s.Top {
						t.Errorf("the top of %v is not first", s)
					}
					line := string(s.Kind) + ":"
					for _, m := range s.Members {
						line += " " + names[m]
					}
					said = append(said, line)
				}
				if got := strings.Join(said, "; "); got != test.want {
					t.Fatalf("found %q, want %q, of %v", got, test.want, namesOf(test.shots))
				}
				r.Shuffle(len(test.shots), func(i, j int) { test.shots[i], test.shots[j] = test.shots[j], test.shots[i] })
			}
		})
	}
}

func namesOf(shots []store.Shot) (out []string) {
	for _, s := range shots {
		out = append(out, s.Name)
	}
	return out
}

// Every photo is in one stack at most, and a folder of many costs no more than sorting it.
func TestManyShots(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var shots []store.Shot
	for i := range 20000 {
		s := shot(fmt.Sprintf("IMG_%05d.%s", r.IntN(9000), []string{"jpg", "cr2", "mov", "heic"}[i%4]), []string{"jpeg", "cr2", "mov", "heif"}[i%4], at(int64(r.IntN(9_000_000))))
		if r.IntN(10) == 0 {
			s.Burst = fmt.Sprint(r.IntN(300))
		}
		if r.IntN(10) == 0 {
			s.Pair = fmt.Sprint(r.IntN(300))
		}
		s.Photo, s.Digest = library.PhotoID(i+1), fmt.Sprint(i)
		shots = append(shots, s)
	}
	seen := map[library.PhotoID]bool{}
	for _, s := range stacks.Find(shots) {
		if len(s.Members) < 2 || !slices.Contains(s.Members, s.Top) {
			t.Errorf("a stack of %v with the top %d", s.Members, s.Top)
		}
		for _, m := range s.Members {
			if seen[m] {
				t.Fatalf("photo %d is in two stacks", m)
			}
			seen[m] = true
		}
	}
}
