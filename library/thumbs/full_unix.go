//go:build unix

package thumbs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// isDiskFull reports whether err says that no room, or no more of the user's share of it,
// is left.
func isDiskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
