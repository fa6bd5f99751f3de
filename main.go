// Descry finds your own photos by description, on your own machine.
//
// This file is the composition root: it reads the command line, opens what is needed,
// wires it and runs it. It holds no logic.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/adrg/xdg"
	"golang.org/x/term"

	"descry/assets"
	"descry/clipengine/hub"
	"descry/library/decode/codec"
	"descry/library/store"
	"descry/tagging"
	"descry/ui/app"
	"descry/ui/cli"
)

// version is set by the build.
var version = "development"

func main() {
	if len(os.Args) > 1 && os.Args[1] == codec.Argument {
		os.Exit(codec.Serve())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := world()
	env.Out, env.Err, env.In = os.Stdout, os.Stderr, os.Stdin
	env.Tty = term.IsTerminal(int(os.Stderr.Fd()))
	status := cli.Run(ctx, os.Args[1:], env)
	stop()
	os.Exit(status)
}

// world is what the command line works with, but for its streams.
func world() cli.Env {
	return cli.Env{
		Version: version,
		Open:    open,
		Window:  window,
		Draw:    draw,
		Trouble: trouble,
		Again:   again,
		Restore: func(ctx context.Context, dir, file string) error {
			return store.Restore(ctx, file, dir)
		},
		LibraryDir: libraryDir,
	}
}

// libraryDir is the folder of the library: the one asked for, else the user's own.
func libraryDir(o cli.Options) string {
	if o.Library == "" {
		return filepath.Join(xdg.DataHome, "descry")
	}
	if abs, err := filepath.Abs(o.Library); err == nil {
		return abs
	}
	return o.Library
}

// open opens the library with everything that the program carries.
func open(ctx context.Context, o cli.Options) (*app.App, error) {
	sets, err := tagging.ReadSets(assets.Labels())
	if err != nil {
		return nil, fmt.Errorf("reading the built-in label sets: %w", err)
	}
	p := app.Params{
		Dir:        libraryDir(o),
		ReadOnly:   o.Access == cli.AccessRead,
		Optional:   o.Access == cli.AccessNone,
		Model:      o.Model,
		Provider:   o.Provider,
		Threads:    o.Threads,
		NoText:     o.NoText,
		Quiet:      o.Quiet,
		Program:    o.Program,
		Hub:        hub.Params{Agent: "Descry/" + version},
		Starter:    assets.Starter(),
		Catalogue:  assets.Models,
		Sets:       sets,
		Places:     assets.Places(),
		Languages:  assets.Languages(),
		English:    assets.English,
		Background: assets.Background(),
		Templates:  assets.Templates(),
		Samples:    assets.Samples(),
		Recogniser: assets.Recogniser(),
		Log:        o.Log,
	}
	if self, err := os.Executable(); err == nil {
		p.Decoders = []string{self, codec.Argument}
	}
	if !o.Now.IsZero() {
		p.Now = o.Clock()
	}
	return app.Open(ctx, p)
}
