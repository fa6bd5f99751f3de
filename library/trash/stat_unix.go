//go:build unix && !darwin

package trash

import "syscall"

// unixStat is what fs.FileInfo.Sys holds on these systems.
type unixStat = syscall.Stat_t
