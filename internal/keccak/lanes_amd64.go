//go:build amd64 && !purego

package keccak

import "github.com/cloudflare/circl/simd/keccakf1600"

const lanes = 4

type kernel = keccakf1600.StateX4

// several tells whether the kernel beats one message at a time. The library would answer
// the same in a build without its assembly, and be slow: hence the build tags.
var several = keccakf1600.IsEnabledX4()
