// Command bench measures what Descry promises of its speed and prints one table: what was
// measured, against which figure, and whether it holds. Whatever is compared is measured
// side by side in one run. It exits with status 1 when a promise is broken.
//
//	go run -tags sqlite_fts5 ./tools/bench [-write docs/performance.md] [-only NAME] [-quick]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one line of the table.
type row struct {
	what     string
	measured string // a figure with its unit, and what it was made of
	promise  string // "at least ×10"
	ok       bool
	skipped  string // why it was not measured; ok and measured mean nothing then
}

// measurement is one of the things that are measured; some give several rows.
type measurement struct {
	name string
	run  func(ctx context.Context, m *machine) ([]row, error)
}

var measurements = []measurement{
	{"memory", measureMemory}, // first, before others leave memory behind
	{"decode", measureDecode},
	{"pipeline", measurePipeline},
	{"text", measureText},
	{"rescan", measureRescan},
	{"commit", measureCommit},
	{"search", measureSearch},
	{"vectors", measureVectors},
}

// machine is where measurements run.
type machine struct {
	dir     string // a folder for this run
	runtime string // the ONNX Runtime library
	quick   bool   // a tenth of everything, to see that it works
	log     io.Writer
}

// scaled is n, or a tenth of it in a quick run.
func (m *machine) scaled(n int) int {
	if m.quick {
		return n / 10
	}
	return n
}

// say prints a line of progress.
func (m *machine) say(format string, args ...any) { fmt.Fprintf(m.log, format+"\n", args...) }

func main() {
	write := flag.String("write", "", "write the table to this `file`, too")
	only := flag.String("only", "", "measure only this (`name`, or several with commas): memory, decode, pipeline, text, rescan, commit, search, vectors")
	quick := flag.Bool("quick", false, "a tenth of everything, to see that it works; the figures mean little")
	where := flag.String("dir", "", "measure in this `folder`; default: that of temporary files")
	photos := flag.Int("make", 0, "only make a library of so many `photos` in the folder of -dir, to look at what grows with its size")
	library := flag.String("runtime", os.Getenv("DESCRY_ONNXRUNTIME"), "the ONNX Runtime `library`; default: the one in build/")
	// These two make a process for measureVectors.
	vectorDir := flag.String("open-vectors", "", "open the file of vectors in a `folder`, say what it took, and do nothing else")
	vectorNumber := flag.Int("vectors", vectorCount, "how `many` vectors that file has")
	// This one makes a process for measureSearch.
	searchDir := flag.String("search-library", "", "search the library in a `folder`, say what it took, and do nothing else")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	alone := func(err error) {
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
	if *vectorDir != "" {
		alone(openVectors(ctx, *vectorDir, *vectorNumber))
		return
	}
	if *searchDir != "" {
		alone(searchLibrary(ctx, *searchDir, *library))
		return
	}
	if *photos > 0 {
		m := &machine{log: os.Stderr}
		alone(makeAlone(ctx, *where, *photos, m.say))
		return
	}
	ok, err := run(ctx, *where, *only, *write, &machine{runtime: *library, quick: *quick, log: os.Stderr})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, where, only, write string, m *machine) (ok bool, err error) {
	if m.runtime == "" {
		found, err := filepath.Glob("build/*onnxruntime*")
		if err != nil {
			return false, err
		}
		found = slices.DeleteFunc(found, func(name string) bool { return filepath.Ext(name) == ".txt" })
		if len(found) == 0 {
			return false, errors.New("there is no ONNX Runtime library in build/: run make runtime")
		}
		if m.runtime, err = filepath.Abs(found[0]); err != nil {
			return false, err
		}
	}
	if m.dir, err = os.MkdirTemp(where, "descry-bench-"); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(m.dir)) }()
	began := time.Now()
	var rows []row
	for _, x := range measurements {
		if only != "" && !slices.Contains(strings.Split(only, ","), x.name) {
			continue
		}
		start := time.Now()
		m.say("measuring %s ...", x.name)
		found, err := x.run(ctx, m)
		if err != nil {
			return false, fmt.Errorf("measure %s: %w", x.name, err)
		}
		for _, r := range found {
			m.say("%s", line(r))
		}
		m.say("%s took %.0f s", x.name, time.Since(start).Seconds())
		rows = append(rows, found...)
	}
	ok = !slices.ContainsFunc(rows, func(r row) bool { return !r.ok && r.skipped == "" })
	text := table(rows)
	fmt.Print(text)
	m.say("all took %.0f s", time.Since(began).Seconds())
	if write == "" {
		return ok, nil
	}
	page := "# How fast Descry is\n\n" +
		"Written by `make bench`, which measures this on any machine, each ratio side by side in one run, and fails when\n" +
		"a promise does not hold. `descry bench` says what the stages cost on a machine of yours. Measured on\n" +
		description() + ".\n\n" + text + "\n" + explanation
	// What tools/peers wrote stands behind and stays.
	if old, err := os.ReadFile(write); err == nil {
		if _, rest, ok := strings.Cut(string(old), peersHeading); ok {
			page += "\n" + peersHeading + rest
		}
	}
	return ok, os.WriteFile(write, []byte(page), 0o644)
}

// table is the rows as Markdown.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| what | measured | promised | |\n|---|---|---|---|\n")
	for _, r := range rows {
		b.WriteString(line(r) + "\n")
	}
	return b.String()
}

func line(r row) string {
	verdict := "missed"
	switch {
	case r.skipped != "":
		verdict, r.measured = "skipped", r.skipped
	case r.ok:
		verdict = "ok"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |", r.what, r.measured, r.promise, verdict)
}

// description says on what kind of machine this runs.
func description() string {
	processor := field("/proc/cpuinfo", "model name")
	if processor == "" {
		processor = runtime.GOARCH
	}
	text := fmt.Sprintf("%s, %d cores", processor, runtime.GOMAXPROCS(0))
	var kB int
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%d kB", &kB); err == nil {
		text += fmt.Sprintf(", %d GB of memory", (kB+500_000)/1_000_000)
	}
	return text + ", " + runtime.GOOS
}

// field is the value of the first "name: value" of a file, "" where there is none.
func field(file, name string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for l := range strings.Lines(string(data)) {
		if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// peersHeading begins the part of the page that make bench-peers writes.
const peersHeading = "## Beside other programs"

const explanation = `What is measured:

- **One photo**: 24 made JPEGs of 12 megapixels, stored as cameras store them (4:2:0 and 4:2:2, some progressive, half of
  them not held level), are decoded, and a thumbnail (encoded), the model's input and the perceptual hash are made of each;
  on all cores, Descry and ` + "`internal/baseline`" + ` in turns. The baseline is image/jpeg and imaging and does not change.
- **Pipeline efficiency**: photos per second while a library is made × processor seconds of one photo's stages, each measured
  alone on all cores, ÷ cores. 1 would mean that indexing wastes nothing, neither work nor time. The median of three runs.
- **Text**: 12 photos of 12 megapixels as above, none with text, one thread, processor time. The thumbnail is what is looked at in a library;
  reading in full is what it spares, at the size at which photos are decoded for that (decoding is not counted).
- **Rescan**: nothing changed since the last run; cold means that the system's caches were dropped before.
- **Database**: transactions of 100 photos with metadata, words, measures and a vector of 512 numbers each, as indexing
  commits them, ` + "`synchronous=FULL`" + `.
- **Search**: a made library of a million photos as somebody would have them who photographed for twenty years: names,
  folders, times, places, cameras, words that follow Zipf's law, tags, suggestions, and vectors of 512 numbers that gather around
  what is to be seen, with a text tower that knows these things. Whole searches go through the use cases as those of the
  window do: descriptions, several of them, filters, words, quotes and exclusions, each asked once before, so that no text is
  encoded. They are compared with as many float32 numbers multiplied in Go and all scores sorted.
- **Memory**: 50,000 small photos are looked at, by the real store and the real runtime with a tiny model; Go's heap after a
  collection, and the process's anonymous memory at the same moments, are compared: the medians from the 5,000th photo
  to the 7,500th, and of the last 5,000. Then another tiny model is chosen, which looks at all of them again; the peak is
  counted from that on. Go's heap is so small that what is under way at a moment is a tenth of it and more: four runs of the same
  program gave -20 % to +10 % for the first row, and once more than the promise, while RssAnon grew by 1.6 to 3.3 %.
- **Vectors**: a million made vectors of 512 numbers, in a narrow cone and in clusters, with three dimensions that are large in
  all of them, as CLIP's are; queries from another cone. *Looked at twice* are those whose float16 numbers were needed.
- **Moved**: in that library a folder of 10,000 photos is renamed.
`

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// median is the middle one of some figures.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/2]
}
