package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"

	"descry/internal/float16"
	"descry/library"
)

// distinctTable is the journaled table of pairs that are no duplicates.
var distinctTable = table{"distinct_pair", []string{"a", "b"}, []string{"a", "b"}}

// Print is what finding near-duplicates holds in memory of every photo: 56 bytes.
type Print struct {
	Photo  library.PhotoID
	Hash   uint64          // library.Measures.PHash
	Order  uint64          // of the content's digest: an order that does not depend on when a photo came
	Taken  int64           // wall clock of the camera in milliseconds, where Dated
	Stack  library.PhotoID // the stack it is in; 0: none
	Camera uint32          // equal for equal make and model; 0: not said
	Aspect float32         // width over height, upright
	Dated  bool
}

// printChunk is how many prints are read into memory at a time, so that no read transaction
// stays open while the caller works.
const printChunk = 20000

// Prints calls fn for the print of every photo with a present file whose picture was measured.
// Videos are left out: one frame says little of a film, least of all a black one.
func (s *Store) Prints(ctx context.Context, fn func(Print) error) error {
	after := library.PhotoID(0)
	for {
		batch := make([]Print, 0, printChunk)
		err := eachRow(ctx, s.ro, `SELECT p.id, i.phash, c.digest, p.taken_ms, coalesce(m.make, ''), coalesce(m.model, ''), i.width, i.height,
				coalesce(s.stack, 0)
			FROM photo p JOIN content c ON c.id = p.content_id
			JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation
			LEFT JOIN metadata m ON m.file_id = p.primary_file
			LEFT JOIN stack_member s ON s.photo_id = p.id
			WHERE p.shown = 1 AND m.duration_ms IS NULL AND p.id > ? ORDER BY p.id LIMIT ?`, []any{after, printChunk}, func(rows *sql.Rows) error {
			var p Print
			var hash, width, height int64
			var digest sql.RawBytes
			var taken sql.NullInt64
			var brand, model sql.RawBytes
			if err := rows.Scan(&p.Photo, &hash, &digest, &taken, &brand, &model, &width, &height, &p.Stack); err != nil {
				return err
			}
			p.Hash, p.Order = uint64(hash), binary.BigEndian.Uint64(digest)
			p.Taken, p.Dated = taken.Int64, taken.Valid
			if len(brand)+len(model) > 0 {
				h := fnv.New32a()
				_, _ = h.Write(brand)
				_, _ = h.Write([]byte{0})
				_, _ = h.Write(model)
				p.Camera = h.Sum32() | 1
			}
			if height > 0 {
				p.Aspect = float32(width) / float32(height)
			}
			batch = append(batch, p)
			return nil
		})
		if err != nil {
			return fmt.Errorf("read what is known of the photos: %w", err)
		}
		for _, p := range batch {
			if err := fn(p); err != nil {
				return err
			}
			after = p.Photo
		}
		if len(batch) < printChunk {
			return nil
		}
	}
}

// Alike is what choosing among photos that show the same needs.
type Alike struct {
	Photo         library.PhotoID
	Picture       library.Picture
	Path          string // of a file that can be read now, "" where there is none
	Format        string
	Width, Height int // upright pixels
	Bytes         int64
	Sharpness     float64 // library.Measures.Sharpness
	Rating        int     // 0 to 5: the person's, else the file's
	Favourite     bool
	Camera        bool // the file holds the camera's data
}

// Alikes returns photos as choosing among them needs, in the order of ids; unknown ids, and
// photos without a file that can be read now, are left out.
func (s *Store) Alikes(ctx context.Context, ids []library.PhotoID) ([]Alike, error) {
	var out []Alike
	err := eachRow(ctx, s.ro, `SELECT p.id, c.scheme, c.digest, p.orientation, r.path, f.dir, f.name, f.size,
			coalesce(m.format, ''), i.width, i.height, i.sharpness,
			max(coalesce(k.rating, m.rating, 0), 0), coalesce(k.favourite, 0),
			coalesce(m.make <> '' OR m.model <> '', 0)
		FROM json_each(?) j JOIN photo p ON p.id = j.value JOIN content c ON c.id = p.content_id
		JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation
		JOIN file f ON f.id = (SELECT g.id FROM file g JOIN root q ON q.id = g.root_id
			WHERE g.photo_id = p.id AND g.state = 'present' AND q.state = 'present' ORDER BY q.path, g.dir, g.name LIMIT 1)
		JOIN root r ON r.id = f.root_id
		LEFT JOIN metadata m ON m.file_id = f.id LEFT JOIN mark k ON k.photo_id = p.id
		ORDER BY j.key`, []any{idList(ids)}, func(rows *sql.Rows) error {
		var a Alike
		var scheme string
		var digest, root, dir, name []byte
		var orientation int
		if err := rows.Scan(&a.Photo, &scheme, &digest, &orientation, &root, &dir, &name, &a.Bytes, &a.Format, &a.Width, &a.Height,
			&a.Sharpness, &a.Rating, &a.Favourite, &a.Camera); err != nil {
			return err
		}
		a.Picture, a.Path = picture(scheme, digest, orientation), joinPath(string(root), string(dir), string(name))
		out = append(out, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read photos that look alike: %w", err)
	}
	return out, nil
}

// PhotoVectors returns the vectors (view 0) of the pictures that photos show in a space;
// photos without one are left out.
func (s *Store) PhotoVectors(ctx context.Context, space library.SpaceID, ids []library.PhotoID) (map[library.PhotoID][]float32, error) {
	out := make(map[library.PhotoID][]float32, len(ids))
	err := eachRow(ctx, s.ro, `SELECT p.id, v.data FROM json_each(?) j JOIN photo p ON p.id = j.value
		JOIN vector v ON v.content_id = p.content_id AND v.orientation = p.orientation AND v.space_id = ? AND v.view = 0`,
		[]any{idList(ids), space}, func(rows *sql.Rows) error {
			var id library.PhotoID
			var data sql.RawBytes
			if err := rows.Scan(&id, &data); err != nil {
				return err
			}
			v := make([]float32, len(data)/float16.Size)
			float16.Unpack(v, data)
			out[id] = v
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the vectors of photos: %w", err)
	}
	return out, nil
}

// Twin is one of several files that hold the same photo.
type Twin struct {
	Photo    library.PhotoID
	Path     string // absolute
	Bytes    int64
	Modified int64 // nanoseconds since 1970
	Format   string
	Camera   bool // it holds the camera's data
	Words    int  // how many of title, description, keywords and alt text it holds
	Rating   int
}

// Twins lists the files of photos that several files hold which can be read now, photos by
// their first path, files by path. Names of one file (hard links) count once.
func (s *Store) Twins(ctx context.Context) ([][]Twin, error) {
	var out [][]Twin
	at := map[library.PhotoID]int{}
	type number struct {
		photo library.PhotoID
		inode string
	}
	seen := map[number]bool{}
	err := eachRow(ctx, s.ro, `SELECT f.photo_id, r.path, f.dir, f.name, f.size, f.mtime_ns, f.inode, coalesce(m.format, ''),
			coalesce(m.make <> '' OR m.model <> '', 0),
			coalesce((m.title <> '') + (m.description <> '') + (m.keywords <> '[]') + (m.alt_text <> ''), 0), max(coalesce(m.rating, 0), 0)
		FROM file f JOIN root r ON r.id = f.root_id LEFT JOIN metadata m ON m.file_id = f.id
		WHERE f.state = 'present' AND r.state = 'present' AND f.photo_id IN
			(SELECT photo_id FROM file WHERE state = 'present' AND photo_id IS NOT NULL GROUP BY photo_id HAVING count(*) > 1)
		ORDER BY r.path, f.dir, f.name`, nil, func(rows *sql.Rows) error {
		var t Twin
		var root, dir, name []byte
		var inode string
		if err := rows.Scan(&t.Photo, &root, &dir, &name, &t.Bytes, &t.Modified, &inode, &t.Format, &t.Camera, &t.Words, &t.Rating); err != nil {
			return err
		}
		if n := (number{t.Photo, inode}); inode != "" {
			if seen[n] {
				return nil
			}
			seen[n] = true
		}
		t.Path = joinPath(string(root), string(dir), string(name))
		i, ok := at[t.Photo]
		if !ok {
			i = len(out)
			at[t.Photo] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], t)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the files of the same content: %w", err)
	}
	several := out[:0]
	for _, g := range out {
		if len(g) > 1 {
			several = append(several, g)
		}
	}
	return several, nil
}

// Distinct calls fn for every pair of photos that the person keeps both, in order.
func (s *Store) Distinct(ctx context.Context, fn func(a, b library.PhotoID)) error {
	err := eachRow(ctx, s.ro, "SELECT a, b FROM distinct_pair ORDER BY a, b", nil, func(rows *sql.Rows) error {
		var a, b library.PhotoID
		err := rows.Scan(&a, &b)
		fn(a, b)
		return err
	})
	if err != nil {
		return fmt.Errorf("read which photos are kept both: %w", err)
	}
	return nil
}

// KeepBoth says of the photos of each group that they are different photos and are all kept:
// they are not proposed as duplicates of each other again. One operation, which is returned
// (0 when nothing changed). Error: library.ErrNotFound when there is no such photo.
func (s *Store) KeepBoth(ctx context.Context, groups [][]library.PhotoID) (operation int64, err error) {
	type pair struct{ a, b library.PhotoID }
	var pairs []pair
	var all []library.PhotoID
	for _, g := range groups {
		all = append(all, g...)
		for i, a := range g {
			for _, b := range g[:i] {
				if a == b {
					return 0, errors.New("keep photos that look alike: a photo is not a pair with itself")
				}
				pairs = append(pairs, pair{min(a, b), max(a, b)})
			}
		}
	}
	what := func(n int) string { return fmt.Sprintf("Keep %s as different", count(n, "photo")) }
	if err = s.havePhotos(ctx, all); err == nil {
		operation, _, err = s.bulk(ctx, len(pairs), what, func(o *op, i int) error {
			p := pairs[i]
			for _, id := range []library.PhotoID{p.a, p.b} {
				if gone, err := o.gone(id); gone || err != nil {
					return err
				}
			}
			changed, err := o.change(distinctTable, key{int64(p.a), int64(p.b)}, func() error {
				return o.exec("INSERT INTO distinct_pair (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING", p.a, p.b)
			})
			if changed {
				o.photos[p.a], o.photos[p.b] = struct{}{}, struct{}{}
			}
			return err
		})
	}
	if err != nil {
		return operation, fmt.Errorf("keep photos that look alike: %w", err)
	}
	return operation, nil
}
