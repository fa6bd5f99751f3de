package store

import (
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

// What is kept of the daily backups: the last ones of seven days, and of each of the four
// weeks before them the last one. Together they stay below backupBudget bytes, or three
// times the newest one where that is more, as far as the two newest allow.
const (
	keepDays     = 7
	keepWeeks    = 4
	backupBudget = 2 << 30
)

const dailyPrefix, dailySuffix = "daily-", ".db"

func (s *Store) backupsDir() string { return filepath.Join(s.dir, "backups") }

// daily starts the backup of the day before the first write of a day (UTC). It must be
// called by whoever holds the gate, before the transaction begins: the copy is of the state
// at this moment, and is made beside what is written from here on. A failed backup never
// stops a write; the next opening tries again, and the doctor tells of it.
func (s *Store) daily() {
	day := s.now().UTC().Format(time.DateOnly)
	if day == s.day {
		return
	}
	s.day = day
	file := filepath.Join(s.backupsDir(), dailyPrefix+day+dailySuffix)
	if _, err := os.Stat(file); err == nil || day == s.created.UTC().Format(time.DateOnly) {
		return // made already; or the library was made today and held nothing before
	}
	if s.copying != nil {
		select {
		case <-s.copying: // yesterday's is done
		default:
			s.day = "" // a day passed while it was made: after it
			return
		}
	}
	c, end, err := s.pin()
	if err != nil {
		s.log.Warn("no backup of the day", "error", err)
		return
	}
	done := make(chan struct{})
	s.copying = done
	go func() {
		defer close(done)
		defer end()
		if err := s.copyDay(c, file, day); err != nil && s.quit.Err() == nil {
			s.log.Warn("no backup of the day", "error", err)
		}
	}()
}

// pin opens a connection that sees the library as it is now, whatever is written later.
func (s *Store) pin() (*sql.Conn, func(), error) {
	db, err := sql.Open("sqlite3", s.source)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	c, err := db.Conn(s.quit)
	if err != nil {
		return nil, nil, errors.Join(mapError(err), db.Close())
	}
	end := func() {
		_, _ = c.ExecContext(context.Background(), "ROLLBACK") // it only read
		_ = errors.Join(c.Close(), db.Close())
	}
	var one int
	if _, err = c.ExecContext(s.quit, "BEGIN"); err == nil {
		err = c.QueryRowContext(s.quit, "SELECT one FROM library").Scan(&one)
	}
	if err != nil {
		end()
		return nil, nil, mapError(err)
	}
	return c, end, nil
}

func (s *Store) copyDay(c *sql.Conn, file, day string) error {
	folder := s.backupsDir()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return mapOS(err)
	}
	if err := s.room(folder); err != nil {
		return err
	}
	if err := copyDatabase(s.quit, c, file, s.vfs); err != nil {
		return err
	}
	return rotate(folder, day)
}

// room refuses a backup that would take the room which the library itself needs.
func (s *Store) room(folder string) error {
	st, err := os.Stat(filepath.Join(s.dir, dbName))
	if err != nil {
		return err
	}
	free, err := freeBytes(folder)
	if err != nil {
		return nil // unknown: then the copy itself will find out
	}
	if need := 2 * st.Size(); free < need {
		return fmt.Errorf("%w: a backup needs %d MB of room", library.ErrDiskFull, need>>20)
	}
	return nil
}

// dailies lists the days that have a backup in a folder, the oldest first.
func dailies(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var days []string
	for _, e := range entries {
		day, ok := strings.CutPrefix(e.Name(), dailyPrefix)
		if !ok || !e.Type().IsRegular() {
			continue
		}
		if day, ok = strings.CutSuffix(day, dailySuffix); !ok {
			continue
		}
		if _, err := time.Parse(time.DateOnly, day); err == nil {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	return days, nil
}

// rotate removes daily backups that are past their time, now that the one of today is
// there. Those of days to come stay: the clock was wrong then, or is now.
func rotate(folder, today string) error {
	days, err := dailies(folder)
	if err != nil {
		return err
	}
	past := days
	if i := slices.IndexFunc(days, func(d string) bool { return d > today }); i >= 0 {
		past = days[:i]
	}
	var total int64
	size := make(map[string]int64, len(past))
	for _, d := range past {
		if st, err := os.Stat(filepath.Join(folder, dailyPrefix+d+dailySuffix)); err == nil {
			size[d] = st.Size()
		}
	}
	budget := max(int64(backupBudget), 3*size[today])
	for i, d := range kept(past) {
		total += size[d]
		if i >= 2 && total > budget {
			break
		}
		delete(size, d)
	}
	var errs []error
	for d := range size {
		errs = append(errs, os.Remove(filepath.Join(folder, dailyPrefix+d+dailySuffix)))
	}
	return errors.Join(errs...)
}

// kept chooses from days in rising order those whose backups are kept, the newest first.
func kept(days []string) []string {
	var out []string
	week := ""
	weeks := 0
	for _, d := range slices.Backward(days) {
		t, err := time.Parse(time.DateOnly, d)
		if err != nil {
			continue
		}
		year, number := t.ISOWeek()
		w := fmt.Sprint(year, "-", number)
		switch {
		case len(out) < keepDays:
		case w != week && weeks < keepWeeks:
			weeks++
		default:
			continue
		}
		week = w
		out = append(out, d)
	}
	return out
}

// BackupState tells how the library's own backups are.
type BackupState struct {
	Newest string    // absolute path of the newest one, "" for none
	Made   time.Time // when it was written
	Count  int       // daily backups that are there
	// Lacks is the day (2006-01-02, UTC) on which the person last said something and from
	// which there is no backup; "" where all is well. The day on which the library was made
	// needs none.
	Lacks string
}

// Backups looks at the library's own backups and checks that the newest is sound. Error:
// library.ErrDamaged when it is not.
func (s *Store) Backups(ctx context.Context) (BackupState, error) {
	var st BackupState
	days, err := dailies(s.backupsDir())
	if err != nil {
		return st, fmt.Errorf("look at the backups: %w", err)
	}
	st.Count = len(days)
	for _, d := range days {
		file := filepath.Join(s.backupsDir(), dailyPrefix+d+dailySuffix)
		if info, err := os.Stat(file); err == nil && !info.ModTime().Before(st.Made) {
			st.Newest, st.Made = file, info.ModTime()
		}
	}
	var last sql.NullInt64
	if err := s.ro.QueryRowContext(ctx, "SELECT max(at_ms) FROM journal").Scan(&last); err != nil {
		return st, fmt.Errorf("look at the backups: %w", mapError(err))
	}
	if last.Valid {
		day := time.UnixMilli(last.Int64).UTC().Format(time.DateOnly)
		if day != s.created.UTC().Format(time.DateOnly) && !slices.Contains(days, day) {
			st.Lacks = day
		}
	}
	if st.Newest != "" {
		if err := checkSound(ctx, st.Newest); err != nil {
			return st, fmt.Errorf("check the backup %s: %w", st.Newest, err)
		}
	}
	return st, nil
}

// checkSound opens a database file for reading and checks its pages.
func checkSound(ctx context.Context, file string) error {
	if err := checkFile(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", dsn(file, true, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := userVersion(ctx, db); err != nil {
		return err
	}
	return mapError(quickCheck(ctx, db))
}

// RenewBackups makes a backup of the library as it is now and then removes all older ones,
// those before a migration, a restore or a purge and what a repair kept included: they may
// hold what was forgotten. Others write meanwhile. A file of another name stays.
func (s *Store) RenewBackups(ctx context.Context) error {
	if s.readOnly {
		return library.ErrReadOnly
	}
	if err := s.renewBackups(ctx); err != nil {
		return fmt.Errorf("make the backups anew: %w", err)
	}
	return nil
}

func (s *Store) renewBackups(ctx context.Context) error {
	done, err := s.takeCopying(ctx)
	if err != nil {
		return err
	}
	defer close(done)
	c, end, err := s.pin()
	if err != nil {
		return err
	}
	defer end()
	folder := s.backupsDir()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return mapOS(err)
	}
	name := dailyPrefix + s.now().UTC().Format(time.DateOnly) + dailySuffix
	if err := copyDatabase(ctx, c, filepath.Join(folder, name), s.vfs); err != nil {
		return err
	}
	for _, pattern := range []string{
		filepath.Join(escapeGlob(folder), dailyPrefix+"*"), filepath.Join(escapeGlob(folder), "before-*"),
		filepath.Join(escapeGlob(s.dir), dbName+".damaged-*"),
	} {
		old, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range old {
			if filepath.Base(file) == name {
				continue
			}
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeCopying waits for the backup of the day, if one is made, and keeps the next one from
// beginning until what it returns is closed.
func (s *Store) takeCopying(ctx context.Context) (chan struct{}, error) {
	for {
		if err := s.gate.enter(ctx, false); err != nil {
			return nil, err
		}
		running := s.copying
		if running != nil {
			select {
			case <-running:
				running = nil
			default:
			}
		}
		if running == nil {
			done := make(chan struct{})
			s.copying = done
			s.gate.leave()
			return done, nil
		}
		s.gate.leave()
		select {
		case <-running:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// escapeGlob makes a path match itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// finishDaily waits for the backup of the day.
func (s *Store) finishDaily() {
	if s.copying != nil {
		<-s.copying
	}
}
