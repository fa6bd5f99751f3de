package desktop

import (
	"fmt"
	"strings"
	"time"

	"descry/library"
	"descry/library/decode"
	"descry/ui/app"
	"descry/ui/desktop/grid"
	"descry/ui/desktop/look"
)

// formatText names a file format as people know it, and says by what a photo of it is shown.
func formatText(format string) string {
	data := with{"Format": strings.ToUpper(format)}
	switch {
	case format == "":
		return ""
	case decode.IsRaw(format):
		data["Maker"] = map[string]string{
			"cr2": "Canon", "cr3": "Canon", "nef": "Nikon", "arw": "Sony", "dng": "Adobe", "raf": "Fujifilm",
			"orf": "Olympus", "rw2": "Panasonic", "pef": "Pentax", "srw": "Samsung",
		}[format]
		return tr("{{.Maker}} RAW ({{.Format}}), shown by its preview", data)
	case decode.IsVideo(format):
		return tr("Video ({{.Format}}), shown by one of its frames", data)
	}
	switch format {
	case "psd":
		return tr("Photoshop (PSD), shown by all its layers together")
	case "jxl":
		return "JPEG XL"
	case "heif":
		return "HEIF (HEIC)"
	case "webp":
		return "WebP"
	}
	return strings.ToUpper(format)
}

// durationText prints how long a film is: 0:07, 12:05, 1:02:03.
func durationText(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// badgeOf says what the corner of a cell shows: a stack, a video or a motion photo.
func badgeOf(c app.Card) grid.Badge {
	switch {
	case c.Stacked > 1:
		return grid.Badge{Icon: look.StackIcon, Text: number(c.Stacked), Name: trn("stack of {{.N}} photos", c.Stacked, nil), Opens: true}
	case decode.IsVideo(c.Format) && c.Duration > 0:
		return grid.Badge{Icon: look.Play, Text: durationText(c.Duration), Name: tr("video, {{.Duration}}", with{"Duration": durationText(c.Duration)})}
	case decode.IsVideo(c.Format):
		return grid.Badge{Icon: look.Play, Name: tr("video")}
	case c.Motion:
		return grid.Badge{Icon: look.MotionIcon, Name: tr("motion photo")}
	}
	return grid.Badge{}
}

// stateNote says in the viewer what is shown instead of the photo itself, "" where it is the
// photo.
func stateNote(c app.Card) string {
	switch {
	case c.State == library.Offline:
		return tr("Its disk is not connected. This is the thumbnail.")
	case c.State == library.Missing:
		return tr("The file is missing. This is the thumbnail.")
	case decode.IsVideo(c.Format):
		return tr("This is a frame of the video. Press P to play it with the system's program.")
	}
	return ""
}
