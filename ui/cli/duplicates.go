package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/library/trash"
	"descry/ui/app"
)

// duplicateDocument is one file of a group. A group is a list of them, the one proposed to be
// kept first.
type duplicateDocument struct {
	pathField
	Photo  library.PhotoID `json:"photo"`
	Kind   string          `json:"kind"` // exact, near, burst
	Best   bool            `json:"best"`
	Why    []string        `json:"why"` // of the best: why it is
	Format string          `json:"format"`
	Width  int             `json:"width"`
	Height int             `json:"height"`
	Bytes  int64           `json:"bytes"`
}

type trashDocument struct {
	Operation int64           `json:"operation"`
	Moved     []pathField     `json:"moved"`
	Failed    []trashFailure  `json:"failed"`
	Kept      []keptInsteadOf `json:"kept"`
}

type trashFailure struct {
	pathField
	Error string `json:"error"`
}

type keptInsteadOf struct {
	pathField
	Of []pathField `json:"of"`
}

// kindFlags are the flags that choose kinds of groups.
type kindFlags struct{ exact, near, bursts bool }

func (k *kindFlags) add(cmd *cobra.Command, bursts bool) {
	f := cmd.Flags()
	f.BoolVar(&k.exact, "exact", false, "files with the same picture data")
	f.BoolVar(&k.near, "near", false, "resized, recompressed, slightly cropped or toned copies")
	if bursts {
		f.BoolVar(&k.bursts, "bursts", false, "shots of one moment, with the best one proposed")
	}
}

func (k *kindFlags) kinds() []app.DuplicateKind {
	var out []app.DuplicateKind
	for _, f := range []struct {
		on   bool
		kind app.DuplicateKind
	}{{k.exact, app.DuplicateExact}, {k.near, app.DuplicateNear}, {k.bursts, app.DuplicateBurst}} {
		if f.on {
			out = append(out, f.kind)
		}
	}
	return out
}

func (c *call) duplicatesCmd() *cobra.Command {
	var kinds kindFlags
	cmd := &cobra.Command{
		Use: "duplicates", Short: "Photos that show the same picture, and which one to keep",
		Long: "Lists groups of files that show the same picture: exact ones (the same picture data) and near ones\n" +
			"(resized, recompressed, cropped or turned by a little, toned). The first of each group is the one\n" +
			"proposed to be kept. Nothing is changed; see the verbs below.",
		Args:    noVerb,
		Example: "  descry duplicates\n  descry duplicates --near --json\n  descry duplicates --bursts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
				report, err := c.findDuplicates(cmd, a, kinds)
				if err != nil {
					return err
				}
				return c.showDuplicates(report)
			})
		},
	}
	kinds.add(cmd, true)
	cmd.AddCommand(c.keepBothCmd(), c.trashCmd())
	return cmd
}

func (c *call) findDuplicates(cmd *cobra.Command, a *app.App, kinds kindFlags) (app.DuplicateReport, error) {
	m := c.newMeter()
	report, err := a.DuplicateGroups(cmd.Context(), m.show, kinds.kinds()...)
	m.done()
	if err == nil && report.Unseen > 0 {
		c.message("%s could not be compared, because the thumbnail is gone: descry index makes it again", count(report.Unseen, "photo"))
	}
	return report, err
}

func (c *call) showDuplicates(report app.DuplicateReport) error {
	if c.json {
		docs := make([][]duplicateDocument, 0, len(report.Groups))
		for _, g := range report.Groups {
			doc := make([]duplicateDocument, 0, len(g.Members))
			for i, m := range g.Members {
				d := duplicateDocument{
					pathField: pathOf(m.Path), Photo: m.Photo, Kind: string(g.Kind), Best: i == 0, Why: []string{},
					Format: m.Format, Width: m.Width, Height: m.Height, Bytes: m.Bytes,
				}
				if i == 0 && len(g.Why) > 0 {
					d.Why = g.Why
				}
				doc = append(doc, d)
			}
			docs = append(docs, doc)
		}
		return c.document(docs)
	}
	titles := map[app.DuplicateKind]string{
		app.DuplicateExact: "the same picture", app.DuplicateNear: "nearly the same picture", app.DuplicateBurst: "one burst",
	}
	for i, g := range report.Groups {
		if i > 0 {
			c.print("")
		}
		c.print("%s: %s", count(len(g.Members), "file"), titles[g.Kind])
		for j, m := range g.Members {
			what := ""
			switch {
			case j == 0 && len(g.Why) > 0:
				what = "  best: " + strings.Join(g.Why, "; ")
			case j == 0:
				what = "  best"
			}
			c.print("  %s%s", m.Path, what)
		}
	}
	return nil
}

func (c *call) keepBothCmd() *cobra.Command {
	return &cobra.Command{
		Use: "keep PATH PATH…", Short: "These photos are different and all stay: do not propose them again",
		Args: atLeast(2, "at least two photos"), Example: "  descry duplicates keep a.jpg b.jpg",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
				photos, err := c.resolve(cmd.Context(), a, args)
				if err != nil {
					return err
				}
				var group []library.PhotoID
				for _, p := range photos {
					if !slices.Contains(group, p.Photo) {
						group = append(group, p.Photo)
					}
				}
				if len(group) < 2 {
					return errors.New("these files hold one and the same photo; there are no two to tell apart")
				}
				op, err := a.KeepBoth(cmd.Context(), [][]library.PhotoID{group})
				if err != nil {
					return err
				}
				if c.json {
					return c.document(struct {
						Operation int64 `json:"operation"`
						Photos    int   `json:"photos"`
					}{op, len(group)})
				}
				c.print("%s kept as different", count(len(group), "photo"))
				return nil
			})
		},
	}
}

func (c *call) trashCmd() *cobra.Command {
	var (
		kinds     kindFlags
		allButOne bool
		yes       bool
		keep      string
	)
	cmd := &cobra.Command{
		Use: "trash PATH…", Short: "Move files to the system's trash; descry undo brings them back",
		Long: "Moves files to the system's trash, from where descry undo, or the file manager, brings them back.\n" +
			"Nothing is ever deleted. With --all-but-best it takes all but the proposed best of each group; without\n" +
			"--yes it only lists what it would move. What you said of a photo in the trash (tags, rating, albums,\n" +
			"alt text) is said of the one that stays for it, too.",
		Example: "  descry duplicates trash \"IMG_1 (2).jpg\" --keep IMG_1.jpg\n  descry duplicates trash --all-but-best --exact\n" +
			"  descry duplicates trash --all-but-best --exact --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if allButOne == (len(args) > 0) {
				return usagef("%s takes paths, or --all-but-best", verbOf(cmd))
			}
			if !allButOne && (kinds.exact || kinds.near || yes) {
				return usagef("--exact, --near and --yes belong to --all-but-best")
			}
			if allButOne && keep != "" {
				return usagef("--keep belongs to paths; --all-but-best keeps the best of each group")
			}
			if !trash.Supported() {
				return trash.ErrUnsupported
			}
			access := AccessWrite
			if allButOne && !yes {
				access = AccessRead
			}
			return c.withApp(cmd.Context(), access, func(a *app.App) error {
				if !allButOne {
					items, err := trashItems(args, keep)
					if err != nil {
						return err
					}
					return c.trash(cmd, a, items)
				}
				report, err := c.findDuplicates(cmd, a, kinds)
				if err != nil {
					return err
				}
				var items []app.TrashItem
				for _, g := range report.Groups {
					for _, m := range g.Members[1:] {
						items = append(items, app.TrashItem{Path: m.Path, Keep: g.Members[0].Path})
					}
				}
				items = app.SettleTrash(items)
				if yes {
					return c.trash(cmd, a, items)
				}
				if err := c.wouldTrash(items); err != nil {
					return err
				}
				c.message("%s would go to the trash; add --yes to do it", count(len(items), "file"))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&allButOne, "all-but-best", false, "all but the proposed best of each group")
	f.BoolVar(&yes, "yes", false, "do it, instead of listing what would be moved")
	f.StringVar(&keep, "keep", "", "the `PATH` that stays for them; it takes over what you said of them")
	kinds.add(cmd, false)
	return cmd
}

// trashItems are the files that the person named, and the one to keep for all of them (""
// for none), by the paths under which the library knows them.
func trashItems(paths []string, keep string) (items []app.TrashItem, err error) {
	if keep != "" {
		if keep, err = knownPath(keep); err != nil {
			return nil, err
		}
	}
	for _, p := range paths {
		known, err := knownPath(p)
		if err != nil {
			return nil, err
		}
		items = append(items, app.TrashItem{Path: known, Keep: keep})
	}
	return items, nil
}

// knownPath makes a path absolute and follows links to its folder, for roots are stored so.
func knownPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", path, err)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	return abs, nil
}

func (c *call) wouldTrash(items []app.TrashItem) error {
	if c.json {
		return c.document(trashDocument{Moved: []pathField{}, Failed: []trashFailure{}, Kept: keptOf(items)})
	}
	for _, it := range items {
		c.print("%s  (kept: %s)", it.Path, it.Keep)
	}
	return nil
}

func keptOf(items []app.TrashItem) []keptInsteadOf {
	out := []keptInsteadOf{}
	at := map[string]int{}
	for _, it := range items {
		if it.Keep == "" {
			continue
		}
		i, ok := at[it.Keep]
		if !ok {
			i = len(out)
			at[it.Keep] = i
			out = append(out, keptInsteadOf{pathField: pathOf(it.Keep)})
		}
		out[i].Of = append(out[i].Of, pathOf(it.Path))
	}
	return out
}

func (c *call) trash(cmd *cobra.Command, a *app.App, items []app.TrashItem) error {
	report, err := a.Trash(cmd.Context(), items)
	if err != nil {
		return err
	}
	doc := trashDocument{Operation: report.Operation, Moved: []pathField{}, Failed: []trashFailure{}, Kept: keptOf(items)}
	for _, p := range report.Moved {
		doc.Moved = append(doc.Moved, pathOf(p))
	}
	for _, f := range report.Failed {
		doc.Failed = append(doc.Failed, trashFailure{pathOf(f.Path), f.Reason})
		c.message("%s: %s", f.Path, f.Reason)
	}
	if len(report.Failed) > 0 {
		c.partly = true
	}
	if c.json {
		return c.document(doc)
	}
	for _, p := range report.Moved {
		c.print("%s", p)
	}
	if len(report.Moved) > 0 {
		c.message("%s in the trash; descry undo %d brings them back", count(len(report.Moved), "file"), report.Operation)
	}
	return nil
}
