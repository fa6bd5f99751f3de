package store

import (
	"encoding/json"
	"log/slog"
	"time"

	"descry/library"
)

// Options says how a library is opened. The zero value opens it for reading and writing.
type Options struct {
	// ReadOnly opens an existing library without taking its lock: another process may be
	// writing it. Every method that writes then fails with library.ErrReadOnly.
	ReadOnly bool
	// Now is the clock for the times that are recorded; nil: time.Now.
	Now func() time.Time
	// Log receives what a person need not see, such as a migration; nil: nothing.
	Log *slog.Logger
	// Program says who opens it ("descry index"), for those who find it in use; "" is allowed.
	Program string
	// VFS is the name of the SQLite VFS that the database is read and written through; "" is
	// the system's. Tests put one in between that loses writes.
	VFS string
}

// ChangeKind says what a scan found out about one path.
type ChangeKind int

// The kinds of ScanChange.
const (
	Found   ChangeKind = iota // a path that has no row (or has one again): look at it
	Changed                   // size, time or file number differ: look at it again
	Gone                      // the path is not there any more
	Back                      // a missing path is there again, unchanged
	Moved                     // a known file (FileID) lies here now, unchanged
	LeftOut                   // the person wants the path left out: its row goes, what was said of its photo stays
)

// ScanChange is one difference between a folder and what the library knows of it.
type ScanChange struct {
	Kind ChangeKind
	Dir  string // relative to the root, "" for the root itself, "/" separated
	Name string
	Stat library.Stat   // of Found, Changed, Back and Moved
	File library.FileID // of Moved; the others are found by Dir and Name
}

// PendingFile is a file that the indexer should read.
type PendingFile struct {
	File library.File
	Path string // absolute, as the system gives it
	// Photo's picture before this reading: the zero Picture for a file never looked at.
	// When the file turns out to hold another content, the two are compared to tell an edit
	// from a replacement (IndexedFile.SamePicture).
	Was library.Picture
	// Looked reports that the file itself has been looked at and did not change since: only
	// derived data is lacking (picture row, or vector in the space asked for).
	Looked bool
	Cursor Cursor // pass it to the next Pending call to go on after this file
}

// Cursor is a place in the order of Pending. The zero value is the start.
type Cursor struct {
	phase int
	key   int64
	id    int64
}

// KnownContent is what the library holds for a content.
type KnownContent struct {
	Photo    library.PhotoID // 0: no photo shows this content now
	Pictures []int           // orientations with a picture row (measures), ascending
	Encoded  []int           // orientations with all vectors in the space asked for, ascending
}

// View is a further view of a picture: a crop of a panorama, a frame of a video.
type View struct {
	Vector []float32     // unit length, dimension of the space
	At     time.Duration // when in the video; negative: it is no frame
}

// IndexedFile is what looking at one file brought to light. CommitBatch stores it.
type IndexedFile struct {
	File library.FileID
	Stat library.Stat // taken when the file was read

	// Failure, if set, says why the file could not be used; the rest may then be empty. The
	// file is not tried again before it changes or RetryFailed is called.
	Failure *library.Failure

	// Known says that the file is as the library knows it, and only vectors of its picture are
	// new: nothing else of it is looked at.
	Known bool

	Content  library.Content
	Metadata library.Metadata  // Metadata.Orientation (1 to 8; 0 counts as 1) says which picture it is
	Measures *library.Measures // nil: not measured this time, the picture row stays as it is
	Space    library.SpaceID   // of Vector and Views
	Vector   []float32         // view 0: unit length, dimension of Space; nil: none
	At       *time.Duration    // when in the video view 0 is; nil: it is no frame
	Views    []View            // further views of the picture, numbered from 1
	Provider string            // execution provider that computed Vector and Views

	// SamePicture says that the vectors of this content and of the one that the file held
	// before (PendingFile.Was) show the same picture. It decides, where capture data cannot,
	// whether an edit in place keeps the person's words.
	SamePicture bool
}

// VectorRow is one stored vector.
type VectorRow struct {
	Seq     int64
	Photo   library.PhotoID // 0: no photo with a present file shows this picture now
	Picture library.Picture
	View    int    // 0: the model's own preprocessing
	Data    []byte // float16, little endian, unit length; valid during the callback only
	Mark    int64  // drawn when the vector was stored; 0 in rows of older libraries
}

// LabelSet is a group of labels that are scored together. What its settings and its
// labels' definitions mean is tagging's business: the store keeps them as they come.
type LabelSet struct {
	ID       library.SetID
	Name     string // lower-case id, unique: "animals"
	Title    string
	Settings json.RawMessage // a JSON object
	Builtin  bool            // came with the program and was not edited since
	Labels   []Label
}

// Label is one word of a label set.
type Label struct {
	ID         library.LabelID
	Name       string          // unique in its set
	Definition json.RawMessage // a JSON object
}

// Suggestion is a label that the machine proposes for the picture behind a vector.
type Suggestion struct {
	Seq        int64 // VectorRow.Seq
	Label      library.LabelID
	Confidence float64 // calibrated, 0 to 1
}

// Calibration holds fitted parameters that turn scores of one space into probabilities.
type Calibration struct {
	Params json.RawMessage
	N      int // how many scores it was fitted on
	Fitted time.Time
}
