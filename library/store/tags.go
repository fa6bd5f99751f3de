package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"descry/library"
)

// idList writes ids for SQLite's json_each.
func idList[T ~int64](ids []T) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(int64(id), 10))
	}
	b.WriteByte(']')
	return b.String()
}

// SetTags says of photos that a label is right (library.Confirmed), wrong
// (library.Rejected), or takes back what was said (""). All in one operation, which is
// returned (0 when nothing changed), with the number of photos that changed.
//
// Error: library.ErrNotFound when the label or a photo does not exist; nothing is changed
// then.
func (s *Store) SetTags(ctx context.Context, photos []library.PhotoID, label library.LabelID, state library.TagState) (operation int64, changed int, err error) {
	verb, ok := map[library.TagState]string{library.Confirmed: "Confirm", library.Rejected: "Reject", "": "Clear"}[state]
	if !ok {
		return 0, 0, fmt.Errorf("set a tag: a person cannot set the state %q", state)
	}
	if err := s.havePhotos(ctx, photos); err != nil {
		return 0, 0, fmt.Errorf("set a tag on %s: %w", count(len(photos), "photo"), err)
	}
	at := s.now().UnixMilli()
	var set, name string
	what := func(n int) string { return fmt.Sprintf("%s %s/%s on %s", verb, set, name, count(n, "photo")) }
	operation, changed, err = s.bulk(ctx, len(photos), what, func(o *op, i int) error {
		if i%bulkChunk == 0 {
			var err error
			if set, name, _, err = o.liveLabel(label); err != nil {
				return err
			}
		}
		if gone, err := o.gone(photos[i]); gone || err != nil {
			return err
		}
		_, err := o.change(tagTable, key{int64(label), int64(photos[i])}, func() error {
			if state == "" {
				return o.exec("DELETE FROM tag WHERE photo_id = ? AND label_id = ?", photos[i], label)
			}
			return o.exec(`INSERT INTO tag (photo_id, label_id, state, at_ms) VALUES (?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms WHERE state <> excluded.state`,
				photos[i], label, string(state), at)
		})
		return err
	})
	if err != nil {
		return operation, changed, fmt.Errorf("set a tag on %s: %w", count(len(photos), "photo"), err)
	}
	return operation, changed, nil
}

// havePhotos refuses a list with a photo that is not in the library.
func (s *Store) havePhotos(ctx context.Context, ids []library.PhotoID) error {
	var id library.PhotoID
	err := s.ro.QueryRowContext(ctx, "SELECT value FROM json_each(?) j WHERE NOT EXISTS (SELECT 1 FROM photo p WHERE p.id = j.value) LIMIT 1",
		idList(ids)).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return mapError(err)
	}
	return fmt.Errorf("photo %d: %w", id, library.ErrNotFound)
}

// gone reports that a photo was in the library when the operation began, and is no more: it
// was found to be another one, which has its words.
func (t *tx) gone(id library.PhotoID) (bool, error) {
	var one int
	ok, err := t.get("SELECT 1 FROM photo WHERE id = ?", []any{id}, []any{&one})
	return !ok, err
}

func (t *tx) havePhoto(id library.PhotoID) error {
	var one int
	ok, err := t.get("SELECT 1 FROM photo WHERE id = ?", []any{id}, []any{&one})
	if err == nil && !ok {
		err = fmt.Errorf("photo %d: %w", id, library.ErrNotFound)
	}
	return err
}

// Tags returns the tags of photos: confirmed, then suggested in space (0: none) by falling
// confidence, then rejected. A label that a person spoke about is not suggested.
func (s *Store) Tags(ctx context.Context, photos []library.PhotoID, space library.SpaceID) (map[library.PhotoID][]library.Tag, error) {
	out := make(map[library.PhotoID][]library.Tag, len(photos))
	err := eachRow(ctx, s.ro, `
		SELECT g.photo_id, g.label_id, s.name, l.name, g.state, g.state = 'confirmed' AS confidence,
			CASE g.state WHEN 'confirmed' THEN 0 ELSE 2 END AS rank, s.position, l.position
		FROM json_each(?1) j JOIN tag g ON g.photo_id = j.value JOIN label l ON l.id = g.label_id JOIN label_set s ON s.id = l.set_id
		WHERE l.removed = 0 AND s.removed = 0
		UNION ALL
		SELECT p.id, u.label_id, s.name, l.name, 'suggested', u.confidence, 1, s.position, l.position
		FROM json_each(?1) j JOIN photo p ON p.id = j.value
		JOIN suggestion u ON u.content_id = p.content_id AND u.orientation = p.orientation AND u.space_id = ?2
		JOIN label l ON l.id = u.label_id JOIN label_set s ON s.id = l.set_id
		WHERE l.removed = 0 AND s.removed = 0
			AND NOT EXISTS (SELECT 1 FROM tag g WHERE g.photo_id = p.id AND g.label_id = u.label_id)
		ORDER BY 7, 6 DESC, 8, 9, 3, 4`, []any{idList(photos), space}, func(rows *sql.Rows) error {
		var photo library.PhotoID
		var tag library.Tag
		var rank, setPosition, labelPosition int
		if err := rows.Scan(&photo, &tag.Label, &tag.Set, &tag.Name, &tag.State, &tag.Confidence, &rank, &setPosition, &labelPosition); err != nil {
			return err
		}
		out[photo] = append(out[photo], tag)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	return out, nil
}

// TaggingProgress tells how far the suggestions of a space have come: vectors up to lastSeq
// were tagged with the labels that labelsDigest stands for. Before the first PutSuggestions
// it is "" and 0.
func (s *Store) TaggingProgress(ctx context.Context, space library.SpaceID) (labelsDigest string, lastSeq int64, err error) {
	err = s.ro.QueryRowContext(ctx, "SELECT labels, last_seq FROM tagging_progress WHERE space_id = ?", space).Scan(&labelsDigest, &lastSeq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", 0, fmt.Errorf("read how far tagging has come: %w", mapError(err))
	}
	return labelsDigest, lastSeq, nil
}

// PutSuggestions stores the suggestions for the vectors of a space up to upToSeq. Of several
// views of a picture the highest confidence of a label counts, in whatever order they come.
// Suggestions made with labels of another digest are cleared first: whoever changes the
// labels starts again from Seq 0. Suggestions whose vector or label has gone meanwhile are
// passed over.
func (s *Store) PutSuggestions(ctx context.Context, space library.SpaceID, labelsDigest string, upToSeq int64, suggestions []Suggestion) error {
	err := s.clearSuggestions(ctx, space, labelsDigest)
	if err == nil {
		err = s.write(ctx, true, func(t *tx) error {
			for _, g := range suggestions {
				if err := t.exec(`INSERT INTO suggestion (content_id, orientation, space_id, label_id, confidence)
					SELECT v.content_id, v.orientation, v.space_id, l.id, ? FROM vector v, label l
					WHERE v.seq = ? AND v.space_id = ? AND l.id = ?
					ON CONFLICT DO UPDATE SET confidence = max(confidence, excluded.confidence)`,
					finite(g.Confidence), g.Seq, space, g.Label); err != nil {
					return err
				}
			}
			return t.exec(`INSERT INTO tagging_progress (space_id, labels, last_seq) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET last_seq = max(last_seq, excluded.last_seq)`, space, labelsDigest, upToSeq)
		})
	}
	if err != nil {
		return fmt.Errorf("store suggestions: %w", err)
	}
	return nil
}

// clearSuggestions removes the suggestions that were made with other labels, a few at a time,
// so that a person's writes come between. Progress goes first: a half-cleared space starts
// again from 0.
func (s *Store) clearSuggestions(ctx context.Context, space library.SpaceID, labelsDigest string) error {
	for more := true; more; {
		err := s.write(ctx, true, func(t *tx) error {
			var have string
			known, err := t.get("SELECT labels FROM tagging_progress WHERE space_id = ?", []any{space}, []any{&have})
			if err != nil || (known && have == labelsDigest) {
				more = false
				return err
			}
			if known {
				if err := t.exec("DELETE FROM tagging_progress WHERE space_id = ?", space); err != nil {
					return err
				}
			}
			// label_id in the list makes the index of labels usable for finding rows of a space.
			r, err := t.result(`DELETE FROM suggestion WHERE (content_id, orientation, space_id, label_id) IN (
				SELECT content_id, orientation, space_id, label_id FROM suggestion WHERE space_id = ? LIMIT 5000)`, space)
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			more = n == 5000
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Calibration returns the calibration of a kind ("text", "label", …) in a space, if there is
// one.
func (s *Store) Calibration(ctx context.Context, space library.SpaceID, kind string) (Calibration, bool, error) {
	var c Calibration
	var params string
	var fitted int64
	err := s.ro.QueryRowContext(ctx, "SELECT params, n, fitted_ms FROM calibration WHERE space_id = ? AND kind = ?", space, kind).
		Scan(&params, &c.N, &fitted)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("read the calibration %s: %w", kind, mapError(err))
	}
	c.Params, c.Fitted = []byte(params), unixMilli(fitted)
	return c, true, nil
}

// PutCalibration stores the calibration of a kind in a space in place of the one there was.
// c.Params must be JSON; c.Fitted is set to now.
func (s *Store) PutCalibration(ctx context.Context, space library.SpaceID, kind string, c Calibration) error {
	err := s.write(ctx, true, func(t *tx) error {
		return t.exec(`INSERT INTO calibration (space_id, kind, params, n, fitted_ms) VALUES (?, ?, json(?), ?, ?)
			ON CONFLICT DO UPDATE SET params = excluded.params, n = excluded.n, fitted_ms = excluded.fitted_ms`,
			space, kind, string(c.Params), c.N, s.now().UnixMilli())
	})
	if err != nil {
		return fmt.Errorf("store the calibration %s: %w", kind, err)
	}
	return nil
}

// TagCount is how often a label is on photos with a present file.
type TagCount struct {
	Label     library.LabelID
	Set, Name string
	Confirmed int
	Suggested int // in the space asked for, and neither confirmed nor rejected
}

// TagCounts counts the labels that are on photos, in the order of the label sets; labels on
// no photo are left out. Suggestions below minConfidence do not count.
func (s *Store) TagCounts(ctx context.Context, space library.SpaceID, minConfidence float64) ([]TagCount, error) {
	counts := map[library.LabelID]*TagCount{}
	var out []TagCount
	err := s.snapshot(ctx, func(q querier) error {
		add := func(field func(*TagCount) *int, sign int) func(*sql.Rows) error {
			return func(rows *sql.Rows) error {
				var id library.LabelID
				var n int
				if err := rows.Scan(&id, &n); err != nil {
					return err
				}
				c := counts[id]
				if c == nil {
					c = &TagCount{Label: id}
					counts[id] = c
				}
				*field(c) += sign * n
				return nil
			}
		}
		confirmed := func(c *TagCount) *int { return &c.Confirmed }
		suggested := func(c *TagCount) *int { return &c.Suggested }
		if err := eachRow(ctx, q, `SELECT g.label_id, count(*) FROM tag g JOIN photo p ON p.id = g.photo_id
			WHERE g.state = 'confirmed' AND p.shown = 1 GROUP BY 1`, nil, add(confirmed, 1)); err != nil {
			return err
		}
		if space != 0 {
			// CROSS JOIN keeps the order: one search per photo instead of one per suggestion.
			if err := eachRow(ctx, q, `SELECT u.label_id, count(*) FROM photo p
				CROSS JOIN suggestion u ON u.content_id = p.content_id AND u.orientation = p.orientation
				WHERE u.space_id = ? AND u.confidence >= ? AND p.shown = 1 GROUP BY 1`, []any{space, minConfidence}, add(suggested, 1)); err != nil {
				return err
			}
			// Tags are few against suggestions: taking them off is quicker than asking each.
			if err := eachRow(ctx, q, `SELECT g.label_id, count(*) FROM tag g JOIN photo p ON p.id = g.photo_id
				JOIN suggestion u ON u.content_id = p.content_id AND u.orientation = p.orientation AND u.space_id = ?1 AND u.label_id = g.label_id
				WHERE u.confidence >= ?2 AND p.shown = 1 GROUP BY 1`, []any{space, minConfidence}, add(suggested, -1)); err != nil {
				return err
			}
		}
		return eachRow(ctx, q, `SELECT l.id, s.name, l.name FROM label l JOIN label_set s ON s.id = l.set_id
			WHERE l.removed = 0 AND s.removed = 0 ORDER BY s.position, s.name, l.position, l.name`, nil, func(rows *sql.Rows) error {
			var id library.LabelID
			var set, name string
			if err := rows.Scan(&id, &set, &name); err != nil {
				return err
			}
			if c := counts[id]; c != nil && (c.Confirmed > 0 || c.Suggested > 0) {
				c.Set, c.Name = set, name
				out = append(out, *c)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count tags: %w", err)
	}
	return slices.Clip(out), nil
}
