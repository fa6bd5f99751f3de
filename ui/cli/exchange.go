package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"descry/ui/app"
)

type importDocument struct {
	Operation     int64              `json:"operation"`
	Photos        int                `json:"photos"`
	Changed       int                `json:"changed"`
	Waiting       int                `json:"waiting"`
	ConflictCount int                `json:"conflict_count"`
	Conflicts     []conflictDocument `json:"conflicts"`
}

type conflictDocument struct {
	What string `json:"what"`
	pathField
	Photo string `json:"photo"`
	Here  string `json:"here"`
	There string `json:"there"`
}

func (c *call) exportCmd() *cobra.Command {
	return &cobra.Command{
		Use: "export FILE", Short: "Write what you said to an open file (- for standard output)", Args: exactly(1, "the file to write"),
		Long: "Writes what you said of your photos as lines of JSON: tags, alt texts, ratings, albums, label sets,\n" +
			"settings. The format is described in docs/export.md. descry import takes it into another library.",
		Example: "  descry export ~/what-i-said.jsonl",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if args[0] == "-" && c.json {
				return usagef("export - writes the lines themselves: leave out --json")
			}
			return c.withApp(ctx, AccessRead, func(a *app.App) error {
				if args[0] == "-" {
					_, err := a.Export(ctx, c.env.Out)
					return err
				}
				photos, err := a.ExportFile(ctx, args[0])
				if err != nil {
					return err
				}
				return c.backedUp(args[0], photos, "exported to")
			})
		},
	}
}

func (c *call) importCmd() *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take what you said from an exported file (- for standard input)", Args: exactly(1, "an exported file"),
		Long: "Takes what descry export wrote into the library, as one operation: descry undo takes it back. What\n" +
			"you said here is kept; where the file says something else, that is listed. --replace lets the file\n" +
			"decide. What was said of photos that are not here yet waits for them.",
		Example: "  descry import ~/what-i-said.jsonl",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			in, done, err := c.seekable(args[0])
			if err != nil {
				return err
			}
			defer done()
			return c.withApp(ctx, AccessWrite, func(a *app.App) error {
				r, err := a.Import(ctx, in, replace)
				if err != nil {
					return err
				}
				doc := importDocument{r.Operation, r.Photos, r.Changed, r.Waiting, r.ConflictCount, []conflictDocument{}}
				for _, k := range r.Conflicts {
					doc.Conflicts = append(doc.Conflicts, conflictDocument{k.What, pathOf(k.Path), k.Photo, k.Here, k.There})
				}
				if c.json {
					return c.document(doc)
				}
				c.print("%s in the file, %d with something new, %d waiting for their files", count(r.Photos, "photo"), r.Changed, r.Waiting)
				what := "kept as it is here"
				if replace {
					what = "taken from the file"
				}
				for _, k := range doc.Conflicts {
					c.message("%s %s: here %s, there %s; %s", k.Path, k.What, k.Here, k.There, what)
				}
				if n := r.ConflictCount - len(doc.Conflicts); n > 0 {
					c.message("and %d more", n)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "where the file and the library do not agree, the file decides")
	return cmd
}

// seekable opens a file, or reads standard input into memory.
func (c *call) seekable(name string) (io.ReadSeeker, func(), error) {
	if name == "-" {
		b, err := io.ReadAll(c.env.In)
		if err != nil {
			return nil, nil, fmt.Errorf("reading standard input: %w", err)
		}
		return bytes.NewReader(b), func() {}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the export: %w", err)
	}
	return f, func() { _ = f.Close() }, nil
}

type repairDocument struct {
	Sound      bool           `json:"sound"`
	Kept       string         `json:"kept"`
	KeptBytes  string         `json:"path_bytes,omitempty"`
	Backup     string         `json:"backup"`
	Saved      map[string]int `json:"saved"`
	FromBackup map[string]int `json:"from_backup"`
	Unreadable map[string]int `json:"unreadable"`
}

// repair is doctor --repair.
func (c *call) repair(ctx context.Context) error {
	r, err := app.Repair(ctx, c.env.LibraryDir(c.opts), c.opts.Log)
	if err != nil {
		return err
	}
	if c.json {
		kept := pathOf(r.Kept)
		return c.document(repairDocument{r.Sound, kept.Path, kept.Bytes, printable(r.Backup), counts(r.Saved), counts(r.FromBackup), counts(r.Unreadable)})
	}
	if r.Sound {
		c.print("The library is sound; nothing was done.")
		return nil
	}
	c.print("The library is sound again. The damaged database is kept as %s", r.Kept)
	c.print("  read from it       %s", countsText(r.Saved))
	c.print("  could not be read  %s", countsText(r.Unreadable))
	if r.Backup != "" {
		c.print("  filled from %s  %s", r.Backup, countsText(r.FromBackup))
	}
	c.message("What was worked out from photos comes back with: descry index")
	return nil
}

func counts(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return m
}

// countsText lists counts by kind, without the zeroes.
func countsText(m map[string]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] > 0 {
			name := k
			if name == "" {
				name = "unknown"
			}
			parts = append(parts, fmt.Sprintf("%s %d", strings.ReplaceAll(name, "_", " "), m[k]))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
