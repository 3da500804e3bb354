package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) completion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion shell",
		Short: "Write what lets a shell complete commands and flags",
		Long: `Completion writes a script for bash, zsh, fish or powershell. For the bash that runs:

  source <(pacspace completion bash)`,
		Example:     `  pacspace completion bash > pacspace.bash`,
		Annotations: jsonHelp("none: it is a script in any case"),
		ValidArgs:   []string{"bash", "zsh", "fish", "powershell"},
		Args:        exactly("the shell"),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.Stdout)
			case "fish":
				return root.GenFishCompletion(a.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.Stdout)
			}
			return wrong(cmd, fmt.Sprintf("there is no script for %q; take bash, zsh, fish or powershell", args[0]))
		},
	}
}
