package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"descry/library/spool"
	"descry/ui/app"
)

type albumDocument struct {
	Name   string `json:"name"`
	Query  string `json:"query"` // "" for a plain album
	Smart  bool   `json:"smart"`
	Photos int    `json:"photos"`
}

func albumDocumentOf(a app.Album) albumDocument {
	return albumDocument{a.Name, a.Query, a.Query != "", a.Photos}
}

func (c *call) albumsCmd() *cobra.Command {
	albums := &cobra.Command{
		Use: "albums", Short: "Albums: photos put together by hand, or by a saved search", Args: noVerb, RunE: needsVerb,
		Long: "An album holds the photos that were put into it. A smart album is a saved search: it holds whatever\n" +
			"is likely to fit at the time. What is done with albums can be undone; album:NAME finds their photos.",
		Example: "  descry albums add Pets 'tag:dog or cat'\n  descry albums show Pets",
	}
	albums.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the albums and how many photos they have", Args: noArgs, Example: "  descry albums list --json",
			RunE: func(cmd *cobra.Command, _ []string) error {
				return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error { return c.listAlbums(cmd.Context(), a) })
			},
		},
		&cobra.Command{
			Use: "add NAME [QUERY…]", Short: "Make an album; with a query a smart one", Args: atLeast(1, "the name of the album"),
			Example: "  descry albums add 'Summer house'\n  descry albums add 'Dogs by the sea' 'dog, sea -people'",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeAlbum(cmd.Context(), app.AlbumChange{Do: "add", Name: args[0], Query: strings.Join(args[1:], " ")})
			},
		},
		&cobra.Command{
			Use: "show NAME", Short: "The photos of an album", Args: exactly(1, "the name of an album"),
			Long:    "Lists the photos of an album, those of a smart one as descry search does.",
			Example: "  descry albums show Pets",
			RunE:    func(cmd *cobra.Command, args []string) error { return c.showAlbum(cmd.Context(), args[0]) },
		},
		&cobra.Command{
			Use: "edit NAME QUERY…", Short: "Change what a smart album searches for", Args: atLeast(2, "the name of a smart album and its query"),
			Example: "  descry albums edit Pets 'tag:dog or tag:cat'",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeAlbum(cmd.Context(), app.AlbumChange{Do: "edit", Name: args[0], Query: strings.Join(args[1:], " ")})
			},
		},
		&cobra.Command{
			Use: "rename NAME NEW", Short: "Give an album another name", Args: exactly(2, "the name of an album and its new one"),
			Example: "  descry albums rename Pets Animals",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeAlbum(cmd.Context(), app.AlbumChange{Do: "rename", Name: args[0], To: args[1]})
			},
		},
		&cobra.Command{
			Use: "remove NAME", Short: "Remove an album; its photos stay", Args: exactly(1, "the name of an album"),
			Example: "  descry albums remove Pets",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeAlbum(cmd.Context(), app.AlbumChange{Do: "remove", Name: args[0]})
			},
		},
		&cobra.Command{
			Use: "put NAME PATH…", Short: "Put photos into an album", Args: atLeast(2, "the name of an album and at least one photo"),
			Example: "  descry albums put 'Summer house' ~/Pictures/garden.jpg",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeAlbum(cmd.Context(), app.AlbumChange{Do: "put", Name: args[0], Paths: args[1:]})
			},
		},
		&cobra.Command{
			Use: "take NAME PATH…", Short: "Take photos out of an album", Args: atLeast(2, "the name of an album and at least one photo"),
			Example: "  descry albums take 'Summer house' ~/Pictures/garden.jpg",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.changeAlbum(cmd.Context(), app.AlbumChange{Do: "take", Name: args[0], Paths: args[1:]})
			},
		},
		&cobra.Command{
			Use: "export [NAME…]", Short: "Print smart albums as text, to be shared",
			Long: "Prints smart albums, one a line: NAME: QUERY. descry albums import reads such lines. Albums that\n" +
				"were put together by hand are in descry export.",
			Example: "  descry albums export > albums.txt",
			RunE:    func(cmd *cobra.Command, args []string) error { return c.exportAlbums(cmd.Context(), args) },
		},
		&cobra.Command{
			Use: "import FILE", Short: "Make smart albums from lines NAME: QUERY (- for standard input)", Args: exactly(1, "one text file"),
			Example: "  descry albums import albums.txt\n  echo 'Pets: tag:dog or cat' | descry albums import -",
			RunE:    func(cmd *cobra.Command, args []string) error { return c.importAlbums(cmd.Context(), args[0]) },
		},
	)
	return albums
}

func (c *call) listAlbums(ctx context.Context, a *app.App) error {
	all, err := a.AlbumsCounted(ctx)
	if err != nil {
		return err
	}
	if c.json {
		docs := make([]albumDocument, 0, len(all))
		for _, al := range all {
			docs = append(docs, albumDocumentOf(al))
		}
		return c.document(docs)
	}
	for _, al := range all {
		if al.Query == "" {
			c.print("%s  (%s)", al.Name, count(al.Photos, "photo"))
		} else {
			c.print("%s  (%s: %s)", al.Name, count(al.Photos, "likely photo"), al.Query)
		}
	}
	if len(all) == 0 {
		c.message("There are no albums yet. Make one: descry albums add NAME QUERY")
	}
	return nil
}

// changeAlbum does something with an album, or has the process do it that writes the library.
func (c *call) changeAlbum(ctx context.Context, change app.AlbumChange) error {
	if change.Query != "" {
		c.mistakes(change.Query, app.Mistakes(change.Query))
	}
	paths, err := absolute(change.Paths)
	if err != nil {
		return err
	}
	say := func(what string, photos int) error {
		if c.json {
			return c.document(changedDocument{photos})
		}
		if what == "" {
			what = "It was so already"
		}
		c.print("%s.", what)
		return nil
	}
	return c.withWriter(ctx, change.Request(paths), func(a *app.App) error {
		op, unknown, err := a.ChangeAlbum(ctx, change)
		if err != nil {
			return err
		}
		for _, p := range unknown {
			c.partly = true
			c.message("%s: %v", p, app.ErrNotInLibrary)
		}
		said, err := a.Operation(ctx, op)
		if err != nil {
			return err
		}
		return say(said.What, said.Photos)
	}, func(answer spool.Answer) error { return say(answer.What, answer.Changed) })
}

func (c *call) showAlbum(ctx context.Context, name string) error {
	return c.withApp(ctx, AccessRead, func(a *app.App) error {
		al, err := a.Album(ctx, name)
		if err != nil {
			return withFix(err, "See: descry albums list")
		}
		r := app.SearchRequest{Text: al.Query, Limit: 1_000_000, Explain: false}
		if al.Query == "" {
			r.Text = `album:"` + al.Name + `"`
			if al.Photos == 0 && !c.json {
				c.message("Nothing was put into it yet: descry albums put NAME PATH")
				return nil
			}
		}
		return c.search(ctx, a, r, func(r app.SearchRequest) (app.SearchResult, error) { return a.Search(ctx, r) })
	})
}

func (c *call) exportAlbums(ctx context.Context, names []string) error {
	return c.withApp(ctx, AccessRead, func(a *app.App) error {
		var some []app.Album
		for _, name := range names {
			al, err := a.Album(ctx, name)
			if err != nil {
				return withFix(err, "See: descry albums list")
			}
			some = append(some, al)
		}
		if len(names) == 0 {
			var err error
			if some, err = a.Albums(ctx); err != nil {
				return err
			}
		}
		var text strings.Builder
		for _, al := range some {
			switch {
			case al.Query != "":
				text.WriteString(app.WriteAlbum(al) + "\n")
			case len(names) > 0:
				c.message("“%s” is a plain album: its photos are in descry export.", al.Name)
			}
		}
		if c.json {
			return c.document(map[string]string{"albums": text.String()})
		}
		_, err := c.env.Out.Write([]byte(text.String()))
		return err
	})
}

func (c *call) importAlbums(ctx context.Context, file string) error {
	text, err := c.read(file)
	if err != nil {
		return err
	}
	albums, err := app.ReadAlbums(string(text))
	if err != nil {
		return withFix(err, "Nothing was changed. A line is written: Pets: tag:dog or cat")
	}
	added := []albumDocument{}
	for _, al := range albums {
		c.mistakes(al.Query, app.Mistakes(al.Query))
		change := app.AlbumChange{Do: "add", Name: al.Name, Query: al.Query}
		done := func(op int64) error {
			if op != 0 {
				al.Photos = -1
				added = append(added, albumDocumentOf(al))
			}
			return nil
		}
		if err := c.withWriter(ctx, change.Request(nil), func(a *app.App) error {
			op, _, err := a.ChangeAlbum(ctx, change)
			if err != nil {
				return err
			}
			return done(op)
		}, func(answer spool.Answer) error { return done(answer.Operation) }); err != nil {
			c.partly = true
			c.message("%s: %s", al.Name, sentence(err))
		}
	}
	if c.json {
		return c.document(map[string]int{"added": len(added)})
	}
	c.print("%s added.", count(len(added), "album"))
	return nil
}
