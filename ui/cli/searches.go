package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"descry/ui/app"
)

type searchedDocument struct {
	Query string `json:"query"`
	When  string `json:"when"`
}

func searchCount(n int) string {
	if n == 1 {
		return "1 search"
	}
	return strconv.Itoa(n) + " searches"
}

func (c *call) searchesCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "searches", Short: "What was searched for in the window, and how to erase it", Args: noVerb, RunE: needsVerb,
		Long: "The window remembers searches that were confirmed with Enter, opened from, or left standing for a\n" +
			"few seconds, to propose them again: on this machine, in a file of the library, in no backup and no\n" +
			"export. Searches on the terminal are not remembered. (descry history lists what you changed.)",
		Example: "  descry searches list\n  descry searches clear",
	}
	var limit int
	list := &cobra.Command{
		Use: "list", Short: "What was searched for, newest first", Args: noArgs, Example: "  descry searches list --limit 10",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usagef("searches list --limit %d: it is 1 or more", limit)
			}
			return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
				found, err := a.RecentSearches(cmd.Context(), limit)
				if err != nil {
					return err
				}
				docs := make([]searchedDocument, 0, len(found))
				for _, s := range found {
					docs = append(docs, searchedDocument{s.Text, s.At.UTC().Format("2006-01-02T15:04:05Z07:00")})
				}
				if c.json {
					return c.document(docs)
				}
				for _, s := range found {
					c.print("%s  %s", s.At.Local().Format("2006-01-02 15:04"), s.Text)
				}
				return nil
			})
		},
	}
	list.Flags().IntVar(&limit, "limit", 50, "`N` searches at most")
	erased := func(n int) error {
		if c.json {
			return c.document(map[string]int{"erased": n})
		}
		c.print("%s erased.", searchCount(n))
		return nil
	}
	keep := func(verb, value, short, done string) *cobra.Command {
		return &cobra.Command{
			Use: verb, Short: short, Args: noArgs, Example: "  descry searches " + verb,
			RunE: func(cmd *cobra.Command, _ []string) error {
				ctx := cmd.Context()
				return c.withApp(ctx, AccessWrite, func(a *app.App) error {
					if err := a.SetSetting(ctx, app.SettingSearches, value); err != nil {
						return err
					}
					left, err := a.RecentSearches(ctx, 0)
					if err != nil {
						return err
					}
					if c.json {
						return c.document(map[string]string{app.SettingSearches: value})
					}
					c.print("%s", done)
					if value == app.SearchesOff && len(left) > 0 {
						c.message("%s from before are still there; descry searches clear erases them.", searchCount(len(left)))
					}
					return nil
				})
			},
		}
	}
	cmd.AddCommand(
		list,
		&cobra.Command{
			Use: "forget QUERY", Short: "Erase one search", Args: atLeast(1, "the search as descry searches list shows it"),
			Example: "  descry searches forget dog on a beach",
			RunE: func(cmd *cobra.Command, args []string) error {
				ctx := cmd.Context()
				return c.withApp(ctx, AccessRead, func(a *app.App) error {
					found, err := a.ForgetSearch(ctx, strings.Join(args, " "))
					if err != nil {
						return err
					}
					if !found {
						return erased(0)
					}
					return erased(1)
				})
			},
		},
		&cobra.Command{
			Use: "clear", Short: "Erase all searches", Args: noArgs, Example: "  descry searches clear",
			Long: "Writes zeros over all searches and removes their file. They are in no backup and no export.",
			RunE: func(cmd *cobra.Command, _ []string) error {
				ctx := cmd.Context()
				return c.withApp(ctx, AccessRead, func(a *app.App) error {
					n, err := a.ClearSearches(ctx)
					if err != nil {
						return err
					}
					return erased(n)
				})
			},
		},
		keep("off", app.SearchesOff, "Remember no searches from now on", "Searches are not remembered any more."),
		keep("on", app.SearchesOn, "Remember searches, as at first", "Searches are remembered."),
	)
	return cmd
}
