// Package trash moves files to the system's trash and back. It deletes nothing: a file is
// either at its place or in the trash, whenever the process dies.
//
// On Linux and the BSDs it follows the freedesktop.org Trash specification 1.0, so every file
// manager shows what lies there, lets it be restored and empties it. On macOS and Windows the
// trash is not supported yet: ErrUnsupported.
//
// A move has two steps, so that a caller can write down between them where the file will be:
// Reserve chooses a name in the trash, Move moves. Move and Restore may be called again after
// a process died in the middle: they do what is left to do.
package trash

import "errors"

// Errors that say why a file was not moved. They come wrapped, with the paths.
var (
	// ErrUnsupported says that this system's trash is not supported.
	ErrUnsupported = errors.New("the trash of this system is not supported yet; use the file manager")
	// ErrNoTrash says that the disk of the file has no trash that can be used. The file stays.
	ErrNoTrash = errors.New("the disk has no trash that can be written")
	// ErrTaken says that another file is where the file should come to. Both stay.
	ErrTaken = errors.New("another file is in its place")
	// ErrGone says that the file is neither at its place nor in the trash.
	ErrGone = errors.New("it is not there any more")
)
