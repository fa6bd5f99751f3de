package store

import (
	"testing"
	"time"

	"descry/library"
)

// What C hands over is what the same query gives row by row, and errors of a query that ends
// early are errors.
func TestCollectedPhotos(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	for _, c := range []struct {
		ids  string
		want []library.PhotoID
	}{
		{"[]", nil},
		{"[null]", nil},
		{"[3, 64, null, 130, 0, -5]", []library.PhotoID{3, 64, 130}},
		{"[1000000, 63, 1]", []library.PhotoID{1_000_000, 63, 1}},
	} {
		list, err := photoList(ctx, l.ro, "SELECT photo_list(value) FROM json_each(?)", c.ids)
		noError(t, err)
		same(t, c.ids, list, c.want)
		set, err := photoSet(ctx, l.ro, "SELECT photo_set(value) FROM json_each(?)", c.ids)
		noError(t, err)
		same(t, c.ids, set.Len(), len(c.want))
		for _, id := range c.want {
			same(t, c.ids, set.Has(id), true)
		}
	}
	for _, query := range []string{
		"SELECT photo_set(value) FROM json_each('[1, 4611686018427387904]')",
		"SELECT photo_list(value) FROM (SELECT 5 AS value UNION ALL SELECT abs(-9223372036854775807 - 1))",
	} {
		if set, err := photoSet(ctx, l.ro, query); err == nil {
			t.Errorf("%s: %v, want an error", query, set)
		}
	}
}

func TestNewest(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	const n = few + 100
	var want []library.PhotoID
	var files []IndexedFile
	for i := range n {
		name := "p" + string(rune('a'+i%26)) + "/" + t.Name() + string(rune('A'+i/26/26)) + string(rune('a'+i/26%26)) + ".jpg"
		l.apply(Found, name, library.Stat{Size: 1, ModTime: int64(i+1) * 1e9})
		f := l.reading(name)
		f.File, f.Stat = l.file(name).ID, library.Stat{Size: 1, ModTime: int64(i+1) * 1e9}
		files = append(files, f)
	}
	noError(t, l.CommitBatch(ctx, files))
	for i := n; i > 0; i-- { // ids rise as times do
		want = append(want, library.PhotoID(i))
	}
	all := library.PhotoSetOf(want...)
	for _, c := range []struct {
		name          string
		set           library.PhotoSet
		offset, limit int
		want          []library.PhotoID
	}{
		{"none", nil, 0, 10, nil},
		{"few", library.PhotoSetOf(3, 9, 5), 0, 0, []library.PhotoID{9, 5, 3}},
		{"a page of few", library.PhotoSetOf(3, 9, 5), 1, 1, []library.PhotoID{5}},
		{"behind the last", library.PhotoSetOf(3, 9, 5), 3, 10, nil},
		{"many", all, 0, 0, want},
		{"a page of many", all.Without(library.PhotoSetOf(n, n-2)), 1, 2, []library.PhotoID{n - 3, n - 4}},
	} {
		got, err := l.Newest(ctx, c.set, c.offset, c.limit)
		noError(t, err)
		same(t, c.name, got, c.want)
	}
	// What was kept of the order is forgotten with a change.
	l.apply(Gone, "pa/TestNewestAa.jpg", library.Stat{})
	shown, err := l.FindSet(ctx, Condition{})
	noError(t, err)
	same(t, "shown", shown.Len(), n-1)
	got, err := l.Newest(ctx, all, n-1, 5)
	noError(t, err)
	same(t, "a missing one is listed when asked for", got, want[n-1:])
}

func TestMatchWordsLimited(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	one := l.reading("one")
	one.Metadata.Keywords = []string{"red boat"}
	two := l.reading("two")
	two.Metadata.Keywords = []string{"red", "boat"}
	two.Metadata.Description = "a boat, a boat"
	three := l.reading("three")
	a, b, c := l.put("red/1.jpg", 1, one), l.put("red/2.jpg", 2, two), l.put("red/3.jpg", 3, three)
	columns := []string{"name", "folder", "keywords", "description"}
	for _, x := range []struct {
		name        string
		q           WordQuery
		terms, rare []string
		want        []library.PhotoID
	}{
		{"all are rare", WordQuery{}, []string{"red", "boat"}, []string{"red", "boat"}, []library.PhotoID{a, b}},
		{"one is common", WordQuery{Limit: 1}, []string{"red", "boat"}, []string{"boat"}, []library.PhotoID{b}},
		{"all are common", WordQuery{Limit: 2}, []string{"red"}, nil, []library.PhotoID{c, b}},
		{"a common one must match", WordQuery{Limit: 5}, []string{"boat", "3"}, []string{"boat"}, nil},
		{"a common one is passed over", WordQuery{Any: true, Limit: 5}, []string{"red", "boat"}, []string{"boat"}, []library.PhotoID{b, a}},
	} {
		hits, err := l.ranked(ctx, x.q, x.terms, x.rare, columns)
		noError(t, err)
		var got []library.PhotoID
		for _, h := range hits {
			got = append(got, h.Photo)
			same(t, x.name+": has a rank", h.Rank != 0, len(x.rare) > 0)
		}
		same(t, x.name, got, x.want)
	}
	hits, err := l.MatchWords(ctx, WordQuery{Terms: []string{"red", "boat"}, Limit: 1})
	noError(t, err)
	same(t, "columns", hits[0].Columns, []string{"folder", "keywords"})
}

// What was found is found again without a look, but not after a change, nor for other values.
func TestKeptSets(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	a, b := l.add("a.jpg", 1), l.add("b.jpg", 2)
	for i := range 3 * keptSets {
		for year, want := range map[int]int{1969: 2, 1971: 0} {
			set, err := l.FindSet(ctx, TakenBetween(time.Date(year, 1, 1, 0, 0, i, 0, time.UTC), time.Time{}))
			noError(t, err)
			same(t, "photos", set.Len(), want)
		}
	}
	for _, id := range []library.PhotoID{a, b} {
		set, err := l.FindSet(ctx, Is(IsFavourite))
		noError(t, err)
		same(t, "not yet", set.Has(id), false)
		_, err = l.SetFavourite(ctx, []library.PhotoID{id}, true)
		noError(t, err)
		set, err = l.FindSet(ctx, Is(IsFavourite))
		noError(t, err)
		same(t, "after the change", set.Has(id), true)
	}
}
