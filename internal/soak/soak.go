// Package soak holds the test that uses Descry for long: one process with the real model
// lives with one library while, at the same time, somebody says things of photos, files are
// moved, edited and deleted, disks are unplugged, and others search and look.
//
// The test remembers by itself what was said and which files there are. Now and then it lets
// everything come to rest and compares: the library must hold just that, be sound, and take
// no more memory, goroutines, files and processes than before. Run it with `make soak`.
package soak
