package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"descry/library"
)

// Dump writes what the library holds in a canonical form: a person's data, what was found
// and derived, or both. Two libraries with the same content write the same bytes: surrogate
// ids, the times at which Descry did things, file numbers and volumes are left out, and
// photos go by their content.
//
// Lines are ordered; their first word says what they are; texts and paths are quoted as Go
// strings. Derived data that no photo shows at the moment is left out.
func (s *Store) Dump(ctx context.Context, w io.Writer, user, derived bool) error {
	err := s.snapshot(ctx, func(q querier) error {
		b := bufio.NewWriterSize(w, 1<<16)
		d := dumper{ctx: ctx, q: q, w: b}
		if user {
			d.user()
		}
		if derived {
			d.derived()
		}
		if d.err != nil {
			return d.err
		}
		return b.Flush()
	})
	if err != nil {
		return fmt.Errorf("dump the library: %w", err)
	}
	return nil
}

// Digest returns the SHA-256 of the two parts of Dump, in hex.
func (s *Store) Digest(ctx context.Context) (user, derived string, err error) {
	u, d := sha256.New(), sha256.New()
	if err := s.Dump(ctx, u, true, false); err != nil {
		return "", "", err
	}
	if err := s.Dump(ctx, d, false, true); err != nil {
		return "", "", err
	}
	return hex.EncodeToString(u.Sum(nil)), hex.EncodeToString(d.Sum(nil)), nil
}

type dumper struct {
	ctx context.Context
	q   querier
	w   *bufio.Writer
	err error
}

// rows writes one line per row. kinds has a letter for each column of the query: "." a value,
// texts in quotes; "w" a plain word or JSON; "v" the digest of the value; "c-" scheme and
// digest of a content; "p--" root, dir and name of a path.
func (d *dumper) rows(word, kinds, query string, args ...any) {
	if d.err != nil {
		return
	}
	d.err = eachRow(d.ctx, d.q, query, args, func(rows *sql.Rows) error {
		values := make([]any, len(kinds))
		dest := make([]any, len(kinds))
		for i := range dest {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		d.w.WriteString(word)
		for i := 0; i < len(kinds); i++ {
			d.w.WriteByte(' ')
			switch kinds[i] {
			case 'c': // scheme, digest
				fmt.Fprintf(d.w, "%s:%x", values[i], values[i+1])
				i++
			case 'p': // root, dir, name
				if values[i] == nil {
					d.w.WriteByte('-')
				} else {
					d.w.WriteString(quote(path.Join(blob(values[i]), blob(values[i+1]), blob(values[i+2]))))
				}
				i += 2
			case 'v':
				sum := sha256.Sum256([]byte(blob(values[i])))
				d.w.WriteString(hex.EncodeToString(sum[:]))
			case 'w': // a plain word or JSON
				d.w.WriteString(blob(values[i]))
			default:
				d.w.WriteString(plain(values[i]))
			}
		}
		return d.w.WriteByte('\n')
	})
}

func blob(v any) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case string:
		return v
	}
	return fmt.Sprint(v)
}

func quote(s string) string { return strconv.QuoteToASCII(s) }

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return quote(blob(v))
}

func (d *dumper) user() {
	d.rows("setting", "..", "SELECT key, value FROM setting WHERE key NOT LIKE 'state.%' ORDER BY key")
	d.rows("set", "...w", "SELECT name, title, builtin, settings FROM label_set WHERE removed = 0 ORDER BY position, name")
	d.rows("label", "..w", `SELECT s.name, l.name, l.definition FROM label l JOIN label_set s ON s.id = l.set_id
		WHERE l.removed = 0 AND s.removed = 0 ORDER BY s.position, s.name, l.position, l.name`)
	d.rows("tag", "c-..ww", `SELECT c.scheme, c.digest, s.name, l.name, g.state,
			CASE WHEN l.removed OR s.removed THEN 'hidden' ELSE 'shown' END
		FROM tag g JOIN photo p ON p.id = g.photo_id JOIN content c ON c.id = p.content_id
		JOIN label l ON l.id = g.label_id JOIN label_set s ON s.id = l.set_id
		ORDER BY c.scheme, c.digest, s.name, l.name`)
	d.rows("alt", "c-ww..", `SELECT c.scheme, c.digest, a.lang, a.state, a.text, a.extended
		FROM alt_text a JOIN photo p ON p.id = a.photo_id JOIN content c ON c.id = p.content_id
		ORDER BY c.scheme, c.digest, a.lang`)
	d.rows("mark", "c-..", `SELECT c.scheme, c.digest, k.rating, k.favourite
		FROM mark k JOIN photo p ON p.id = k.photo_id JOIN content c ON c.id = p.content_id ORDER BY c.scheme, c.digest`)
	d.rows("album", "..", "SELECT name, query FROM album WHERE removed = 0 ORDER BY name")
	d.rows("album-photo", ".c-", `SELECT a.name, c.scheme, c.digest FROM album_photo x JOIN album a ON a.id = x.album_id
		JOIN photo p ON p.id = x.photo_id JOIN content c ON c.id = p.content_id
		WHERE a.removed = 0 ORDER BY a.name, x.position, c.scheme, c.digest`)
	d.rows("distinct", "c-c-", `SELECT c.scheme, c.digest, e.scheme, e.digest FROM
		(SELECT a AS one, b AS other FROM distinct_pair UNION ALL SELECT b, a FROM distinct_pair) d
		JOIN photo p ON p.id = d.one JOIN content c ON c.id = p.content_id
		JOIN photo q ON q.id = d.other JOIN content e ON e.id = q.content_id
		WHERE (c.scheme, c.digest) < (e.scheme, e.digest) ORDER BY 1, 2, 3, 4`)
	d.rows("trashed", ".", "SELECT path FROM trashed ORDER BY path")
}

func (d *dumper) derived() {
	const file = "r.path, f.dir, f.name"
	const photo = "photo p JOIN content c ON c.id = p.content_id"
	const held = "EXISTS (SELECT 1 FROM file h WHERE h.photo_id = p.id)"
	d.rows("root", ".w", "SELECT path, state FROM root ORDER BY path")
	d.rows("file", "p--..w.c-", "SELECT "+file+`, f.size, f.mtime_ns, f.state, f.pending, coalesce(c.scheme, ''), coalesce(c.digest, x'')
		FROM file f JOIN root r ON r.id = f.root_id LEFT JOIN photo p ON p.id = f.photo_id LEFT JOIN content c ON c.id = p.content_id
		ORDER BY `+file)
	d.rows("failure", "p--w.", "SELECT "+file+", x.stage, x.reason FROM failure x JOIN file f ON f.id = x.file_id JOIN root r ON r.id = f.root_id ORDER BY "+file)
	d.rows("metadata", "p--"+strings.Repeat(".", 19)+"w..........", "SELECT "+file+`, m.format, m.width, m.height, m.orientation,
			m.taken_ms, m.zone_min, m.make, m.model, m.lens, m.iso, m.f_number, m.exposure_s, m.focal_mm, m.focal35_mm, m.lat, m.lon, m.alt_m,
			m.title, m.description, m.keywords, m.creator, m.copyright, m.rating, m.alt_text, m.extended,
			m.duration_ms, m.motion, m.pair, m.burst, m.profile
		FROM metadata m JOIN file f ON f.id = m.file_id JOIN root r ON r.id = f.root_id ORDER BY `+file)
	d.rows("photo", "c-p--....", "SELECT c.scheme, c.digest, "+file+", p.orientation, p.taken_ms, p.sort_ms, p.shown FROM "+photo+`
		LEFT JOIN file f ON f.id = p.primary_file LEFT JOIN root r ON r.id = f.root_id WHERE `+held+" ORDER BY c.scheme, c.digest")
	d.rows("picture", "c-.......v.", `SELECT c.scheme, c.digest, i.orientation, i.width, i.height, i.phash, i.sharpness, i.exposure, i.colour, i.palette, i.warning
		FROM `+photo+" JOIN picture i ON i.content_id = p.content_id AND i.orientation = p.orientation WHERE "+held+" ORDER BY c.scheme, c.digest")
	d.rows("stack", "c-c-w", `SELECT c.scheme, c.digest, t.scheme, t.digest, m.kind FROM stack_member m
		JOIN photo p ON p.id = m.photo_id JOIN content c ON c.id = p.content_id
		JOIN photo q ON q.id = m.stack JOIN content t ON t.id = q.content_id ORDER BY c.scheme, c.digest`)
	d.rows("space", "w..", "SELECT digest, model, dim FROM space ORDER BY digest")
	d.rows("vector", "c-.w.v.", "SELECT c.scheme, c.digest, v.orientation, s.digest, v.view, v.data, v.at_ms FROM "+photo+`
		JOIN vector v ON v.content_id = p.content_id AND v.orientation = p.orientation JOIN space s ON s.id = v.space_id
		WHERE `+held+" ORDER BY c.scheme, c.digest, s.digest, v.view")
	d.rows("calibration", "w..w", `SELECT s.digest, k.kind, k.n, k.params FROM calibration k JOIN space s ON s.id = k.space_id
		ORDER BY s.digest, k.kind`)
	d.rows("recognised", "c-.www", "SELECT c.scheme, c.digest, t.orientation, t.engine, t.state, t.lines FROM "+photo+`
		JOIN recognised t ON t.content_id = p.content_id AND t.orientation = p.orientation WHERE `+held+" ORDER BY c.scheme, c.digest")
	d.rows("suggestion", "c-.w...", "SELECT c.scheme, c.digest, u.orientation, s.digest, t.name, l.name, u.confidence FROM "+photo+`
		JOIN suggestion u ON u.content_id = p.content_id AND u.orientation = p.orientation JOIN space s ON s.id = u.space_id
		JOIN label l ON l.id = u.label_id JOIN label_set t ON t.id = l.set_id
		WHERE l.removed = 0 AND t.removed = 0 AND `+held+" ORDER BY c.scheme, c.digest, s.digest, t.name, l.name")
}

// maxProblems is how many faults Integrity names.
const maxProblems = 5

// Integrity checks the whole database: SQLite's own check, foreign keys, and what must hold
// between tables. It reads everything and takes seconds for large libraries. The error is
// library.ErrDamaged with what was found.
func (s *Store) Integrity(ctx context.Context) error {
	var problems []string
	// On a connection of its own: one that has read the full text before checks what it
	// remembers of it against what was written since.
	q, end, err := s.pin()
	if err != nil {
		return fmt.Errorf("check the library: %w", err)
	}
	defer end()
	err = func() error {
		note := func(rows *sql.Rows) error {
			var text string
			err := rows.Scan(&text)
			if text != "ok" {
				problems = append(problems, text)
			}
			return err
		}
		for _, query := range []string{
			"PRAGMA integrity_check(5)",
			`SELECT DISTINCT 'rows of ' || "table" || ' refer to missing rows of ' || parent FROM pragma_foreign_key_check`,
			`SELECT 'photo ' || p.id || ' has a primary file that is not its own' FROM photo p JOIN file f ON f.id = p.primary_file
				WHERE f.photo_id IS NOT p.id`,
			`SELECT 'photo ' || p.id || ' is wrongly shown or hidden' FROM photo p
				WHERE p.shown <> EXISTS (SELECT 1 FROM file f WHERE f.photo_id = p.id AND f.state = 'present')`,
			`SELECT 'photo ' || p.id || ' has files but no primary one' FROM photo p
				WHERE p.primary_file IS NULL AND EXISTS (SELECT 1 FROM file f WHERE f.photo_id = p.id)`,
			`SELECT 'photo ' || p.id || ' cannot be found by words' FROM photo p WHERE p.shown = 1 AND p.id NOT IN (SELECT rowid FROM words)`,
			`SELECT 'the words of ' || w.rowid || ' belong to no shown photo' FROM words w
				WHERE w.rowid NOT IN (SELECT id FROM photo WHERE shown = 1)`,
			`SELECT 'photo ' || p.id || ' cannot be found by filters' FROM photo p
				WHERE (p.primary_file IS NOT NULL) <> EXISTS (SELECT 1 FROM fact x WHERE x.photo_id = p.id)`,
			`SELECT 'vector ' || v.seq || ' has the wrong length' FROM vector v JOIN space s ON s.id = v.space_id WHERE length(v.data) <> 2 * s.dim`,
		} {
			if err := eachRow(ctx, q, query, nil, note); err != nil {
				return err
			}
		}
		return nil
	}()
	if err == nil && len(problems) > 0 {
		more := ""
		if len(problems) > maxProblems {
			more = fmt.Sprintf("; and %d more", len(problems)-maxProblems)
			problems = problems[:maxProblems]
		}
		err = fmt.Errorf("%w: %s%s", library.ErrDamaged, strings.Join(problems, "; "), more)
	}
	if err != nil {
		return fmt.Errorf("check the library: %w", err)
	}
	return nil
}
