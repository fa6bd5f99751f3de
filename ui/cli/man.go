package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completionCmd writes the script that lets a shell complete verbs and flags.
func (c *call) completionCmd() *cobra.Command {
	scripts := map[string]func(*cobra.Command) error{
		"bash":       func(root *cobra.Command) error { return root.GenBashCompletionV2(c.env.Out, true) },
		"zsh":        func(root *cobra.Command) error { return root.GenZshCompletion(c.env.Out) },
		"fish":       func(root *cobra.Command) error { return root.GenFishCompletion(c.env.Out, true) },
		"powershell": func(root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(c.env.Out) },
	}
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print the completion script of a shell", ValidArgs: shells,
		Example: "  source <(descry completion bash)\n  descry completion fish > ~/.config/fish/completions/descry.fish",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || scripts[args[0]] == nil {
				return usagef("completion takes the name of one shell: %s", strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := scripts[args[0]](cmd.Root()); err != nil {
				return fmt.Errorf("writing the completion script: %w", err)
			}
			return nil
		},
	}
}

// manCmd writes the man page from the same source as --help.
func (c *call) manCmd() *cobra.Command {
	return &cobra.Command{
		Use: "man", Short: "Print the man page", Args: noArgs, Example: "  descry man > descry.1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := c.env.Out.Write([]byte(manPage(cmd.Root(), c.env.Version))); err != nil {
				return fmt.Errorf("writing the man page: %w", err)
			}
			return nil
		},
	}
}

// manPage is the program's one man page in the man macros of roff (groff_man(7)).
func manPage(root *cobra.Command, version string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`.\" -*- coding: utf-8 -*-`)
	line(`.TH "DESCRY" "1" "" "Descry %s" "User commands"`, roff(version))
	line(".SH NAME\ndescry \\- %s", roff(root.Short))
	line(".SH SYNOPSIS\n.B descry\n[\\fIVERB\\fR] [\\fIOPTIONS\\fR]")
	line(".SH DESCRIPTION\n%s", roff(root.Long))
	line(".SH OPTIONS OF EVERY VERB")
	manFlags(&b, root.PersistentFlags())
	line(".SH VERBS")
	var verbs func(cmd *cobra.Command)
	verbs = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			if !sub.IsAvailableCommand() {
				continue
			}
			if !sub.HasSubCommands() || len(sub.Use) > len(sub.Name()) {
				line(".SS %s", roff(strings.TrimSpace(cmd.CommandPath()+" "+sub.Use)))
				text := sub.Long
				if text == "" {
					text = sub.Short + "."
				}
				line("%s", roff(text))
				manFlags(&b, sub.LocalNonPersistentFlags())
				line(".PP\n.RS 4\n.nf\n%s\n.fi\n.RE", roff(sub.Example))
			}
			verbs(sub)
		}
	}
	verbs(root)
	line(".SH EXIT STATUS")
	for _, s := range []struct {
		status int
		means  string
	}{
		{exitDone, "Done."},
		{exitFailed, "Failed."},
		{exitUsage, "Wrong usage."},
		{exitPartly, "Done, but some files could not be read."},
		{exitInUse, "Another process writes the library."},
		{exitInterrupted, "Interrupted. What was finished is kept; the next run goes on."},
	} {
		line(".TP\n%d\n%s", s.status, s.means)
	}
	line(".SH ENVIRONMENT")
	line(".TP\nDESCRY_LIBRARY\nFolder of the library, where \\-\\-library does not say.")
	line(".TP\nDESCRY_ONNXRUNTIME\nPath of the ONNX Runtime library.")
	line(".TP\nVISUAL, EDITOR\nThe editor of descry labels edit.")
	line(".SH FILES\n.TP\n$XDG_DATA_HOME/descry, ~/.local/share/descry\nThe library, unless told otherwise.")
	return b.String()
}

func manFlags(b *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		fmt.Fprintf(b, ".TP\n\\fB\\-\\-%s\\fR \\fI%s\\fR\n%s.\n", roff(f.Name), roff(value), roff(usage))
	})
}

// roff escapes text for roff: no word of it is a command.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(strings.TrimRight(text, "\n"))
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
