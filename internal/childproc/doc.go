// Package childproc bounds what a child process may take of the machine, from outside and
// right after its start: what reads foreign files there must not cost more than itself.
package childproc
