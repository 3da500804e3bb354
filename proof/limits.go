package proof

import "github.com/pacspace/pacspace-go/internal/canonical"

// Limits of what is read, the same for everyone. Past one of them Verify, NewReader and
// ReadAnchor return an error that is ErrLimit; they never go on with a part.
const (
	// MaxLineBytes is the longest line of an evidence file, without its line end.
	MaxLineBytes = 1 << 20
	// MaxFileBytes is the longest evidence file.
	MaxFileBytes = 1 << 34
	// MaxExpansion is how many bytes each byte of a gzip file may unpack to, after the first
	// MaxExpansionFree: see Unpack. Evidence packs 5 to 50 times smaller.
	MaxExpansion     = 200
	MaxExpansionFree = 1 << 20
	// MaxDeltas is the most deltas of one evidence file.
	MaxDeltas = 10_000_000
	// MaxReferences is the most references, and the most record ids, among which duplicates
	// are looked for: those of the file and of earlier evidence. None is forgotten and none
	// sampled, so this bounds memory: see Verify. What is longer is refused rather than
	// checked in part.
	MaxReferences = 10_000_000
	// MaxRememberedBytes is the most bytes of references and record ids that are remembered:
	// of the different ones, and of those that adjustments name before they come.
	MaxRememberedBytes = 1 << 30
	// MaxOwnDeltas is the most deltas of the buyer's own list, and the most different
	// references that Diff remembers.
	MaxOwnDeltas = 2_000_000
	// MaxAlike is the most references that look alike or repeat one another.
	MaxAlike = 100
	// MaxCarried is the most carried deltas that a header lists.
	MaxCarried = 1_000
	// MaxItemHashes is the most hashes of one batch.
	MaxItemHashes = 10_000
	// MaxTextBytes is the longest string outside of metadata, in bytes of UTF-8.
	MaxTextBytes = 4_096
	// MaxDepth is the most arrays and objects that are open at once inside an item.
	MaxDepth = canonical.MaxDepth
	// MaxNumberLength is the longest text of a number inside an item.
	MaxNumberLength = canonical.MaxNumberLength
	// MaxAnchorBytes is the longest anchor file. It is read whole.
	MaxAnchorBytes = 1 << 26
	// MaxAnchors is the most anchors of one verification.
	MaxAnchors = 1_000
)
