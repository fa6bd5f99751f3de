package app

import (
	"time"

	"descry/library"
)

// Scope names the photos that a list or a search is about. The zero value is the whole
// library.
type Scope struct {
	Kind  ScopeKind
	Root  library.RootID  // ScopeRoot, ScopeFolder
	Dir   string          // ScopeFolder: folder relative to the root; its subfolders count too
	Label library.LabelID // ScopeTag
	From  time.Time       // ScopeDates: first instant, wall clock read as UTC
	To    time.Time       // ScopeDates: first instant after
	Album int64           // ScopeAlbum
	Query string          // ScopeAlbum: of a smart one
	Title string          // what the person sees above the grid

	// Stacked leaves out photos for which another of the list stands, with Card.Stacked.
	Stacked bool
}

// ScopeKind says which photos a Scope holds.
type ScopeKind int

// The kinds of scope, as the side bar offers them.
const (
	ScopeAll ScopeKind = iota
	ScopeFavourites
	ScopeUntagged
	ScopeAltToReview
	ScopeMissing
	ScopeRoot
	ScopeFolder
	ScopeTag
	ScopeDates
	ScopeAlbum
)

// SearchRequest is one search.
type SearchRequest struct {
	Text    string
	Scope   Scope
	Limit   int // 0: 50
	Offset  int
	All     bool // past the cutoff too
	Explain bool
}

// Reason is one part of why a photo is among the results.
type Reason struct {
	Kind       string // "looks like", "words", "tag", "filter", "exact" or "without"
	Text       string // the phrase, word or filter
	Where      string // of words: in what they stand
	Confidence float64
	Weight     float64 // of what it looks like, against the heaviest; below 0: it is to be unlike; 0: it has none
	Picture    bool    // what it looks like is an example picture, and Text says which
}

// Hit is one photo of a search result.
type Hit struct {
	Photo      library.PhotoID
	Score      float64 // cosine, or 0 where only words matched
	Confidence float64 // calibrated, 0 to 1
	Likely     bool
	Why        []Reason
}

// SearchProblem is a mistake in a query: what is wrong and where it stands.
type SearchProblem struct {
	Sentence   string
	Start, End int // byte offsets in the query
}

// SearchResult is the answer to a search, in fused order, the likely photos first.
type SearchResult struct {
	Query          string
	Interpretation string   // how the query was understood, in words
	Chips          []string // the understood parts, canonical, in order
	Parts          []Part   // the same, described
	Problems       []SearchProblem
	Notes          []string // limits worth knowing, one sentence each
	Calibrated     bool     // false: the model has no calibration, confidence is not shown
	Matched        int      // likely photos in the whole scope
	DidYouMean     string   // the query with mistyped words put right; "": there seem to be none
	Language       string   // code of the query's language where the model does not know it; else ""
	Hits           []Hit
	Coverage       float64 // share of photos looked at, 0 to 1
	Took           time.Duration
}

// Card is what a cell of the grid shows.
type Card struct {
	Photo     library.PhotoID
	Name      string
	Path      string
	Taken     time.Time
	HasZone   bool // Taken carries the camera's time zone
	Picture   library.Picture
	Colour    uint32 // dominant colour 0xRRGGBB until the thumbnail is there
	Favourite bool
	Rating    int
	State     library.FileState
	Tagged    bool          // has a confirmed tag
	Format    string        // as library.Metadata.Format
	Motion    bool          // the file holds a short film, too (motion photo)
	Duration  time.Duration // of a video
	Stacked   int           // photos of the stack that it stands for, itself included; 0: of none
	Alt       string        // approved or edited alt text, "" where there is none
}

// FileInfo is one file of a photo.
type FileInfo struct {
	Path  string
	Size  int64
	Time  time.Time
	State library.FileState
}

// Detail is everything known of one photo.
type Detail struct {
	Card
	Files    []FileInfo
	Metadata library.Metadata
	Measures library.Measures
	Tags     []library.Tag // confirmed, then suggested by confidence, then rejected
	AltText  library.AltText
	Failure  *library.Failure
	Stack    []Card             // photos of the stack that it is in, the one that stands for it first
	StackOf  StackKind          // why they are a stack; "" where it is in none
	Text     []library.TextLine // recognised in the picture
}

// Count is an entry of the side bar with the number of its photos.
type Count struct {
	Title  string
	Scope  Scope
	Photos int
}

// Folder is a folder of a root with its photos and subfolders.
type Folder struct {
	Count
	State    library.FileState
	Children []Folder
}

// TagCount is a label with how often it is confirmed and suggested.
type TagCount struct {
	Label     library.LabelID
	Set       string
	Name      string
	Confirmed int
	Suggested int
}

// Sidebar is what the side bar shows.
type Sidebar struct {
	All, Favourites, Untagged, AltToReview, Missing int
	Folders                                         []Folder // one per root
	Tags                                            []TagCount
	Dates                                           []Count // years, newest first
	Albums                                          []Album
}

// ModelInfo describes a model bundle for the person who chooses one.
type ModelInfo struct {
	ID        string
	Name      string
	Licence   string
	Note      string
	Languages []string
	Dim       int
	InputSize int
	Space     string
	InUse     bool
	Bundled   bool
	Provider  string // "" while not loaded
	Device    string // what tests of devices have shown, in words; "" where it was only on the CPU
	Bytes     int64
	Memory    int64   // bytes of memory that it needs on a CPU besides the program, estimated; 0: not known
	Tight     string  // "" or one sentence: there is not enough memory for it
	Precision string  // of its weights: "int8"; "" when it could not be opened
	PerSecond float64 // photos a second, measured here; 0 when it was not yet
	Problem   string  // "" or one sentence: what is wrong with it

	Vectors VectorUse // what it found, kept while another model is in use
	Coming  bool      // it looks at the photos and is used when it has seen them all
	Gone    bool      // it is not there any more, only its vectors are
}

// VectorUse is what the vectors of a model take.
type VectorUse struct {
	Vectors int
	Bytes   int64 // in the database and in the file for searching
}

// Progress says how far a job has come.
type Progress struct {
	Job       string // what is being done, in words: "Looking at photos"
	Done      int
	Total     int // 0 while unknown
	Failed    int
	PerSecond float64
	Left      time.Duration // 0 while unknown
	Paused    bool          // by hand
	Quiet     bool          // by half the cores, at low priority
	Waiting   Wait          // why it waits by itself; "": it does not
	Running   bool
	Path      string // the file being looked at
}

// Events are the callbacks of a face. They are called from background goroutines, one at
// a time, and must not block; nil ones are skipped.
type Events struct {
	Progress func(Progress)
	Changed  func()            // photos, tags or roots changed: lists are stale
	Notice   func(string)      // one sentence worth showing
	Folders  func(string)      // one sentence on folders that the system does not watch
	Finished func(IndexReport) // an indexing run came to its end
}

// IndexReport is what an indexing run did.
type IndexReport struct {
	Files           int
	Photos          int
	New             int
	Changed         int
	Moved           int
	Missing         int
	Offline         int
	Unchanged       int
	Failed          []IndexFailure
	Encoded         int
	Seconds         float64
	PhotosPerSecond float64 // newly encoded photos only
	Model           string
	Provider        string
	Again           int      // photos looked at with the model that comes
	TextLooked      int      // photos in which text was looked for
	TextFound       int      // of those, with text
	TextPerSecond   float64  // photos in which text was looked for
	Notes           []string // sentences on roots that are not there, or are elsewhere now
	Followed        []string `json:"-"` // those of Notes on roots that are elsewhere now
}

// IndexFailure is a file that an indexing run could not use.
type IndexFailure struct {
	Path   string
	Stage  string
	Reason string
}

// Status is the state of a library.
type Status struct {
	Library  string
	Files    int
	Photos   int
	Encoded  int
	Pending  int
	Failed   int
	Offline  int
	Missing  int
	Model    string
	Provider string
	Device   string // what tests of devices have shown for the model, in words
	Coming   Coming
	Text     int  // photos with recognised text
	Unread   int  // photos in which text is still to be looked for; 0 where that is off
	NoText   bool // no text is looked for
	Roots    []library.Root
}

// Coming is a model that looks at the photos and is used when it has seen all of them; the zero
// value is none.
type Coming struct {
	Model   string // its id
	Name    string
	Encoded int    // photos that it has looked at
	Waiting int    // photos that it can look at
	Away    int    // photos that it has not looked at and whose files are not at hand
	Problem string // "" or one sentence: why it does not look at any
}

// Share is how much of what can be looked at the model has seen, 0 to 1.
func (c Coming) Share() float64 {
	if c.Encoded+c.Waiting == 0 {
		return 0
	}
	return float64(c.Encoded) / float64(c.Encoded+c.Waiting)
}

// Check is one line of the doctor's report.
type Check struct {
	Check  string
	OK     bool
	Detail string
	Fix    string
}

// PhotoAt is a photo and the path through which it was asked for.
type PhotoAt struct {
	Photo library.PhotoID
	Path  string
}

// Classified is how well labels fit one picture file.
type Classified struct {
	Path          string
	Probabilities []float64 // in the order of the labels
	Err           error
}

// Scored is how well a text fits one picture file.
type Scored struct {
	Path   string
	Cosine float64
	Err    error
}

// Embedded is the unit vector of a text or a picture file.
type Embedded struct {
	Input  string
	Vector []float32
	Err    error
}
