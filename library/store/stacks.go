package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"descry/library"
)

// folderKey names a folder of a root.
type folderKey struct {
	root library.RootID
	dir  string
}

// touchFolder notes that the stacks of a folder must be worked out again.
func (t *tx) touchFolder(root library.RootID, dir []byte) {
	if t.folders == nil {
		t.folders = map[folderKey]struct{}{}
	}
	if root != 0 {
		t.folders[folderKey{root, string(dir)}] = struct{}{}
	}
}

// settleFolders keeps what touchFolder noted, in the transaction that made the change.
func (t *tx) settleFolders() error {
	for k := range t.folders {
		if err := t.exec("INSERT INTO stack_folder (root_id, dir) SELECT id, ? FROM root WHERE id = ? ON CONFLICT DO NOTHING",
			[]byte(k.dir), k.root); err != nil {
			return err
		}
	}
	return nil
}

// leaveStack takes a photo that no file holds out of its stack. A stack without its top is
// none, and one without others, too: that is worked out again.
func (t *tx) leaveStack(id library.PhotoID) error {
	if err := t.each(`SELECT DISTINCT f.root_id, f.dir FROM stack_member m JOIN stack_member o ON o.stack = m.stack
		JOIN photo p ON p.id = o.photo_id JOIN file f ON f.id = p.primary_file WHERE m.photo_id = ?`, []any{id}, func(rows *sql.Rows) error {
		var root library.RootID
		var dir []byte
		err := rows.Scan(&root, &dir)
		t.touchFolder(root, dir)
		return err
	}); err != nil {
		return err
	}
	return t.exec("DELETE FROM stack_member WHERE photo_id = ?1 OR stack = ?1", id)
}

// StackFolder is a folder whose stacks must be worked out again.
type StackFolder struct {
	Root library.RootID
	Dir  string // relative, "/" separated
}

// StackFolders returns up to limit folders whose stacks must be worked out again.
func (s *Store) StackFolders(ctx context.Context, limit int) ([]StackFolder, error) {
	var out []StackFolder
	err := eachRow(ctx, s.ro, "SELECT root_id, dir FROM stack_folder ORDER BY root_id, dir LIMIT ?", []any{limit}, func(rows *sql.Rows) error {
		var f StackFolder
		var dir []byte
		err := rows.Scan(&f.Root, &dir)
		f.Dir = string(dir)
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the folders whose stacks changed: %w", err)
	}
	return out, nil
}

// Shot is what finding the stacks of a folder needs of a photo in it.
type Shot struct {
	Photo     library.PhotoID
	Name      string // of its file
	Format    string
	Taken     int64 // wall clock of the camera, milliseconds, where Dated
	Dated     bool
	Camera    string // make and model, "" where not said
	Pair      string
	Burst     string
	Duration  int64  // of a film in milliseconds, 0: not said
	Hash      uint64 // where Measured
	Measured  bool
	Sharpness float64
	Digest    string // of the content
}

// shotsQuery reads the photos whose primary file lies in a folder. A photo with files in
// several folders belongs to that one alone.
const shotsQuery = `SELECT p.id, f.name, coalesce(m.format, ''), p.taken_ms, coalesce(m.make, ''), coalesce(m.model, ''),
		coalesce(m.pair, ''), coalesce(m.burst, ''), coalesce(m.duration_ms, 0), i.phash, coalesce(i.sharpness, 0), c.digest
	FROM file f JOIN photo p ON p.primary_file = f.id JOIN content c ON c.id = p.content_id
	LEFT JOIN metadata m ON m.file_id = f.id
	LEFT JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation
	WHERE f.root_id = ? AND f.dir = ? AND f.state = 'present' AND p.shown = 1`

// Stacked is the place of a photo in a stack: Stack is the photo that stands for it.
type Stacked struct {
	Photo, Stack library.PhotoID
	Kind         string // "raw", "live", "burst"
}

// restackShots is from how many photos on a transaction of Restack takes no further folder:
// it takes well under 100 ms then, unless a single folder holds very many.
const restackShots = 1000

// Restack works out the stacks of folders anew, in one transaction: find gets the photos of a
// folder and returns who belongs to which stack. The folders done, at least one, are taken off
// StackFolders in the same transaction, so a killed process loses none; those that would make
// it too long stay there.
func (s *Store) Restack(ctx context.Context, folders []StackFolder, find func([]Shot) []Stacked) error {
	err := s.write(ctx, true, func(t *tx) error {
		for shots, i := 0, 0; i < len(folders) && shots < restackShots; i++ {
			n, err := t.restack(folders[i], find)
			if err != nil {
				return err
			}
			shots += n
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("work out the stacks of %s: %w", count(len(folders), "folder"), err)
	}
	return nil
}

// restack works out the stacks of one folder and returns how many photos it holds.
func (t *tx) restack(f StackFolder, find func([]Shot) []Stacked) (int, error) {
	dir := []byte(f.Dir)
	var shots []Shot
	var ids []library.PhotoID
	err := t.each(shotsQuery, []any{f.Root, dir}, func(rows *sql.Rows) error {
		var sh Shot
		var name, digest []byte
		var taken, hash sql.NullInt64
		var brand, model string
		if err := rows.Scan(&sh.Photo, &name, &sh.Format, &taken, &brand, &model, &sh.Pair, &sh.Burst, &sh.Duration,
			&hash, &sh.Sharpness, &digest); err != nil {
			return err
		}
		sh.Name, sh.Digest = string(name), string(digest)
		sh.Taken, sh.Dated = taken.Int64, taken.Valid
		sh.Hash, sh.Measured = uint64(hash.Int64), hash.Valid
		if brand+model != "" {
			sh.Camera = brand + "\x00" + model
		}
		shots = append(shots, sh)
		ids = append(ids, sh.Photo)
		return nil
	})
	if err != nil {
		return 0, err
	}
	list := idList(ids)
	if err := t.exec(`DELETE FROM stack_member WHERE photo_id IN (SELECT value FROM json_each(?1))
		OR stack IN (SELECT value FROM json_each(?1))`, list); err != nil {
		return 0, err
	}
	if len(shots) > 1 {
		for _, m := range find(shots) {
			if err := t.exec("INSERT INTO stack_member (photo_id, stack, kind) VALUES (?, ?, ?)", m.Photo, m.Stack, m.Kind); err != nil {
				return 0, err
			}
		}
	}
	return len(shots), t.exec("DELETE FROM stack_folder WHERE root_id = ? AND dir = ?", f.Root, dir)
}

// Stack returns the photos of the stack that a photo is in, its top first, then by the name
// of their file, with the stack's kind; nothing for a photo in none.
func (s *Store) Stack(ctx context.Context, photo library.PhotoID) (members []library.PhotoID, kind string, err error) {
	err = eachRow(ctx, s.ro, `SELECT m.photo_id, m.kind FROM stack_member m JOIN photo p ON p.id = m.photo_id
		LEFT JOIN file f ON f.id = p.primary_file
		WHERE m.stack = (SELECT stack FROM stack_member WHERE photo_id = ?)
		ORDER BY m.photo_id <> m.stack, f.name, m.photo_id`, []any{photo}, func(rows *sql.Rows) error {
		var id library.PhotoID
		err := rows.Scan(&id, &kind)
		members = append(members, id)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("read the stack of photo %d: %w", photo, err)
	}
	return members, kind, nil
}

// Stacks returns the stacks of a kind ("": all), each with its top first, then by the name of
// the members' files; by the path of the top.
func (s *Store) Stacks(ctx context.Context, kind string) ([][]library.PhotoID, error) {
	var out [][]library.PhotoID
	last := library.PhotoID(0)
	err := eachRow(ctx, s.ro, `SELECT m.stack, m.photo_id FROM stack_member m
		JOIN photo q ON q.id = m.stack JOIN file g ON g.id = q.primary_file JOIN root r ON r.id = g.root_id
		JOIN photo p ON p.id = m.photo_id LEFT JOIN file f ON f.id = p.primary_file
		WHERE (? = '' OR m.kind = ?) AND q.shown = 1 AND p.shown = 1
		ORDER BY r.path, g.dir, g.name, m.stack, m.photo_id <> m.stack, f.name, m.photo_id`, []any{kind, kind}, func(rows *sql.Rows) error {
		var stack, photo library.PhotoID
		if err := rows.Scan(&stack, &photo); err != nil {
			return err
		}
		if stack != last {
			out, last = append(out, nil), stack
		}
		out[len(out)-1] = append(out[len(out)-1], photo)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the stacks: %w", err)
	}
	return out, nil
}

// inFront is Photos without those for which another of the list stands. Taking them out here
// costs a fifth of letting SQLite look up each of 1,000,000 photos.
func (s *Store) inFront(ctx context.Context, f ListFilter) ([]library.PhotoID, error) {
	limit, offset := f.Limit, f.Offset
	f.Stacked, f.Limit, f.Offset = false, 0, 0
	ids, err := s.Photos(ctx, f)
	if err != nil {
		return nil, err
	}
	var text sql.NullString
	if err := s.ro.QueryRowContext(ctx, "SELECT group_concat(photo_id || ',' || stack, ',') FROM stack_member WHERE stack <> photo_id").Scan(&text); err != nil {
		return nil, fmt.Errorf("list photos: %w", mapError(err))
	}
	pairs, err := parseIDs(text.String)
	if err != nil {
		return nil, err
	}
	top, listed := make(map[library.PhotoID]library.PhotoID, len(pairs)/2), make(map[library.PhotoID]bool)
	for i := 0; i+1 < len(pairs); i += 2 {
		top[pairs[i]], listed[pairs[i+1]] = pairs[i+1], false
	}
	if len(top) > 0 {
		for _, id := range ids {
			if _, ok := listed[id]; ok {
				listed[id] = true
			}
		}
		ids = slices.DeleteFunc(ids, func(id library.PhotoID) bool {
			stack, ok := top[id]
			return ok && listed[stack]
		})
	}
	ids = ids[min(max(offset, 0), len(ids)):]
	if limit > 0 {
		ids = ids[:min(limit, len(ids))]
	}
	return ids, nil
}
