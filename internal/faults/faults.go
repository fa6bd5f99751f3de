// Package faults holds the tests that let things go wrong while Descry works, and that write
// down in docs/reliability.md what became of the library each time.
//
// A child process does one thing (a stage) while strace writes down all that it asks of the
// disk. From these records the tests make the disk as it would be had the process been
// killed, or the power been cut, at any point of it, and look at the library that lies
// there.
package faults
