package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"descry/library"
	"descry/ui/app"
)

// The JSON documents of the verbs. Their fields are a promise: one may be added, none is
// renamed or removed within a major version.

type errorDocument struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// pathField is a path in a document. A path that is not UTF-8 is written with \xHH
// escapes and comes once more, exactly, in base64.
type pathField struct {
	Path  string `json:"path"`
	Bytes string `json:"path_bytes,omitempty"`
}

func pathOf(p string) pathField {
	f := pathField{Path: printable(p)}
	if !utf8.ValidString(p) {
		f.Bytes = base64.StdEncoding.EncodeToString([]byte(p))
	}
	return f
}

// printable writes bytes that are not UTF-8 as \xHH.
func printable(p string) string {
	if utf8.ValidString(p) {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRuneInString(p[i:])
		if r == utf8.RuneError && n <= 1 {
			fmt.Fprintf(&b, `\x%02X`, p[i])
			i++
			continue
		}
		b.WriteString(p[i : i+n])
		i += n
	}
	return b.String()
}

// noControl is for strings.Map: control characters become their visible pictures.
func noControl(r rune) rune {
	switch {
	case r < 0x20:
		return '␀' + r
	case r == 0x7f:
		return '␡'
	case r >= 0x80 && r < 0xa0, r == '\u2028', r == '\u2029', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return '\ufffd'
	}
	return r
}

// document prints the one JSON document of the answer.
func (c *call) document(v any) error {
	c.answered = true
	enc := json.NewEncoder(c.env.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

type indexDocument struct {
	Files           int               `json:"files"`
	Photos          int               `json:"photos"`
	New             int               `json:"new"`
	Changed         int               `json:"changed"`
	Moved           int               `json:"moved"`
	Missing         int               `json:"missing"`
	Offline         int               `json:"offline"`
	Unchanged       int               `json:"unchanged"`
	Failed          []failureDocument `json:"failed"`
	Encoded         int               `json:"encoded"`
	Seconds         float64           `json:"seconds"`
	PhotosPerSecond float64           `json:"photos_per_second"`
	Model           string            `json:"model"`
	Provider        string            `json:"provider"`
	Notes           []string          `json:"notes"`
	Text            indexText         `json:"text"`
	Again           int               `json:"again"` // photos looked at with the model that comes
}

// indexText is what looking for text in photos came to.
type indexText struct {
	Photos          int     `json:"photos"`
	Found           int     `json:"found"`
	PhotosPerSecond float64 `json:"photos_per_second"`
}

type failureDocument struct {
	pathField
	Stage string `json:"stage"`
	Error string `json:"error"`
}

func indexDocumentOf(r app.IndexReport) indexDocument {
	d := indexDocument{
		Files: r.Files, Photos: r.Photos, New: r.New, Changed: r.Changed, Moved: r.Moved, Missing: r.Missing,
		Offline: r.Offline, Unchanged: r.Unchanged, Encoded: r.Encoded, Seconds: r.Seconds,
		PhotosPerSecond: r.PhotosPerSecond, Model: r.Model, Provider: r.Provider, Failed: []failureDocument{},
		Notes: append([]string{}, r.Notes...), Text: indexText{r.TextLooked, r.TextFound, r.TextPerSecond}, Again: r.Again,
	}
	for _, f := range r.Failed {
		d.Failed = append(d.Failed, failureDocument{pathOf(f.Path), f.Stage, f.Reason})
	}
	return d
}

func failureDocuments(failures []library.Failure) []failureDocument {
	docs := make([]failureDocument, 0, len(failures))
	for _, f := range failures {
		docs = append(docs, failureDocument{pathOf(f.Path), f.Stage, f.Reason})
	}
	return docs
}

type rootDocument struct {
	ID library.RootID `json:"id"`
	pathField
	Volume string            `json:"volume"`
	State  library.FileState `json:"state"`
	Reason string            `json:"reason"` // of an offline root that is there: "empty", "volume"
	Photos int               `json:"photos"`
}

func rootDocuments(roots []library.Root) []rootDocument {
	docs := make([]rootDocument, 0, len(roots))
	for _, r := range roots {
		docs = append(docs, rootDocument{r.ID, pathOf(r.Path), r.Volume, r.State, r.Reason, r.Photos})
	}
	return docs
}

type searchDocument struct {
	Query          string           `json:"query"`
	QueryBytes     string           `json:"path_bytes,omitempty"` // of a picture's path that is not UTF-8
	Interpretation string           `json:"interpretation"`
	Notes          []string         `json:"notes"`
	Problems       []problemDoc     `json:"problems"`
	Model          string           `json:"model"`
	Calibrated     bool             `json:"calibrated"`
	Coverage       float64          `json:"coverage"`
	TookMS         float64          `json:"took_ms"`
	Matched        int              `json:"matched"`
	DidYouMean     string           `json:"did_you_mean,omitempty"`
	Language       string           `json:"language,omitempty"` // of the query, where the model does not know it
	Results        []resultDocument `json:"results"`
}

type problemDoc struct {
	Message string `json:"message"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

type resultDocument struct {
	pathField
	Photo      library.PhotoID     `json:"photo"`
	Score      float64             `json:"score"`
	Confidence float64             `json:"confidence"`
	Likely     bool                `json:"likely"`
	Why        []reasonDocument    `json:"why"`
	Tags       []resultTagDocument `json:"tags"`
	Taken      string              `json:"taken"`
}

type reasonDocument struct {
	Kind       string  `json:"kind"`
	Text       string  `json:"text"`
	Where      string  `json:"where,omitempty"`
	Confidence float64 `json:"confidence,omitempty"`
	Weight     float64 `json:"weight,omitempty"`
	Picture    bool    `json:"picture,omitempty"`
}

type resultTagDocument struct {
	Label      string           `json:"label"`
	Set        string           `json:"set"`
	Confidence float64          `json:"confidence"`
	State      library.TagState `json:"state"`
}

func tagDocuments(tags []library.Tag) []resultTagDocument {
	docs := make([]resultTagDocument, 0, len(tags))
	for _, t := range tags {
		docs = append(docs, resultTagDocument{t.Name, t.Set, t.Confidence, t.State})
	}
	return docs
}

// takenText is a time as documents carry it: RFC 3339 with the camera's zone where it is
// known, local time without a zone where it is not, "" for no time.
func takenText(m library.Metadata) string {
	switch {
	case m.Taken.IsZero():
		return ""
	case m.HasZone:
		return m.Taken.Format(time.RFC3339)
	}
	return m.Taken.Format("2006-01-02T15:04:05")
}

type photoTagsDocument struct {
	pathField
	Tags []resultTagDocument `json:"tags"`
}

type altDocument struct {
	pathField
	Alt        string           `json:"alt"`
	Extended   string           `json:"extended"`
	State      library.AltState `json:"state"`
	Confidence float64          `json:"confidence"`
	Sources    []string         `json:"sources"`
}

type classifyDocument struct {
	pathField
	Labels []labelProbability `json:"labels"`
	Error  string             `json:"error,omitempty"`
}

type labelProbability struct {
	Label       string  `json:"label"`
	Probability float64 `json:"probability"`
}

type scoreDocument struct {
	pathField
	Cosine    float64 `json:"cosine"`
	CLIPScore float64 `json:"clipscore"`
	Error     string  `json:"error,omitempty"`
}

type embedDocument struct {
	Input  string    `json:"input"`
	Bytes  string    `json:"path_bytes,omitempty"`
	Model  string    `json:"model"`
	Vector []float32 `json:"vector"`
	Error  string    `json:"error,omitempty"`
}

type changedDocument struct {
	Changed int `json:"changed"`
}

type statusDocument struct {
	Library  string         `json:"library"`
	Files    int            `json:"files"`
	Photos   int            `json:"photos"`
	Encoded  int            `json:"encoded"`
	Pending  int            `json:"pending"`
	Failed   int            `json:"failed"`
	Offline  int            `json:"offline"`
	Missing  int            `json:"missing"`
	Model    string         `json:"model"`
	Provider string         `json:"provider"`
	Roots    []rootDocument `json:"roots"`

	Failures []failureDocument `json:"failures"`
	Damaged  []damagedDocument `json:"damaged"`

	Text   int `json:"text"`   // photos with recognised text
	Unread int `json:"unread"` // photos in which text is still to be looked for

	Coming *comingDocument `json:"coming,omitempty"`

	Device string `json:"device,omitempty"` // what tests of devices have shown
}

// comingDocument is a model that looks at the photos to be used.
type comingDocument struct {
	Model   string `json:"model"`
	Encoded int    `json:"encoded"`
	Pending int    `json:"pending"`
	Away    int    `json:"away"` // photos that it has not seen and that are not at hand
	Problem string `json:"problem,omitempty"`
}

func comingDocumentOf(m app.Coming) *comingDocument {
	if m.Model == "" {
		return nil
	}
	return &comingDocument{m.Model, m.Encoded, m.Waiting, m.Away, m.Problem}
}

// damagedDocument is a file of a picture of which only a part can be shown.
type damagedDocument struct {
	pathField
	Warning string `json:"warning"`
}

func damagedDocuments(damaged []app.Damaged) []damagedDocument {
	docs := make([]damagedDocument, 0, len(damaged))
	for _, d := range damaged {
		docs = append(docs, damagedDocument{pathOf(d.Path), d.Warning})
	}
	return docs
}

type checkDocument struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix"`
}

type operationDocument struct {
	ID     int64  `json:"id"`
	When   string `json:"when"`
	What   string `json:"what"`
	Photos int    `json:"photos"`
	Undone bool   `json:"undone"`
}

func operationDocumentOf(o library.Operation) operationDocument {
	return operationDocument{o.ID, o.When.UTC().Format(time.RFC3339), o.What, o.Photos, o.Undone}
}

type dumpDocument struct {
	User    string `json:"user"`
	Derived string `json:"derived"`
}

type backupDocument struct {
	File   string `json:"file"`
	Bytes  string `json:"path_bytes,omitempty"`
	Photos int    `json:"photos"`
}

type setDocument struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Exclusive bool     `json:"exclusive"`
	Labels    []string `json:"labels"`
}

type modelDocument struct {
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
	Bytes     int64    `json:"bytes"`
	Problem   string   `json:"problem,omitempty"`
	Memory    int64    `json:"memory,omitempty"` // bytes, estimated
	Tight     string   `json:"tight,omitempty"`

	Vectors     int   `json:"vectors"`
	VectorBytes int64 `json:"vector_bytes"`
	Coming      bool  `json:"coming,omitempty"`
	Gone        bool  `json:"gone,omitempty"`

	Precision string  `json:"precision,omitempty"`
	PerSecond float64 `json:"photos_per_second,omitempty"`
	Device    string  `json:"device,omitempty"`
}

func modelDocumentOf(m app.ModelInfo) modelDocument {
	return modelDocument{
		m.ID, m.Name, m.Licence, m.Note, m.Languages, m.Dim, m.InputSize, m.Space, m.InUse, m.Bundled, m.Bytes, m.Problem, m.Memory, m.Tight,
		m.Vectors.Vectors, m.Vectors.Bytes, m.Coming, m.Gone,
		m.Precision, m.PerSecond, m.Device,
	}
}

// speed says how fast the model was here, or nothing.
func (m modelDocument) speed() string {
	if m.PerSecond == 0 {
		return ""
	}
	return ", " + rateText(m.PerSecond) + " photos/s"
}
