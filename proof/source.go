package proof

// Source says where a field of a line comes from.
type Source string

// The sources of a field.
const (
	SourceSubmitted  Source = "submitted"  // the vendor's own submission: what was sent
	SourceEmitted    Source = "emitted"    // the service's answer to the submission
	SourceStatus     Source = "status"     // a delta's status
	SourceWebhook    Source = "webhook"    // a signed webhook
	SourceDerived    Source = "derived"    // a row of a derived balance
	SourceCheckpoint Source = "checkpoint" // a checkpoint
	SourceReceipt    Source = "receipt"    // a receipt or an invoice proof
	// SourceUnknown says that the field may be part of what was hashed and that the writer
	// does not know it; only reason, referenceId, metadata and adjusts can be unknown. A
	// line with an unknown field has a content hash that nobody can recompute.
	SourceUnknown Source = "unknown"
)

var sourceWords = []Source{SourceSubmitted, SourceEmitted, SourceStatus, SourceWebhook,
	SourceDerived, SourceCheckpoint, SourceReceipt, SourceUnknown}

// Sources say where the fields of a line come from. A field that is there takes its own
// source or, where that is empty, the one of its group; one of them must be given.
type Sources struct {
	// Item is for the whole delta as submitted.
	Item                                   Source
	Reason, ReferenceID, Metadata, Adjusts Source
	// Record is for the ids and times that the service gave.
	Record                                 Source
	RecordID, ReceiptID, Index, VerifiedAt Source
	// Proof is for the hashes.
	Proof                                                 Source
	ContentHash, ItemHashes, ProofHash, PreviousProofHash Source
}

var sourceNames = []string{
	"item", "reason", "referenceId", "metadata", "adjusts",
	"record", "recordId", "receiptId", "index", "verifiedAt",
	"proof", "contentHash", "itemHashes", "proofHash", "previousProofHash",
}

// perGroup is the number of names from one group's to the next one's.
const perGroup = 5

func (s *Sources) slots() [15]*Source {
	return [...]*Source{
		&s.Item, &s.Reason, &s.ReferenceID, &s.Metadata, &s.Adjusts,
		&s.Record, &s.RecordID, &s.ReceiptID, &s.Index, &s.VerifiedAt,
		&s.Proof, &s.ContentHash, &s.ItemHashes, &s.ProofHash, &s.PreviousProofHash,
	}
}

// unknownable are the item's fields that a source may call unknown, by their slot less 1.
var unknownable = [...]int{fieldReason, fieldReferenceID, fieldMetadata, fieldAdjusts}

// unknown returns the item's fields that are called unknown.
func (s *Sources) unknown() fieldSet {
	var set fieldSet
	for i, source := range [...]Source{s.Reason, s.ReferenceID, s.Metadata, s.Adjusts} {
		if source == SourceUnknown {
			set |= 1 << unknownable[i]
		}
	}
	return set
}

func (s *scanner) sources() (Sources, *FormatError) {
	var sources Sources
	slots := sources.slots()
	_, err := s.object(sourceNames, func(i int) (err *FormatError) {
		*slots[i], err = oneOf(s, sourceWords...)
		if err == nil && *slots[i] == SourceUnknown && (i < 1 || i > len(unknownable)) {
			err = broken("", "only reason, referenceId, metadata and adjusts can be unknown")
		}
		return err
	})
	return sources, err
}

// cover refuses sources that say nothing of a field that is there, or something of one that
// is not. there has the bits of the slots.
func (s *Sources) cover(there uint64) *FormatError {
	slots := s.slots()
	for i, slot := range slots {
		group := slots[i-i%perGroup]
		present := there>>i&1 == 1
		switch {
		case present && *slot == "" && *group == "":
			return broken(sourceNames[i], "it is not said where the field comes from")
		case !present && *slot != "" && *slot != SourceUnknown && i%perGroup != 0:
			return broken(sourceNames[i], "it is said where a field comes from that is not there")
		}
	}
	return nil
}

func (s *Sources) append(o *object) {
	for i, slot := range s.slots() {
		if *slot != "" {
			o.text(sourceNames[i], string(*slot))
		}
	}
}
