package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/ui/app"
)

func (c *call) metaCmd() *cobra.Command {
	meta := &cobra.Command{
		Use: "meta", Short: "Metadata of photo files", Args: noVerb, RunE: needsVerb,
		Example: "  descry meta read photo.jpg\n  descry meta write ~/Pictures/beach.jpg",
	}
	meta.AddCommand(&cobra.Command{
		Use: "read PATH", Short: "Metadata as Descry sees it", Args: exactly(1, "one picture or video"),
		Example: "  descry meta read photo.jpg --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, notes, err := app.ReadMetadata(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if notes != nil {
				c.message("%s: %v", printable(args[0]), notes)
			}
			doc := metaDocumentOf(args[0], m)
			if c.json {
				return c.document(doc)
			}
			for _, line := range doc.lines() {
				c.print("%s", line)
			}
			return nil
		},
	}, c.metaWriteCmd())
	return meta
}

func (c *call) metaWriteCmd() *cobra.Command {
	return &cobra.Command{
		Use: "write PATH…", Short: "Write your tags, alt text and rating into XMP sidecars",
		Long: "Writes what you said of photos (confirmed tags, alt text that you wrote or approved, rating) into XMP files\n" +
			"beside them, photo.jpg.xmp, which other programs read. Photo files are never changed, and what other programs\n" +
			"wrote into a sidecar stays. \"descry config set sidecars short\" calls them photo.xmp instead.",
		Args:    atLeast(1, "at least one photo or folder"),
		Example: "  descry meta write ~/Pictures/beach.jpg\n  descry meta write ~/Pictures --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withApp(ctx, AccessRead, func(a *app.App) error {
				photos, err := c.resolve(ctx, a, args)
				if err != nil {
					return err
				}
				sidecars, err := a.WriteSidecars(ctx, photos)
				if err != nil {
					return err
				}
				docs := make([]sidecarDocument, 0, len(sidecars))
				written := 0
				for _, s := range sidecars {
					d := sidecarDocument{pathField: pathOf(s.Path), Sidecar: pathOf(s.File).Path, State: s.State}
					switch s.State {
					case app.SidecarWritten:
						written++
					case app.SidecarFailed:
						c.partly = true
						d.Error = s.Err.Error()
						c.message("%s: %v", d.Path, s.Err)
					}
					docs = append(docs, d)
				}
				if c.json {
					return c.document(docs)
				}
				c.print("%s written", count(written, "sidecar"))
				return nil
			})
		},
	}
}

// sidecarDocument says what became of a photo's sidecar; "state" is written, unchanged,
// nothing (nothing was said of the photo) or failed.
type sidecarDocument struct {
	pathField
	Sidecar string `json:"sidecar"`
	State   string `json:"state"`
	Error   string `json:"error"`
}

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
	Duration    float64  `json:"duration_seconds"`
	Motion      bool     `json:"motion"`
	Pair        string   `json:"pair"`
	Burst       string   `json:"burst"`
	Profile     string   `json:"profile"`
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
		Alt: m.AltText, Extended: m.Extended, Duration: m.Duration.Seconds(), Motion: m.Motion,
		Pair: m.Pair, Burst: m.Burst, Profile: m.Profile,
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
	if d.Width > 0 {
		add("format", "%s, %d × %d, orientation %d", true, d.Format, d.Width, d.Height, d.Orientation)
	} else {
		add("format", "%s", true, d.Format)
	}
	add("taken", "%s", d.Taken != "", d.Taken)
	add("camera", "%s", d.Make+d.Model != "", strings.TrimSpace(d.Make+" "+d.Model))
	add("lens", "%s", d.Lens != "", d.Lens)
	add("iso", "%d", d.ISO > 0, d.ISO)
	add("aperture", "f/%.3g", d.FNumber > 0, d.FNumber)
	if d.Exposure > 0 && d.Exposure < 0.3 {
		add("exposure", "1/%.0f s", true, 1/d.Exposure)
	} else {
		add("exposure", "%.3g s", d.Exposure > 0, d.Exposure)
	}
	add("focal", "%.4g mm", d.Focal > 0, d.Focal)
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
	add("colours", "%s", d.Profile != "", d.Profile)
	add("length", "%s", d.Duration > 0, time.Duration(d.Duration*float64(time.Second)).Round(time.Second/10))
	add("motion", "%s", d.Motion, "holds a short video beside the picture")
	add("live photo", "%s", d.Pair != "", d.Pair)
	add("burst", "%s", d.Burst != "", d.Burst)
	return out
}
