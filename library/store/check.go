package store

import (
	"context"
	"database/sql"
	"fmt"
)

// CheckBackup refuses a file that Restore would refuse, with the same errors. The file is
// only read.
func CheckBackup(ctx context.Context, file string) error {
	all, err := readMigrations(embedded)
	if err == nil {
		err = checkBackupFile(ctx, file, len(all))
	}
	if err != nil {
		return fmt.Errorf("check the backup %s: %w", file, mapError(err))
	}
	return nil
}

func checkBackupFile(ctx context.Context, file string, known int) error {
	if err := checkFile(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", dsn(file, true, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return checkBackup(ctx, c, known)
}
