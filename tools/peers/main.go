// Command peers measures Descry's engine beside other programs: the same photos, the same
// architecture with random weights, equal threads, in turns within one run. It writes its
// tables into docs/performance.md under a heading of their own.
//
//	go run -tags sqlite_fts5,ci,nodynamic ./tools/peers -python PYTHON -rclip PYTHON [-write docs/performance.md]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// options are where things are and what is measured.
type options struct {
	python, rclip string // interpreters of build/py, and with requirements.txt
	models        string // folder of the models, which are made once
	runtime       string
	rounds        int
	photos        int
	large         bool // ViT-L/14, too
	threads       int
}

func main() {
	o := options{threads: runtime.GOMAXPROCS(0)}
	flag.StringVar(&o.python, "python", "build/py/bin/python", "Python `interpreter` with tools/export/requirements.txt")
	flag.StringVar(&o.rclip, "rclip", "build/peers/rclip/bin/python", "Python `interpreter` with tools/peers/requirements.txt")
	flag.StringVar(&o.models, "models", "build/peers/models", "`folder` for the models, which are made when they are not there")
	flag.StringVar(&o.runtime, "runtime", os.Getenv("DESCRY_ONNXRUNTIME"), "the ONNX Runtime `library`; default: the one in build/")
	flag.IntVar(&o.rounds, "rounds", 7, "how often each works, in turns")
	flag.IntVar(&o.photos, "photos", 24, "how many made photos of 12 megapixels")
	flag.BoolVar(&o.large, "large", true, "measure ViT-L/14, too")
	only := flag.String("only", "", "only these parts, with commas: peers, memory")
	write := flag.String("write", "", "write the tables into this `file`, too")
	// These make processes whose memory is measured.
	memoryOf := flag.String("memory-of", "", "only encode with the model in a `folder` and say what memory that took")
	convertTo := flag.String("convert", "", "only convert the model in a `folder` to int8, to the folder of -to, and say what memory that took")
	target := flag.String("to", "", "`folder` for -convert")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.runtime == "" {
		found, _ := filepath.Glob("build/libonnxruntime*")
		if len(found) > 0 {
			o.runtime, _ = filepath.Abs(found[0])
		}
	}
	var err error
	switch {
	case *memoryOf != "":
		err = encodeAlone(ctx, o, *memoryOf)
	case *convertTo != "":
		err = convertAlone(ctx, *convertTo, *target)
	default:
		err = measure(ctx, o, *only, *write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// heading begins the part of docs/performance.md that this command writes; it is the last one.
const heading = "## Beside other programs"

func measure(ctx context.Context, o options, only, write string) error {
	wanted := func(part string) bool { return only == "" || slices.Contains(strings.Split(only, ","), part) }
	var text strings.Builder
	text.WriteString(heading + "\n\nWritten by `make bench-peers`. " + about() + "\n")
	if wanted("peers") {
		t, err := comparisons(ctx, o)
		if err != nil {
			return err
		}
		text.WriteString("\n" + t)
	}
	if wanted("memory") {
		t, err := memory(ctx, o)
		if err != nil {
			return err
		}
		text.WriteString("\n" + t)
	}
	text.WriteString("\n" + gpu)
	fmt.Print(text.String())
	if write != "" {
		page, err := os.ReadFile(write)
		if err != nil {
			return err
		}
		before, _, _ := strings.Cut(string(page), heading)
		if err := os.WriteFile(write, []byte(strings.TrimRight(before, "\n")+"\n\n"+text.String()), 0o644); err != nil {
			return err
		}
	}
	if n := strings.Count(text.String(), "| "+missed+" |"); n > 0 {
		return fmt.Errorf("goals that were missed: %d", n)
	}
	return nil
}

// missed is the verdict on a goal that was not reached.
const missed = "missed"

// about says on what kind of machine this runs.
func about() string {
	processor := runtime.GOARCH
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				processor = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("Measured on %s, %d cores, %s.", processor, runtime.GOMAXPROCS(0), runtime.GOOS)
}

const gpu = `### On a GPU

Users of programs with the four original models quote about 1,200 (ViT-B/32), 350 (ViT-L/14), 100 (RN50x64) and 200
(ViT-L/14@336px) images per second on one GPU. Descry's fp16 rates, those of Python ONNX Runtime on the same graph (goal: at
least ×0.95 of it), of PyTorch eager with open_clip (goal: ahead) and of the whole pipeline from JPEGs:

| model | images/s quoted | Descry | Python ONNX Runtime | PyTorch eager | from JPEGs |
|---|---|---|---|---|---|
| ViT-B/32 | 1,200 | not measured | not measured | not measured | not measured |
| ViT-L/14 | 350 | not measured | not measured | not measured | not measured |
| RN50x64 | 100 | not measured | not measured | not measured | not measured |
| ViT-L/14@336px | 200 | not measured | not measured | not measured | not measured |
`
