package cli

import (
	"fmt"
	"strings"

	"descry/library"
)

type metaDocument struct {
	pathField
	Format      string   `json:"format"`
	Width       int      `json:"width"`
	Height      int      `json:"height"`
	Orientation int      `json:"orientation"`
	Taken       string   `json:"taken"`
	Make        string   `json:"make"`
	Model       string   `json:"model"`
	Lens        string   `json:"lens"`
	ISO         int      `json:"iso"`
	FNumber     float64  `json:"f_number"`
	Exposure    float64  `json:"exposure_seconds"`
	Focal       float64  `json:"focal_mm"`
	Focal35     float64  `json:"focal35_mm"`
	GPS         *gpsDoc  `json:"gps"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Keywords    []string `json:"keywords"`
	Creator     string   `json:"creator"`
	Copyright   string   `json:"copyright"`
	Rating      int      `json:"rating"`
	Alt         string   `json:"alt"`
	Extended    string   `json:"extended"`
}

type gpsDoc struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
	Alt float64 `json:"alt_m"`
}

func metaDocumentOf(path string, m library.Metadata) metaDocument {
	d := metaDocument{
		pathField: pathOf(path), Format: m.Format, Width: m.Width, Height: m.Height, Orientation: m.Orientation,
		Taken: takenText(m), Make: m.Make, Model: m.Model, Lens: m.Lens, ISO: m.ISO, FNumber: m.FNumber,
		Exposure: m.Exposure, Focal: m.Focal, Focal35: m.Focal35, Title: m.Title, Description: m.Description,
		Keywords: append([]string{}, m.Keywords...), Creator: m.Creator, Copyright: m.Copyright, Rating: m.Rating,
		Alt: m.AltText, Extended: m.Extended,
	}
	if m.GPS != nil {
		d.GPS = &gpsDoc{m.GPS.Lat, m.GPS.Lon, m.GPS.Alt}
	}
	return d
}

// lines are the facts that the file states, for reading.
func (d metaDocument) lines() []string {
	var out []string
	add := func(name, format string, said bool, args ...any) {
		if said {
			out = append(out, fmt.Sprintf("%-12s "+format, append([]any{name}, args...)...))
		}
	}
	add("format", "%s, %d × %d, orientation %d", true, d.Format, d.Width, d.Height, d.Orientation)
	add("taken", "%s", d.Taken != "", d.Taken)
	add("camera", "%s", d.Make+d.Model != "", strings.TrimSpace(d.Make+" "+d.Model))
	add("lens", "%s", d.Lens != "", d.Lens)
	add("iso", "%d", d.ISO > 0, d.ISO)
	add("aperture", "f/%g", d.FNumber > 0, d.FNumber)
	add("exposure", "%g s", d.Exposure > 0, d.Exposure)
	add("focal", "%g mm", d.Focal > 0, d.Focal)
	if d.GPS != nil {
		add("place", "%.6f, %.6f", true, d.GPS.Lat, d.GPS.Lon)
	}
	add("title", "%s", d.Title != "", d.Title)
	add("description", "%s", d.Description != "", d.Description)
	add("keywords", "%s", len(d.Keywords) > 0, strings.Join(d.Keywords, ", "))
	add("creator", "%s", d.Creator != "", d.Creator)
	add("copyright", "%s", d.Copyright != "", d.Copyright)
	add("rating", "%d", d.Rating != 0, d.Rating)
	add("alt", "%s", d.Alt != "", d.Alt)
	return out
}
