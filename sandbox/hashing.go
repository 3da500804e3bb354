package sandbox

import (
	"slices"

	"github.com/pacspace/pacspace-go/internal/keccak"
	"github.com/pacspace/pacspace-go/proof"
)

// Level is where a hash stands: at an item, a batch or a checkpoint.
type Level string

// The levels at which the service computes hashes.
const (
	LevelItem       Level = "item"
	LevelBatch      Level = "batch"
	LevelCheckpoint Level = "checkpoint"
)

// leaf is the content hash of an item's canonical JSON.
func (s *Sandbox) leaf(canonicalItem []byte) proof.Hash {
	return s.disguise(LevelItem, s.cfg.scheme.Leaf(canonicalItem))
}

// root is the proof root over content hashes, at the level of a batch or a checkpoint.
func (s *Sandbox) root(level Level, leaves []proof.Hash) proof.Hash {
	return s.disguise(level, s.cfg.scheme.Root(leaves))
}

// disguise makes a hash that nobody can reproduce, at the levels that an option names.
func (s *Sandbox) disguise(level Level, h proof.Hash) proof.Hash {
	if !slices.Contains(s.cfg.unknownScheme, level) {
		return h
	}
	return keccakOf([]byte("sandbox: a scheme of its own\x00"), []byte(level), h[:])
}

// keccakOf makes the values that stand for what only the service knows.
func keccakOf(parts ...[]byte) proof.Hash { return proof.Hash(keccak.Sum256(parts...)) }

func hashesOf(rows []*delta) []proof.Hash {
	hashes := make([]proof.Hash, len(rows))
	for i, d := range rows {
		hashes[i] = d.leaf
	}
	return hashes
}
