// Package cli is the command line tool: one file for each command, and one place each for
// the client, for secrets, for output and for exit codes.
package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Env is what the program gets from whoever starts it.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
}

// Run does what args say and returns the exit code. It ends early where ctx does.
func Run(ctx context.Context, args []string, env Env) int {
	a := &app{Env: env, json: slices.Contains(args, "--json")} // errors of usage come before flags are read
	root := a.root()
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	cmd, err := root.ExecuteContextC(ctx)
	err = aboutFlags(cmd, err)
	a.explain(err)
	return codeOf(err)
}

// app is one run of the program.
type app struct {
	Env
	json    bool
	baseURL string
	keyFile string

	stdinTaken bool // by an argument -
}

const about = `Pacspace records usage with PacSpace, closes billing periods, and checks offline
what an invoice rests on.

The vendor's side needs an API key, in the environment as PACSPACE_API_KEY or in a
file (--key-file). The buyer's side (anchor, verify, diff, verify-page) needs none.
To try everything without an account, start "pacspace sandbox".

No secret is ever an argument, since arguments can be read by others on the same
machine: keys, webhook secrets and proof roots come from the environment, from a
file, or are asked for without being shown.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "pacspace",
		Short:         "Record usage with PacSpace and check what was recorded",
		Long:          about + "\n\n" + exitCodes,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wrong(cmd, "a command is missing")
		},
	}
	root.PersistentFlags().BoolVar(&a.json, "json", a.json, "write JSON with stable names instead of text")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return wrong(cmd, err.Error()) })
	root.SetHelpCommand(helpCommand())
	root.SetHelpCommandGroupID("developer")
	root.AddGroup(
		&cobra.Group{ID: "vendor", Title: "For the vendor, with an API key:"},
		&cobra.Group{ID: "buyer", Title: "For the buyer and the auditor, without a key:"},
		&cobra.Group{ID: "developer", Title: "For developers:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("vendor", a.emit(), a.derive(), a.compare(), a.checkpoint(), a.close(), a.evidence(), a.customers(), a.receipts(), a.meter(), a.probe())
	add("buyer", a.anchor(), a.verify(), a.diff(), a.records(), a.verifyPage())
	add("developer", a.sandbox(), a.webhook(), a.completion(), a.version())
	root.CompletionOptions.DisableDefaultCmd = true
	explainJSON(root)
	return root
}

// helpCommand is cobra's own, with an example.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [command]",
		Short:   "Explain a command",
		Example: "  pacspace help verify",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return wrong(cmd.Root(), fmt.Sprintf("there is no command %q", strings.Join(args, " ")))
			}
			return about.Help()
		},
	}
}

// group is a command that only holds others.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wrong(cmd, "one of its commands is missing")
		},
	}
	g.AddCommand(commands...)
	return g
}

// usage is the error of a command that was called wrongly.
func wrong(cmd *cobra.Command, why string) error {
	return fmt.Errorf("%s: %s; see %s --help", cmd.CommandPath(), strings.TrimSpace(why), cmd.CommandPath())
}

// aboutFlags says of an error about flags that must or must not be given where to read on.
func aboutFlags(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	for _, start := range []string{"if any flags in the group", "at least one of the flags", "required flag"} {
		if strings.HasPrefix(err.Error(), start) {
			return wrong(cmd, err.Error())
		}
	}
	return err
}

// exactly is the rule for arguments: these, each of them.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return wrong(cmd, strings.Join(names[len(args):], " and ")+" is missing")
		case len(args) > len(names):
			return wrong(cmd, fmt.Sprintf("the argument %q has no meaning here", args[len(names)]))
		}
		return nil
	}
}
