package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"descry/library"
)

// lostScheme is the scheme of the contents that stand in for those that could not be read.
// When a file of such a photo is looked at again, the photo takes the content that is found.
const lostScheme = "lost"

// backup finds the newest sound backup of the library in dir, copies and migrates it, and
// attaches it as b. It returns "" where there is none.
func (v *salvager) backup(dir string) (string, error) {
	folder := filepath.Join(dir, "backups")
	type candidate struct {
		file string
		last int64 // operation in its journal: the clock may have been wrong, this only grows
		made time.Time
	}
	var found []candidate
	for _, pattern := range []string{dailyPrefix + "*" + dailySuffix, "before-migration-*.db", "before-purge-*.db"} {
		files, err := filepath.Glob(filepath.Join(escapeGlob(folder), pattern))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			last, err := lastOperation(v.ctx, file)
			if err != nil {
				v.log.Warn("a backup cannot be used", "file", file, "error", err)
				continue
			}
			c := candidate{file: file, last: last}
			if st, err := os.Stat(file); err == nil {
				c.made = st.ModTime()
			}
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.last, a.last), b.made.Compare(a.made))
	})
	if len(found) == 0 {
		return "", nil
	}
	var err error
	if v.temp, err = os.MkdirTemp(dir, salvageStart); err != nil {
		return "", mapOS(err)
	}
	part := filepath.Join(v.temp, dbName)
	if err := copyFile(found[0].file, part); err != nil {
		return "", err
	}
	if err := v.migrateCopy(part); err != nil {
		return "", fmt.Errorf("read the backup %s: %w", found[0].file, err)
	}
	if err := v.exec("ATTACH ? AS b", part); err != nil {
		return "", err
	}
	v.out.Backup = found[0].file
	return found[0].file, nil
}

// lastOperation returns the last operation in a sound backup.
func lastOperation(ctx context.Context, file string) (int64, error) {
	if err := checkSound(ctx, file); err != nil {
		return 0, err
	}
	db, err := sql.Open("sqlite3", dsn(file, true, ""))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var last int64
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM journal").Scan(&last)
	return last, err
}

func (v *salvager) migrateCopy(file string) error {
	db, err := sql.Open("sqlite3", plainDSN(file, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	c, err := db.Conn(v.ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return migrate(v.ctx, c, v.all, func(int) error { return nil })
}

// fill takes from the backup what the damaged database lacks. Only tables of which something
// was lost are filled: what the person took back since the backup does not return with the
// others.
func (v *salvager) fill() error {
	lost := func(names ...string) bool {
		return v.out.Lost[""] > 0 || slices.ContainsFunc(names, func(n string) bool { return v.out.Lost[n] > 0 })
	}
	take := func(table, columns, from string) error {
		r, err := v.c.ExecContext(v.ctx, fmt.Sprintf("INSERT OR IGNORE INTO main.%s (%s) SELECT %s", table, columns, from))
		if err != nil {
			return fmt.Errorf("take %s: %w", table, err)
		}
		n, err := r.RowsAffected()
		v.out.Filled[table] += int(n)
		return err
	}
	if err := v.exec("BEGIN"); err != nil {
		return err
	}
	if lost("content") {
		// The content of a photo that has stayed the same, then all others under ids of their own.
		if err := take("content", "id, scheme, digest", `c.id, c.scheme, c.digest FROM b.content c JOIN b.photo o ON o.content_id = c.id
			JOIN main.photo p ON p.id = o.id AND p.content_id = c.id`); err != nil {
			return err
		}
	}
	if lost("content", "photo") {
		if err := take("content", "scheme, digest", `c.scheme, c.digest FROM b.content c JOIN b.photo o ON o.content_id = c.id
			WHERE NOT EXISTS (SELECT 1 FROM main.photo p WHERE p.id = o.id)`); err != nil {
			return err
		}
	}
	if lost("photo") {
		if err := take("photo", "id, content_id, orientation, taken_ms, sort_ms, shown", `o.id, m.id, o.orientation, o.taken_ms, o.sort_ms, 0
			FROM b.photo o JOIN b.content c ON c.id = o.content_id JOIN main.content m ON m.scheme = c.scheme AND m.digest = c.digest`); err != nil {
			return err
		}
	}
	// A photo of the backup is the one of the same id, else the one that shows its content now.
	if err := v.exec(`CREATE TEMP TABLE same_photo AS SELECT o.id AS b, p.id AS id FROM b.photo o JOIN main.photo p ON p.id = o.id;
		INSERT INTO same_photo SELECT o.id, p.id FROM b.photo o JOIN b.content c ON c.id = o.content_id
			JOIN main.content m ON m.scheme = c.scheme AND m.digest = c.digest JOIN main.photo p ON p.content_id = m.id
			WHERE o.id NOT IN (SELECT b FROM same_photo);
		CREATE UNIQUE INDEX temp.same_photo_b ON same_photo (b)`); err != nil {
		return err
	}
	for _, f := range []struct{ table, columns, from string }{
		{"label_set", "id, name, title, settings, position, builtin, removed", "id, name, title, settings, position, builtin, removed FROM b.label_set"},
		{"label", "id, set_id, name, definition, position, removed", "id, set_id, name, definition, position, removed FROM b.label"},
		{"album", "id, name, query, removed", "id, name, query, removed FROM b.album"},
		{"tag", "photo_id, label_id, state, at_ms", "s.id, t.label_id, t.state, t.at_ms FROM b.tag t JOIN same_photo s ON s.b = t.photo_id JOIN main.label l ON l.id = t.label_id"},
		{"alt_text", "photo_id, lang, text, extended, state, at_ms", "s.id, t.lang, t.text, t.extended, t.state, t.at_ms FROM b.alt_text t JOIN same_photo s ON s.b = t.photo_id"},
		{"mark", "photo_id, rating, favourite", "s.id, t.rating, t.favourite FROM b.mark t JOIN same_photo s ON s.b = t.photo_id"},
		{"album_photo", "album_id, photo_id, position", "t.album_id, s.id, t.position FROM b.album_photo t JOIN same_photo s ON s.b = t.photo_id JOIN main.album a ON a.id = t.album_id"},
		{"distinct_pair", "a, b", "min(s.id, u.id), max(s.id, u.id) FROM b.distinct_pair t JOIN same_photo s ON s.b = t.a JOIN same_photo u ON u.b = t.b WHERE s.id <> u.id"},
		{"setting", "key, value", "key, value FROM b.setting"},
		{"trashed", "path, kept, at_ms", "path, kept, at_ms FROM b.trashed"},
		{"library", "one, id, created_ms", "one, id, created_ms FROM b.library"},
		{"root", "id, path, volume, state, added_ms", "id, path, volume, state, added_ms FROM b.root"},
		{"journal", "id, at_ms, what, photos, undoes, undone", "id, at_ms, what, photos, undoes, undone FROM b.journal"},
		{"journal_change", "journal_id, n, tbl, key, before, after, photo_id", "journal_id, n, tbl, key, before, after, photo_id FROM b.journal_change"},
		{"space", "digest, model, dim", "digest, model, dim FROM b.space"},
		{"file", "root_id, dir, name, size, mtime_ns, inode, state, pending, photo_id", `f.root_id, f.dir, f.name, f.size, f.mtime_ns, f.inode, f.state, 1, s.id
			FROM b.file f JOIN main.root r ON r.id = f.root_id JOIN b.root q ON q.id = r.id AND q.path = r.path LEFT JOIN same_photo s ON s.b = f.photo_id`},
		{"picture", "content_id, orientation, width, height, phash, sharpness, exposure, colour, palette, warning", `m.id, t.orientation, t.width, t.height, t.phash, t.sharpness, t.exposure, t.colour, t.palette, t.warning
			FROM b.picture t JOIN b.content c ON c.id = t.content_id JOIN main.content m ON m.scheme = c.scheme AND m.digest = c.digest`},
		{"recognised", "content_id, orientation, engine, state, lines", `m.id, t.orientation, t.engine, t.state, t.lines
			FROM b.recognised t JOIN b.content c ON c.id = t.content_id JOIN main.content m ON m.scheme = c.scheme AND m.digest = c.digest`},
		{"vector", "content_id, orientation, space_id, view, provider, data, at_ms", `m.id, t.orientation, n.id, t.view, t.provider, t.data, t.at_ms
			FROM b.vector t JOIN b.content c ON c.id = t.content_id JOIN main.content m ON m.scheme = c.scheme AND m.digest = c.digest
			JOIN b.space o ON o.id = t.space_id JOIN main.space n ON n.digest = o.digest`},
	} {
		if !lost(f.table) {
			continue
		}
		if err := take(f.table, f.columns, f.from); err != nil {
			return err
		}
	}
	return v.exec("COMMIT")
}

// join makes whole what is left: what a person said of a photo, label or album that could not
// be read gets one that stands in for it, and rows that say nothing without what was lost go.
func (v *salvager) join() error {
	said := "SELECT photo_id FROM tag UNION SELECT photo_id FROM alt_text UNION SELECT photo_id FROM mark UNION SELECT photo_id FROM album_photo UNION SELECT a FROM distinct_pair UNION SELECT b FROM distinct_pair"
	queries := []string{
		"BEGIN",
		`INSERT OR IGNORE INTO library (one, id, created_ms) VALUES (1, '', 0)`,
		// Photos and their contents.
		"CREATE TEMP TABLE lost_photo AS SELECT photo_id AS id FROM (" + said + ") WHERE photo_id NOT IN (SELECT id FROM photo)",
		"INSERT INTO content (scheme, digest) SELECT '" + lostScheme + "', CAST(printf('photo %026d', id) AS BLOB) FROM lost_photo",
		`INSERT INTO photo (id, content_id, orientation, sort_ms) SELECT l.id, c.id, 1, 0 FROM lost_photo l
			JOIN content c ON c.scheme = '` + lostScheme + `' AND c.digest = CAST(printf('photo %026d', l.id) AS BLOB)`,
		"INSERT OR IGNORE INTO content (id, scheme, digest) SELECT content_id, '" + lostScheme + `', CAST(printf('photo %026d', id) AS BLOB)
			FROM photo WHERE content_id NOT IN (SELECT id FROM content)`,
		// Labels and albums.
		`INSERT OR IGNORE INTO label_set (id, name, title, settings, position) SELECT DISTINCT set_id, 'recovered-' || set_id, 'Recovered ' || set_id, '{}', 1000 + set_id
			FROM label WHERE set_id NOT IN (SELECT id FROM label_set)`,
		`INSERT OR IGNORE INTO label_set (name, title, settings, position) SELECT 'recovered', 'Recovered', '{}', 1000
			WHERE EXISTS (SELECT 1 FROM tag WHERE label_id NOT IN (SELECT id FROM label))`,
		`INSERT INTO label (id, set_id, name, definition, position) SELECT DISTINCT t.label_id, s.id, 'label ' || t.label_id, '{}', t.label_id
			FROM tag t JOIN label_set s ON s.name = 'recovered' WHERE t.label_id NOT IN (SELECT id FROM label)`,
		`INSERT OR IGNORE INTO album (id, name) SELECT DISTINCT album_id, 'Recovered album ' || album_id FROM album_photo WHERE album_id NOT IN (SELECT id FROM album)`,
		// Files.
		"DELETE FROM file WHERE root_id NOT IN (SELECT id FROM root)",
		"UPDATE file SET photo_id = NULL, pending = 1 WHERE photo_id NOT IN (SELECT id FROM photo)",
		"UPDATE photo SET primary_file = NULL WHERE primary_file NOT IN (SELECT id FROM file)",
		"DELETE FROM metadata WHERE file_id NOT IN (SELECT id FROM file)",
		"DELETE FROM failure WHERE file_id NOT IN (SELECT id FROM file)",
		`UPDATE file SET pending = 1 WHERE id NOT IN (SELECT file_id FROM failure) AND (id NOT IN (SELECT file_id FROM metadata)
			OR photo_id IN (SELECT p.id FROM photo p JOIN content c ON c.id = p.content_id WHERE c.scheme = '` + lostScheme + `'))`,
		// Derived data. A vector of the wrong length is none.
		"DELETE FROM picture WHERE content_id NOT IN (SELECT id FROM content)",
		"DELETE FROM vector WHERE content_id NOT IN (SELECT id FROM content) OR space_id NOT IN (SELECT id FROM space)",
		"DELETE FROM vector WHERE seq IN (SELECT v.seq FROM vector v JOIN space s ON s.id = v.space_id WHERE length(v.data) <> 2 * s.dim)",
		"DELETE FROM recognised WHERE content_id NOT IN (SELECT id FROM content)",
		"DELETE FROM calibration WHERE space_id NOT IN (SELECT id FROM space)",
		"DELETE FROM suggestion WHERE content_id NOT IN (SELECT id FROM content) OR space_id NOT IN (SELECT id FROM space) OR label_id NOT IN (SELECT id FROM label)",
		// The journal: an entry of which a part is lost cannot be undone honestly.
		`DELETE FROM journal WHERE photos <> (SELECT count(DISTINCT photo_id) FROM journal_change c WHERE c.journal_id = journal.id)
			OR NOT EXISTS (SELECT 1 FROM journal_change c WHERE c.journal_id = journal.id)`,
	}
	if v.out.Lost["journal"]+v.out.Lost["journal_change"]+v.out.Lost[""] == 0 {
		queries = queries[:len(queries)-1]
	}
	for _, query := range queries {
		if err := v.exec(query); err != nil {
			return fmt.Errorf("join what was saved (%.40s…): %w", query, err)
		}
	}
	// Whatever else refers to what is not there says nothing any more.
	for _, t := range v.tables {
		var lost []string
		if err := eachRow(v.ctx, v.c, `SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)`, []any{t.name}, func(rows *sql.Rows) error {
			var from, parent, to string
			err := rows.Scan(&from, &parent, &to)
			lost = append(lost, fmt.Sprintf("(%[1]s IS NOT NULL AND %[1]s NOT IN (SELECT %[2]s FROM %[3]s))", from, to, parent))
			return err
		}); err != nil {
			return err
		}
		if len(lost) > 0 && t.name != "journal" {
			if err := v.exec("DELETE FROM " + t.name + " WHERE " + strings.Join(lost, " OR ")); err != nil {
				return err
			}
		}
	}
	for {
		// An undo without what it undid, and what was undone by it, down the chain.
		r, err := v.c.ExecContext(v.ctx, "DELETE FROM journal WHERE undoes IS NOT NULL AND undoes NOT IN (SELECT id FROM journal)")
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			break
		}
	}
	for _, query := range []string{
		"INSERT OR IGNORE INTO stack_folder SELECT DISTINCT root_id, dir FROM file",
		"DELETE FROM journal_change WHERE journal_id NOT IN (SELECT id FROM journal)",
		"UPDATE journal SET undone = 0 WHERE undone = 1 AND NOT EXISTS (SELECT 1 FROM journal u WHERE u.undoes = journal.id)",
		"COMMIT",
	} {
		if err := v.exec(query); err != nil {
			return err
		}
	}
	return nil
}

// finish works out what follows from the rest, gives the library a new id, and checks all of
// it.
func (v *salvager) finish() error {
	if v.temp != "" {
		if err := v.exec("DETACH b"); err != nil {
			return err
		}
	}
	now := time.Now()
	if err := v.exec("UPDATE library SET id = ?, created_ms = CASE created_ms WHEN 0 THEN ? ELSE created_ms END", newID(), now.UnixMilli()); err != nil {
		return err
	}
	// The store's own way of choosing primary files and writing words, on this connection.
	s := &Store{now: func() time.Time { return now }, created: now, log: v.log, w: v.c, stmts: map[string]*sql.Stmt{}, quit: v.ctx}
	for last, more := int64(0), true; more; {
		err := s.write(v.ctx, false, func(t *tx) error {
			n := 0
			err := t.each("SELECT id FROM photo WHERE id > ? ORDER BY id LIMIT 1000", []any{last}, func(rows *sql.Rows) error {
				n++
				err := rows.Scan(&last)
				t.mark(library.PhotoID(last), dirtRow|dirtWords)
				return err
			})
			more = n == 1000
			return err
		})
		if err != nil {
			return fmt.Errorf("work out what photos show: %w", err)
		}
	}
	for _, st := range s.stmts {
		_ = st.Close()
	}
	var broken []string
	if err := eachRow(v.ctx, v.c, `SELECT DISTINCT 'rows of ' || "table" || ' refer to missing rows of ' || parent FROM pragma_foreign_key_check`, nil,
		func(rows *sql.Rows) error {
			var text string
			err := rows.Scan(&text)
			broken = append(broken, text)
			return err
		}); err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("what was saved does not fit together: %s", strings.Join(broken, "; "))
	}
	if err := quickCheck(v.ctx, v.c); err != nil {
		return err
	}
	var file string
	if err := v.c.QueryRowContext(v.ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file); err != nil {
		return err
	}
	if err := errors.Join(v.c.Close(), v.db.Close()); err != nil {
		return err
	}
	v.c, v.db = nil, nil
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return mapOS(errors.Join(f.Sync(), f.Close(), os.Chmod(file, 0o600)))
}
