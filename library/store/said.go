package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"descry/library"
)

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms) }

// PhotoAlt is the alt text of one photo.
type PhotoAlt struct {
	Photo library.PhotoID
	Alt   library.AltText
}

// SetAlt stores what a person wrote or approved as the alt text of a photo in a language. An
// empty text (both parts) or the state AltDraft takes it back: the draft shows again.
func (s *Store) SetAlt(ctx context.Context, photo library.PhotoID, alt library.AltText) (operation int64, err error) {
	return s.SetAlts(ctx, []PhotoAlt{{photo, alt}})
}

// SetAlts is SetAlt for many photos in one operation, which it returns (0 when nothing
// changed).
func (s *Store) SetAlts(ctx context.Context, alts []PhotoAlt) (operation int64, err error) {
	photos := make([]library.PhotoID, len(alts))
	for i, a := range alts {
		photos[i] = a.Photo
	}
	verb := ""
	what := func(n int) string { return fmt.Sprintf("%s alt text of %s", verb, count(n, "photo")) }
	at := s.now().UnixMilli()
	if err = s.havePhotos(ctx, photos); err == nil {
		operation, _, err = s.bulk(ctx, len(alts), what, func(o *op, i int) error {
			a := alts[i]
			if gone, err := o.gone(a.Photo); gone || err != nil {
				return err
			}
			lang := a.Alt.Lang
			if lang == "" {
				lang = "en"
			}
			clear := a.Alt.State == library.AltDraft || (strings.TrimSpace(a.Alt.Text) == "" && strings.TrimSpace(a.Alt.Extended) == "")
			state := a.Alt.State
			if state != library.AltApproved {
				state = library.AltEdited
			}
			changed, err := o.change(altTable, key{lang, int64(a.Photo)}, func() error {
				if clear {
					return o.exec("DELETE FROM alt_text WHERE photo_id = ? AND lang = ?", a.Photo, lang)
				}
				return o.exec(`INSERT INTO alt_text (photo_id, lang, text, extended, state, at_ms) VALUES (?, ?, ?, ?, ?, ?)
					ON CONFLICT DO UPDATE SET text = excluded.text, extended = excluded.extended, state = excluded.state, at_ms = excluded.at_ms
						WHERE (text, extended, state) <> (excluded.text, excluded.extended, excluded.state)`,
					a.Photo, lang, clean(a.Alt.Text), clean(a.Alt.Extended), string(state), at)
			})
			if err != nil {
				return err
			}
			if changed {
				did := map[library.AltState]string{library.AltApproved: "Approve", library.AltEdited: "Edit"}[state]
				if clear {
					did = "Clear"
				}
				if verb != "" && verb != did {
					did = "Change"
				}
				verb = did
			}
			return nil
		})
	}
	if err != nil {
		return operation, fmt.Errorf("store alt text: %w", err)
	}
	return operation, nil
}

// AltTexts returns the stored alt texts of photos, by language. Photos that only have a
// draft are not in the map.
func (s *Store) AltTexts(ctx context.Context, photos []library.PhotoID) (map[library.PhotoID][]library.AltText, error) {
	out := map[library.PhotoID][]library.AltText{}
	err := eachRow(ctx, s.ro, `SELECT a.photo_id, a.lang, a.text, a.extended, a.state
		FROM json_each(?) j JOIN alt_text a ON a.photo_id = j.value ORDER BY a.photo_id, a.lang`, []any{idList(photos)},
		func(rows *sql.Rows) error {
			var id library.PhotoID
			a := library.AltText{Confidence: 1}
			err := rows.Scan(&id, &a.Lang, &a.Text, &a.Extended, &a.State)
			out[id] = append(out[id], a)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read alt texts: %w", err)
	}
	return out, nil
}

// SetRating gives photos 1 to 5 stars, or 0 for none; -1 takes the person's rating back, so
// that the file's own shows. Returns the operation, 0 when nothing changed.
func (s *Store) SetRating(ctx context.Context, photos []library.PhotoID, rating int) (operation int64, err error) {
	if rating < -1 || rating > 5 {
		return 0, fmt.Errorf("rate photos: %d is not a rating from 0 to 5", rating)
	}
	what := fmt.Sprintf("Rate %%s with %s", count(rating, "star"))
	if rating == -1 {
		what = "Clear the rating of %s"
	}
	return s.setMark(ctx, photos, what, "rating", sql.NullInt64{Int64: int64(rating), Valid: rating >= 0})
}

// SetFavourite marks photos as favourites, or no longer. Returns the operation, 0 when
// nothing changed.
func (s *Store) SetFavourite(ctx context.Context, photos []library.PhotoID, on bool) (operation int64, err error) {
	what := "Make %s no favourite"
	if on {
		what = "Make %s a favourite"
	}
	return s.setMark(ctx, photos, what, "favourite", on)
}

// setMark sets one column of mark; a row that says nothing goes away.
func (s *Store) setMark(ctx context.Context, photos []library.PhotoID, what, column string, value any) (int64, error) {
	var id int64
	err := s.havePhotos(ctx, photos)
	if err == nil {
		id, _, err = s.bulk(ctx, len(photos), func(n int) string { return fmt.Sprintf(what, count(n, "photo")) }, func(o *op, i int) error {
			p := photos[i]
			if gone, err := o.gone(p); gone || err != nil {
				return err
			}
			_, err := o.change(markTable, key{int64(p)}, func() error {
				if err := o.exec("INSERT INTO mark (photo_id, "+column+") VALUES (?, ?) ON CONFLICT DO UPDATE SET "+
					column+" = excluded."+column, p, value); err != nil {
					return err
				}
				return o.exec("DELETE FROM mark WHERE photo_id = ? AND rating IS NULL AND favourite = 0", p)
			})
			return err
		})
	}
	if err != nil {
		return id, fmt.Errorf("mark %s: %w", count(len(photos), "photo"), err)
	}
	return id, nil
}

// Album is a named collection of photos: picked by hand, or by a saved query (smart).
type Album struct {
	ID     int64
	Name   string // unique
	Query  string // "" for a plain album
	Photos int    // shown photos of a plain album
}

// Albums lists the albums by name; removed ones are left out.
func (s *Store) Albums(ctx context.Context) ([]Album, error) {
	var out []Album
	err := eachRow(ctx, s.ro, `SELECT a.id, a.name, coalesce(a.query, ''),
			(SELECT count(*) FROM album_photo x JOIN photo p ON p.id = x.photo_id WHERE x.album_id = a.id AND p.shown = 1)
		FROM album a WHERE a.removed = 0 ORDER BY a.name`, nil, func(rows *sql.Rows) error {
		var a Album
		err := rows.Scan(&a.ID, &a.Name, &a.Query, &a.Photos)
		out = append(out, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the albums: %w", err)
	}
	return out, nil
}

// PutAlbum makes an album (a.ID 0), or changes name and query of one. A removed album of the
// same name comes back. Returns the album's id and the operation (0 when nothing changed).
func (s *Store) PutAlbum(ctx context.Context, a Album) (id, operation int64, err error) {
	operation, err = s.do(ctx, func(o *op) (string, error) {
		if strings.TrimSpace(a.Name) == "" {
			return "", errors.New("an album needs a name")
		}
		query := sql.NullString{String: a.Query, Valid: a.Query != ""}
		var other int64
		var removed bool
		taken, err := o.get("SELECT id, removed FROM album WHERE name = ? AND id <> ?", []any{a.Name, a.ID}, []any{&other, &removed})
		if err != nil {
			return "", err
		}
		if taken && !removed {
			return "", errors.New("there is another album of that name")
		}
		what := "Change album " + a.Name
		switch id = a.ID; {
		case id != 0:
			if taken {
				// A removed album holds the name: it steps aside.
				if _, err := o.change(albumTable, key{other}, func() error {
					return o.exec("UPDATE album SET name = name || ' (' || id || ')' WHERE id = ?", other)
				}); err != nil {
					return "", err
				}
			}
			var one int
			ok, err := o.get("SELECT 1 FROM album WHERE id = ? AND removed = 0", []any{id}, []any{&one})
			if err != nil {
				return "", err
			}
			if !ok {
				return "", library.ErrNotFound
			}
		case taken:
			id, what = other, "Add album "+a.Name
		default:
			what = "Add album " + a.Name
			if id, err = o.insert("INSERT INTO album (name, query, removed) VALUES (?, ?, 1)", a.Name, query); err != nil {
				return "", err
			}
		}
		_, err = o.change(albumTable, key{id}, func() error {
			return o.exec("UPDATE album SET name = ?, query = ?, removed = 0 WHERE id = ?", a.Name, query, id)
		})
		return what, err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("store the album %q: %w", a.Name, err)
	}
	return id, operation, nil
}

// RemoveAlbum removes an album; its photos stay where they are. Error: library.ErrNotFound.
func (s *Store) RemoveAlbum(ctx context.Context, id int64) (operation int64, err error) {
	operation, err = s.do(ctx, func(o *op) (string, error) {
		var name string
		ok, err := o.get("SELECT name FROM album WHERE id = ? AND removed = 0", []any{id}, []any{&name})
		if err == nil && !ok {
			err = library.ErrNotFound
		}
		if err != nil {
			return "", err
		}
		_, err = o.change(albumTable, key{id}, func() error {
			return o.exec("UPDATE album SET removed = 1 WHERE id = ?", id)
		})
		return "Remove album " + name, err
	})
	if err != nil {
		return 0, fmt.Errorf("remove an album: %w", err)
	}
	return operation, nil
}

// SetAlbumPhotos adds photos to the end of a plain album, or takes them out. Returns the
// operation, 0 when nothing changed. Error: library.ErrNotFound.
func (s *Store) SetAlbumPhotos(ctx context.Context, id int64, photos []library.PhotoID, in bool) (operation int64, err error) {
	verb := "Take %s out of album %s"
	if in {
		verb = "Put %s into album %s"
	}
	var name string
	what := func(n int) string { return fmt.Sprintf(verb, count(n, "photo"), name) }
	if err = s.havePhotos(ctx, photos); err == nil {
		operation, _, err = s.bulk(ctx, max(1, len(photos)), what, func(o *op, i int) error {
			if i%bulkChunk == 0 {
				ok, err := o.get("SELECT name FROM album WHERE id = ? AND removed = 0 AND query IS NULL", []any{id}, []any{&name})
				if err == nil && !ok {
					err = library.ErrNotFound
				}
				if err != nil || len(photos) == 0 {
					return err
				}
			}
			p := photos[i]
			if gone, err := o.gone(p); gone || err != nil {
				return err
			}
			_, err := o.change(albumPhotoTable, key{id, int64(p)}, func() error {
				if !in {
					return o.exec("DELETE FROM album_photo WHERE album_id = ? AND photo_id = ?", id, p)
				}
				return o.exec(`INSERT INTO album_photo (album_id, photo_id, position)
					VALUES (?1, ?2, (SELECT coalesce(max(position), 0) + 1 FROM album_photo WHERE album_id = ?1)) ON CONFLICT DO NOTHING`, id, p)
			})
			return err
		})
	}
	if err != nil {
		return operation, fmt.Errorf("change an album: %w", err)
	}
	return operation, nil
}

// Setting returns the value of a setting, "" where it is not set.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := s.ro.QueryRowContext(ctx, "SELECT value FROM setting WHERE key = ?", name).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the setting %s: %w", name, mapError(err))
	}
	return v, nil
}

// Settings returns all settings that are set.
func (s *Store) Settings(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	err := eachRow(ctx, s.ro, "SELECT key, value FROM setting", nil, func(rows *sql.Rows) error {
		var k, v string
		err := rows.Scan(&k, &v)
		out[k] = v
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return out, nil
}

// SetSetting stores a setting; an empty value removes it, so that its default holds.
// Settings are not journaled. A name that begins with "state." is what the program
// remembers for itself (the window's size): it is not part of Dump.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	err := s.write(ctx, false, func(t *tx) error {
		if value == "" {
			return t.exec("DELETE FROM setting WHERE key = ?", name)
		}
		return t.exec("INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, clean(value))
	})
	if err != nil {
		return fmt.Errorf("store the setting %s: %w", name, err)
	}
	return nil
}
