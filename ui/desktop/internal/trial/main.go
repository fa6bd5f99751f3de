// Command trial opens the window on a made-up library, or draws it into a file, to see and
// to measure how it behaves with many photos.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop"
	"descry/ui/desktop/internal/fake"
	"descry/ui/desktop/look"
)

func main() {
	photos := flag.Int("photos", 50_000, "number of photos")
	file := flag.String("draw", "", "draw into this file instead of opening a window")
	width := flag.Int("width", 1280, "width of the drawing")
	height := flag.Int("height", 800, "height of the drawing")
	scale := flag.Float64("scale", 1, "pixels per unit of the drawing")
	mode := flag.String("mode", "", "light, dark or as the system says")
	query := flag.String("query", "", "search for this at the start")
	photo := flag.Int("photo", 0, "choose this photo of the list in the drawing")
	measure := flag.Bool("measure", false, "print every second how long the window's thread was busy at a stretch")
	flag.Parse()
	if *measure {
		go heartbeat()
	}
	b := fake.New(*photos)
	if *photos > 0 {
		b.Fails = []library.Failure{{Path: "/home/ann/Pictures/broken.jpg", Stage: "decode", Reason: "The file ends too early."}}
		b.SetProgress(app.Progress{Job: "Looking at photos", Done: *photos * 61 / 100, Total: *photos, PerSecond: 43, Left: 2 * time.Minute, Running: true})
	}
	o := desktop.Options{Mode: look.Mode(*mode), Scale: float32(*scale), Query: *query, Photo: *photo}
	err := error(nil)
	if *file != "" {
		err = desktop.Draw(b, *width, *height, *file, o)
	} else {
		err = desktop.Run(context.Background(), b, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
