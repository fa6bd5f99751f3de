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
	Title string          // what the person sees above the grid
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
	Kind       string  `json:"kind"` // "looks like", "words", "tag", "filter", "exact"
	Text       string  `json:"text"` // the phrase, word or filter
	Where      string  `json:"where,omitempty"`
	Confidence float64 `json:"confidence,omitempty"`
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
	Problems       []SearchProblem
	Notes          []string // limits worth knowing, one sentence each
	Calibrated     bool     // false: the model has no calibration, confidence is not shown
	Matched        int      // likely photos in the whole scope
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
	Picture   library.Picture
	Colour    uint32 // dominant colour 0xRRGGBB until the thumbnail is there
	Favourite bool
	Rating    int
	State     library.FileState
	Tagged    bool   // has a confirmed tag
	Alt       string // approved or edited alt text, "" where there is none
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
	Albums                                          []Count
}

// ModelInfo describes a model bundle for the person who chooses one.
type ModelInfo struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Licence   string   `json:"licence"`
	Note      string   `json:"note"`
	Languages []string `json:"languages"`
	Dim       int      `json:"dim"`
	InputSize int      `json:"input_size"`
	Space     string   `json:"space"`
	InUse     bool     `json:"in_use"`
	Bundled   bool     `json:"bundled"`
	Provider  string   `json:"provider,omitempty"` // "" while not loaded
	Bytes     int64    `json:"bytes"`
}

// Progress says how far a job has come.
type Progress struct {
	Job       string // "Looking at photos", "Suggesting tags", ...
	Done      int
	Total     int // 0 while unknown
	Failed    int
	PerSecond float64
	Left      time.Duration // 0 while unknown
	Paused    bool
	Running   bool
	Path      string // the file being looked at
}

// Events are the callbacks of a face. They are called from background goroutines, one at
// a time, and must not block; nil ones are skipped.
type Events struct {
	Progress func(Progress)
	Changed  func()            // photos, tags or roots changed: lists are stale
	Notice   func(string)      // one sentence worth showing
	Finished func(IndexReport) // an indexing run came to its end
}

// IndexReport is what an indexing run did; its JSON is part of the command line's promise.
type IndexReport struct {
	Files           int            `json:"files"`
	Photos          int            `json:"photos"`
	New             int            `json:"new"`
	Changed         int            `json:"changed"`
	Moved           int            `json:"moved"`
	Missing         int            `json:"missing"`
	Offline         int            `json:"offline"`
	Unchanged       int            `json:"unchanged"`
	Failed          []IndexFailure `json:"failed"`
	Encoded         int            `json:"encoded"`
	Seconds         float64        `json:"seconds"`
	PhotosPerSecond float64        `json:"photos_per_second"` // newly encoded photos only
	Model           string         `json:"model"`
	Provider        string         `json:"provider"`
}

// IndexFailure is a file that an indexing run could not use.
type IndexFailure struct {
	Path  string `json:"path"`
	Stage string `json:"stage"`
	Error string `json:"error"`
}

// Status is the state of a library; its JSON is part of the command line's promise.
type Status struct {
	Library  string     `json:"library"`
	Files    int        `json:"files"`
	Photos   int        `json:"photos"`
	Encoded  int        `json:"encoded"`
	Pending  int        `json:"pending"`
	Failed   int        `json:"failed"`
	Offline  int        `json:"offline"`
	Missing  int        `json:"missing"`
	Model    string     `json:"model"`
	Provider string     `json:"provider"`
	Roots    []RootInfo `json:"roots"`
}

// RootInfo is a root as scripts see it.
type RootInfo struct {
	ID     library.RootID    `json:"id"`
	Path   string            `json:"path"`
	Volume string            `json:"volume"`
	State  library.FileState `json:"state"`
	Photos int               `json:"photos"`
}

// Check is one line of the doctor's report.
type Check struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix"`
}
