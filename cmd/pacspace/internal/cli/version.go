package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:         "version",
		Short:       "Print the version",
		Long:        "Version prints the version of this command, of the SDK that is in it, and of Go.",
		Example:     `  pacspace version`,
		Annotations: jsonHelp("version, sdk, go"),
		Args:        exactly(),
		RunE: func(*cobra.Command, []string) error {
			return a.show(
				struct {
					Version string `json:"version"`
					SDK     string `json:"sdk"`
					Go      string `json:"go"`
				}{version(), pacspace.Version, runtime.Version()},
				"pacspace "+version()+" (SDK "+pacspace.Version+", "+runtime.Version()+")\n")
		},
	}
}

// version is that of the module where the command was installed from one, else the SDK's.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return pacspace.Version
}
