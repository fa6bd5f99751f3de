package cli

import (
	"github.com/spf13/cobra"

	"descry/library"
	"descry/ui/app"
)

type purgedDocument struct {
	Purged int    `json:"purged"`
	Backup string `json:"backup"`
	Bytes  string `json:"path_bytes,omitempty"`
}

func (c *call) missingCmd() *cobra.Command {
	var purge bool
	cmd := &cobra.Command{
		Use: "missing", Short: "Files that are gone; what you said of them is kept", Args: noArgs,
		Long: "Lists the files that are gone from their folders. What you said of their photos is kept until\n" +
			"they come back, or until you let go of it with --purge. The library as it was before is then kept\n" +
			"in its backups folder. Photos in a folder that is offline are not missing and are never purged.",
		Example: "  descry missing --json\n  descry missing --purge",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if purge {
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					p, err := a.PurgeMissing(cmd.Context())
					if err != nil {
						return err
					}
					if c.json {
						at := pathOf(p.Backup)
						return c.document(purgedDocument{p.Photos, at.Path, at.Bytes})
					}
					c.print("%s forgotten. The library as it was before: %s", count(p.Photos, "missing photo"), p.Backup)
					return nil
				})
			}
			return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
				paths, err := a.MissingFiles(cmd.Context())
				if err != nil {
					return err
				}
				docs := make([]pathField, 0, len(paths))
				for _, p := range paths {
					docs = append(docs, pathOf(p))
				}
				if c.json {
					return c.document(docs)
				}
				for _, d := range docs {
					c.print("%s", d.Path)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "forget the missing photos and what you said of them")
	return cmd
}

type forgottenDocument struct {
	Forgotten int  `json:"forgotten"`
	Backups   bool `json:"backups_renewed"`
}

func (c *call) forgetCmd() *cobra.Command {
	var backups bool
	cmd := &cobra.Command{
		Use: "forget PATH…", Short: "Remove everything the library holds of photos", Args: atLeast(1, "a photo"),
		Long: "Removes what Descry worked out from the photos and what you said of them: tags, alt text, rating,\n" +
			"albums, history, thumbnail. This cannot be undone. The files themselves are not touched; one that\n" +
			"stays in a folder of the library is found anew by the next index. The library's backups hold it\n" +
			"until their time has come; --backups makes a new one and removes the older ones.",
		Example: "  descry forget ~/Pictures/beach.jpg\n  descry forget --backups ~/Pictures/beach.jpg",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withApp(ctx, AccessWrite, func(a *app.App) error {
				photos, err := c.resolve(ctx, a, args)
				if err != nil {
					return err
				}
				ids := photoIDs(photos)
				if err := a.Forget(ctx, ids, backups); err != nil {
					return err
				}
				if c.json {
					return c.document(forgottenDocument{len(ids), backups})
				}
				c.print("%s forgotten.", count(len(ids), "photo"))
				if !backups {
					c.message("The backups in the library's folder still hold what you said of them; forget --backups makes them anew.")
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&backups, "backups", false, "make the library's backups anew, without the photos")
	return cmd
}

// photoIDs are the photos at paths, each once.
func photoIDs(photos []app.PhotoAt) []library.PhotoID {
	seen := make(map[library.PhotoID]bool, len(photos))
	ids := make([]library.PhotoID, 0, len(photos))
	for _, p := range photos {
		if !seen[p.Photo] {
			seen[p.Photo] = true
			ids = append(ids, p.Photo)
		}
	}
	return ids
}

type retriedDocument struct {
	Retried int `json:"retried"`
}

func (c *call) retryCmd() *cobra.Command {
	return &cobra.Command{
		Use: "retry", Short: "Let the next index try the files again that could not be read", Args: noArgs,
		Example: "  descry retry && descry index",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
				n, err := a.RetryFailed(cmd.Context())
				if err != nil {
					return err
				}
				if c.json {
					return c.document(retriedDocument{n})
				}
				c.print("%s to try again: descry index", count(n, "file"))
				return nil
			})
		},
	}
}
