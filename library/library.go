// Package library holds the words shared by everything that deals with photos:
// what a root, a file, a photo and a picture are, what is known of them, and the
// errors that cross package borders. It has no behaviour of its own beyond
// formatting; the packages below it do the work.
package library

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sentinel errors that cross package borders.
var (
	// ErrNotFound says that a root, photo, file, label or set does not exist.
	ErrNotFound = errors.New("not found")
	// ErrInUse says that another process holds the library for writing.
	ErrInUse = errors.New("the library is in use by another process")
	// ErrNewer says that a newer version of Descry made the library.
	ErrNewer = errors.New("the library was made by a newer version of Descry")
	// ErrDamaged says that library.db is not a usable database.
	ErrDamaged = errors.New("the library database is damaged")
	// ErrReadOnly says that the library was opened without the right to write.
	ErrReadOnly = errors.New("the library is open for reading only")
	// ErrConflict says that an undo meets a later change of the same row.
	ErrConflict = errors.New("a later change stands in the way")
	// ErrDiskFull says that the disk that holds the library has no room left.
	ErrDiskFull = errors.New("the disk is full")
)

// Surrogate ids of the store. They mean nothing outside one library.
type (
	RootID  int64
	FileID  int64
	PhotoID int64
	LabelID int64
	SetID   int64
	SpaceID int64
)

// Content identifies picture data without metadata: a scheme (how the digest was
// made, docs/identity.md) and a SHA-256.
type Content struct {
	Scheme string
	Digest [32]byte
}

// String prints the content id as scheme:hex.
func (c Content) String() string { return c.Scheme + ":" + hex.EncodeToString(c.Digest[:]) }

// IsZero reports whether c names no content.
func (c Content) IsZero() bool { return c.Scheme == "" }

// Picture is what derived data (vectors, thumbnails, hashes) belongs to: picture
// data and the EXIF orientation (1 to 8) in which it is seen.
type Picture struct {
	Content     Content
	Orientation int
}

// String prints the picture as content/orientation.
func (p Picture) String() string { return fmt.Sprintf("%s/%d", p.Content, p.Orientation) }

// FileState says whether a file was there when its folder was last looked at.
type FileState string

// The states of a file. A file of an offline root keeps its own state; what a
// person sees then is Offline.
const (
	Present FileState = "present"
	Missing FileState = "missing"
	Offline FileState = "offline"
)

// Root is a folder that the person added.
type Root struct {
	ID     RootID
	Path   string // absolute, as the system gives it (bytes, maybe not UTF-8)
	Volume string // identity of the volume, "" where the system gives none
	State  FileState
	Reason string // why it is offline, or on whose word it is present: see package store
	Photos int    // photos with a file in this root
	Added  time.Time
}

// Stat is what tells a changed file from an unchanged one.
type Stat struct {
	Size    int64
	ModTime int64  // nanoseconds since 1970 UTC
	Inode   string // device and file number as "dev:ino", "" where unknown
}

// File is a path that holds, or held, a photo.
type File struct {
	ID    FileID
	Root  RootID
	Dir   string // folder relative to the root, "" for the root itself, "/" separated
	Name  string
	Stat  Stat
	State FileState
	Photo PhotoID // 0 until the file has been looked at
}

// Rel is the path relative to the root.
func (f File) Rel() string {
	if f.Dir == "" {
		return f.Name
	}
	return f.Dir + "/" + f.Name
}

// GPS is a position: degrees north and east, metres above sea level.
type GPS struct {
	Lat, Lon, Alt float64
}

// Metadata is what a file says of its photo. Zero values mean "not said".
type Metadata struct {
	Format      string // "jpeg", "png", "gif", "webp", "tiff", "bmp", ...
	Width       int    // pixels as stored, before orientation
	Height      int
	Orientation int // EXIF 1 to 8; 1 where not said

	Taken    time.Time // wall clock of the camera; its location is the zone where HasZone, else UTC
	HasZone  bool      // Taken carries a real time zone
	Make     string
	Model    string
	Lens     string
	ISO      int
	FNumber  float64 // f-stop
	Exposure float64 // seconds
	Focal    float64 // millimetres
	Focal35  float64 // millimetres, 35 mm equivalent
	GPS      *GPS

	Title       string
	Description string
	Keywords    []string
	Creator     string
	Copyright   string
	Rating      int    // 0 to 5, -1 for rejected (xmp:Rating)
	AltText     string // Iptc4xmpCore:AltTextAccessibility
	Extended    string // Iptc4xmpCore:ExtDescrAccessibility

	Duration time.Duration // of a video
	Motion   bool          // the file holds a short video beside the picture (motion photo)
	Pair     string        // content identifier that the two halves of a Live Photo share
	Burst    string        // identifier that the photos of a burst share
	Profile  string        // name of the ICC profile: "Display P3", ...
}

// Measures are the cheap picture measurements made while the pixels are at hand.
type Measures struct {
	Width, Height int     // upright pixels
	PHash         uint64  // 64-bit DCT perceptual hash
	Sharpness     float64 // variance of the Laplacian of the 512-px luminance
	Exposure      float64 // mean luminance, 0 to 1
	Colour        uint32  // dominant colour as 0xRRGGBB
	Palette       []Swatch
	Warning       string // what of a damaged picture is not shown, in words; "": all of it is
}

// Elongated reports whether a picture of w × h pixels is longer than 2:1, as panoramas and
// screenshots of whole pages are: the square in its middle, which a model looks at, hides
// more than half of it. Such a picture has further views, one crop each.
func Elongated(w, h int) bool { return max(w, h) > 2*min(w, h) }

// Swatch is one of a picture's dominant colours; the largest share comes first, five at most.
type Swatch struct {
	Colour uint32 // 0xRRGGBB
	Share  uint8  // of the picture's area, 255 for all of it
}

// TagState is what is said of a label on a photo.
type TagState string

// A suggestion comes from the machine, the others from a person.
const (
	Suggested TagState = "suggested"
	Confirmed TagState = "confirmed"
	Rejected  TagState = "rejected"
)

// Tag is a label on a photo.
type Tag struct {
	Label      LabelID
	Set        string // name of the label set
	Name       string // name of the label
	State      TagState
	Confidence float64 // calibrated, 0 to 1; 1 when a person confirmed
}

// AltState says who stands behind an alt text.
type AltState string

// A draft is made on demand and never stored; the others are a person's.
const (
	AltDraft    AltState = "draft"
	AltEdited   AltState = "edited"
	AltApproved AltState = "approved"
)

// AltText is the alternative text of a photo and its longer companion.
type AltText struct {
	Text       string // at most 250 characters (IPTC 2021.1)
	Extended   string
	Lang       string // BCP 47, "en" by default
	State      AltState
	Confidence float64
	Sources    []string // where the words came from, one entry per statement
}

// StageCodec is the stage of a Failure whose cause is that the program or library which
// reads the format is not installed. Such files are tried again when that changes.
const StageCodec = "codec"

// Failure says why a file could not be used.
type Failure struct {
	File   FileID
	Path   string // absolute
	Stage  string // "read", "decode", "encode", StageCodec, ...
	Reason string // one clear sentence
	At     time.Time
}

// Space is a vector space: one digest of weights, precision and preprocessing.
type Space struct {
	ID     SpaceID
	Digest string
	Model  string // id of the model bundle
	Dim    int
}

// Operation is one entry of the journal: something a person did.
type Operation struct {
	ID     int64
	When   time.Time
	What   string // a sentence
	Photos int    // photos touched
	Undone bool
	Undoes int64 // the operation that this one undid, or 0
}

// TextLine is a line of text that was recognised in a picture.
type TextLine struct {
	Text       string
	Confidence float64 // 0 to 1, of its characters
	// Box is the line's corners, clockwise from the upper left of its first letter, each as
	// parts of the upright picture's width and height.
	Box [4][2]float64
}

// JoinText is the text of lines, one below the other.
func JoinText(lines []TextLine) string {
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.Text
	}
	return strings.Join(texts, "\n")
}
