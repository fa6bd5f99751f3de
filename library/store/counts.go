package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"descry/library"
)

func keywordList(text string) ([]string, error) {
	var k []string
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return nil, fmt.Errorf("read keywords: %w", err)
	}
	return k, nil
}

// Status counts what a library holds and what is left to do.
type Status struct {
	Files    int    // present files, those of offline roots included
	Photos   int    // photos with a present file
	Encoded  int    // of those, with a vector in the space asked for
	Pending  int    // files to look at and photos to encode, in roots that are there
	Failed   int    // present files that could not be used
	Offline  int    // present files of offline roots
	Missing  int    // missing files, see MissingFiles
	Provider string // execution provider of the newest vector in the space, "" without one
}

// Status counts the library; Encoded, Pending and Provider are about space (0: none).
func (s *Store) Status(ctx context.Context, space library.SpaceID) (Status, error) {
	var st Status
	err := s.snapshot(ctx, func(q querier) error {
		for _, c := range []struct {
			dst   *int
			query string
			args  []any
		}{
			{&st.Files, "SELECT count(*) FROM file WHERE state = 'present'", nil},
			{&st.Photos, "SELECT count(*) FROM photo WHERE shown = 1", nil},
			{&st.Encoded, `SELECT count(*) FROM photo p WHERE p.shown = 1 AND EXISTS (SELECT 1 FROM vector v
				WHERE v.content_id = p.content_id AND v.orientation = p.orientation AND v.space_id = ? AND v.view = 0)`, []any{space}},
			{&st.Pending, waiting, lackingArgs(space)},
			{&st.Failed, "SELECT count(*) FROM failure x JOIN file f ON f.id = x.file_id WHERE f.state = 'present'", nil},
			{&st.Offline, "SELECT count(*) FROM file f JOIN root r ON r.id = f.root_id WHERE f.state = 'present' AND r.state = 'offline'", nil},
			{&st.Missing, "SELECT count(*) FROM file f WHERE " + lost, nil},
		} {
			if err := q.QueryRowContext(ctx, c.query, c.args...).Scan(c.dst); err != nil {
				return mapError(err)
			}
		}
		err := q.QueryRowContext(ctx, "SELECT provider FROM vector WHERE space_id = ? ORDER BY seq DESC LIMIT 1", space).Scan(&st.Provider)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return mapError(err)
	})
	if err != nil {
		return st, fmt.Errorf("count the library: %w", err)
	}
	return st, nil
}

// Failures lists the present files that could not be used, by path.
func (s *Store) Failures(ctx context.Context) ([]library.Failure, error) {
	list, err := files(ctx, s.ro, "x.file_id IS NOT NULL AND f.state = 'present'")
	if err != nil {
		return nil, fmt.Errorf("list the files that could not be used: %w", err)
	}
	out := make([]library.Failure, len(list))
	for i, f := range list {
		out[i] = *f.Failure
	}
	return out, nil
}

// Damaged is a file of a picture of which only a part can be shown.
type Damaged struct {
	Path    string // absolute
	Warning string // what is lacking, in words
}

// Damaged lists the files of pictures of which only a part can be shown, by path. Their
// photos are photos like others.
func (s *Store) Damaged(ctx context.Context) ([]Damaged, error) {
	var out []Damaged
	err := eachRow(ctx, s.ro, `SELECT r.path, f.dir, f.name, i.warning FROM picture i
		JOIN photo p ON p.content_id = i.content_id AND p.orientation = i.orientation
		JOIN file f ON f.photo_id = p.id JOIN root r ON r.id = f.root_id
		WHERE i.warning <> '' AND f.state = 'present' ORDER BY r.path, f.dir, f.name`, nil, func(rows *sql.Rows) error {
		var root, dir, name []byte
		var d Damaged
		err := rows.Scan(&root, &dir, &name, &d.Warning)
		d.Path = joinPath(string(root), string(dir), string(name))
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the damaged pictures: %w", err)
	}
	return out, nil
}

// lost is the condition for a file f that is gone and whose photo no other file holds: the
// old place of a moved photo is not missed.
const lost = `f.state = 'missing' AND NOT EXISTS (SELECT 1 FROM photo p WHERE p.id = f.photo_id AND p.shown = 1)`

// MissingFiles lists the files that are gone from their folders, by path, but for those
// whose photo is there in another file.
func (s *Store) MissingFiles(ctx context.Context) ([]FileInfo, error) {
	out, err := files(ctx, s.ro, lost)
	if err != nil {
		return nil, fmt.Errorf("list the missing files: %w", err)
	}
	return out, nil
}

// Folder is a folder of a root with the number of its photos.
type Folder struct {
	Root   library.RootID
	Dir    string // relative, "/" separated; "" is the root itself
	Photos int    // photos with a present file right in it
	Total  int    // the same with all folders below; a photo in several of them counts in each
}

// Folders lists the folders of all roots that hold present photos, and those above them up
// to the root: by root path, each folder before those below it. Every root comes.
func (s *Store) Folders(ctx context.Context) ([]Folder, error) {
	m, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if m.folders == nil {
		if m.folders, err = s.readFolders(ctx); err != nil {
			return nil, fmt.Errorf("list the folders: %w", err)
		}
	}
	return slices.Clone(m.folders), nil
}

func (s *Store) readFolders(ctx context.Context) ([]Folder, error) {
	var out []Folder
	err := s.snapshot(ctx, func(q querier) error {
		roots, err := rootPaths(ctx, q)
		if err != nil {
			return err
		}
		known := map[library.RootID]map[string]*Folder{}
		for _, r := range roots {
			known[r.ID] = map[string]*Folder{"": {Root: r.ID}}
		}
		err = eachRow(ctx, q, `SELECT root_id, dir, count(DISTINCT photo_id) FROM file
			WHERE state = 'present' AND photo_id IS NOT NULL GROUP BY root_id, dir`, nil, func(rows *sql.Rows) error {
			var root library.RootID
			var dir []byte
			var n int
			if err := rows.Scan(&root, &dir, &n); err != nil {
				return err
			}
			for d, first := string(dir), true; ; first = false {
				f := known[root][d]
				if f == nil {
					f = &Folder{Root: root, Dir: d}
					known[root][d] = f
				}
				f.Total += n
				if first {
					f.Photos = n
				}
				if d == "" {
					return nil
				}
				if d = path.Dir(d); d == "." {
					d = ""
				}
			}
		})
		if err != nil {
			return err
		}
		for _, r := range roots {
			start := len(out)
			for _, f := range known[r.ID] {
				out = append(out, *f)
			}
			slices.SortFunc(out[start:], func(a, b Folder) int { return compareDirs(a.Dir, b.Dir) })
		}
		return nil
	})
	return out, err
}

// compareDirs orders folders as a tree is read: "a/b" comes before "a b", though '/' sorts
// after ' '.
func compareDirs(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			if a[i] == '/' {
				return -1
			}
			if b[i] == '/' {
				return 1
			}
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

// DateCount is a month with the number of its photos.
type DateCount struct {
	Year   int
	Month  int // 1 to 12
	Photos int
}

// DateCounts counts the shown photos by the month in which they were taken (else their file
// was written, UTC), newest first.
func (s *Store) DateCounts(ctx context.Context) ([]DateCount, error) {
	var out []DateCount
	err := s.snapshot(ctx, func(q querier) error {
		first, last, err := span(ctx, q)
		if err != nil || first.IsZero() {
			return err
		}
		var months []DateCount
		var spans [][2]int64
		for at := monthOf(last); !at.Before(monthOf(first)); at = at.AddDate(0, -1, 0) {
			months = append(months, DateCount{Year: at.Year(), Month: int(at.Month())})
			spans = append(spans, [2]int64{at.UnixMilli(), at.AddDate(0, 1, 0).UnixMilli()})
		}
		// Working the month out of each time takes ten times as long.
		return eachRow(ctx, q, `SELECT r.key, (SELECT count(*) FROM photo p WHERE p.shown = 1 AND p.sort_ms >= r.value ->> 0 AND p.sort_ms < r.value ->> 1)
			FROM json_each(?) r`, []any{jsonOf(spans)}, func(rows *sql.Rows) error {
			var i, n int
			err := rows.Scan(&i, &n)
			if n > 0 {
				months[i].Photos = n
				out = append(out, months[i])
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count the photos by month: %w", err)
	}
	return out, nil
}

// span is the time of the first and of the last shown photo; zero where there is none.
func span(ctx context.Context, q querier) (first, last time.Time, err error) {
	var a, b sql.NullInt64
	err = q.QueryRowContext(ctx, "SELECT (SELECT min(sort_ms) FROM photo WHERE shown = 1), (SELECT max(sort_ms) FROM photo WHERE shown = 1)").Scan(&a, &b)
	if err != nil || !a.Valid {
		return first, last, mapError(err)
	}
	return time.UnixMilli(a.Int64).UTC(), time.UnixMilli(b.Int64).UTC(), nil
}

// monthOf is the beginning of the month of a time.
func monthOf(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) }
