package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"descry/library"
	"descry/library/spool"
	"descry/tagging"
)

// words are tags that photos get; the set of the last ones changes now and then.
var words = []string{"animals/dog", "animals/cat", "animals/bee", "my-tags/holiday", "my-tags/to print", "colours/red", "colours/green"}

// mark is a row of what is said with stars and hearts.
type mark struct {
	stars     int // -1: nothing
	favourite bool
}

func (m mark) String() string {
	if m.stars < 0 && !m.favourite {
		return ""
	}
	stars, fav := "-", "0"
	if m.stars >= 0 {
		stars = strconv.Itoa(m.stars)
	}
	if m.favourite {
		fav = "1"
	}
	return stars + " " + fav
}

func markOf(p *photo) mark {
	m := mark{stars: -1}
	stars, fav, ok := strings.Cut(p.said["mark"], " ")
	if !ok {
		return m
	}
	if n, err := strconv.Atoi(stars); err == nil {
		m.stars = n
	}
	m.favourite = fav == "1"
	return m
}

// id is the photo of a file. errSkip: it was not looked at yet.
func (s *soak) id(ctx context.Context, at place) (library.PhotoID, error) {
	s.w.mu.Lock()
	path, f := at.String(), s.w.files[at]
	s.w.mu.Unlock()
	found, _, err := s.app().Resolve(ctx, []string{path})
	if err != nil || len(found) == 0 {
		return 0, errors.Join(err, errSkip)
	}
	d, err := s.app().Detail(ctx, found[0].Photo)
	if err == nil && f.photo != nil && d.Picture.Content != f.photo.content {
		err = fmt.Errorf("%s is taken for %s, not %s", path, d.Picture.Content, f.photo.content)
	}
	return found[0].Photo, err
}

// target is a photo that something is said of.
type target struct {
	id    library.PhotoID
	path  string
	photo *photo
}

// targets are up to n photos, wherever their files are. word must be held.
func (s *soak) targets(ctx context.Context, rng *rand.Rand, n int) ([]target, error) {
	all := s.w.places(isPhoto)
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var out []target
	seen := map[*photo]bool{}
	for _, at := range all[:min(n, len(all))] {
		id, err := s.id(ctx, at)
		if errors.Is(err, errSkip) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f, ok := s.w.at(at)
		if ok && !seen[f.photo] {
			seen[f.photo] = true
			out = append(out, target{id, at.String(), f.photo})
		}
	}
	if len(out) == 0 {
		return nil, errSkip
	}
	return out, nil
}

func idsOf(ts []target) []library.PhotoID {
	out := make([]library.PhotoID, len(ts))
	for i, t := range ts {
		out[i] = t.id
	}
	return out
}

// several is how many photos an act is about: mostly few, now and then all.
func several(rng *rand.Rand) int {
	if rng.IntN(20) == 0 {
		return most
	}
	return 1 + rng.IntN(5)
}

func (s *soak) rate(ctx context.Context, rng *rand.Rand) error {
	ts, err := s.targets(ctx, rng, several(rng))
	if err != nil {
		return err
	}
	stars := rng.IntN(6)
	op, err := s.app().SetRating(ctx, idsOf(ts), stars)
	if err != nil {
		return err
	}
	return s.rated(op, ts, stars)
}

func (s *soak) rated(op int64, ts []target, stars int) error {
	var said saying
	for _, t := range ts {
		m := markOf(t.photo)
		m.stars = stars
		said.set(t.photo, "mark", m.String())
	}
	_, err := s.w.record(op, said, false)
	return err
}

func (s *soak) favour(ctx context.Context, rng *rand.Rand) error {
	ts, err := s.targets(ctx, rng, several(rng))
	if err != nil {
		return err
	}
	on := rng.IntN(2) == 0
	op, err := s.app().SetFavourite(ctx, idsOf(ts), on)
	if err != nil {
		return err
	}
	var said saying
	for _, t := range ts {
		m := markOf(t.photo)
		m.favourite = on
		said.set(t.photo, "mark", m.String())
	}
	_, err = s.w.record(op, said, false)
	return err
}

// tag confirms, rejects or clears a tag. One whose label was removed meanwhile is refused.
func (s *soak) tag(ctx context.Context, rng *rand.Rand) error {
	ts, err := s.targets(ctx, rng, several(rng))
	if err != nil {
		return err
	}
	word := pick(rng, words)
	label, err := s.app().Label(ctx, word)
	if errors.Is(err, library.ErrNotFound) && strings.HasPrefix(word, "colours/") {
		return errSkip
	}
	if err != nil {
		return err
	}
	state := pick(rng, []library.TagState{library.Confirmed, library.Rejected, ""})
	say := map[library.TagState]func(context.Context, []library.PhotoID, library.LabelID) (int64, error){
		library.Confirmed: s.app().Confirm, library.Rejected: s.app().Reject, "": s.app().ClearTag,
	}[state]
	op, err := say(ctx, idsOf(ts), label)
	if err != nil {
		return err
	}
	return s.tagged(op, ts, word, state)
}

func (s *soak) tagged(op int64, ts []target, word string, state library.TagState) error {
	var said saying
	for _, t := range ts {
		said.set(t.photo, "tag "+word, string(state))
	}
	_, err := s.w.record(op, said, false)
	return err
}

func (s *soak) writeAlt(ctx context.Context, rng *rand.Rand) error {
	ts, err := s.targets(ctx, rng, 1)
	if err != nil {
		return err
	}
	text, value := "", ""
	if rng.IntN(4) > 0 {
		text = fmt.Sprintf("A picture made by number %d.", s.w.number())
		value = fmt.Sprintf("edited %q %q", text, "")
	}
	op, err := s.app().SetAlt(ctx, ts[0].id, text, "")
	if err != nil {
		return err
	}
	var said saying
	said.set(ts[0].photo, "alt", value)
	_, err = s.w.record(op, said, false)
	return err
}

// approveAlt approves the alt text that is there, mostly a draft.
func (s *soak) approveAlt(ctx context.Context, rng *rand.Rand) error {
	ts, err := s.targets(ctx, rng, 2)
	if err != nil {
		return err
	}
	op, err := s.app().ApproveAlt(ctx, idsOf(ts))
	if err != nil {
		return err
	}
	var said saying
	for _, t := range ts {
		text, err := s.app().AltText(ctx, t.id)
		if err != nil {
			return err
		}
		if text.State == library.AltApproved {
			said.set(t.photo, "alt", fmt.Sprintf("approved %q %q", text.Text, text.Extended))
		}
	}
	_, err = s.w.record(op, said, false)
	return err
}

func (s *soak) keepBoth(ctx context.Context, rng *rand.Rand) error {
	ts, err := s.targets(ctx, rng, 2)
	if err != nil || len(ts) < 2 {
		return errors.Join(err, errSkip)
	}
	op, err := s.app().KeepBoth(ctx, [][]library.PhotoID{idsOf(ts)})
	if err != nil {
		return err
	}
	a, b := ts[0].photo, ts[1].photo
	if a.number > b.number {
		a, b = b, a
	}
	var said saying
	said.set(a, fmt.Sprintf("distinct %d", b.number), "yes")
	_, err = s.w.record(op, said, false)
	return err
}

// changeLabels gives a label of a set another name, or the old one back: tags on labels that
// are not there are hidden, and come back with them.
func (s *soak) changeLabels(ctx context.Context, rng *rand.Rand) error {
	names := []string{"red", "green"}
	if rng.IntN(2) == 0 {
		names[rng.IntN(2)] = "crimson"
	}
	op, err := s.putLabels(ctx, names)
	if err != nil || op == nil || rng.IntN(2) == 0 {
		return err
	}
	return s.undo(ctx, op)
}

func (s *soak) putLabels(ctx context.Context, names []string) (*op, error) {
	set := tagging.LabelSet{Name: "colours", Title: "Colours", Role: "thing"}
	for _, name := range names {
		set.Labels = append(set.Labels, tagging.Label{Name: name})
	}
	id, err := s.app().PutLabelSet(ctx, set)
	if err != nil {
		return nil, err
	}
	var said saying
	said.set(s.w.bin, "labels", strings.Join(names, " "))
	return s.w.record(id, said, true)
}

// undoLast takes back what was said last, and undoOne something before it.
func (s *soak) undoLast(ctx context.Context, _ *rand.Rand) error {
	last, err := s.app().LastOperation(ctx)
	if errors.Is(err, library.ErrNotFound) {
		return errSkip
	}
	if err != nil {
		return err
	}
	want := s.w.undoable()
	if want == nil || want.id != last {
		return fmt.Errorf("the last operation is %d, not %+v", last, want)
	}
	if want.final {
		return errSkip
	}
	op, err := s.app().Undo(ctx, 0)
	if err != nil {
		return fmt.Errorf("undoing operation %d, the last: %w", last, err)
	}
	return s.w.turnBack(want, op.ID)
}

func (s *soak) undoOne(ctx context.Context, rng *rand.Rand) error {
	var found []*op
	for _, o := range s.w.ops[max(0, len(s.w.ops)-20):] {
		if o.undoes == nil && !o.undone && !o.final {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return errSkip
	}
	return s.undo(ctx, pick(rng, found))
}

// undo takes an operation back, unless a later one stands in its way.
func (s *soak) undo(ctx context.Context, o *op) error {
	op, err := s.app().Undo(ctx, o.id)
	return s.undid(o, op.ID, err)
}

func (s *soak) undid(o *op, id int64, err error) error {
	later := s.w.conflict(o)
	switch {
	case err == nil && later == nil:
		return s.w.turnBack(o, id)
	case err == nil:
		return fmt.Errorf("operation %d was undone although %d came later", o.id, later.id)
	case errors.Is(err, library.ErrConflict) && later != nil:
		return nil
	}
	return fmt.Errorf("undoing operation %d (in the way: %+v): %w", o.id, later, err)
}

func (s *soak) redo(ctx context.Context, _ *rand.Rand) error {
	want := s.w.redoable()
	if want == nil || want.final {
		return errSkip
	}
	op, err := s.app().Redo(ctx)
	if err != nil {
		return fmt.Errorf("redoing what %d undid: %w", want.id, err)
	}
	return s.w.turnBack(want, op.ID)
}

// importOwn takes what was said out of the library and in again: nothing changes.
func (s *soak) importOwn(ctx context.Context, _ *rand.Rand) error {
	var buf bytes.Buffer
	if _, err := s.app().Export(ctx, &buf); err != nil {
		return err
	}
	in, err := s.app().Import(ctx, bytes.NewReader(buf.Bytes()), false)
	if err == nil && (in.Changed > 0 || in.ConflictCount > 0 || in.Operation != 0) {
		err = fmt.Errorf("a library's own export changed it: %+v", in)
	}
	return err
}

// handOver lets another process say something: it cannot write the library itself.
func (s *soak) handOver(ctx context.Context, rng *rand.Rand) error {
	ts, err := s.targets(ctx, rng, 1+rng.IntN(3))
	if err != nil {
		return err
	}
	r := spool.Request{}
	for _, t := range ts {
		r.Paths = append(r.Paths, spool.Path(t.path))
	}
	tell := func(int64) error { return nil }
	switch rng.IntN(3) {
	case 0:
		r.Verb, r.Stars = spool.Rating, rng.IntN(6)
		tell = func(op int64) error { return s.rated(op, ts, r.Stars) }
	case 1:
		r.Verb, r.Label, r.State = spool.Tag, pick(rng, words[:4]), pick(rng, []string{"confirmed", "rejected", ""})
		tell = func(op int64) error { return s.tagged(op, ts, r.Label, library.TagState(r.State)) }
	case 2:
		last := s.w.undoable()
		if last == nil || last.final {
			return errSkip
		}
		r = spool.Request{Verb: spool.Undo, Operation: last.id}
		tell = func(op int64) error { return s.undid(last, op, nil) }
	}
	op, err := s.ask(ctx, r)
	if err != nil {
		return fmt.Errorf("handing over %+v: %w", r, err)
	}
	return tell(op)
}

// backup copies the library while it is used; the copy is whole.
func (s *soak) backup(ctx context.Context, _ *rand.Rand) error {
	file := s.scratch("backup.db")
	if _, err := s.app().Backup(ctx, file); err != nil {
		return err
	}
	return errors.Join(s.app().CheckBackup(ctx, file), remove(file))
}

// shown are the labels of the set that changes.
func (w *world) shown() map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(w.bin.said["labels"]) {
		out["colours/"+name] = true
	}
	return out
}

// said are the photos of which something was said, in the order of their numbers.
func (w *world) said() []*photo {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.SortedFunc(maps.Keys(w.photos), func(a, b *photo) int { return a.number - b.number })
}
