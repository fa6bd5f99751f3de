package duplicates

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"descry/library/decode"
	"descry/library/store"
)

func raw(p *store.Alike) bool { return decode.IsRaw(p.Format) }

// lossless reports that the format keeps pixels as they are.
func lossless(p *store.Alike) bool {
	return slices.Contains([]string{decode.PNG, decode.TIFF, decode.BMP, decode.PSD}, p.Format)
}

// score says how much speaks for keeping a photo. The person's stars weigh most (tags and the
// like do not count: the photo that stays takes them over), then what cannot be had back from
// a copy: the RAW data, the pixels (a point for each doubling), the camera's data; then
// sharpness (half a point for each doubling), lossless storage, and the bytes that the picture
// got.
func score(p *store.Alike) float64 {
	s := 1.5 * float64(p.Rating)
	if p.Favourite {
		s += 8
	}
	switch {
	case raw(p):
		s += 6
	case lossless(p):
		s += 0.75
	}
	if p.Camera {
		s += 1.5
	}
	s += math.Log2(float64(max(1, p.Width)) * float64(max(1, p.Height)))
	s += 0.5 * math.Log2(max(1, p.Sharpness))
	return s + 0.25*math.Log2(float64(max(1, p.Bytes)))
}

// byScore puts the best first; equals are ordered by content, then by path.
func byScore(a, b *store.Alike) int {
	return cmp.Or(cmp.Compare(score(b), score(a)),
		slices.Compare(a.Picture.Content.Digest[:], b.Picture.Content.Digest[:]),
		cmp.Compare(a.Path, b.Path))
}

// Best puts the photos that belong together in order, the one to keep first, and says why
// it is that one in words such as "largest, 4000 × 3000"; an empty list: nothing tells them
// apart.
func Best(photos []store.Alike) (why []string) {
	slices.SortStableFunc(photos, func(a, b store.Alike) int { return byScore(&a, &b) })
	if len(photos) < 2 {
		return nil
	}
	best, rest := &photos[0], photos[1:]
	all := func(better func(p *store.Alike) bool) bool {
		return !slices.ContainsFunc(rest, func(p store.Alike) bool { return !better(&p) })
	}
	some := func(better func(p *store.Alike) bool) bool {
		return slices.ContainsFunc(rest, func(p store.Alike) bool { return better(&p) })
	}
	area := func(p *store.Alike) float64 { return float64(p.Width) * float64(p.Height) }
	if best.Favourite && some(func(p *store.Alike) bool { return !p.Favourite }) {
		why = append(why, "a favourite")
	}
	if best.Rating > 0 && all(func(p *store.Alike) bool { return p.Rating <= best.Rating }) && some(func(p *store.Alike) bool { return p.Rating < best.Rating }) {
		why = append(why, "rated highest")
	}
	if raw(best) && some(func(p *store.Alike) bool { return !raw(p) }) {
		why = append(why, "RAW")
	}
	if all(func(p *store.Alike) bool { return area(p) <= area(best) }) && some(func(p *store.Alike) bool { return area(p) < area(best) }) {
		why = append(why, fmt.Sprintf("largest, %d × %d", best.Width, best.Height))
	}
	if best.Camera && some(func(p *store.Alike) bool { return !p.Camera }) {
		why = append(why, "keeps the camera's data")
	}
	if all(func(p *store.Alike) bool { return p.Sharpness*1.1 < best.Sharpness }) {
		why = append(why, "sharpest")
	}
	if lossless(best) && some(func(p *store.Alike) bool { return !lossless(p) && !raw(p) }) {
		why = append(why, "stored without loss")
	}
	if len(why) == 0 && all(func(p *store.Alike) bool { return p.Bytes < best.Bytes }) {
		why = append(why, "least compressed")
	}
	return why
}

// BestFile puts files of one photo in order, the one to keep first, and says why. The pixels
// are the same in all; what counts is what the files say.
func BestFile(files []store.Twin) (why []string) {
	slices.SortStableFunc(files, func(a, b store.Twin) int {
		return cmp.Or(
			-compareBool(a.Camera, b.Camera), cmp.Compare(b.Words, a.Words), cmp.Compare(b.Rating, a.Rating),
			compareBool(copied(a.Path), copied(b.Path)), cmp.Compare(a.Modified, b.Modified),
			cmp.Compare(len(a.Path), len(b.Path)), cmp.Compare(a.Path, b.Path),
		)
	})
	if len(files) < 2 {
		return nil
	}
	best, rest := files[0], files[1:]
	for _, f := range rest {
		switch {
		case best.Camera != f.Camera:
			return []string{"keeps the camera's data"}
		case best.Words > f.Words:
			return []string{"has more words of its own"}
		case best.Rating > f.Rating:
			return []string{"rated highest"}
		case copied(f.Path) && !copied(best.Path):
			why = []string{"does not look like a copy by its name"}
		case best.Modified < f.Modified && why == nil:
			why = []string{"oldest"}
		}
	}
	return why
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// copied reports that a file name says that it is a copy: "IMG_1 (2).jpg", "IMG_1 copy.jpg".
func copied(path string) bool {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	stem := strings.ToLower(name[:max(0, len(name)-len(ext(name)))])
	if strings.HasSuffix(stem, ")") {
		open := strings.LastIndexByte(stem, '(')
		return open > 0 && strings.Trim(stem[open+1:len(stem)-1], "0123456789") == ""
	}
	for _, word := range []string{"copy", "copie", "kopie", "copia", "cópia"} {
		if strings.HasSuffix(stem, " "+word) || strings.HasSuffix(stem, "-"+word) || strings.HasSuffix(stem, "_"+word) {
			return true
		}
	}
	return false
}

func ext(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[i:]
	}
	return ""
}

// BestShot puts the shots of a burst in order, the one to keep first, and says why. They are
// different photos: what the person said of them comes first, then sharpness.
func BestShot(shots []store.Alike) (why []string) {
	said := func(p *store.Alike) int {
		n := 2 * p.Rating
		if p.Favourite {
			n += 11
		}
		return n
	}
	slices.SortStableFunc(shots, func(a, b store.Alike) int {
		return cmp.Or(cmp.Compare(said(&b), said(&a)), compareBool(raw(&a), raw(&b)), cmp.Compare(b.Sharpness, a.Sharpness),
			slices.Compare(a.Picture.Content.Digest[:], b.Picture.Content.Digest[:]), cmp.Compare(a.Path, b.Path))
	})
	if len(shots) < 2 {
		return nil
	}
	best := &shots[0]
	if best.Favourite {
		why = append(why, "a favourite")
	}
	if best.Rating > 0 && said(&shots[1]) < said(best) && best.Favourite == shots[1].Favourite {
		why = append(why, "rated highest")
	}
	if !slices.ContainsFunc(shots[1:], func(p store.Alike) bool { return p.Sharpness > best.Sharpness }) {
		why = append(why, "sharpest")
	}
	return why
}
