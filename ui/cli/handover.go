package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/library/spool"
	"descry/ui/app"
)

// withWriter runs local on the library opened for writing. Where another process writes it
// and takes requests, that one is asked for r instead, and remote gets its answer.
func (c *call) withWriter(ctx context.Context, r spool.Request, local func(*app.App) error, remote func(spool.Answer) error) error {
	err := c.withApp(ctx, AccessWrite, local)
	for range 3 {
		if !errors.Is(err, library.ErrInUse) {
			return err
		}
		answer, pending, ok, asked := app.HandOver(ctx, c.env.LibraryDir(c.opts), r)
		switch {
		case !ok:
			return err
		case asked == nil:
			for _, p := range answer.Unknown {
				c.partly = true
				c.message("%s: %v", string(p), app.ErrNotInLibrary)
			}
			return remote(answer)
		case !errors.Is(asked, app.ErrHolderGone):
			return asked
		}
		// It ended. Opening the library does what it had taken; else this process does it itself.
		err = c.withApp(ctx, AccessWrite, func(a *app.App) error {
			answer, ok, err := pending.Answer()
			switch {
			case err != nil:
				return err
			case ok:
				return remote(answer)
			}
			pending.Withdraw()
			return local(a)
		})
	}
	return err
}

// absolute makes the paths of a request.
func absolute(paths []string) ([]spool.Path, error) {
	out := make([]spool.Path, len(paths))
	for i, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("finding %s: %w", p, err)
		}
		out[i] = spool.Path(abs)
	}
	return out, nil
}

// reportOf reads the report of an index that another process did.
func reportOf(a spool.Answer) (app.IndexReport, error) {
	var r app.IndexReport
	if err := json.Unmarshal(a.Report, &r); err != nil {
		return r, fmt.Errorf("reading the other process's answer: %w", err)
	}
	return r, nil
}

func (c *call) rateCmd() *cobra.Command {
	return &cobra.Command{
		Use: "rate STARS PATH…", Short: "Give photos 0 to 5 stars", Args: atLeast(2, "a number of stars and at least one photo"),
		Example: "  descry rate 5 ~/Pictures/beach.jpg",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if len(args[0]) != 1 || args[0] < "0" || args[0] > "5" {
				return usagef("rate %s: a rating is 0 to 5 stars", args[0])
			}
			stars := int(args[0][0] - '0')
			paths, err := absolute(args[1:])
			if err != nil {
				return err
			}
			say := func(changed int) error {
				if c.json {
					return c.document(changedDocument{changed})
				}
				c.print("%s changed", count(changed, "photo"))
				return nil
			}
			return c.withWriter(ctx, spool.Request{Verb: spool.Rating, Stars: stars, Paths: paths}, func(a *app.App) error {
				photos, err := c.resolve(ctx, a, args[1:])
				if err != nil {
					return err
				}
				op, err := a.SetRating(ctx, photoIDs(photos), stars)
				if err != nil {
					return err
				}
				said, err := a.Operation(ctx, op)
				if err != nil {
					return err
				}
				return say(said.Photos)
			}, func(answer spool.Answer) error { return say(answer.Changed) })
		},
	}
}
