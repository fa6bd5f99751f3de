package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"descry/library"
	"descry/ui/app"
)

func TestPathOf(t *testing.T) {
	tests := []struct {
		path, want, bytes string
	}{
		{"/photos/dog.jpg", "/photos/dog.jpg", ""},
		{"/photos/Hündin 🐶.jpg", "/photos/Hündin 🐶.jpg", ""},
		{"/photos/H\xfcndin.jpg", `/photos/H\xFCndin.jpg`, "/photos/H\xfcndin.jpg"},
		{"\xff\xfe", `\xFF\xFE`, "\xff\xfe"},
		{"half \xf0\x9f\x90", `half \xF0\x9F\x90`, "half \xf0\x9f\x90"},
		{"a real \ufffd stays", "a real \ufffd stays", ""},
		{"line\nbreak", "line\nbreak", ""}, // JSON escapes it by itself
		{"", "", ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%q", tt.path), func(t *testing.T) {
			got := pathOf(tt.path)
			want := pathField{tt.want, base64.StdEncoding.EncodeToString([]byte(tt.bytes))}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("pathOf (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVisible checks that a file's name cannot steer the terminal or break its line.
func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"dog.jpg":                   "dog.jpg",
		"a\x1b[2Jb":                 "a␛[2Jb",
		"tab\tand\nline\r":          "tab␉and␊line␍",
		"\x7f\u0085":                "␡\ufffd",
		"right \u202e to left":      "right \ufffd to left",
		"not UTF-8 \x9b31m":         `not UTF-8 \x9B31m`,
		"👩\u200d👧 and ö stay as is": "👩\u200d👧 and ö stay as is",
	} {
		if got := visible([]any{in})[0]; got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	if got := visible([]any{7, 1.5})[0]; got != 7 {
		t.Errorf("a number became %v", got)
	}
}

func TestVerdict(t *testing.T) {
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	wrap := func(err error) error { return fmt.Errorf("looking at photos: %w", err) }
	tests := []struct {
		name   string
		ctx    context.Context
		err    error
		status int
		code   string
		fix    string // part of it
	}{
		{"usage", t.Context(), usagef("no such thing"), 2, "usage", "descry tag --help"},
		{"usage while stopping", stopped, usagef("no such thing"), 2, "usage", "--help"},
		{"interrupted", stopped, errors.New("interrupt signal received"), 130, "interrupted", "run the same command again"},
		{"cancelled below", t.Context(), wrap(context.Canceled), 130, "interrupted", "kept"},
		{"in use", t.Context(), wrap(library.ErrInUse), 4, "in_use", "Wait"},
		{"newer", t.Context(), wrap(library.ErrNewer), 1, "newer_library", "newer version"},
		{"damaged", t.Context(), wrap(library.ErrDamaged), 1, "damaged_library", "repair"},
		{"no permission", t.Context(), wrap(fs.ErrPermission), 1, "no_permission", "may write"},
		{"a disk for reading", t.Context(), wrap(library.ErrReadOnly), 1, "no_permission", "reading only"},
		{"disk full", t.Context(), wrap(library.ErrDiskFull), 1, "disk_full", "room"},
		{"conflict", t.Context(), wrap(library.ErrConflict), 1, "conflict", "history"},
		{"no library", t.Context(), wrap(app.ErrNoLibrary), 1, "no_library", "index"},
		{"not in the library", t.Context(), wrap(app.ErrNotInLibrary), 1, "not_in_library", "index"},
		{"no model", t.Context(), wrap(app.ErrNoModel), 1, "no_model", "doctor"},
		{"a model that is too large", t.Context(), fmt.Errorf("%w: %w", app.ErrNoModel, app.ErrTooLarge), 1, "too_large", "models list"},
		{"no model of that name", t.Context(), fmt.Errorf("%w: %w", app.ErrNoModel, library.ErrNotFound), 1, "no_model", "doctor"},
		{"not found", t.Context(), wrap(library.ErrNotFound), 1, "not_found", ""},
		{"a mend of its own", t.Context(), withFix(wrap(library.ErrNotFound), "Look again."), 1, "not_found", "Look again."},
		{"anything else", t.Context(), io.ErrUnexpectedEOF, 1, "failed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := verdict(tt.ctx, "descry tag", tt.err)
			if got.status != tt.status || got.code != tt.code || !strings.Contains(got.fix, tt.fix) || (tt.fix == "") != (got.fix == "") {
				t.Errorf("got %+v, want status %d, code %s, fix with %q", got, tt.status, tt.code, tt.fix)
			}
			if got.message == "" || strings.ContainsAny(got.message, "\n") {
				t.Errorf("the message %q is not one line", got.message)
			}
		})
	}
}

// TestMeter checks when lines are shown, with a clock of the test's own.
func TestMeter(t *testing.T) {
	const look, tag = "Looking at photos", "Suggesting tags"
	steps := []struct {
		after time.Duration
		p     app.Progress
	}{
		{0, app.Progress{Job: "Looking through folders", Done: 3}},
		{time.Second, app.Progress{Job: "Looking through folders", Done: 9}},
		{0, app.Progress{Job: look, Total: 40}},
		{20 * time.Millisecond, app.Progress{Job: look, Done: 1, Total: 40}},
		{4 * time.Second, app.Progress{Job: look, Done: 10, Total: 40, PerSecond: 2.5, Left: 12 * time.Second}},
		{2 * time.Second, app.Progress{Job: look, Done: 15, Total: 40, PerSecond: 2.5, Left: 10 * time.Second, Failed: 1}},
		{time.Millisecond, app.Progress{Job: look, Done: 16, Total: 40, Waiting: app.WaitLow}},
		{time.Hour, app.Progress{Job: look, Done: 17, Total: 40, Waiting: app.WaitLow}},
		{time.Millisecond, app.Progress{Job: look, Done: 18, Total: 40}},
		{10 * time.Millisecond, app.Progress{Job: look, Done: 40, Total: 40}},
		{0, app.Progress{Job: tag, Done: 40, Total: 40}},
	}
	show := func(form string, quiet bool) string {
		var out bytes.Buffer
		c := &call{env: Env{Err: &out}, progress: form, quiet: quiet}
		m := c.newMeter()
		now := time.Unix(1e9, 0)
		m.now = func() time.Time { return now }
		for _, s := range steps {
			now = now.Add(s.after)
			m.show(s.p)
		}
		m.done()
		return out.String()
	}
	want := strings.Join([]string{
		"Looking at photos: 0 of 40",
		"Looking at photos: 15 of 40, 2/s, 10 s left, 1 unreadable",
		"Looking at photos: 16 of 40, waiting: the battery is low",
		"Looking at photos: 18 of 40",
		"Suggesting tags: 40 of 40", "",
	}, "\n")
	if diff := cmp.Diff(want, show("plain", false)); diff != "" {
		t.Errorf("plain (-want +got):\n%s", diff)
	}
	if got := show("plain", true); got != "" {
		t.Errorf("--quiet shows %q", got)
	}
	json := strings.Split(strings.TrimSpace(show("json", false)), "\n")
	if len(json) != 9 || !strings.HasPrefix(json[0], `{"done":9,`) || !strings.Contains(json[7], `"done":40`) {
		t.Errorf("json lines:\n%s", strings.Join(json, "\n"))
	}
	bars := show("bar", false)
	if !strings.HasSuffix(bars, "\r\x1b[K") || strings.Contains(bars, "\n") || !strings.Contains(bars, strings.Repeat("█", barWidth)) {
		t.Errorf("the bar does not stay on its line, or its line is not cleared: %q", bars)
	}
}

func TestProgressText(t *testing.T) {
	tests := []struct {
		p    app.Progress
		want string
	}{
		{app.Progress{Job: "Reading the labels", Done: 120}, "Reading the labels: 120"},
		{app.Progress{Job: "Looking at photos", Done: 7590, Total: 12431, PerSecond: 43.2, Left: 112 * time.Second, Failed: 3}, "Looking at photos: 7590 of 12431, 43/s, 2 min left, 3 unreadable"},
		{app.Progress{Job: "Looking at photos", Done: 1, Total: 2, PerSecond: 0.2, Left: 200 * time.Millisecond}, "Looking at photos: 1 of 2, 0/s, 1 s left"},
		{app.Progress{Job: "Looking at photos", Done: 3, Total: 9, PerSecond: 2, Waiting: app.WaitBattery}, "Looking at photos: 3 of 9, waiting: on battery"},
		{app.Progress{Job: "Looking at photos", Total: 1e6, PerSecond: 10, Left: 27 * time.Hour}, "Looking at photos: 0 of 1000000, 10/s, 27.0 h left"},
	}
	for _, tt := range tests {
		if got := progressText(tt.p); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestParseNow(t *testing.T) {
	for in, want := range map[string]time.Time{
		"2024-12-31":           time.Date(2024, 12, 31, 0, 0, 0, 0, time.Local),
		"2024-12-31 18:30":     time.Date(2024, 12, 31, 18, 30, 0, 0, time.Local),
		"2024-12-31T18:30:05":  time.Date(2024, 12, 31, 18, 30, 5, 0, time.Local),
		"2024-12-31T18:30:05Z": time.Date(2024, 12, 31, 18, 30, 5, 0, time.UTC),
	} {
		if got, err := parseNow(in); err != nil || !got.Equal(want) {
			t.Errorf("parseNow(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	if _, err := parseNow("yesterday"); err == nil {
		t.Error("parseNow takes “yesterday”")
	}
}

// run is one call of a program that has no library, no window and no model.
func run(args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	env := Env{
		Version: "1.2.3", Out: &o, Err: &e, In: strings.NewReader(""),
		Open: func(context.Context, Options) (*app.App, error) { return nil, app.ErrNoLibrary },
	}
	status = Run(context.Background(), args, env)
	return status, o.String(), e.String()
}

// TestHelp checks that every verb has an example, and that each example is a call that
// the program understands.
func TestHelp(t *testing.T) {
	c := &call{env: Env{Out: io.Discard, Err: io.Discard}}
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			if cmd.Short == "" || cmd.Example == "" {
				t.Error("it has no help or no example")
			}
			for line := range strings.Lines(cmd.Example) {
				checkExample(t, cmd, strings.TrimSpace(line))
			}
		})
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" {
				check(sub)
			}
		}
	}
	check(c.root())
}

func checkExample(t *testing.T, cmd *cobra.Command, line string) {
	for part := range strings.SplitSeq(line, " && ") {
		part, _, _ = strings.Cut(part, " > ")
		part = strings.TrimSuffix(strings.TrimPrefix(part, "source <("), ")")
		words := shellWords(part)
		for len(words) > 0 && words[0] != "descry" { // EDITOR=nano descry …
			words = words[1:]
		}
		if len(words) == 0 {
			t.Errorf("%q does not call descry", line)
			continue
		}
		root := (&call{env: Env{Out: io.Discard, Err: io.Discard}}).root()
		found, rest, err := root.Find(words[1:])
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if !strings.HasPrefix(found.CommandPath(), cmd.CommandPath()) && part == line {
			t.Errorf("%q is an example for %s, not for %s", line, found.CommandPath(), cmd.CommandPath())
		}
		if err := found.ParseFlags(rest); err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if found.Args != nil {
			if err := found.Args(found, found.Flags().Args()); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	}
}

// shellWords splits a line at spaces outside of single quotes.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// TestMistakes checks that a wrong call says what is wrong and which help to read.
func TestMistakes(t *testing.T) {
	tests := []struct {
		args      []string
		says, fix string
	}{
		{[]string{"serch", "dog"}, `there is no verb "serch"; perhaps you mean search`, "descry --help"},
		{[]string{"labels"}, "labels needs one of its verbs", "descry labels --help"},
		{[]string{"labels", "fly"}, `labels has no verb "fly"`, "descry labels --help"},
		{[]string{"tag", "confirm", "animals/dog"}, "tag confirm needs a label", "descry tag confirm --help"},
		{[]string{"status", "now"}, `status stands alone, without "now"`, "descry status --help"},
		{[]string{"undo", "1", "2"}, "undo takes one id", "descry undo --help"},
		{[]string{"undo", "last"}, "undo last", "descry undo --help"},
		{[]string{"index", "--threads", "two"}, `invalid argument "two" for "--threads" flag`, "descry index --help"},
		{[]string{"index", "--threads", "-2"}, "--threads -2: it is 0 or more", "descry index --help"},
		{[]string{"search", "--fly", "dog"}, "unknown flag: --fly", "descry search --help"},
		{[]string{"status", "--progress", "fast"}, "--progress fast: it is plain, bar or json", "descry status --help"},
		{[]string{"status", "--log-level", "loud"}, "--log-level loud", "descry status --help"},
		{[]string{"status", "--now", "noon"}, "--now noon", "descry status --help"},
		{[]string{"completion", "tcsh"}, "bash, zsh, fish, powershell", "descry completion --help"},
		{[]string{"score", " ", "a.jpg"}, "score needs a text", "descry score --help"},
		{[]string{"embed", "--text", ""}, "embed --text needs a text", "descry embed --help"},
		{[]string{"embed"}, "either --text or pictures", "descry embed --help"},
		{[]string{"history", "--limit", "0"}, "history --limit 0", "descry history --help"},
		{[]string{"alt", "--approve"}, "need the photos", "descry alt --help"},
		{[]string{"alt", "a.jpg", "--lang", "de"}, "--lang de", "descry alt --help"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			status, out, errs := run(tt.args...)
			if status != 2 || out != "" || !strings.Contains(errs, tt.says) || !strings.HasSuffix(errs, "See: "+tt.fix+"\n") {
				t.Errorf("status %d, stdout %q, stderr %q; want 2, nothing, %q and %q", status, out, errs, tt.says, tt.fix)
			}
			if strings.Contains(errs, "strconv") || strings.Contains(errs, "descry: descry") {
				t.Errorf("%q speaks of the program's inside", errs)
			}
		})
	}
}

// TestErrorsAsJSON checks that --json puts one document on stdout and nothing else.
func TestErrorsAsJSON(t *testing.T) {
	for _, args := range [][]string{{"search", "dog", "--json"}, {"--json", "fly"}, {"search", "--fly", "--json"}} {
		status, out, errs := run(args...)
		if status == 0 || errs != "" || !strings.HasPrefix(out, "{\n  \"error\": {") || strings.Count(out, "\"code\"") != 1 {
			t.Errorf("descry %v: status %d, stdout %q, stderr %q", args, status, out, errs)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if status, out, errs := run("completion", shell); status != 0 || !strings.Contains(out, "descry") || errs != "" {
			t.Errorf("%s: status %d, %d bytes, stderr %q", shell, status, len(out), errs)
		}
	}
}

func TestMan(t *testing.T) {
	status, out, errs := run("man")
	if status != 0 || errs != "" {
		t.Fatalf("status %d, stderr %q", status, errs)
	}
	for _, want := range []string{".TH \"DESCRY\" \"1\"", "labels import", "\\-\\-json", "EXIT STATUS"} {
		if !strings.Contains(out, want) {
			t.Errorf("the man page does not hold %q", want)
		}
	}
}

// TestFullDisk checks that an answer that could not be written is a failure.
func TestFullDisk(t *testing.T) {
	var errs bytes.Buffer
	c := &call{env: Env{Out: fullDisk{}, Err: &errs}}
	c.print("one")
	c.print("two")
	if c.unwritten == nil {
		t.Error("a line that could not be written went unseen")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestWindowWithoutWriting checks that the window opens for looking where writing is not
// possible, and that what it says of other faults is the fault.
func TestWindowWithoutWriting(t *testing.T) {
	for _, tt := range []struct {
		name             string
		writing, reading error
		shown            bool
		says             string
	}{
		{"in use", library.ErrInUse, nil, true, ""},
		{"a medium for reading", library.ErrReadOnly, nil, true, ""},
		{"no library and nowhere to make one", library.ErrReadOnly, app.ErrNoLibrary, false, "reading only"},
		{"damaged", library.ErrDamaged, nil, false, "damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said bytes.Buffer
			shown := false
			status := Run(t.Context(), nil, Env{
				Out: &said, Err: &said, In: strings.NewReader(""),
				LibraryDir: func(Options) string { return t.TempDir() },
				Open: func(ctx context.Context, o Options) (*app.App, error) {
					switch {
					case o.Access == AccessWrite && tt.writing != nil:
						return nil, tt.writing
					case o.Access == AccessRead && tt.reading != nil:
						return nil, tt.reading
					}
					return app.Open(ctx, app.Params{Dir: t.TempDir(), Optional: true})
				},
				Window: func(context.Context, *app.App) error { shown = true; return nil },
			})
			if shown != tt.shown || (status == 0) != tt.shown || !strings.Contains(said.String(), tt.says) {
				t.Errorf("shown %v, status %d, says %q", shown, status, said.String())
			}
		})
	}
}
