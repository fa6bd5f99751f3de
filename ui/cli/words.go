package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"descry/library"
	"descry/library/spool"
	"descry/tagging"
	"descry/ui/app"
)

func (c *call) tagCmd() *cobra.Command {
	var set string
	tag := &cobra.Command{
		Use:     "tag [PATH…]",
		Short:   "Tags and suggestions of photos",
		Example: "  descry tag ~/Pictures/beach.jpg\n  descry tag confirm animals/dog ~/Pictures/beach.jpg",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.withApp(ctx, AccessRead, func(a *app.App) error {
				photos, err := c.resolve(ctx, a, args)
				if err != nil {
					return err
				}
				if set != "" {
					if err := a.HasSet(ctx, set); err != nil {
						return err
					}
				}
				docs, err := c.photoTags(ctx, a, photos, set)
				if err != nil {
					return err
				}
				if c.json {
					return c.document(docs)
				}
				for _, d := range docs {
					c.print("%s", d.Path)
					for _, t := range d.Tags {
						c.print("%s", tagLine(t))
					}
				}
				return nil
			})
		},
	}
	tag.Flags().StringVar(&set, "set", "", "only the label set `NAME`")
	say := func(verb, state, short string, act func(*app.App, context.Context, []library.PhotoID, library.LabelID) (int64, error)) *cobra.Command {
		return &cobra.Command{
			Use: verb + " SET/LABEL PATH…", Short: short, Args: atLeast(2, "a label as SET/LABEL and at least one photo"),
			Example: "  descry tag " + verb + " animals/dog ~/Pictures/beach.jpg",
			RunE: func(cmd *cobra.Command, args []string) error {
				ctx := cmd.Context()
				paths, err := absolute(args[1:])
				if err != nil {
					return err
				}
				answer := func(changed int) error {
					if c.json {
						return c.document(changedDocument{changed})
					}
					c.print("%s changed", count(changed, "photo"))
					return nil
				}
				r := spool.Request{Verb: spool.Tag, Label: args[0], State: state, Paths: paths}
				return c.withWriter(ctx, r, func(a *app.App) error {
					label, err := a.Label(ctx, args[0])
					if err != nil {
						return err
					}
					photos, err := c.resolve(ctx, a, args[1:])
					if err != nil {
						return err
					}
					ids := make([]library.PhotoID, len(photos))
					for i, p := range photos {
						ids[i] = p.Photo
					}
					op, err := act(a, ctx, ids, label)
					if err != nil {
						return err
					}
					said, err := a.Operation(ctx, op)
					if err != nil {
						return err
					}
					return answer(said.Photos)
				}, func(a spool.Answer) error { return answer(a.Changed) })
			},
		}
	}
	tag.AddCommand(
		say("confirm", "confirmed", "Say that a label is right", (*app.App).Confirm),
		say("reject", "rejected", "Say that a label is wrong", (*app.App).Reject),
		say("clear", "", "Take back what was said of a label", (*app.App).ClearTag),
	)
	return tag
}

// resolve finds the photos at the paths; no paths means all photos. A path that is in no
// library folder is reported and makes the call end with the status for partly done.
func (c *call) resolve(ctx context.Context, a *app.App, paths []string) ([]app.PhotoAt, error) {
	photos, unknown, err := a.Resolve(ctx, paths)
	if err != nil {
		return nil, err
	}
	if len(photos) == 0 && len(unknown) > 0 {
		return nil, fmt.Errorf("%s: %w", unknown[0], app.ErrNotInLibrary)
	}
	for _, p := range unknown {
		c.partly = true
		c.message("%s: %v", p, app.ErrNotInLibrary)
	}
	return photos, nil
}

// tagLine is a tag or suggestion for reading. Only a guess has a probability.
func tagLine(t resultTagDocument) string {
	sure := "     "
	if t.State == library.Suggested {
		sure = fmt.Sprintf("%3.0f %%", 100*t.Confidence)
	}
	return fmt.Sprintf("  %-9s %s  %s/%s", t.State, sure, t.Set, t.Label)
}

func (c *call) photoTags(ctx context.Context, a *app.App, photos []app.PhotoAt, set string) ([]photoTagsDocument, error) {
	ids := make([]library.PhotoID, len(photos))
	for i, p := range photos {
		ids[i] = p.Photo
	}
	tags, err := a.Tags(ctx, ids)
	if err != nil {
		return nil, err
	}
	docs := make([]photoTagsDocument, 0, len(photos))
	for _, p := range photos {
		of := tags[p.Photo]
		if set != "" {
			var kept []library.Tag
			for _, t := range of {
				if t.Set == set {
					kept = append(kept, t)
				}
			}
			of = kept
		}
		docs = append(docs, photoTagsDocument{pathOf(p.Path), tagDocuments(of)})
	}
	return docs, nil
}

func (c *call) altCmd() *cobra.Command {
	var (
		approve bool
		text    string
		lang    string
		format  string
	)
	alt := &cobra.Command{
		Use:   "alt [PATH…]",
		Short: "Alt text: drafts, and what you wrote or approved",
		Long: "Prints the alt text of photos. A draft is a guess and says so; --approve makes the drafts or edits\n" +
			"yours, --set writes your own words.",
		Example: "  descry alt ~/Pictures/beach.jpg\n  descry alt ~/Pictures/beach.jpg --set 'A dog runs along the beach.'\n  descry alt --format html > alt.html",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			switch format {
			case "text", "html", "csv", "json":
			default:
				return usagef("--format %s: it is text, html, csv or json", format)
			}
			if lang != "en" {
				return usagef("--lang %s: drafts are in English (en) only", lang)
			}
			writes := approve || cmd.Flags().Changed("set")
			if writes && len(args) == 0 {
				return usagef("alt --approve and --set need the photos they are about")
			}
			if approve && cmd.Flags().Changed("set") {
				return usagef("alt takes --approve or --set, not both")
			}
			show := func(a *app.App, change func([]library.PhotoID) error) error {
				photos, err := c.resolve(ctx, a, args)
				if err != nil {
					return err
				}
				ids := make([]library.PhotoID, len(photos))
				for i, p := range photos {
					ids[i] = p.Photo
				}
				if err := change(ids); err != nil {
					return err
				}
				if !c.json && format != "text" {
					return a.ExportAlt(ctx, c.env.Out, format, ids)
				}
				texts, err := a.AltTexts(ctx, ids)
				if err != nil {
					return err
				}
				docs := make([]altDocument, 0, len(photos))
				for i, p := range photos {
					t := texts[i]
					docs = append(docs, altDocument{
						pathOf(p.Path), t.Text, t.Extended, t.State, t.Confidence, append([]string{}, t.Sources...),
					})
				}
				if c.json {
					return c.document(docs)
				}
				for _, d := range docs {
					c.print("%s\n  %s (%s)", d.Path, d.Alt, d.State)
				}
				return nil
			}
			nothing := func([]library.PhotoID) error { return nil }
			look := func() error {
				return c.withApp(ctx, AccessRead, func(a *app.App) error { return show(a, nothing) })
			}
			if !writes {
				return look()
			}
			paths, err := absolute(args)
			if err != nil {
				return err
			}
			r := spool.Request{Verb: spool.Alt, Approve: approve, Text: text, Paths: paths}
			return c.withWriter(ctx, r, func(a *app.App) error {
				return show(a, func(ids []library.PhotoID) error {
					if approve {
						_, err := a.ApproveAlt(ctx, ids)
						return err
					}
					_, err := a.SetAlts(ctx, ids, text, "")
					return err
				})
			}, func(spool.Answer) error { return look() })
		},
	}
	alt.Flags().BoolVar(&approve, "approve", false, "approve the text as it stands")
	alt.Flags().StringVar(&text, "set", "", "write this `TEXT`; empty goes back to the draft")
	alt.Flags().StringVar(&lang, "lang", "en", "language of the text, `LANG`")
	alt.Flags().StringVar(&format, "format", "text", "print as `FORM`: text, html, csv or json")
	return alt
}

func (c *call) labelsCmd() *cobra.Command {
	labels := &cobra.Command{
		Use: "labels", Short: "Label sets: the words photos are tagged with", Args: noVerb, RunE: needsVerb,
		Example: "  descry labels list\n  descry labels import garden.toml",
	}
	// sets prints the label sets, or only one.
	sets := func(ctx context.Context, a *app.App, only string) error {
		all, err := a.LabelSets(ctx)
		if err != nil {
			return err
		}
		docs := make([]setDocument, 0, len(all))
		for _, s := range all {
			if only != "" && s.Name != only {
				continue
			}
			names := make([]string, 0, len(s.Labels))
			for _, l := range s.Labels {
				names = append(names, l.Name)
			}
			docs = append(docs, setDocument{s.Name, s.Title, s.Exclusive, names})
		}
		if c.json {
			return c.document(docs)
		}
		for _, d := range docs {
			c.print("%s (%s): %s", d.Name, d.Title, strings.Join(d.Labels, ", "))
		}
		return nil
	}
	put := func(ctx context.Context, a *app.App, text []byte, from string) error {
		set, err := tagging.ReadTOML(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("reading %s: %w", from, err)
		}
		if _, err := a.PutLabelSet(ctx, set); err != nil {
			return err
		}
		meter := c.newMeter()
		err = a.SuggestTags(ctx, meter.show)
		meter.done()
		switch {
		case errors.Is(err, app.ErrNoModel):
			c.message("%s. Tags are suggested once a model runs.", sentence(err))
		case err != nil:
			return err
		}
		return sets(ctx, a, set.Name)
	}
	labels.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the label sets", Args: noArgs, Example: "  descry labels list",
			RunE: func(cmd *cobra.Command, _ []string) error {
				return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error { return sets(cmd.Context(), a, "") })
			},
		},
		&cobra.Command{
			Use: "import FILE", Short: "Add or replace a label set from a TOML file (- for standard input)",
			Args: exactly(1, "one TOML file"), Example: "  descry labels import garden.toml",
			RunE: func(cmd *cobra.Command, args []string) error {
				text, err := c.read(args[0])
				if err != nil {
					return err
				}
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					return put(cmd.Context(), a, text, args[0])
				})
			},
		},
		&cobra.Command{
			Use: "export SET [FILE]", Short: "Write a label set as TOML", Args: atLeast(1, "the name of a label set"),
			Example: "  descry labels export animals animals.toml",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.withApp(cmd.Context(), AccessRead, func(a *app.App) error {
					text, err := setText(cmd.Context(), a, args[0])
					if err != nil {
						return err
					}
					if c.json {
						return c.document(map[string]string{"set": args[0], "toml": string(text)})
					}
					if len(args) > 1 && args[1] != "-" {
						if err := os.WriteFile(args[1], text, 0o644); err != nil {
							return fmt.Errorf("writing the label set: %w", err)
						}
						return nil
					}
					_, err = c.env.Out.Write(text)
					return err
				})
			},
		},
		&cobra.Command{
			Use: "edit SET", Short: "Edit a label set in $EDITOR", Args: exactly(1, "the name of a label set"),
			Example: "  EDITOR=nano descry labels edit animals",
			RunE: func(cmd *cobra.Command, args []string) error {
				ctx := cmd.Context()
				var text []byte
				// Others may write the library while the editor is open.
				err := c.withApp(ctx, AccessRead, func(a *app.App) (err error) {
					text, err = setText(ctx, a, args[0])
					if errors.Is(err, library.ErrNotFound) {
						text, err = fmt.Appendf(nil, "name = %q\ntitle = %q\n\n[[label]]\nname = \"\"\n", args[0], args[0]), nil
					}
					return err
				})
				if err != nil {
					return err
				}
				edited, file, err := edit(ctx, text)
				if err != nil {
					return err
				}
				if bytes.Equal(edited, text) {
					c.message("Nothing changed.")
					return os.Remove(file)
				}
				err = c.withApp(ctx, AccessWrite, func(a *app.App) error { return put(ctx, a, edited, "what you wrote") })
				if err != nil {
					return withFix(err, "Your text is in "+file+". Mend it there, then: descry labels import "+file)
				}
				return os.Remove(file)
			},
		},
		&cobra.Command{
			Use: "remove SET", Short: "Remove a label set; descry undo brings it back", Args: exactly(1, "the name of a label set"),
			Example: "  descry labels remove food",
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.withApp(cmd.Context(), AccessWrite, func(a *app.App) error {
					if _, err := a.RemoveLabelSet(cmd.Context(), args[0]); err != nil {
						return err
					}
					if c.json {
						return sets(cmd.Context(), a, "")
					}
					c.print("Removed the label set %s; descry undo brings it back.", args[0])
					return nil
				})
			},
		},
	)
	return labels
}

func setText(ctx context.Context, a *app.App, name string) ([]byte, error) {
	all, err := a.LabelSets(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Name == name {
			var b bytes.Buffer
			err := tagging.WriteTOML(&b, s)
			return b.Bytes(), err
		}
	}
	return nil, fmt.Errorf("label set %q: %w", name, library.ErrNotFound)
}

// edit lets the person change text in their editor. The file they wrote is left to the
// caller, so that nothing of it is lost.
func edit(ctx context.Context, text []byte) (edited []byte, file string, err error) {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	if editor == "" {
		return nil, "", withFix(errors.New("no editor is set"), "Set EDITOR, for instance: EDITOR=nano descry labels edit SET")
	}
	f, err := os.CreateTemp("", "descry-*.toml")
	if err != nil {
		return nil, "", fmt.Errorf("making a file to edit: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, "", errors.Join(fmt.Errorf("making a file to edit: %w", err), os.Remove(f.Name()))
	}
	words := append(strings.Fields(editor), f.Name())
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, "", withFix(fmt.Errorf("running the editor %s: %w", words[0], err), "What it saved is in "+f.Name())
	}
	edited, err = os.ReadFile(f.Name())
	if err != nil {
		return nil, "", fmt.Errorf("reading what was edited: %w", err)
	}
	return edited, f.Name(), nil
}

// read reads a file, or standard input for "-".
func (c *call) read(name string) ([]byte, error) {
	if name == "-" {
		text, err := io.ReadAll(c.env.In)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	return text, nil
}
