package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
)

// online gives a command the flags of the service's address.
func (a *app) online(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.baseURL, "base-url", "", "`address` of the service, such as a sandbox's (default PACSPACE_BASE_URL, else "+pacspace.DefaultBaseURL+")")
	return cmd
}

// keyed gives a command the flags of a client with a key.
func (a *app) keyed(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.keyFile, "key-file", "", "`file` that holds the API key (default the environment's PACSPACE_API_KEY)")
	return a.online(cmd)
}

func (a *app) options() []pacspace.Option {
	opts := []pacspace.Option{pacspace.WithUserAgent("pacspace-command/" + version() + " (" + runtime.GOOS + ")")}
	address := a.baseURL
	if address == "" {
		address = a.Getenv("PACSPACE_BASE_URL")
	}
	if address != "" {
		opts = append(opts, pacspace.WithBaseURL(address))
	}
	return opts
}

// client is the one with a key.
func (a *app) client() (*pacspace.Client, error) {
	key := a.Getenv("PACSPACE_API_KEY")
	if a.keyFile != "" {
		var err error
		if key, err = a.secretFile(a.keyFile); err != nil {
			return nil, err
		}
	}
	if key == "" {
		return nil, errors.New("the API key is missing; set PACSPACE_API_KEY, or give --key-file FILE")
	}
	return pacspace.New(key, a.options()...)
}

// withClient is a command that needs a key and the client of it, which is closed afterwards.
func (a *app) withClient(run func(ctx context.Context, client *pacspace.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		client, err := a.client()
		if err != nil {
			return err
		}
		defer client.Close()
		return run(cmd.Context(), client, args)
	}
}

// public is the client without a key.
func (a *app) public(environment proof.Environment) (*pacspace.Public, error) {
	opts := a.options()
	if environment != "" {
		opts = append(opts, pacspace.WithEnvironment(environment))
	}
	return pacspace.NewPublic(opts...)
}

// environmentFlag is live or test, as anyone who checks must know.
func environmentFlag(cmd *cobra.Command, env *string) {
	cmd.Flags().StringVar(env, "environment", "live", "`which` of the service's environments it is about: live or test")
}

func environment(name string) (proof.Environment, error) {
	switch env := proof.Environment(name); env {
	case proof.EnvironmentLive, proof.EnvironmentTest:
		return env, nil
	}
	return "", fmt.Errorf("--environment: %q is neither live nor test", name)
}
