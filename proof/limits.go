package proof

// Limits of what is read, the same for everyone: docs/evidence-format.md, section 12, has
// all of them. Past one of them Verify, NewReader and ReadAnchor return an error that is
// ErrLimit; they never go on with a part.
const (
	// MaxLineBytes is the longest line of an evidence file, without its line end.
	MaxLineBytes = 1 << 20
	// MaxFileBytes is the longest evidence file.
	MaxFileBytes = 1 << 34
	// MaxDeltas is the most deltas of one evidence file, and the most references, and record
	// ids, of it and of earlier evidence together.
	MaxDeltas = 10_000_000
	// MaxOwnDeltas is the most deltas of the buyer's own list, and the most different
	// references that Diff remembers.
	MaxOwnDeltas = 2_000_000
	// MaxCarried is the most carried deltas that a header lists.
	MaxCarried = 1_000
	// MaxItemHashes is the most hashes of one batch.
	MaxItemHashes = 10_000
	// MaxTextBytes is the longest string outside of metadata, in bytes of UTF-8.
	MaxTextBytes = 4_096
)

// The limits that nobody comes near who did not try to.
const (
	// maxExpansion is how many bytes each byte of a gzip file may unpack to, after the first
	// maxExpansionFree. Evidence packs 5 to 50 times smaller.
	maxExpansion     = 200
	maxExpansionFree = 1 << 20
	// maxReferences is the most references, and the most record ids, among which duplicates
	// are looked for. None is forgotten and none sampled, so this bounds memory: what is
	// longer is refused rather than checked in part.
	maxReferences = MaxDeltas
	// maxRememberedBytes is the most bytes of references and record ids that are remembered:
	// of the different ones, and of those that adjustments name before they come.
	maxRememberedBytes = 1 << 30
	// maxAlike is the most references that look alike or repeat one another.
	maxAlike = 100
	// maxAnchorBytes is the longest anchor file. It is read whole.
	maxAnchorBytes = 1 << 26
	// maxAnchors is the most anchors of one verification.
	maxAnchors = 1_000
)
