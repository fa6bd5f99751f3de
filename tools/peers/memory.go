package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"descry/clipengine/bundle"
	"descry/clipengine/convert"
)

// memoryLimit is what a model of the class of ViT-L/14 may take as int8, in MB.
const memoryLimit = 1500

// memory converts ViT-L/14 with random weights and measures what that takes and what the
// result takes, each by a new process.
func memory(ctx context.Context, o options) (string, error) {
	if !o.large {
		return "", nil
	}
	model, err := exported(ctx, o, "ViT-L-14")
	if err != nil {
		return "", err
	}
	target := model + "-int8"
	if err := os.RemoveAll(target); err != nil {
		return "", err
	}
	making, err := alone(ctx, "-convert", model, "-to", target)
	if err != nil {
		return "", err
	}
	running, err := alone(ctx, "-memory-of", target, "-runtime", o.runtime)
	if err != nil {
		return "", err
	}
	verdict := "ok"
	if running["VmHWM"] >= memoryLimit {
		verdict = missed
	}
	return "### Memory of ViT-L/14 as int8\n\n| what | resident memory | goal | |\n|---|---|---|---|\n" +
		fmt.Sprintf("| loading both towers, then encoding %d photos at the same time and a text | %.0f MB at most, %.0f MB in the end | less than %d MB | %s |\n",
			o.threads, running["VmHWM"], running["VmRSS"], memoryLimit, verdict) +
		fmt.Sprintf("| converting the float32 model (`descry models convert`) | %.0f MB at most | | |\n", making["VmHWM"]) +
		"\nOf a process of its own each, random weights; the program's window and library are not in it.\n", nil
}

// converted returns the int8 model of a folder, which is made when it is not there.
func converted(ctx context.Context, o options, model string) (string, error) {
	target := model + "-int8"
	if _, err := os.Stat(filepath.Join(target, "bundle.json")); err == nil {
		return target, nil
	}
	_, err := alone(ctx, "-convert", model, "-to", target)
	return target, err
}

// alone runs this program again and returns the sizes that it says, in MB.
func alone(ctx context.Context, args ...string) (map[string]float64, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	sizes := map[string]float64{}
	for line := range strings.Lines(string(out)) {
		var name string
		var kB float64
		if n, _ := fmt.Sscanf(line, "%s %f", &name, &kB); n == 2 {
			sizes[strings.TrimSuffix(name, ":")] = kB * 1024 / 1e6
		}
	}
	if sizes["VmHWM"] == 0 {
		return nil, errors.New("the system does not say how much memory a process takes")
	}
	return sizes, nil
}

func saySizes() error {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "VmHWM:") || strings.HasPrefix(line, "VmRSS:") {
			fmt.Print(line)
		}
	}
	return nil
}

func convertAlone(ctx context.Context, model, target string) error {
	b, err := bundle.Open(model)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	dir, err := os.OpenRoot(target)
	if err != nil {
		return err
	}
	if err := errors.Join(convert.Bundle(ctx, b, dir, convert.Int8, nil), dir.Close()); err != nil {
		return err
	}
	return saySizes()
}

func encodeAlone(ctx context.Context, o options, model string) error {
	engine, err := openEngine(o, model)
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	for range o.threads {
		g.Go(func() error {
			tensor := make([]float32, 3*engine.InputSize()*engine.InputSize())
			for i := range tensor {
				tensor[i] = float32(i%255)/127 - 1
			}
			for range 3 {
				if _, err := engine.EncodeTensor(gctx, tensor); err != nil {
					return err
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		_, err := engine.EncodeText(gctx, "a dog on a beach at sunset")
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return errors.Join(saySizes(), engine.Close())
}
