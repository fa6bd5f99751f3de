// Package formats holds the test that makes files of every format and kind, with the
// encoders that people's files come from, and writes down in docs/formats.md what Descry
// makes of each.
package formats
