package pages

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"
)

// sample makes a database with rows of every kind, long ones included, and returns its bytes
// and those of its write-ahead log.
func sample(tb testing.TB, rows int) (db, wal []byte) {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "a.db")
	c, err := sql.Open("sqlite3", "file:"+file+"?_journal_mode=WAL")
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	c.SetMaxOpenConns(1)
	do := func(query string, args ...any) {
		tb.Helper()
		if _, err := c.ExecContext(context.Background(), query, args...); err != nil {
			tb.Fatal(err)
		}
	}
	do("CREATE TABLE plain (id INTEGER PRIMARY KEY, n INTEGER, x REAL, t TEXT, b BLOB)")
	do("CREATE TABLE keyed (a INTEGER, b TEXT, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID")
	do("BEGIN")
	for i := range rows {
		do("INSERT INTO plain VALUES (?, ?, ?, ?, ?)", i*i+1, -i*1234567, float64(i)/3, strings.Repeat("ä", i*7), []byte{byte(i), 0})
		do("INSERT INTO keyed VALUES (?, ?, ?)", i/3, fmt.Sprint(i), strings.Repeat("k", i*5))
	}
	do("COMMIT")
	do("PRAGMA wal_checkpoint(TRUNCATE)")
	do("UPDATE plain SET n = 7 WHERE id = 1")
	do("INSERT INTO keyed VALUES (-1, 'in the log', 'yes')")
	if db, err = os.ReadFile(file); err != nil {
		tb.Fatal(err)
	}
	if wal, err = os.ReadFile(file + "-wal"); err != nil {
		tb.Fatal(err)
	}
	return db, wal
}

func read(tb testing.TB, db, wal []byte) (rows map[string][]Row, bad int) {
	tb.Helper()
	f, err := Open(bytes.NewReader(db), int64(len(db)), bytes.NewReader(wal), int64(len(wal)))
	if err != nil {
		tb.Fatal(err)
	}
	rows = map[string][]Row{}
	for _, r := range f.Tables() {
		bad += f.Walk(r.Page, func(row Row) bool {
			rows[r.Name] = append(rows[r.Name], row)
			return true
		})
	}
	f.Stray(func(l Leaf) bool {
		name := "stray"
		if l.Table {
			name = "stray table"
		}
		rows[name] = append(rows[name], l.Rows...)
		return true
	})
	return rows, bad
}

func TestEveryRowIsRead(t *testing.T) {
	const n = 900
	db, wal := sample(t, n)
	rows, bad := read(t, db, wal)
	if bad != 0 || len(rows["plain"]) != n || len(rows["keyed"]) != n+1 || len(rows["stray"])+len(rows["stray table"]) != 0 {
		t.Fatalf("%d rows of plain, %d of keyed, %d and %d stray, %d bad", len(rows["plain"]), len(rows["keyed"]), len(rows["stray"]), len(rows["stray table"]), bad)
	}
	for _, r := range rows["plain"] {
		i := int(r.Values[4].([]byte)[0])
		for i*i+1 != int(r.ID) {
			if i += 256; i > n {
				t.Fatalf("row %d holds %v", r.ID, r.Values[4])
			}
		}
		want := int64(-i * 1234567)
		if r.ID == 1 {
			want = 7 // as the log has it
		}
		if r.Values[0] != nil || r.Values[1] != want || r.Values[3] != strings.Repeat("ä", i*7) {
			t.Fatalf("row %d: %v", r.ID, r.Values[:3])
		}
		switch x := r.Values[2].(type) {
		case float64:
			if x != float64(i)/3 {
				t.Fatalf("row %d: %v", r.ID, x)
			}
		case int64: // a whole number is stored as one
			if x*3 != int64(i) {
				t.Fatalf("row %d: %v", r.ID, x)
			}
		}
	}
	// Without the log the change in it is not there.
	rows, _ = read(t, db, nil)
	if len(rows["keyed"]) != n {
		t.Errorf("%d rows without the log", len(rows["keyed"]))
	}
	// A log that was cut short in its last commit ends with the one before.
	rows, bad = read(t, db, wal[:len(wal)-1])
	if bad != 0 || len(rows["keyed"]) != n {
		t.Errorf("%d rows with a torn log, %d bad", len(rows["keyed"]), bad)
	}
}

// Whatever page is lost, the rows of all others are found: those below it as strays.
func TestADamagedPageCostsItself(t *testing.T) {
	const n = 400
	db, _ := sample(t, n)
	for page := 1; page < len(db)/4096; page++ {
		hurt := bytes.Clone(db)
		clear(hurt[page*4096 : (page+1)*4096])
		rows, bad := read(t, hurt, nil)
		got := len(rows["plain"]) + len(rows["keyed"]) + len(rows["stray"]) + len(rows["stray table"])
		lost := 2*n - got
		if lost > 400 || (lost > 0 && bad == 0) {
			t.Errorf("page %d: %d rows lost, %d bad", page+1, lost, bad)
		}
	}
}

func FuzzOpen(f *testing.F) {
	db, wal := sample(f, 40)
	f.Add(db, wal)
	f.Add(db[:5000], wal[:100])
	f.Add([]byte("SQLite format 3\x00"), []byte{})
	f.Fuzz(func(t *testing.T, db, wal []byte) {
		if len(db) > 1<<20 || len(wal) > 1<<20 {
			return
		}
		file, err := Open(bytes.NewReader(db), int64(len(db)), bytes.NewReader(wal), int64(len(wal)))
		if err != nil {
			return
		}
		total := 0
		count := func(rows ...Row) bool {
			total += len(rows)
			return true
		}
		for _, r := range file.Tables() {
			file.Walk(r.Page, func(r Row) bool { return count(r) })
		}
		file.Stray(func(l Leaf) bool { return count(l.Rows...) })
		if limit := 8 * (len(db) + len(wal) + 100); total > limit {
			t.Errorf("%d rows from %d bytes", total, len(db)+len(wal))
		}
	})
}
