// Package parity holds the tests that compare models with the Python originals, from the
// decoded picture and the text to the unit vector: small ones of every family, which are
// fixtures here, and the full-size ones that tools/parity makes. docs/parity.md has the
// report.
package parity
