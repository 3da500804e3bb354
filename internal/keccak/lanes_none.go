//go:build purego || !(amd64 || arm64)

package keccak

const lanes, several = 1, false

// kernel is never used here.
type kernel struct{ words [25 * lanes]uint64 }

func (k *kernel) Initialize(bool) []uint64 { return k.words[:] }

func (k *kernel) Permute() {}
