// Package cli is Descry on a terminal: the verbs that scripts rely on, their JSON
// documents and exit statuses. Every verb is a thin face of a use case in ui/app.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/ui/app"
)

// Exit statuses; part of what scripts may rely on.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3 // done, but some files could not be read
	exitInUse       = 4 // another process writes the library
	exitInterrupted = 130
)

// Access says what a verb needs of the library.
type Access int

// A verb that only looks may run beside one that writes.
const (
	AccessNone  Access = iota // works without a library; reads its settings where there is one
	AccessRead                // the library must exist
	AccessWrite               // makes the library where there is none
)

// Options are the global settings of one call.
type Options struct {
	Library  string // folder of the library, "" for the default
	Model    string // id of the model bundle, "" for the one the library uses
	Provider string
	Threads  int    // 0: one per core
	NoText   bool   // look for no text in photos
	Quiet    string // how work gives way, a value of the setting quiet; "": as that says
	Now      time.Time
	Access   Access
	Program  string // the verb as it is called, "descry index"
	Log      *slog.Logger
}

// Env is the world a call runs in.
type Env struct {
	Version string
	Out     io.Writer // the answer
	Err     io.Writer // progress and messages
	In      io.Reader
	Tty     bool // Err is a terminal
	// Open opens the library as the options say.
	Open func(ctx context.Context, o Options) (*app.App, error)
	// Window opens the window and returns when it is closed. Nil in a build without one.
	Window func(ctx context.Context, a *app.App) error
	// Draw writes a picture of the window to a PNG file without a display. Nil where the
	// build has no window code at all.
	Draw func(ctx context.Context, a *app.App, file string) error
	// Trouble opens a window that says why the library in dir cannot be opened and offers to
	// mend it; it returns whether it is to be opened again. Nil in a build without a window.
	Trouble func(ctx context.Context, dir string, problem error) (again bool, err error)
	// Again starts the program anew, as it was called. It returns only if that fails.
	Again func() error
	// Restore puts a backup in the place of a library's database.
	Restore func(ctx context.Context, dir, file string) error
	// LibraryDir is the library folder that the options lead to.
	LibraryDir func(o Options) string
}

// Run runs one command line (without the program's name) and returns the exit status.
func Run(ctx context.Context, args []string, env Env) int {
	c := &call{env: env}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetIn(env.In)
	cmd, err := root.ExecuteContextC(ctx)
	// A mistake before --json in the line keeps it from being read; the answer is JSON all the same.
	c.json = c.json || slices.Contains(args, "--json")
	if c.unwritten != nil {
		err = errors.Join(err, fmt.Errorf("writing the answer: %w", c.unwritten))
	}
	return c.finish(ctx, cmd.CommandPath(), err)
}

// call is one run of the command line: the flags that every verb knows.
type call struct {
	env      Env
	opts     Options
	json     bool
	quiet    bool
	logLevel string
	progress string
	now      string
	partly   bool // some files could not be read
	answered bool // the JSON document is out

	unwritten error // the first line of the answer that could not be written
}

func (c *call) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "descry",
		Short: "Find your own photos by describing them",
		Long: "Descry finds your own photos by description. It looks at every photo once with a CLIP model\n" +
			"on this machine, tags it with your words, answers plain-language searches and drafts alt text.\n" +
			"Nothing leaves the machine and no photo file is changed.\n\nWithout a verb it opens the window.",
		Example:       "  descry index ~/Pictures\n  descry search dog on a beach",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownVerb,
		Version:       c.env.Version,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			c.opts.Program = cmd.CommandPath()
			return c.prepare()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.window(cmd.Context())
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&c.opts.Library, "library", os.Getenv("DESCRY_LIBRARY"), "folder of the library, `DIR` (also DESCRY_LIBRARY)")
	f.BoolVar(&c.json, "json", false, "answer with one JSON document")
	f.BoolVar(&c.quiet, "quiet", false, "no progress and no messages")
	f.StringVar(&c.logLevel, "log-level", "warn", "what goes to the log: `LEVEL` is debug, info, warn or error")
	f.StringVar(&c.opts.Model, "model", "", "use the model `ID` instead of the library's")
	f.StringVar(&c.opts.Provider, "provider", "", "run the model on this execution provider: `NAME`, for instance cpu")
	f.IntVar(&c.opts.Threads, "threads", 0, "look at `N` photos at a time; 0 is one per core")
	f.StringVar(&c.now, "now", "", "the `TIME` that words like yesterday count from (2006-01-02 or RFC 3339)")
	f.StringVar(&c.progress, "progress", "", "show progress as `FORM`: plain, bar or json (default: bar on a terminal, else plain)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(flagError(err)) })
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(
		c.indexCmd(), c.rootsCmd(), c.searchCmd(), c.similarCmd(), c.whyCmd(), c.tagCmd(), c.labelsCmd(), c.altCmd(), c.albumsCmd(), c.searchesCmd(),
		c.classifyCmd(), c.scoreCmd(), c.embedCmd(), c.modelsCmd(), c.metaCmd(), c.duplicatesCmd(), c.missingCmd(),
		c.undoCmd(), c.historyCmd(), c.backupCmd(), c.restoreCmd(), c.dumpCmd(), c.statusCmd(), c.configCmd(),
		c.doctorCmd(), c.forgetCmd(), c.retryCmd(), c.rateCmd(), c.exportCmd(), c.importCmd(), c.benchCmd(), c.evalCmd(), c.samplesCmd(), c.tourCmd(), c.completionCmd(), c.manCmd(),
	)
	return root
}

// knownVerb refuses a word that is no verb, and names the verbs that are like it.
func knownVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		return usagef("there is no verb %q; perhaps you mean %s", args[0], strings.Join(like, " or "))
	}
	return usagef("there is no verb %q", args[0])
}

// flagError drops from a mistake in a flag what is about the parser, not the flag.
func flagError(err error) error {
	if said, _, ok := strings.Cut(err.Error(), ": strconv."); ok {
		return errors.New(said)
	}
	return err
}

// prepare reads the global flags that need more than a string.
func (c *call) prepare() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.logLevel)); err != nil {
		return usage(fmt.Errorf("--log-level %s: it is debug, info, warn or error", c.logLevel))
	}
	c.opts.Log = slog.New(slog.NewTextHandler(c.env.Err, &slog.HandlerOptions{Level: level}))
	switch c.progress {
	case "", "plain", "bar", "json":
	default:
		return usage(fmt.Errorf("--progress %s: it is plain, bar or json", c.progress))
	}
	if c.opts.Threads < 0 {
		return usage(fmt.Errorf("--threads %d: it is 0 or more", c.opts.Threads))
	}
	if c.now != "" {
		t, err := parseNow(c.now)
		if err != nil {
			return usage(err)
		}
		c.opts.Now = t
	}
	return nil
}

func parseNow(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--now %s: write it as 2024-12-31 or 2024-12-31T23:59:00Z", s)
}

// open opens the library for one verb. The caller closes it.
func (c *call) open(ctx context.Context, access Access) (*app.App, error) {
	o := c.opts
	o.Access = access
	return c.env.Open(ctx, o)
}

// withApp runs f on the opened library and closes it.
func (c *call) withApp(ctx context.Context, access Access, f func(*app.App) error) (err error) {
	a, err := c.open(ctx, access)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return f(a)
}

func (c *call) window(ctx context.Context) error {
	if c.env.Window == nil {
		return withFix(errors.New("this build of Descry has no window"),
			"Use a verb (descry --help), or build the one with a window: make build")
	}
	opened := false
	show := func(a *app.App) error {
		opened = true
		a.Serve(ctx)
		return c.env.Window(ctx, a)
	}
	err := c.withApp(ctx, AccessWrite, show)
	if !opened && (errors.Is(err, library.ErrInUse) || errors.Is(err, library.ErrReadOnly)) {
		// Looking and searching work beside the process that writes, and where nothing can be
		// written.
		if reading := c.withApp(ctx, AccessRead, show); opened {
			err = reading
		}
	}
	var asked app.RestoreAsked
	switch {
	case errors.As(err, &asked):
		if err = c.env.Restore(ctx, c.env.LibraryDir(c.opts), asked.File); err == nil {
			return c.env.Again()
		}
	case err == nil || opened || ctx.Err() != nil:
		return err
	}
	if c.env.Trouble == nil {
		return err
	}
	again, failed := c.env.Trouble(ctx, c.env.LibraryDir(c.opts), err)
	switch {
	case failed != nil:
		c.opts.Log.Debug("no window to mend the library in", "error", failed)
	case again:
		return c.env.Again()
	}
	return err
}

// message prints one line for the person, beside the answer.
func (c *call) message(format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(c.env.Err, format+"\n", visible(args)...)
	}
}

// print writes a line of the answer.
func (c *call) print(format string, args ...any) {
	if _, err := fmt.Fprintf(c.env.Out, format+"\n", visible(args)...); err != nil && c.unwritten == nil {
		c.unwritten = err
	}
}

// visible escapes what would move the cursor or break the line: names of files are anyone's.
func visible(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = strings.Map(noControl, printable(s))
		}
	}
	return args
}

// usageError is a mistake in how the program was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usage(err error) error { return usageError{err} }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// fixError is an error that knows its mend.
type fixError struct {
	err error
	fix string
}

func (e fixError) Error() string { return e.err.Error() }
func (e fixError) Unwrap() error { return e.err }

func withFix(err error, fix string) error { return fixError{err, fix} }

// finish tells the person how the call of a verb ended and gives the exit status.
func (c *call) finish(ctx context.Context, verb string, err error) int {
	if err == nil {
		if c.partly {
			return exitPartly
		}
		return exitDone
	}
	v := verdict(ctx, verb, err)
	if c.json && !c.answered {
		_ = c.document(errorDocument{Error: errorBody{Code: v.code, Message: v.message, Fix: v.fix}})
	} else {
		fmt.Fprintln(c.env.Err, visible([]any{"descry: " + v.message})...)
		if v.fix != "" {
			fmt.Fprintln(c.env.Err, visible([]any{"  " + v.fix})...)
		}
	}
	return v.status
}

// ending is how a call that failed ended.
type ending struct {
	status  int
	code    string // for scripts
	message string // one sentence
	fix     string // how to mend it, "" where the message says it
}

// verdict sorts an error of a verb.
func verdict(ctx context.Context, verb string, err error) ending {
	var (
		wrong    usageError
		withMend fixError
		install  app.InstallError
	)
	v := ending{exitFailed, "failed", sentence(err), ""}
	switch {
	case errors.As(err, &wrong):
		v.status, v.code, v.fix = exitUsage, "usage", "See: "+verb+" --help"
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		v = ending{exitInterrupted, "interrupted", "stopped before it was done", "What was finished is kept; run the same command again to go on."}
	case errors.As(err, &install):
		v.code, v.fix = install.Code, install.Fix
	case errors.Is(err, library.ErrInUse):
		v.status, v.code, v.fix = exitInUse, "in_use", "Wait until the other one is done, or close it."
	case errors.Is(err, library.ErrNewer):
		v.code, v.fix = "newer_library", "Install the newer version of Descry."
	case errors.Is(err, library.ErrDamaged):
		v.code, v.fix = "damaged_library", "Save what can be saved: descry doctor --repair"
	case errors.Is(err, library.ErrDiskFull), errors.Is(err, syscall.ENOSPC):
		v.code, v.fix = "disk_full", "Make room on the disk that holds the library and run the command again."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, library.ErrReadOnly):
		v.code, v.fix = "no_permission", "See that you may write the library's folder and what is in it, and that its disk is not mounted for reading only. Nothing was lost."
	case errors.Is(err, library.ErrConflict):
		v.code, v.fix = "conflict", "Undo the later change first: descry history"
	case errors.Is(err, app.ErrNoLibrary):
		v.code, v.fix = "no_library", "Make one by adding a folder: descry index FOLDER"
	case errors.Is(err, app.ErrNotInLibrary):
		v.code, v.fix = "not_in_library", "Add its folder first: descry index FOLDER"
	case errors.Is(err, app.ErrTooLarge):
		v.code, v.fix = "too_large", "Choose a smaller model: descry models list"
	case errors.Is(err, app.ErrNoModel):
		v.code, v.fix = "no_model", "See: descry doctor"
	case errors.Is(err, library.ErrNotFound):
		v.code = "not_found"
	}
	if errors.As(err, &withMend) {
		v.fix = withMend.fix
	}
	return v
}

// sentence makes an error chain read as one sentence.
func sentence(err error) string {
	return printable(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
}

// Clock is a clock that stands still at o.Now.
func (o Options) Clock() func() time.Time { return func() time.Time { return o.Now } }
