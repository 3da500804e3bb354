package pacspace

import (
	"strings"

	"github.com/pacspace/pacspace-go/proof"
)

// Environment is one of the service's two: live data, or test data under keys that begin
// with pk_test_.
type Environment = proof.Environment

// The environments. The zero Environment is not known, as for a key with another prefix.
const (
	EnvironmentLive = proof.EnvironmentLive
	EnvironmentTest = proof.EnvironmentTest
)

// environmentOf reads an API key's prefix.
//
// Source: API contract, section 1.2.
func environmentOf(key string) Environment {
	switch {
	case strings.HasPrefix(key, "pk_live_"):
		return EnvironmentLive
	case strings.HasPrefix(key, "pk_test_"):
		return EnvironmentTest
	}
	return ""
}

// chainID is the X-Chain-Id of an environment.
//
// Source: API contract, section 1.3.
func chainID(e Environment) string {
	switch e {
	case EnvironmentLive:
		return "295"
	case EnvironmentTest:
		return "296"
	}
	return ""
}
