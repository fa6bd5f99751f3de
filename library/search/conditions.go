package search

import (
	"errors"
	"slices"
	"strings"

	"descry/internal/spelling"
	"descry/library"
	"descry/library/query"
	"descry/library/store"
)

// shared is what the alternatives of one search have in common.
type shared struct {
	hard     map[string]hardAnswer // by the conditions as they are printed
	pictures map[string]pictureAnswer
	tongue   *tongue
}

// hardAnswer is what conditions let through.
type hardAnswer struct {
	photos  library.PhotoSet
	applied []query.Node // the conditions, without those that name nothing
}

// applyConditions applies quoted texts and filters to what is allowed.
func (r *run) applyConditions() error {
	if len(r.plan.hard) == 0 {
		return nil
	}
	var b strings.Builder
	for _, n := range r.plan.hard {
		b.WriteString(n.String() + "\n")
	}
	a, ok := r.shared.hard[b.String()]
	if !ok {
		var err error
		if a, err = r.hardAnswer(); err != nil {
			return err
		}
		r.shared.hard[b.String()] = a
	}
	r.exact = a.applied
	if len(a.applied) > 0 {
		r.allow(a.photos)
	}
	return nil
}

// hardAnswer finds the photos for which all of the conditions hold. A filter whose value
// names nothing in the library is passed over, and a Problem says so.
func (r *run) hardAnswer() (a hardAnswer, err error) {
	var all []store.Condition
	for _, n := range r.plan.hard {
		c, ok, err := r.condition(n)
		if err != nil {
			return a, err
		}
		if ok {
			a.applied = append(a.applied, n)
			all = append(all, c)
		}
	}
	// What must hold is said before what must not.
	slices.SortStableFunc(a.applied, func(x, y query.Node) int {
		switch {
		case x.Not == y.Not:
			return 0
		case y.Not:
			return -1
		}
		return 1
	})
	if len(all) == 0 {
		return a, nil
	}
	a.photos, err = r.p.Store.FindSet(r.ctx, store.Both(all...))
	return a, err
}

// allow lets only these photos through, of those that were let through so far.
func (r *run) allow(photos library.PhotoSet) {
	if r.limited {
		photos = photos.And(r.allowed)
	}
	r.allowed, r.limited = photos, true
}

// condition makes what a node asks for a condition of the store. ok is false where it names
// nothing and is passed over.
func (r *run) condition(n query.Node) (c store.Condition, ok bool, err error) {
	switch n.Kind {
	case query.Exact:
		c, err = store.HasWords(store.WordQuery{Terms: []string{n.Text}})
		ok = true
	case query.Filter:
		c, ok, err = r.filter(n)
	default:
		c, ok, err = r.joined(n)
	}
	if n.Not && ok {
		c = store.Except(c)
	}
	return c, ok, err
}

// joined is the condition of a group.
func (r *run) joined(n query.Node) (store.Condition, bool, error) {
	var kids []store.Condition
	for _, k := range n.Kids {
		c, ok, err := r.condition(k)
		if err != nil {
			return c, false, err
		}
		if ok {
			kids = append(kids, c)
		}
	}
	if n.Kind == query.Any {
		return store.Either(kids...), len(kids) > 0, nil
	}
	return store.Both(kids...), len(kids) > 0, nil
}

// filter is the condition of a filter: one of its values must hold.
func (r *run) filter(n query.Node) (store.Condition, bool, error) {
	values := n.Values
	if n.Field == "near" {
		values = []string{strings.Join(n.Values, ",")} // together they are one place
	}
	var some []store.Condition
	for _, v := range values {
		c, err := r.value(n, v)
		var nothing unknownError
		if errors.As(err, &nothing) {
			r.problem(query.Problem{Sentence: nothing.sentence, Start: n.Start, End: n.End})
			continue
		}
		if err != nil {
			return store.Condition{}, false, err
		}
		some = append(some, c)
	}
	return store.Either(some...), len(some) > 0, nil
}

// unknownError says that a value names nothing that there is.
type unknownError struct{ sentence string }

func (e unknownError) Error() string { return e.sentence }

// unknown says that a filter's value names nothing, and what may be meant.
func unknown(what, value string, names []string) error {
	if near := spelling.Nearest(value, names); near != "" {
		return unknownError{"There is no " + what + " “" + short(value) + "”; did you mean “" + near + "”?"}
	}
	return unknownError{"There is no " + what + " “" + short(value) + "”; this part of the query was passed over."}
}

// folders are the conditions of the folders of a name, given as a path, the end of one or
// the folder's own name.
func (r *run) folders(name string) (store.Condition, error) {
	folders, err := r.p.Store.Folders(r.ctx)
	if err != nil {
		return store.Condition{}, err
	}
	roots, err := r.p.Store.Roots(r.ctx)
	if err != nil {
		return store.Condition{}, err
	}
	rootPath := map[library.RootID]string{}
	for _, root := range roots {
		rootPath[root.ID] = root.Path
	}
	want := strings.ToLower(strings.Trim(name, "/"))
	var some []store.Condition
	var names []string
	for _, f := range folders {
		path := strings.Trim(strings.ToLower(rootPath[f.Root]+"/"+f.Dir), "/")
		names = append(names, path[strings.LastIndex(path, "/")+1:])
		if path == want || strings.HasSuffix(path, "/"+want) {
			some = append(some, store.InFolder(f.Root, f.Dir))
		}
	}
	if some == nil {
		return store.Condition{}, unknown("folder", name, names)
	}
	return store.Either(some...), nil
}

// tagged is the condition of a tag, given as "label" or "set/label", or of a whole set.
func (r *run) tagged(field, name string) (store.Condition, error) {
	sets, err := r.p.Store.LabelSets(r.ctx)
	if err != nil {
		return store.Condition{}, err
	}
	var labels []library.LabelID
	var names []string
	found := false
	for _, s := range sets {
		if field == "set" {
			names = append(names, s.Name)
			if !strings.EqualFold(name, s.Name) && !strings.EqualFold(name, s.Title) {
				continue
			}
			found = true
		}
		for _, l := range s.Labels {
			if field != "set" {
				names = append(names, l.Name)
				if !strings.EqualFold(name, l.Name) && !strings.EqualFold(name, s.Name+"/"+l.Name) {
					continue
				}
				found = true
			}
			labels = append(labels, l.ID)
		}
	}
	if !found {
		what := "tag"
		if field == "set" {
			what = "label set"
		}
		return store.Condition{}, unknown(what, name, names)
	}
	if field == "tag~" && r.p.Index != nil {
		return store.Tagged(labels, r.p.Index.Space().ID, LikelyAt), nil
	}
	return store.Tagged(labels, 0, 0), nil
}

// deepestAlbum is how many smart albums may be named inside each other.
const deepestAlbum = 4

// album is the condition of an album: its photos, or for a smart one those that are likely
// answers to its query.
func (r *run) album(name string) (store.Condition, error) {
	albums, err := r.p.Store.Albums(r.ctx)
	if err != nil {
		return store.Condition{}, err
	}
	i := slices.IndexFunc(albums, func(a store.Album) bool { return strings.EqualFold(a.Name, name) })
	if i < 0 {
		var names []string
		for _, a := range albums {
			names = append(names, a.Name)
		}
		return store.Condition{}, unknown("album", name, names)
	}
	if albums[i].Query == "" {
		return store.InAlbum(albums[i].ID), nil
	}
	if r.req.inside >= deepestAlbum {
		return store.Condition{}, unknownError{"The smart album “" + short(name) + "” asks for itself; it was passed over there."}
	}
	res, err := r.Search(r.ctx, Request{Text: albums[i].Query, Now: r.req.Now, inside: r.req.inside + 1})
	if err != nil {
		return store.Condition{}, err
	}
	ids := make([]library.PhotoID, len(res.Hits))
	for k, h := range res.Hits {
		ids[k] = h.Photo
	}
	return store.OneOf(ids), nil
}
