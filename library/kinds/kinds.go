// Package kinds tells kinds of pictures apart by what their files say: films, pictures of the
// screen, panoramas, and all others.
package kinds

import (
	"slices"
	"strings"
)

// Kind is what a picture is, apart from what it shows.
type Kind int

// The kinds.
const (
	Photo Kind = iota // none of the others
	Video
	Screenshot
	Panorama // more than twice as wide as high, or the other way round
)

// Formats of films and of camera RAW, as metadata names them.
var (
	videos = []string{"mp4", "mov", "mkv", "webm", "avi"}
	raws   = []string{"cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2", "pef", "srw"}
)

// Raw reports whether a format, as metadata names it, is one of camera RAW.
func Raw(format string) bool { return slices.Contains(raws, format) }

// Of is the kind of a picture by its format, as metadata names it, its size in pixels (0 where
// it is not known), whether a camera took it, and the names of its files. A screenshot is a
// picture that no camera took and that is called one, or is a PNG of the size of a screen.
func Of(format string, width, height int, camera bool, names []string) Kind {
	long, short := max(width, height), min(width, height)
	switch {
	case slices.Contains(videos, format):
		return Video
	case !camera && (slices.ContainsFunc(names, calledScreenshot) || format == "png" && slices.Contains(screens, [2]int{long, short})):
		return Screenshot
	case short > 0 && long > 2*short:
		return Panorama
	}
	return Photo
}

func calledScreenshot(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(screenshotNames, func(n string) bool { return strings.Contains(name, n) })
}

// screenshotNames is how systems and programs call pictures of the screen.
var screenshotNames = []string{
	"screenshot", "screen shot", "screen_shot", "screen-shot", "screencap", "bildschirmfoto", "capture d", "captura de", "schermafbeelding",
	"schermata", "skärmavbild", "skjermbilde", "zrzut ekranu", "снимок экрана", "スクリーンショット", "截屏", "截图", "屏幕快照",
}

// screens are the pixels of common screens, the long side first.
var screens = [][2]int{
	{1280, 720},
	{1280, 800},
	{1366, 768},
	{1440, 900},
	{1600, 900},
	{1680, 1050},
	{1920, 1080},
	{1920, 1200},
	{2560, 1440},
	{2560, 1600},
	{2880, 1800},
	{3024, 1964},
	{3456, 2234},
	{3440, 1440},
	{3840, 2160},
	{5120, 2880}, // computers
	{1136, 640},
	{1334, 750},
	{1792, 828},
	{2208, 1242},
	{2436, 1125},
	{2532, 1170},
	{2556, 1179},
	{2622, 1206},
	{2688, 1242},
	{2778, 1284},
	{2796, 1290},
	{2868, 1320},
	{2048, 1536},
	{2224, 1668},
	{2388, 1668},
	{2732, 2048},
	{2360, 1640}, // phones and tablets of Apple
	{2160, 1080},
	{2220, 1080},
	{2280, 1080},
	{2310, 1080},
	{2340, 1080},
	{2400, 1080},
	{2412, 1080},
	{2960, 1440},
	{3040, 1440},
	{3088, 1440},
	{3120, 1440},
	{3200, 1440},
	{2400, 1600}, // of others
}
