package store

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"descry/library"
)

func exported(t *testing.T, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := s.Export(t.Context(), &b)
	noError(t, err)
	return b.Bytes()
}

// What a person said survives the way through a file into another library, whether the photos
// are looked at before the import or after.
func TestExportAndImport(t *testing.T) {
	dir := aLife(t, 150)
	s, err := Open(t.Context(), dir, Options{})
	noError(t, err)
	defer s.Close()
	ids, err := s.Photos(t.Context(), ListFilter{})
	noError(t, err)
	_, err = s.RemoveLabelSet(t.Context(), "places") // its tags stay, hidden
	noError(t, err)
	_, _, err = s.PutAlbum(t.Context(), Album{Name: "Dogs", Query: "tag:dog"})
	noError(t, err)
	file := exported(t, s)
	user, _, err := s.Digest(t.Context())
	noError(t, err)
	for i, line := range bytes.Split(bytes.TrimSpace(file), []byte("\n")) {
		if !json.Valid(line) {
			t.Fatalf("line %d is no JSON: %s", i+1, line)
		}
	}
	same(t, "exported twice", string(exported(t, s)[200:]), string(file[200:]))

	for _, before := range []bool{true, false} {
		l := newLib(t)
		if before {
			fill(t, l.Store, l.root.ID, l.space.ID, testDim, len(ids))
		}
		empty := l.dump()
		done, err := l.Import(t.Context(), bytes.NewReader(file), false, nil)
		noError(t, err)
		waiting := 0
		if !before {
			waiting = done.Photos
			fill(t, l.Store, l.root.ID, l.space.ID, testDim, len(ids))
		}
		same(t, "imported", []int{done.Waiting, done.Count, done.Photos - done.Changed}, []int{waiting, 0, 0})
		got, _, err := l.Digest(t.Context())
		noError(t, err)
		same(t, "digest of what was said", got, user)
		l.check()
		again, err := l.Import(t.Context(), bytes.NewReader(file), true, nil)
		noError(t, err)
		same(t, "imported again", []any{again.Operation, again.Changed, again.Count}, []any{int64(0), 0, 0})
		if before {
			l.undo(done.Operation)
			same(t, "undone", strings.ReplaceAll(l.dump(), "setting \"threads\" \"2\"\n", ""), empty)
		}
	}
}

// What the library has is kept, and what does not agree is listed; with replace the file
// decides.
func TestImportConflicts(t *testing.T) {
	from := newLib(t)
	to := newLib(t)
	ctx := t.Context()
	for i, l := range []*lib{from, to} {
		a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
		dog := l.label("animals", "dog")
		_, _, err := l.SetTags(ctx, []library.PhotoID{a}, dog, []library.TagState{library.Confirmed, library.Rejected}[i])
		noError(t, err)
		_, err = l.SetAlt(ctx, a, library.AltText{Text: []string{"There.", "Here."}[i], State: library.AltEdited})
		noError(t, err)
		_, err = l.SetRating(ctx, []library.PhotoID{a}, 3+i)
		noError(t, err)
		if i == 0 {
			l.confirm(dog, b)
			_, err := l.SetFavourite(ctx, []library.PhotoID{a}, true)
			noError(t, err)
		}
		noError(t, l.SetSetting(ctx, "threads", []string{"1", "4"}[i]))
	}
	file := exported(t, from.Store)
	before := to.dump()
	done, err := to.Import(ctx, bytes.NewReader(file), false, nil)
	noError(t, err)
	var what []string
	for _, c := range done.Conflicts {
		what = append(what, c.What+": "+c.Here+" / "+c.There+" "+c.Path)
	}
	same(t, "conflicts", what, []string{
		"setting threads: 4 / 1 ", "tag animals/dog: rejected / confirmed /photos/a.jpg",
		"alt text (en): Here. / There. /photos/a.jpg", "rating: 4 / 3 /photos/a.jpg",
	})
	same(t, "photos with something new", done.Changed, 2) // the favourite and the tag of the other
	to.undo(0)
	same(t, "undone", to.dump(), before)

	done, err = to.Import(ctx, bytes.NewReader(file), true, nil)
	noError(t, err)
	same(t, "decided for the file", done.Count, 4)
	want, _, err := from.Digest(ctx)
	noError(t, err)
	got, _, err := to.Digest(ctx)
	noError(t, err)
	same(t, "digest", got, want)
}

// When the file's content ids are of another scheme, the path tells the photos.
func TestImportByPath(t *testing.T) {
	l := newLib(t)
	photo := l.add("2020/a.jpg", 1)
	dog := l.label("animals", "dog")
	l.confirm(dog, photo)
	file := strings.ReplaceAll(string(exported(t, l.Store)), `"content":"jpeg1:`, `"content":"jpeg0:`)
	l.undo(0)
	done, err := l.Import(t.Context(), strings.NewReader(file), false, nil)
	noError(t, err)
	same(t, "found", []int{done.Waiting, done.Changed}, []int{0, 1})
	same(t, "tag", l.tagged(photo), "animals/dog confirmed")
	l.check()
}

func TestImportRefusesWhatIsNoExport(t *testing.T) {
	l := newLib(t)
	photo := l.add("a.jpg", 1)
	l.confirm(l.label("animals", "dog"), photo)
	whole := string(exported(t, l.Store))
	before := l.dump()
	for name, file := range map[string]string{
		"nothing":          "",
		"text":             "This is no export.",
		"cut short":        whole[:len(whole)-30],
		"a line less":      strings.Replace(whole, `{"kind":"photo"`, "\n{\"kind\":\"other\"}\n"+`{"kind":"photo"`, 1),
		"a state unknown":  strings.Replace(whole, "confirmed", "perhaps", 1),
		"no content id":    strings.Replace(whole, "jpeg1:", "jpeg1:x", 1),
		"something behind": whole + whole,
	} {
		_, err := l.Import(t.Context(), strings.NewReader(file), false, nil)
		if err == nil {
			t.Errorf("%s was imported", name)
		}
		same(t, name, l.dump(), before)
	}
	_, err := l.Import(t.Context(), strings.NewReader(strings.Replace(whole, `"version":1`, `"version":9`, 1)), false, nil)
	wantError(t, err, library.ErrNewer)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"kind":"descry-user-data","version":1}` + "\n" + `{"kind":"set","name":"a","labels":[{"name":"b"}]}` + "\n" + `{"kind":"end","lines":2}`))
	f.Add([]byte(`{"kind":"descry-user-data","version":1}` + "\n" + `{"kind":"photo","content":"jpeg1:` + strings.Repeat("ab", 32) + `","tags":[{"set":"a","label":"b","state":"confirmed"}],"alt":[{"lang":"en","text":"x","state":"edited"}],"rating":3}` + "\n" + `{"kind":"end","lines":2}`))
	s, err := Open(f.Context(), filepath.Join(f.TempDir(), "library"), Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		if _, err := s.Import(t.Context(), bytes.NewReader(b), len(b)%2 == 0, nil); err != nil {
			return
		}
		var out bytes.Buffer
		if _, err := s.Export(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if _, err := checkExport(&out); err != nil {
			t.Errorf("what was imported cannot be exported: %v", err)
		}
	})
}
