package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// jsonNames is where a command keeps what its JSON holds.
const jsonNames = "json"

// jsonHelp says what --json writes: the names, which stay as they are.
func jsonHelp(names string) map[string]string { return map[string]string{jsonNames: names} }

// explainJSON puts it under the help of each command.
func explainJSON(cmd *cobra.Command) {
	if names := cmd.Annotations[jsonNames]; names != "" {
		cmd.Long += "\n\nJSON: " + names + "."
	}
	for _, c := range cmd.Commands() {
		explainJSON(c)
	}
}

// atMost is the rule for arguments: none or these.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return wrong(cmd, fmt.Sprintf("the argument %q has no meaning here", args[len(names)]))
		}
		return nil
	}
}
