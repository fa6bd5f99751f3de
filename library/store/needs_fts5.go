//go:build cgo && !sqlite_fts5

package store

// The library's text search needs SQLite's FTS5, which the driver compiles only on demand:
// build, vet and test with -tags sqlite_fts5.
var _ = build_with_tags_sqlite_fts5
