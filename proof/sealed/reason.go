package sealed

import "strconv"

// Code is the official code of a refusal. The empty code is no refusal.
type Code string

// The codes with which a disclosure is refused. What to do: do not rely on what is shown,
// and ask whoever disclosed it.
const (
	// CodeMalformed: it is no disclosure that this version can read. What to do: get the
	// file again, unchanged.
	CodeMalformed Code = "DISCLOSURE_MALFORMED"
	// CodeTooLarge: it is larger than 1 MiB. What to do: have fewer entries disclosed.
	CodeTooLarge Code = "DISCLOSURE_TOO_LARGE"
	// CodeDigestMismatch: it was changed after it was made.
	CodeDigestMismatch Code = "DISCLOSURE_DIGEST_MISMATCH"
	// CodeRecordMismatch: it is of another record than the history. What to do: check it
	// against the history of its own record.
	CodeRecordMismatch Code = "DISCLOSURE_RECORD_MISMATCH"
	// CodeVersionMismatch: its record hash has another version than the history's.
	CodeVersionMismatch Code = "RECORD_HASH_VERSION_MISMATCH"
	// CodeNotInHistory: an entry of it is not in the history. What to do: fetch the history
	// again, whole and up to now.
	CodeNotInHistory Code = "DISCLOSURE_ENTRY_NOT_IN_HISTORY"
	// CodeLeafMismatch: a shown field is none of those that were sealed.
	CodeLeafMismatch Code = "DISCLOSURE_LEAF_MISMATCH"
	// CodeSealMismatch: an entry does not reproduce its record hash or its seal.
	CodeSealMismatch Code = "DISCLOSURE_SEAL_MISMATCH"
	// CodeLinkNoKey: the link's disclosure needs a key that does not stand in the link: it
	// was cut off, or the record is an encrypted one. What to do: copy the link whole, with
	// all behind its #.
	CodeLinkNoKey Code = "RECORDS_LINK_NO_KEY"
)

// The sentences are part of the protocol: a user who checks the same file with another of
// PacSpace's verifiers must read the same.
const (
	chainCheckNote = "This check covers each shown field up to its record hash and its seal, and compares them with the record's seal history. " +
		"It does not check the ledger; run @pacspace-io/check for that."
	noteV1           = "This entry was sealed before record hash v2; check it with @pacspace-io/check."
	noteNoRecordHash = "The record's sealed history gives no record hash for this entry to compare with; check it with @pacspace-io/check."
)

// reason returns the sentence of a code. Sentences about an entry count from 1, and repeat
// it as it was written: seq 0.0 is entry 1.0.
func reason(code Code, seq number) string {
	switch code {
	case CodeTooLarge:
		return "This disclosure is larger than 1 MiB, the most one disclosure may hold."
	case CodeDigestMismatch:
		return "This disclosure was changed after it was made: its digest does not match its contents."
	case CodeRecordMismatch:
		return "This disclosure is for a different record than the history it was checked against."
	case CodeVersionMismatch:
		return "This shared record's format doesn't match the record on the ledger."
	case CodeNotInHistory:
		return "Entry " + entryNumber(seq) + " of this disclosure is not in the record's sealed history."
	case CodeLeafMismatch:
		return "A shown field of entry " + entryNumber(seq) + " does not match the fields sealed for that entry."
	case CodeSealMismatch:
		return "Entry " + entryNumber(seq) + " of this disclosure does not reproduce the seal recorded on the ledger for it."
	case CodeEnvelopeMalformed:
		return "This link's sealed disclosure is not in a form this version can open."
	case CodeEnvelopeTooLarge:
		return "This link's sealed disclosure is larger than a disclosure may be."
	case CodeEnvelopeAuth:
		return "This disclosure could not be opened with this link. The link may be incomplete, or the disclosure belongs to another link."
	default:
		return "This is not a record disclosure this version can read."
	}
}

// reasonRecordHash is the other sentence of CodeSealMismatch: the record hash differs, not
// only the seal over it.
func reasonRecordHash(seq number) string {
	return "Entry " + entryNumber(seq) + " of this disclosure does not match the record hash in the record's sealed history."
}

func entryNumber(seq number) string {
	text := strconv.FormatUint(seq.value+1, 10)
	if !seq.integer {
		text += ".0"
	}
	return text
}
