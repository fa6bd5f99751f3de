package indexer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"descry/library"
	"descry/library/contentid"
)

// sentence says in one clear sentence why a photo could not be used.
func sentence(stage string, err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, contentid.ErrEmpty):
		return "The file is empty."
	case errors.Is(err, fs.ErrPermission):
		return "The file may not be read: its permissions forbid it."
	case errors.As(err, &path):
		return fmt.Sprintf("The file could not be read: %s.", path.Err)
	case stage == "encode":
		return fmt.Sprintf("The model could not look at this photo: %s.", err)
	}
	return asSentence(err.Error())
}

// folderSentence says in one clear sentence why a folder, or an entry of one, could not be
// looked at.
func folderSentence(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "The folder may not be read: its permissions forbid it. What was known of it stays."
	case errors.Is(err, syscall.ENAMETOOLONG):
		return "The path is too long for the system. Nothing below it was looked at."
	case errors.As(err, &path):
		return fmt.Sprintf("The folder could not be read: %s. What was known of it stays.", path.Err)
	}
	return asSentence(err.Error())
}

func asSentence(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + strings.TrimRight(s[n:], ".") + "."
}

// full names the cause when the disk has no room left.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) && !errors.Is(err, library.ErrDiskFull) {
		return fmt.Errorf("%w: %w", library.ErrDiskFull, err)
	}
	return err
}
