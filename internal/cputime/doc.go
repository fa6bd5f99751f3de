// Package cputime tells how long the process has computed, which does not depend on what else
// the machine does.
package cputime
