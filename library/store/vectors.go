package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"descry/internal/float16"
	"descry/library"
)

// EnsureSpace finds or makes the vector space with this digest. model is the id of the
// bundle (kept up to date), dim the number of dimensions.
func (s *Store) EnsureSpace(ctx context.Context, digest, model string, dim int) (library.Space, error) {
	sp := library.Space{Digest: digest, Model: model, Dim: dim}
	err := s.write(ctx, false, func(t *tx) error {
		var have int
		ok, err := t.get("SELECT id, dim FROM space WHERE digest = ?", []any{digest}, []any{&sp.ID, &have})
		if err != nil {
			return err
		}
		if !ok {
			id, err := t.insert("INSERT INTO space (digest, model, dim) VALUES (?, ?, ?)", digest, model, dim)
			sp.ID = library.SpaceID(id)
			return err
		}
		if have != dim {
			return fmt.Errorf("the library has it with %d dimensions, not %d", have, dim)
		}
		return t.exec("UPDATE space SET model = ? WHERE id = ? AND model <> ?", model, sp.ID, model)
	})
	if err != nil {
		return library.Space{}, fmt.Errorf("register the vector space of model %s: %w", model, err)
	}
	return sp, nil
}

// Spaces lists the vector spaces that the library has, oldest first.
func (s *Store) Spaces(ctx context.Context) ([]library.Space, error) {
	var out []library.Space
	err := eachRow(ctx, s.ro, "SELECT id, digest, model, dim FROM space ORDER BY id", nil, func(rows *sql.Rows) error {
		var sp library.Space
		err := rows.Scan(&sp.ID, &sp.Digest, &sp.Model, &sp.Dim)
		out = append(out, sp)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the vector spaces: %w", err)
	}
	return out, nil
}

// vectorChunk is how many vectors are read into memory at a time, so that no read
// transaction stays open while the caller works.
const vectorChunk = 2000

// Vectors calls fn for the vectors of a space with Seq > afterSeq, in order of Seq, at most
// limit of them (0: all). All vectors come, also those that no photo shows at the moment
// (VectorRow.Photo is 0). Which photo shows an older vector may change without a new Seq:
// Generation tells when.
func (s *Store) Vectors(ctx context.Context, space library.SpaceID, afterSeq int64, limit int, fn func(VectorRow) error) error {
	for left := limit; limit == 0 || left > 0; {
		n := vectorChunk
		if limit > 0 {
			n = min(n, left)
		}
		rows := make([]VectorRow, 0, n)
		err := eachRow(ctx, s.ro, `SELECT v.seq, v.view, v.orientation, v.data, v.mark, c.scheme, c.digest, coalesce(p.id, 0)
			FROM vector v JOIN content c ON c.id = v.content_id
			LEFT JOIN photo p ON p.content_id = v.content_id AND p.orientation = v.orientation AND p.shown = 1
			WHERE v.space_id = ? AND v.seq > ? ORDER BY v.seq LIMIT ?`, []any{space, afterSeq, n}, func(r *sql.Rows) error {
			var v VectorRow
			var scheme string
			var digest []byte
			var orientation int
			if err := r.Scan(&v.Seq, &v.View, &orientation, &v.Data, &v.Mark, &scheme, &digest, &v.Photo); err != nil {
				return err
			}
			v.Picture = picture(scheme, digest, orientation)
			rows = append(rows, v)
			return nil
		})
		if err != nil {
			return fmt.Errorf("read vectors: %w", err)
		}
		for _, v := range rows {
			if err := fn(v); err != nil {
				return err
			}
			afterSeq = v.Seq
		}
		if len(rows) < n {
			return nil
		}
		left -= n
	}
	return nil
}

// VectorPhotos calls fn for all vectors of a space, in order of Seq, with the photo with a
// present file that shows it now (0: none) and without their data: what must be read again
// when Generation changed.
func (s *Store) VectorPhotos(ctx context.Context, space library.SpaceID, fn func(seq int64, photo library.PhotoID)) error {
	const chunk = 100_000 // no read transaction may take long
	for after := int64(0); ; {
		var seqs, photos []byte
		err := s.ro.QueryRowContext(ctx, `SELECT photo_list(seq), photo_list(id + 1) FROM (SELECT v.seq AS seq, coalesce(p.id, 0) AS id FROM vector v
			LEFT JOIN photo p ON p.content_id = v.content_id AND p.orientation = v.orientation AND p.shown = 1
			WHERE v.space_id = ? AND v.seq > ? ORDER BY v.seq LIMIT ?)`, space, after, chunk).Scan(&seqs, &photos)
		if err != nil {
			return fmt.Errorf("read which photos the vectors show: %w", mapError(err))
		}
		if len(seqs) != len(photos) {
			return fmt.Errorf("read which photos the vectors show: %w", library.ErrDamaged)
		}
		for i := 0; i < len(seqs); i += 4 {
			after = int64(binary.LittleEndian.Uint32(seqs[i:]))
			fn(after, library.PhotoID(binary.LittleEndian.Uint32(photos[i:]))-1) // photo_list leaves 0 out
		}
		if len(seqs) < 4*chunk {
			return nil
		}
	}
}

// VectorMark returns mark and numbers of the vector of a space that has a sequence number;
// nil: there is none.
func (s *Store) VectorMark(ctx context.Context, space library.SpaceID, seq int64) (mark int64, data []byte, err error) {
	err = s.ro.QueryRowContext(ctx, "SELECT mark, data FROM vector WHERE seq = ? AND space_id = ?", seq, space).Scan(&mark, &data)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, nil, fmt.Errorf("look for a vector: %w", mapError(err))
	}
	return mark, data, nil
}

// Generation grows, by how much is left to chance, with each change of which photo an older
// vector shows (a photo went missing, came back, was edited or forgotten): what comes after a
// backup was restored has other numbers than what came before. While it stays, a reader of Vectors only has to
// follow Seq.
func (s *Store) Generation(ctx context.Context) (int64, error) {
	var n int64
	if err := s.ro.QueryRowContext(ctx, "SELECT generation FROM library").Scan(&n); err != nil {
		return 0, fmt.Errorf("read the generation of the library: %w", mapError(err))
	}
	return n, nil
}

// PictureVector returns the stored vector (view 0) of a picture in a space.
func (s *Store) PictureVector(ctx context.Context, space library.SpaceID, pic library.Picture) ([]float32, bool, error) {
	return s.oneVector(ctx, `SELECT v.data FROM vector v JOIN content c ON c.id = v.content_id
		WHERE c.scheme = ? AND c.digest = ? AND v.orientation = ? AND v.space_id = ? AND v.view = 0`,
		pic.Content.Scheme, pic.Content.Digest[:], pic.Orientation, space)
}

// FrameTime returns when in its video the frame lies that is a picture; nil: that was not kept,
// or it is no frame.
func (s *Store) FrameTime(ctx context.Context, pic library.Picture) (*time.Duration, error) {
	var ms int64
	err := s.ro.QueryRowContext(ctx, `SELECT v.at_ms FROM vector v JOIN content c ON c.id = v.content_id
		WHERE c.scheme = ? AND c.digest = ? AND v.orientation = ? AND v.view = 0 AND v.at_ms IS NOT NULL
		ORDER BY v.seq LIMIT 1`, pic.Content.Scheme, pic.Content.Digest[:], pic.Orientation).Scan(&ms)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read when in a video its frame lies: %w", mapError(err))
	}
	at := time.Duration(ms) * time.Millisecond
	return &at, nil
}

// PhotoView is one view of the picture that a photo shows.
type PhotoView struct {
	View   int
	Vector []float32
	At     *time.Duration // when in its video the frame lies; nil: it is of none, or that was not kept
}

// PhotoViews returns the stored vectors of all views of the picture that a photo shows, in
// order of view; none where it was not looked at.
func (s *Store) PhotoViews(ctx context.Context, space library.SpaceID, photo library.PhotoID) ([]PhotoView, error) {
	var out []PhotoView
	err := eachRow(ctx, s.ro, `SELECT v.view, v.data, v.at_ms FROM vector v
		JOIN photo p ON p.content_id = v.content_id AND p.orientation = v.orientation
		WHERE p.id = ? AND v.space_id = ? ORDER BY v.view`, []any{photo, space}, func(rows *sql.Rows) error {
		var v PhotoView
		var data sql.RawBytes
		var ms sql.NullInt64
		if err := rows.Scan(&v.View, &data, &ms); err != nil {
			return err
		}
		v.Vector = make([]float32, len(data)/float16.Size)
		float16.Unpack(v.Vector, data)
		if ms.Valid {
			at := time.Duration(ms.Int64) * time.Millisecond
			v.At = &at
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the vectors of a photo: %w", err)
	}
	return out, nil
}

// PhotoVector returns the stored vector (view 0) of the picture that a photo shows.
func (s *Store) PhotoVector(ctx context.Context, space library.SpaceID, photo library.PhotoID) ([]float32, bool, error) {
	return s.oneVector(ctx, `SELECT v.data FROM vector v JOIN photo p ON p.content_id = v.content_id AND p.orientation = v.orientation
		WHERE p.id = ? AND v.space_id = ? AND v.view = 0`, photo, space)
}

func (s *Store) oneVector(ctx context.Context, query string, args ...any) ([]float32, bool, error) {
	var data []byte
	err := s.ro.QueryRowContext(ctx, query, args...).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a vector: %w", mapError(err))
	}
	v := make([]float32, len(data)/float16.Size)
	float16.Unpack(v, data)
	return v, true, nil
}
