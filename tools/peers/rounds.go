package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"descry/assets"
	"descry/clipengine"
	"descry/clipengine/bundle"
	"descry/internal/camera"
	"descry/library/decode"
)

// worker does rounds of work when it is told to.
type worker interface {
	// round returns how many seconds it took.
	round(ctx context.Context) (float64, error)
	close() error
}

// peer is another program in a process of its own, as peer.py describes.
type peer struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	versions map[string]string
	log      bytes.Buffer
}

func startPeer(ctx context.Context, python string, args ...string) (*peer, error) {
	p := &peer{cmd: exec.CommandContext(ctx, python, append([]string{"-W", "ignore", "tools/peers/peer.py"}, args...)...)}
	p.cmd.Stderr = &p.log
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.read(&p.versions); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// read takes a line of JSON.
func (p *peer) read(v any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s ended: %w: %s", strings.Join(p.cmd.Args, " "), err, p.log.String())
	}
	return json.Unmarshal(line, v)
}

func (p *peer) round(context.Context) (seconds float64, err error) {
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		return 0, err
	}
	return seconds, p.read(&seconds)
}

func (p *peer) close() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }

// own is Descry's engine.
type own struct {
	engine  *clipengine.Engine
	threads int
	tensors [][]float32
	photos  []string // instead of the tensors
}

// round has as many workers as threads, as indexing has.
func (o *own) round(ctx context.Context) (float64, error) {
	start := time.Now()
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range o.threads {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= max(len(o.tensors), len(o.photos)) {
					return nil
				}
				if err := o.encode(ctx, i); err != nil {
					return err
				}
			}
		})
	}
	err := g.Wait()
	return time.Since(start).Seconds(), err
}

func (o *own) encode(ctx context.Context, i int) error {
	if o.photos == nil {
		_, err := o.engine.EncodeTensor(ctx, o.tensors[i])
		return err
	}
	data, err := os.ReadFile(o.photos[i])
	if err != nil {
		return err
	}
	img, _, err := decode.Decode(ctx, data, decode.Options{MinSide: o.engine.MinSide()})
	if err != nil {
		return err
	}
	_, err = o.engine.EncodeImage(ctx, img)
	return err
}

func (o *own) close() error { return o.engine.Close() }

// makePhotos makes JPEGs of 12 megapixels as cameras store them, upright.
func makePhotos(dir string, n int) (paths []string, err error) {
	names, err := fs.Glob(assets.Samples(), "*.jpg")
	if err != nil {
		return nil, err
	}
	for i, kind := range camera.Kinds(n) {
		sample, err := fs.ReadFile(assets.Samples(), names[i%len(names)])
		if err != nil {
			return nil, err
		}
		kind.Orientation = 1
		data, err := camera.Stored(sample, uint64(i), kind)
		if err != nil {
			return nil, err
		}
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%03d.jpg", i)))
		if err := os.WriteFile(paths[i], data, 0o644); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// writeTensors writes the model's inputs for photos to a file.
func writeTensors(ctx context.Context, engine *clipengine.Engine, photos []string, file string) (tensors [][]float32, err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, p := range photos {
		data, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		img, _, err := decode.Decode(ctx, data, decode.Options{MinSide: engine.MinSide()})
		if err != nil {
			return nil, err
		}
		t := engine.Tensor(img)
		if err := binary.Write(f, binary.LittleEndian, t); err != nil {
			return nil, err
		}
		tensors = append(tensors, t)
	}
	return tensors, nil
}

// inTurns lets the first worker and the others work in turns and returns for each the median
// of its rates, and of the first one's rate as a multiple of its own in the same round.
func inTurns(ctx context.Context, workers []worker, photos, rounds int) (rates, ratios []float64, err error) {
	all, times := make([][]float64, len(workers)), make([][]float64, len(workers))
	for r := range rounds {
		seconds := make([]float64, len(workers))
		for i := range workers {
			i = (i + r) % len(workers)
			if seconds[i], err = workers[i].round(ctx); err != nil {
				return nil, nil, err
			}
		}
		for i, s := range seconds {
			all[i] = append(all[i], float64(photos)/s)
			times[i] = append(times[i], s/seconds[0])
		}
	}
	for i := range workers {
		rates, ratios = append(rates, median(all[i])), append(ratios, median(times[i]))
	}
	return rates, ratios, nil
}

func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/2]
}

// exported returns the folder of a model with random weights, which tools/export makes when it
// is not there.
func exported(ctx context.Context, o options, architecture string) (string, error) {
	dir := filepath.Join(o.models, architecture)
	if _, err := os.Stat(filepath.Join(dir, "preprocess.json")); err == nil {
		return dir, nil
	}
	args := []string{"-W", "ignore", "tools/export", architecture, "--random", "--no-parts", "--out", dir}
	if architecture == "ViT-L-14" { // several preparations of pictures go with it
		args = append(args, "--tag", "openai")
	}
	cmd := exec.CommandContext(ctx, o.python, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("make a model of %s: %w", architecture, err)
	}
	return dir, nil
}

func openEngine(o options, dir string) (*clipengine.Engine, error) {
	b, err := bundle.Open(dir)
	if err != nil {
		return nil, err
	}
	return clipengine.Open(b, clipengine.Options{Library: o.runtime, Threads: o.threads})
}

// rival is a kind of peer.py, what to call it, and the goals: Descry's rate as a multiple of its
// from tensors and from JPEGs; 0: none.
type rival struct {
	kind, name             string
	fromTensors, fromJPEGs float64
}

// comparisons measures each architecture beside what runs it.
func comparisons(ctx context.Context, o options) (string, error) {
	dir, err := os.MkdirTemp("", "descry-peers-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	photos, err := makePhotos(dir, o.photos)
	if err != nil {
		return "", err
	}
	common := []rival{
		{"ort-calls", "Python ONNX Runtime, one call per core", 0.97, 0.97},
		{"ort-threads", "Python ONNX Runtime, batches of 8 on all cores", 0.97, 0.97},
		{"torch", "PyTorch eager, open_clip, batches of 8", 1, 1},
	}
	// A batch in int8 has one scale for all its pictures, so it gives other vectors: no goal.
	inInt8 := []rival{common[0], {common[1].kind, common[1].name, 0, 0}}
	clip := []rival{{"rclip", "rclip's own code and session", 0, 1}}
	subjects := []struct {
		architecture string
		int8         bool
		rivals       []rival
		rounds       int
		photos       []string
	}{
		{"ViT-B-32", false, common, o.rounds, photos},
		{"ViT-B-32", true, inInt8, o.rounds, photos},
		{"ViT-B-32-256", false, clip, o.rounds, photos},
		{"ViT-L-14", false, common, min(o.rounds, 3), photos[:min(8, len(photos))]},
	}
	table := "| model | from | Descry | beside | its images/s | Descry's as a multiple | goal | |\n|---|---|---|---|---|---|---|---|\n"
	versions := map[string]string{}
	for _, s := range subjects {
		if s.architecture == "ViT-L-14" && !o.large {
			continue
		}
		model, err := exported(ctx, o, s.architecture)
		if err != nil {
			return "", err
		}
		name := s.architecture
		if s.int8 {
			if model, err = converted(ctx, o, model); err != nil {
				return "", err
			}
			name += " int8"
		}
		for _, from := range []string{"tensors", "JPEGs"} {
			fmt.Fprintf(os.Stderr, "%s from %s ...\n", name, from)
			rows, err := beside(ctx, o, model, name, from, s.rivals, s.photos, s.rounds, dir, versions)
			if err != nil {
				return "", err
			}
			table += rows
		}
	}
	var said []string
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for k := range versions {
			if !yield(k) {
				return
			}
		}
	}) {
		said = append(said, name+" "+versions[name])
	}
	return table + "\nVersions: " + strings.Join(said, ", ") + ".\n\n" + fmt.Sprintf(explanation, o.threads, o.photos), nil
}

const explanation = `Images per second on %d threads, medians of rounds in which all work in turns; the multiple is the median of those
within one round. Weights are random and the same for Descry and ONNX Runtime; PyTorch and rclip's code run the same architecture.
*Tensors*: the inputs of the image tower for %d made photos of 12 megapixels are in memory. *JPEGs*: those photos are read, decoded,
scaled and encoded, by Pillow in the others, on a pool of as many threads. rclip works as it does when it looks at a folder, database
included; its published weights (ViT-B/32 at 256 pixels) are replaced by random ones. Descry encodes one photo per core at a time, so
that a vector never depends on others: with batches, in which the rows of several pictures are multiplied at once, Python has the
small float32 model done sooner and the large one later. In int8 a batch gives other vectors, for one scale serves all its pictures;
that row has no goal, nor has what rclip makes of tensors, which it never has without their JPEGs.
`

// beside measures one model, from tensors or from JPEGs.
func beside(ctx context.Context, o options, model, name, from string, rivals []rival, photos []string, rounds int, dir string, versions map[string]string) (rows string, err error) {
	engine, err := openEngine(o, model)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "tensors.f32")
	first := &own{engine: engine, threads: o.threads}
	workers := []worker{first}
	defer func() {
		for _, w := range workers {
			err = errors.Join(err, w.close())
		}
	}()
	if first.tensors, err = writeTensors(ctx, engine, photos, file); err != nil {
		return "", err
	}
	folder := filepath.Join(dir, strconv.Itoa(len(photos)))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for _, p := range photos {
		if err := os.Link(p, filepath.Join(folder, filepath.Base(p))); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	suffix := ""
	if from == "JPEGs" {
		first.photos, suffix = photos, "-photos"
	}
	for _, r := range rivals {
		python := o.python
		if r.kind == "rclip" {
			python = o.rclip
		}
		p, err := startPeer(ctx, python, r.kind+suffix, filepath.Join(model, "vision.onnx"), strconv.Itoa(engine.InputSize()),
			strconv.Itoa(o.threads), file, folder, filepath.Base(model))
		if err != nil {
			return "", err
		}
		workers = append(workers, p)
		for k, v := range p.versions {
			if r.kind == "rclip" && k != "rclip" {
				k += " (rclip's)"
			}
			versions[k] = v
		}
	}
	if _, err := first.round(ctx); err != nil {
		return "", err
	}
	rates, ratios, err := inTurns(ctx, workers, len(photos), rounds)
	if err != nil {
		return "", err
	}
	for i, r := range rivals {
		least := r.fromTensors
		if from == "JPEGs" {
			least = r.fromJPEGs
		}
		verdict, goal := "ok", fmt.Sprintf("at least ×%.2f", least)
		switch {
		case least == 0:
			verdict, goal = "", ""
		case ratios[i+1] < least:
			verdict = missed
		}
		if least == 1 {
			goal = "ahead"
		}
		rows += fmt.Sprintf("| %s | %s | %.1f | %s | %.1f | ×%.2f | %s | %s |\n", name, from, rates[0], r.name, rates[i+1], ratios[i+1], goal, verdict)
	}
	return rows, nil
}
