// Package sealed recomputes PacSpace's sealed records offline: the hashes of an entry's
// content, its seal, and what a disclosure shows of it.
//
// A record is a list of entries, counted by seq from 0. Each entry's content is split into
// leaves, each leaf is hashed with a salt of its own, and the leaves are put together into
// the record hash, by one of three versions ([V1], [V2], [V3]). The seal is a hash over
// that and over the entry's public state; its last 20 bytes and the state make the word
// that goes to the ledger. So some fields can be shown and the others kept, and whoever
// reads a shown field can check that it is the one that was sealed.
//
// [VerifyDisclosure] and [VerifyLinkCopy] give the official verifier's answer, in its
// verdicts, codes and sentences, and say beside it what was not checked: they compare with
// the history that was served, read no ledger and follow no Merkle path. What they find is
// therefore [Consistent] at best.
//
// # Formulas
//
// Each formula of the contract's section 6 has a function of its own, for whoever writes
// another verifier: [Leaves], [Version.Salt], [Version.LeafHash], [MemberTag],
// [RecordHashV1], [RecordHashV2], [RecordHashV3], [Version.SealInput], [Seal], [NewWord],
// [ItemHash]. [Version.Commit] goes the way from a content to its record hash at once.
//
// The package opens no connection, reads no clock and leaves no goroutine behind.
//
// Source: records contract, sections 5 to 8.
package sealed
