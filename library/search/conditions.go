package search

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"descry/library"
	"descry/library/store"
)

// applyConditions applies quoted texts and filters to what is allowed and barred. Of a
// query of one quoted text it returns the photos in the order of the match.
func (r *run) applyConditions() (order []library.PhotoID, err error) {
	for _, not := range []bool{false, true} {
		for _, t := range append(r.query.pick(Exact, not), r.query.pick(Filter, not)...) {
			ids, ok, err := r.resolve(t)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			r.exact = append(r.exact, t)
			if t.Not {
				r.bar(ids)
				continue
			}
			if t.Kind == Exact {
				order = ids
			}
			r.allow(ids)
		}
	}
	if len(r.exact) > 1 {
		order = nil
	}
	return order, nil
}

func (r *run) allow(ids []library.PhotoID) {
	next := make(set, len(ids))
	for _, id := range ids {
		if r.allowed == nil || r.allowed.has(id) {
			next[id] = struct{}{}
		}
	}
	r.allowed = next
}

func (r *run) bar(ids []library.PhotoID) {
	if r.barred == nil {
		r.barred = make(set, len(ids))
	}
	for _, id := range ids {
		r.barred[id] = struct{}{}
	}
}

// wantsMissing reports whether the query asks for photos whose files are gone.
func (r *run) wantsMissing() bool {
	return slices.ContainsFunc(r.exact, func(t Term) bool { return !t.Not && t.Field == "is" && t.Text == "missing" })
}

// resolve finds the photos for which a quoted text or filter holds. Where its value names
// nothing in the library it says so in a Problem, and ok is false.
func (r *run) resolve(t Term) (ids []library.PhotoID, ok bool, err error) {
	if t.Kind == Exact {
		ids, err = r.photosWith(store.WordQuery{Terms: []string{t.Text}})
		return ids, true, err
	}
	switch t.Field {
	case "file":
		ids, err = r.photosWith(store.WordQuery{Terms: []string{t.Text}, Columns: []string{"name"}, Prefix: true})
		return ids, true, err
	case "ext":
		ids, err = r.photosOfType(t.Text)
		return ids, true, err
	case "in":
		return r.photosIn(t)
	case "tag", "tag~":
		return r.photosTagged(t)
	case "is":
		ids, err = r.photosThatAre(t.Text)
		return ids, true, err
	case "rating":
		n, _ := strconv.Atoi(t.Text)
		ids, err = r.p.Store.Photos(r.ctx, store.ListFilter{MinRating: n})
		return ids, true, err
	}
	from, to, _ := years(t.Text)
	f := store.ListFilter{From: time.Date(max(from, 1), 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(to+1, 1, 1, 0, 0, 0, 0, time.UTC)}
	if to == 0 {
		f.To = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	ids, err = r.p.Store.Photos(r.ctx, f)
	return ids, true, err
}

func (r *run) photosWith(q store.WordQuery) ([]library.PhotoID, error) {
	hits, err := r.p.Store.MatchWords(r.ctx, q)
	if err != nil {
		return nil, err
	}
	ids := make([]library.PhotoID, len(hits))
	for i, h := range hits {
		ids[i] = h.Photo
	}
	return ids, nil
}

// photosOfType finds photos by the end of their file name. Words narrow the choice; the
// name itself decides.
func (r *run) photosOfType(ext string) ([]library.PhotoID, error) {
	ids, err := r.photosWith(store.WordQuery{Terms: []string{ext}, Columns: []string{"name"}})
	if err != nil {
		return nil, err
	}
	cards, err := r.p.Store.Cards(r.ctx, ids)
	if err != nil {
		return nil, err
	}
	ids = ids[:0]
	for _, c := range cards {
		if strings.HasSuffix(strings.ToLower(c.Path), "."+ext) {
			ids = append(ids, c.Photo)
		}
	}
	return ids, nil
}

// photosIn finds the photos in folders by their path, by the end of it or by name.
func (r *run) photosIn(t Term) ([]library.PhotoID, bool, error) {
	folders, err := r.p.Store.Folders(r.ctx)
	if err != nil {
		return nil, false, err
	}
	roots, err := r.p.Store.Roots(r.ctx)
	if err != nil {
		return nil, false, err
	}
	rootPath := map[library.RootID]string{}
	for _, root := range roots {
		rootPath[root.ID] = root.Path
	}
	want := strings.ToLower(strings.Trim(t.Text, "/"))
	var ids []library.PhotoID
	var names []string
	found := false
	for _, f := range folders {
		path := strings.Trim(strings.ToLower(rootPath[f.Root]+"/"+f.Dir), "/")
		names = append(names, path[strings.LastIndex(path, "/")+1:])
		if path != want && !strings.HasSuffix(path, "/"+want) {
			continue
		}
		found = true
		in, err := r.p.Store.Photos(r.ctx, store.ListFilter{Root: f.Root, Dir: f.Dir})
		if err != nil {
			return nil, false, err
		}
		ids = append(ids, in...)
	}
	if !found {
		r.unknown(t, "folder", names)
	}
	return ids, found, nil
}

// photosTagged finds photos by label, given as "label" or "set/label".
func (r *run) photosTagged(t Term) ([]library.PhotoID, bool, error) {
	sets, err := r.p.Store.LabelSets(r.ctx)
	if err != nil {
		return nil, false, err
	}
	var ids []library.PhotoID
	var names []string
	found := false
	for _, s := range sets {
		for _, l := range s.Labels {
			names = append(names, l.Name)
			if !strings.EqualFold(t.Text, l.Name) && !strings.EqualFold(t.Text, s.Name+"/"+l.Name) {
				continue
			}
			found = true
			f := store.ListFilter{Label: l.ID}
			if t.Field == "tag~" && r.p.Index != nil {
				f.Space, f.MinConfidence = r.p.Index.Space().ID, LikelyAt
			}
			tagged, err := r.p.Store.Photos(r.ctx, f)
			if err != nil {
				return nil, false, err
			}
			ids = append(ids, tagged...)
		}
	}
	if !found {
		r.unknown(t, "tag", names)
	}
	return ids, found, nil
}

// unknown says that a filter's value names nothing, and what may be meant.
func (r *run) unknown(t Term, what string, names []string) {
	p := Problem{Sentence: "There is no " + what + " “" + short(t.Text) + "”; this part of the query was passed over.", Start: t.Start, End: t.End}
	if near := nearest(t.Text, names); near != "" {
		p.Sentence = "There is no " + what + " “" + short(t.Text) + "”; did you mean “" + near + "”?"
	}
	r.result.Problems = append(r.result.Problems, p)
}

func (r *run) photosThatAre(state string) ([]library.PhotoID, error) {
	switch state {
	case "favourite":
		return r.p.Store.Photos(r.ctx, store.ListFilter{Favourite: true})
	case "missing":
		return r.p.Store.Photos(r.ctx, store.ListFilter{Missing: true})
	}
	untagged, err := r.p.Store.Photos(r.ctx, store.ListFilter{Untagged: true})
	if err != nil || state == "untagged" {
		return untagged, err
	}
	all, err := r.p.Store.Photos(r.ctx, store.ListFilter{})
	bare := setOf(untagged)
	return slices.DeleteFunc(all, bare.has), err
}

// excludeAt is the calibrated confidence from which a photo counts as showing what it
// should not. It is well below LikelyAt: who asks for none would rather miss a photo. At
// 0.2, 2 to 3 in 100 photos without people are taken to show some, and half of those with
// people are seen; at 0.35 hardly any and a third (docs/quality.md).
const excludeAt = 0.2

// kinds names what else must not be seen where the word is excluded: a model looks for what
// a caption would say, and of one man on a beach none says "people".
var kinds = func() map[string][]string {
	people := []string{"a man", "a woman", "a boy", "a girl", "a child", "children", "a group of people"}
	return map[string][]string{
		"people": people, "person": people, "a person": people, "persons": people, "humans": people, "anyone": people, "anybody": people,
	}
}()

// exclude bars the photos that show, or are said to show, what they should not.
func (r *run) exclude() error {
	for _, t := range r.query.pick(Phrase, true) {
		said, err := r.photosWith(store.WordQuery{
			Terms: contentWords(t.Text), Columns: []string{"name", "keywords", "description", "tags", "alt"},
		})
		if err != nil {
			return err
		}
		r.bar(said)
		if r.view == nil || r.view.Len() == 0 || r.foreign(t.Text) {
			continue
		}
		for _, phrase := range append([]string{t.Text}, kinds[strings.ToLower(t.Text)]...) {
			l, err := r.textLook(phrase)
			if err != nil {
				return err
			}
			var shown []library.PhotoID
			for row, id := range r.view.Photos() {
				if l.probability(row) >= excludeAt {
					shown = append(shown, id)
				}
			}
			r.bar(shown)
			r.nots = append(r.nots, l)
		}
	}
	return nil
}
