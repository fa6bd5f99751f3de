package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/library/spool"
	"descry/ui/app"
)

func (c *call) indexCmd() *cobra.Command {
	watch, noText, quiet := false, false, ""
	cmd := &cobra.Command{
		Use:   "index [PATH…]",
		Short: "Add folders and bring the library up to date",
		Long: "Adds each PATH as a root if it is new, then looks at every photo that is new or changed.\n" +
			"A PATH in a root is brought up to date alone; without a PATH all roots are.\n" +
			"Then it looks for text in the photos, the newest first, so that they are found by it; that takes\n" +
			"longer than all else, and --no-text leaves it out.\n" +
			"Ctrl-C keeps what is finished; the next run goes on.\n" +
			"On battery it takes half the cores at low priority, and waits while the battery is low.\n" +
			"--quiet-mode on is as quiet on mains, and waits on battery, while you work in Descry or, where the\n" +
			"system tells, at the machine, and while other programs are busy; --quiet-mode off never gives way.\n" +
			"\"descry config set quiet on\" makes that the default.\n" +
			"With --watch it goes on until Ctrl-C: what changes in the roots is looked at as it comes.",
		Example: "  descry index ~/Pictures /media/usb/photos\n  descry index ~/Pictures/2024\n  descry index --no-text\n  descry index --quiet-mode on\n  descry index --watch",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if watch && c.json {
				return usagef("--watch has no end to write one JSON document at: leave one of the two out")
			}
			c.opts.NoText = noText
			if c.opts.Quiet = quiet; !slices.Contains([]string{"", app.QuietAuto, app.QuietOn, app.QuietOff}, quiet) {
				return usagef("--quiet-mode %s: it is %s, %s or %s", quiet, app.QuietAuto, app.QuietOn, app.QuietOff)
			}
			paths, err := absolute(args)
			if err != nil {
				return err
			}
			return c.withWriter(ctx, spool.Request{Verb: spool.Index, Paths: paths}, func(a *app.App) error {
				a.Serve(ctx)
				defer a.FinishServing()
				var targets []app.Target
				for _, path := range args {
					t, err := a.AddPath(ctx, path)
					if err != nil {
						return err
					}
					targets = append(targets, t)
				}
				if p := a.ModelProblem(); p != "" {
					c.message("%s The photos are read in now and looked at once a model runs.", p)
				}
				meter := c.newMeter()
				report, err := a.IndexTargets(ctx, targets, meter.show)
				meter.done()
				c.partly = len(report.Failed) > 0
				if err != nil {
					return err
				}
				if watch {
					c.printReport(report)
					return c.watch(ctx, a)
				}
				if c.json {
					return c.document(indexDocumentOf(report))
				}
				c.printReport(report)
				return nil
			}, func(answer spool.Answer) error {
				report, err := reportOf(answer)
				if err != nil {
					return err
				}
				c.message("The process that writes the library did it.")
				c.partly = len(report.Failed) > 0
				if c.json {
					return c.document(indexDocumentOf(report))
				}
				c.printReport(report)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "go on until Ctrl-C, and look at what changes in the roots as it comes")
	cmd.Flags().StringVar(&quiet, "quiet-mode", "", "how this run gives way to other work: `MODE` is auto, on or off (default: the setting quiet)")
	cmd.Flags().BoolVar(&noText, "no-text", false, "look for no text in the photos now")
	return cmd
}

// watch keeps the library up to date until Ctrl-C, which is its good end.
func (c *call) watch(ctx context.Context, a *app.App) error {
	c.message("Watching the folders; Ctrl-C ends it.")
	report := func(r app.IndexReport, err error) {
		switch {
		case err != nil:
			c.message("%s", err)
		case r.New+r.Changed+r.Moved+r.Missing+r.Encoded+r.Again+r.TextLooked+len(r.Notes) > 0:
			c.printReport(r)
		}
	}
	return a.Watch(ctx, func(app.Progress) {}, report, func(sentence string) { c.message("%s", sentence) })
}

func (c *call) printReport(r app.IndexReport) {
	c.print("%s, %s: %d new, %d changed, %d moved, %d missing, %d offline, %d unchanged",
		count(r.Files, "file"), count(r.Photos, "photo"), r.New, r.Changed, r.Moved, r.Missing, r.Offline, r.Unchanged)
	if r.Encoded > 0 {
		c.print("%s looked at in %.1f s, %.1f photos per second (%s, %s)",
			count(r.Encoded, "photo"), r.Seconds, r.PhotosPerSecond, r.Model, r.Provider)
	}
	if r.Again > 0 {
		c.print("%s looked at again, for the model that was chosen", count(r.Again, "photo"))
	}
	if r.TextLooked > 0 {
		c.print("text looked for in %s, found in %d, %.1f photos per second", count(r.TextLooked, "photo"), r.TextFound, r.TextPerSecond)
	}
	for _, note := range r.Notes {
		c.message("%s", note)
	}
	for _, f := range r.Failed {
		c.message("Could not %s %s: %s", failedAt(f.Stage), f.Path, f.Reason)
	}
}

// failedAt is the stage at which a file failed as a verb.
func failedAt(stage string) string {
	switch stage {
	case library.StageCodec, "thumbnail":
		return "decode"
	case "metadata":
		return "read"
	}
	return stage
}

// count writes a number with its noun: "1 photo", "2 photos".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func (c *call) rootsCmd() *cobra.Command {
	roots := &cobra.Command{
		Use:     "roots",
		Short:   "The folders of the library",
		Example: "  descry roots list\n  descry roots relocate /media/old /media/new\n  descry roots confirm /media/usb/photos",
		Args:    noVerb,
		RunE:    needsVerb,
	}
	list := func(cmd *cobra.Command, a *app.App) error {
		all, err := a.Roots(cmd.Context())
		if err != nil {
			return err
		}
		if c.json {
			return c.document(rootDocuments(all))
		}
		for _, r := range all {
			c.print("%d\t%s\t%s\t%s", r.ID, stateOf(r), count(r.Photos, "photo"), r.Path)
		}
		if len(all) == 0 {
			c.message("No folders yet. Add one with: descry index FOLDER")
		}
		return nil
	}
	roots.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the roots", Args: noArgs, Example: "  descry roots list --json",
			RunE: func(cmd *cobra.Command, _ []string) error {
				return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error { return list(cmd, a) })
			},
		},
		&cobra.Command{
			Use: "add PATH…", Short: "Add folders without looking at their photos yet", Args: atLeast(1, "a folder"),
			Example: "  descry roots add ~/Pictures",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					for _, path := range args {
						if _, err := a.AddRoot(cmd.Context(), path); err != nil {
							return err
						}
					}
					return list(cmd, a)
				})
			},
		},
		&cobra.Command{
			Use: "remove ROOT", Short: "Forget a folder; what you said of its photos is kept", Args: exactly(1, "the id or path of a root"),
			Example: "  descry roots remove /media/usb/photos",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					r, err := a.Root(cmd.Context(), args[0])
					if err != nil {
						return err
					}
					if err := a.RemoveRoot(cmd.Context(), r.ID); err != nil {
						return err
					}
					return list(cmd, a)
				})
			},
		},
		&cobra.Command{
			Use: "confirm ROOT", Short: "Say that the photos of a folder are gone: they are listed as missing, and what you said of them is kept",
			Args:    exactly(1, "the id or path of a root"),
			Example: "  descry roots confirm /media/usb/photos",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					r, err := a.Root(cmd.Context(), args[0])
					if err != nil {
						return err
					}
					if err := a.ConfirmRoot(cmd.Context(), r.ID); err != nil {
						return err
					}
					return list(cmd, a)
				})
			},
		},
		&cobra.Command{
			Use: "relocate ROOT PATH", Short: "Say where a folder is now", Args: exactly(2, "a root and its new path"),
			Example: "  descry roots relocate /media/usb/photos /mnt/photos",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					r, err := a.Root(cmd.Context(), args[0])
					if err != nil {
						return err
					}
					if err := a.RelocateRoot(cmd.Context(), r.ID, args[1]); err != nil {
						return err
					}
					return list(cmd, a)
				})
			},
		},
	)
	return roots
}

// stateOf is the state of a root, and why it is offline where it is there.
func stateOf(r library.Root) string {
	if r.State != library.Offline || r.Reason == "" {
		return string(r.State)
	}
	return fmt.Sprintf("%s (%s)", r.State, r.Reason)
}

// verbOf is how a verb is called, without the program's name.
func verbOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// needsVerb answers a command that only groups others.
func needsVerb(cmd *cobra.Command, _ []string) error {
	return usagef("%s needs one of its verbs", verbOf(cmd))
}

func noVerb(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s has no verb %q", verbOf(cmd), args[0])
	}
	return nil
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s stands alone, without %q", verbOf(cmd), args[0])
	}
	return nil
}

func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usagef("%s needs %s", verbOf(cmd), what)
		}
		return nil
	}
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("%s takes exactly %s", verbOf(cmd), what)
		}
		return nil
	}
}

func (c *call) statusCmd() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "What the library holds and what is left to do", Args: noArgs,
		Example: "  descry status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
				s, err := a.Status(cmd.Context())
				if err != nil {
					return err
				}
				failures, err := a.Failures(cmd.Context())
				if err != nil {
					return err
				}
				damaged, err := a.Damaged(cmd.Context())
				if err != nil {
					return err
				}
				if c.json {
					return c.document(statusDocument{
						s.Library, s.Files, s.Photos, s.Encoded, s.Pending, s.Failed, s.Offline, s.Missing, s.Model, s.Provider,
						rootDocuments(s.Roots), failureDocuments(failures), damagedDocuments(damaged), s.Text, s.Unread,
						comingDocumentOf(s.Coming), s.Device,
					})
				}
				c.print("library   %s", s.Library)
				c.print("files     %d (%d missing, %d offline, %d unreadable)", s.Files, s.Missing, s.Offline, s.Failed)
				c.print("photos    %d, %d looked at, %d to come", s.Photos, s.Encoded, s.Pending)
				toCome := fmt.Sprintf("%d to come", s.Unread)
				if s.NoText {
					toCome = "no more is looked for (descry config set text on)"
				}
				c.print("text      found in %s, %s", count(s.Text, "photo"), toCome)
				model := s.Model
				if s.Provider != "" {
					model += ", the newest photos by " + s.Provider
				}
				c.print("model     %s", model)
				if s.Device != "" {
					c.print("device    %s", s.Device)
				}
				if text := comingText(s.Coming); text != "" {
					c.print("to come   %s", text)
				}
				for _, r := range s.Roots {
					c.print("root      %s (%s, %s)", r.Path, stateOf(r), count(r.Photos, "photo"))
				}
				for _, f := range failures {
					c.print("cannot %s %s: %s", failedAt(f.Stage), f.Path, f.Reason)
				}
				for _, d := range damaged {
					c.print("damaged   %s: %s", d.Path, d.Warning)
				}
				return nil
			})
		},
	}
}

func (c *call) doctorCmd() *cobra.Command {
	repair := false
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check this machine and the library, and say how to mend each fault", Args: noArgs,
		Long: "Checks this machine, the library and its backups, and says how to mend each fault.\n" +
			"--repair makes a sound library of a damaged one: all that can be read is saved, what you said\n" +
			"first, and the newest backup fills what is lacking. The damaged database is kept beside it.",
		Example: "  descry doctor\n  descry doctor --repair",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if repair {
				return c.repair(cmd.Context())
			}
			return c.withApp(cmd.Context(), AccessNone, func(a *app.App) error {
				checks := a.Doctor(cmd.Context())
				docs := make([]checkDocument, 0, len(checks))
				faults := 0
				for _, k := range checks {
					docs = append(docs, checkDocument(k))
					if !k.OK {
						faults++
					}
				}
				if c.json {
					if err := c.document(docs); err != nil {
						return err
					}
				} else {
					for _, k := range docs {
						mark := "ok   "
						switch {
						case !k.OK:
							mark = "FAULT"
						case k.Fix != "":
							mark = "lacks"
						}
						c.print("%s  %-22s %s", mark, k.Check, k.Detail)
						if k.Fix != "" {
							c.print("       %s", k.Fix)
						}
					}
				}
				if faults > 0 {
					return fmt.Errorf("%s to mend", count(faults, "fault"))
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "save what can be saved of a damaged library")
	return cmd
}
