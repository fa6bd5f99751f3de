package tagging

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"descry/library"
)

// AltRow is one photo of an export.
type AltRow struct {
	Path string // as the system gives it
	Src  string // what an <img> points to; empty: the path as a file URL
	Alt  library.AltText
}

// ExportHTML writes a page with one figure per photo: the image with its alt attribute,
// ready to be copied, and the same words below it to read. Drafts are marked as such.
// Everything is escaped.
func ExportHTML(w io.Writer, rows []AltRow) error {
	b := bufio.NewWriter(w)
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Alt text</title>\n" +
		"<style>body{font:1em/1.5 sans-serif;margin:2em}figure{margin:0 0 2em}img{max-width:20em;max-height:20em}</style>\n</head>\n<body>\n")
	for _, r := range rows {
		src := r.Src
		if src == "" {
			src = fileURL(r.Path)
		}
		lang := r.Alt.Lang
		if lang == "" {
			lang = "en"
		}
		fmt.Fprintf(b, "<figure lang=\"%s\">\n<img src=\"%s\" alt=\"%s\">\n<figcaption>\n<p>%s</p>\n", esc(lang), esc(src), esc(r.Alt.Text), esc(r.Alt.Text))
		if r.Alt.Extended != "" && r.Alt.Extended != r.Alt.Text {
			fmt.Fprintf(b, "<p>%s</p>\n", esc(r.Alt.Extended))
		}
		if r.Alt.State == library.AltDraft {
			b.WriteString("<p><small>Draft made by a machine, not reviewed.</small></p>\n")
		}
		b.WriteString("</figcaption>\n</figure>\n")
	}
	b.WriteString("</body>\n</html>\n")
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing alt texts as HTML: %w", err)
	}
	return nil
}

func esc(s string) string { return html.EscapeString(strings.ToValidUTF8(s, "\uFFFD")) }

// fileURL is the file URL of a path; bytes that are no UTF-8 stay what they are.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") && strings.Contains(path, ":") {
		path = "/" + path // C:/…
	}
	if !strings.HasPrefix(path, "/") {
		return (&url.URL{Path: path}).String()
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath()
}

// altColumns are the columns of the CSV and the keys of the JSON.
var altColumns = []string{"path", "alt", "extended", "state", "lang", "confidence", "sources"}

// ExportCSV writes one line per photo after a line of column names, in the form of RFC
// 4180: UTF-8, CRLF, fields quoted where needed. A text that a spreadsheet would take for
// a formula (it begins with = + - @, a tab or a line break) gets an apostrophe in front,
// the usual guard; paths of such a form too.
func ExportCSV(w io.Writer, rows []AltRow) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(altColumns); err != nil {
		return fmt.Errorf("writing alt texts as CSV: %w", err)
	}
	for _, r := range rows {
		path, _ := printable(r.Path)
		line := []string{
			path, r.Alt.Text, r.Alt.Extended, string(r.Alt.State), r.Alt.Lang,
			fmt.Sprintf("%.2f", r.Alt.Confidence), strings.Join(r.Alt.Sources, "; "),
		}
		for i, f := range line {
			line[i] = guard(strings.ToValidUTF8(f, "\uFFFD"))
		}
		if err := c.Write(line); err != nil {
			return fmt.Errorf("writing alt texts as CSV: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("writing alt texts as CSV: %w", err)
	}
	return nil
}

func guard(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// altJSON is one photo of the JSON export.
type altJSON struct {
	Path       string   `json:"path"`
	PathBytes  string   `json:"path_bytes,omitempty"` // base64, where the path is no UTF-8
	Alt        string   `json:"alt"`
	Extended   string   `json:"extended"`
	State      string   `json:"state"`
	Lang       string   `json:"lang"`
	Confidence float64  `json:"confidence"`
	Sources    []string `json:"sources"`
}

// ExportJSON writes a JSON array with one object per photo. A path that is not UTF-8 has
// \xHH escapes and its bytes beside it.
func ExportJSON(w io.Writer, rows []AltRow) error {
	out := make([]altJSON, len(rows))
	for i, r := range rows {
		path, raw := printable(r.Path)
		out[i] = altJSON{
			Path: path, PathBytes: raw, Alt: r.Alt.Text, Extended: r.Alt.Extended, State: string(r.Alt.State),
			Lang: r.Alt.Lang, Confidence: r.Alt.Confidence, Sources: append([]string{}, r.Alt.Sources...),
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("writing alt texts as JSON: %w", err)
	}
	return nil
}

// printable returns a path with bytes that are no UTF-8 as \xHH, and then its bytes in
// base64.
func printable(path string) (shown, raw string) {
	if utf8.ValidString(path) {
		return path, ""
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, path[i])
		} else {
			b.WriteString(path[i : i+n])
		}
		i += n
	}
	return b.String(), base64.StdEncoding.EncodeToString([]byte(path))
}
