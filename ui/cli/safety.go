package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/library/spool"
	"descry/ui/app"
)

func (c *call) undoCmd() *cobra.Command {
	return &cobra.Command{
		Use: "undo [N]", Short: "Undo the last operation, or the one with id N", Example: "  descry undo",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("undo takes one id at most")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var id int64
			if len(args) == 1 {
				n, err := strconv.ParseInt(args[0], 10, 64)
				if err != nil || n < 1 {
					return usagef("undo %s: N is the id of an operation, see descry history", args[0])
				}
				id = n
			}
			ctx := cmd.Context()
			say := func(op library.Operation) error {
				if c.json {
					return c.document([]operationDocument{operationDocumentOf(op)})
				}
				c.print("%s", op.What)
				return nil
			}
			r := spool.Request{Verb: spool.Undo, Operation: id}
			if id == 0 && app.InUse(c.env.LibraryDir(c.opts)) {
				// Another process is asked for one operation by its id, which it can do only once.
				if err := c.withApp(ctx, AccessRead, func(a *app.App) (err error) {
					r.Operation, err = a.LastOperation(ctx)
					return err
				}); err != nil {
					return err
				}
			}
			return c.withWriter(ctx, r, func(a *app.App) error {
				op, err := a.Undo(ctx, r.Operation)
				if err != nil {
					return err
				}
				return say(op)
			}, func(answer spool.Answer) error {
				return c.withApp(ctx, AccessRead, func(a *app.App) error {
					op, err := a.Operation(ctx, answer.Operation)
					if err != nil {
						return err
					}
					return say(op)
				})
			})
		},
	}
}

func (c *call) historyCmd() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "history", Short: "What you did, newest first", Args: noArgs, Example: "  descry history --limit 20",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usagef("history --limit %d: it is 1 or more", limit)
			}
			return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
				ops, err := a.History(cmd.Context(), limit)
				if err != nil {
					return err
				}
				docs := make([]operationDocument, 0, len(ops))
				for _, o := range ops {
					docs = append(docs, operationDocumentOf(o))
				}
				if c.json {
					return c.document(docs)
				}
				for _, o := range ops {
					undone := ""
					if o.Undone {
						undone = " (undone)"
					}
					c.print("%d  %s  %s%s", o.ID, o.When.Local().Format(time.DateTime), o.What, undone)
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "`N` operations at most")
	return cmd
}

func (c *call) backupCmd() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the library's database while it is in use", Args: exactly(1, "the file to write"),
		Example: "  descry backup ~/descry-2024-12-31.db",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
				photos, err := a.Backup(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.backedUp(args[0], photos, "written to")
			})
		},
	}
}

func (c *call) restoreCmd() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the library's database", Args: exactly(1, "a backup file"),
		Long:    "Puts a backup in the place of the library's database. The one that was there is kept beside it.",
		Example: "  descry restore ~/descry-2024-12-31.db",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			switch err := c.env.Restore(ctx, c.env.LibraryDir(c.opts), args[0]); {
			case errors.Is(err, library.ErrDamaged):
				return withFix(fmt.Errorf("%s is no sound backup of a library; the library stays as it was", args[0]), "Choose another backup.")
			case err != nil:
				return err
			}
			return c.withApp(ctx, AccessRead, func(a *app.App) error {
				s, err := a.Status(ctx)
				if err != nil {
					return err
				}
				return c.backedUp(args[0], s.Photos, "restored from")
			})
		},
	}
}

func (c *call) backedUp(file string, photos int, what string) error {
	if c.json {
		p := pathOf(file)
		return c.document(backupDocument{p.Path, p.Bytes, photos})
	}
	c.print("%s %s %s", count(photos, "photo"), what, file)
	return nil
}

func (c *call) dumpCmd() *cobra.Command {
	var user, derived, digest bool
	cmd := &cobra.Command{
		Use: "dump", Short: "Everything in the library in canonical order", Args: noArgs,
		Long:    "Prints user data and derived data so that two libraries with the same content print the same.",
		Example: "  descry dump --digest\n  descry dump --user > mine.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !user && !derived {
				user, derived = true, true
			}
			return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
				if !digest && !c.json {
					return a.Dump(cmd.Context(), c.env.Out, user, derived)
				}
				u, d, err := a.DumpDigest(cmd.Context())
				if err != nil {
					return err
				}
				answer := dumpDocument{}
				if user {
					answer.User = u
				}
				if derived {
					answer.Derived = d
				}
				if c.json {
					return c.document(answer)
				}
				if user {
					c.print("user     %s", u)
				}
				if derived {
					c.print("derived  %s", d)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&user, "user", false, "what you said")
	cmd.Flags().BoolVar(&derived, "derived", false, "what was worked out")
	cmd.Flags().BoolVar(&digest, "digest", false, "one SHA-256 each instead of the listing")
	return cmd
}

func (c *call) configCmd() *cobra.Command {
	config := &cobra.Command{
		Use: "config", Short: "Settings of the library", Args: noVerb, RunE: needsVerb,
		Example: "  descry config set runtime /opt/onnxruntime/libonnxruntime.so",
	}
	show := func(cmd *cobra.Command, a *app.App, only string) error {
		all, err := a.Settings(cmd.Context())
		if err != nil {
			return err
		}
		if only != "" {
			if !slices.Contains(app.SettingKeys(), only) {
				return usagef("%s is no setting; there are %s", only, settingNames())
			}
			all = map[string]string{only: all[only]}
		}
		if c.json {
			return c.document(all)
		}
		for _, k := range app.SettingKeys() {
			if v, ok := all[k]; ok {
				c.print("%s = %s", k, v)
			}
		}
		return nil
	}
	config.AddCommand(
		&cobra.Command{
			Use: "list", Short: "All settings", Args: noArgs, Example: "  descry config list",
			RunE: func(cmd *cobra.Command, _ []string) error {
				return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error { return show(cmd, a, "") })
			},
		},
		&cobra.Command{
			Use: "get KEY", Short: "One setting", Args: exactly(1, "the name of a setting"), Example: "  descry config get model",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error { return show(cmd, a, args[0]) })
			},
		},
		&cobra.Command{
			Use: "set KEY VALUE", Short: "Change a setting; an empty VALUE goes back to the default", Args: exactly(2, "a setting and its value"),
			Example: "  descry config set threads 2",
			RunE: func(cmd *cobra.Command, args []string) error {
				if !slices.Contains(app.SettingKeys(), args[0]) {
					return usagef("%s is no setting; there are %s", args[0], settingNames())
				}
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					if err := a.SetSetting(cmd.Context(), args[0], args[1]); err != nil {
						return err
					}
					if args[0] == app.SettingModel || args[0] == app.SettingRuntime {
						if p := a.ModelProblem(); p != "" {
							c.message("%s", p)
						}
					}
					if args[0] == app.SettingModel {
						st, err := a.Status(cmd.Context())
						if err != nil {
							return err
						}
						if s := comingText(st.Coming); s != "" {
							c.message("%s", s)
						}
					}
					return show(cmd, a, args[0])
				})
			},
		},
	)
	return config
}

func settingNames() string { return strings.Join(app.SettingKeys(), ", ") }
