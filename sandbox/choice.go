package sandbox

import (
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// choices are the answers to what the API's documents leave open or contradict. The zero
// value of each is the helpful answer, save for the two that newConfig sets.
type choices struct {
	referencesRepeat, referencesNotCompared          bool
	adjustsVerified                                  bool
	keyLifetime                                      time.Duration
	keysIgnoreFormatting, refusalsReplayed           bool
	pendingInError                                   bool
	recordHash                                       sealed.Version
	recordPage                                       int
	batchRefusedWhole, batchWithoutIDs               bool
	scheme                                           proof.Variant
	unknownScheme                                    []Level
	checkpointOverProofs, checkpointPerCustomer      bool
	chainPerTenant, chainFromZero, noChain           bool
	indexPerCustomer, indexMissing                   bool
	windowsByVerification, inclusiveEnd              bool
	exactSums                                        bool
	unknownCustomerRefused                           bool
	compareNeedsCustomer, compareNeedsStart          bool
	rowsWithMetadata, rowsWithoutHashes              bool
	recordWithoutCount, recordWithoutNetChange       bool
	recordLists, unknownRootIsFalse, verifyEnveloped bool
	chainUnavailable                                 bool
	receiptNeedsCheckpoint, permalinks               bool
	webhookMillis, eventIDPerAttempt                 bool
	events                                           eventForm
	envelope                                         envelopeForm
	errors                                           errorForm
	messageLists, validationCode                     bool
	names                                            map[string]string
}

type (
	eventForm    int
	envelopeForm int
	errorForm    int
)

const (
	eventsUnion eventForm = iota
	eventsDocs
	eventsPython
)

const (
	envelopeSuccess envelopeForm = iota
	envelopeStatusCode
	envelopeNone
)

const (
	errorsNested errorForm = iota
	errorsFlat
	errorsStatusCode
)

// Choice is one answer to something that the API's documents leave open or contradict.
type Choice struct {
	Name   string // of the function that makes Option
	Source string // section of the API contract that says it is open
	// Default is what the sandbox does without it, and Instead what it does with it.
	Default, Instead string
	Option           Option
}

// Choices lists every choice with one unhelpful answer, so that a test can run under each.
// Some are several: a choice that takes values is listed with one of them.
func Choices() []Choice {
	return []Choice{
		{"ReferencesRepeat", "3.2", "a referenceId counts once per customer", "it counts each time", ReferencesRepeat()},
		{"ReferencesNotCompared", "3.2", "a referenceId with another delta is refused", "it is answered with the first delta", ReferencesNotCompared()},
		{"AdjustsVerified", "2.1", "an adjustment may name a delta that is not verified yet", "it may not", AdjustsVerified()},
		{"KeysExpireAfter", "3.2", "an Idempotency-Key lives for a day", "it lives for a minute", KeysExpireAfter(time.Minute)},
		{"KeysIgnoreFormatting", "3.2", "the same key needs the same bytes", "it needs the same JSON", KeysIgnoreFormatting()},
		{"RefusalsReplayed", "3.2", "a refusal frees its key", "it is replayed under its key", RefusalsReplayed()},
		{"PendingInError", "1.4", "a pending answer has its code at the top", "it has it in an error object", PendingInError()},
		{"BatchRefusedWhole", "2.2", "an invalid item fails by itself", "it fails the batch with 422", BatchRefusedWhole()},
		{"BatchWithoutIDs", "2.2", "batch results have record ids and hashes", "they have not", BatchWithoutIDs()},
		{"Scheme", "5.2", "nodes hash the 0x text of their children", "they hash their raw bytes", Scheme(proof.VariantRaw)},
		{"UnknownScheme", "5.2", "all hashes can be recomputed", "none can", UnknownScheme()},
		{"CheckpointOverProofs", "5.2", "a checkpoint's root is over content hashes", "it is over proof hashes", CheckpointOverProofs()},
		{"CheckpointPerCustomer", "2.8", "a checkpoint without a customer is one over all", "it is one for each", CheckpointPerCustomer()},
		{"ChainPerTenant", "5.2", "previousProofHash is the customer's last proof", "it is the tenant's", ChainPerTenant()},
		{"ChainFromZero", "5.2", "a first proof has no previousProofHash", "it has the zero hash", ChainFromZero()},
		{"NoChain", "4.5", "proofs name the one before", "they do not", NoChain()},
		{"IndexPerCustomer", "4.5", "deltaIndex counts all verified deltas", "it counts the customer's", IndexPerCustomer()},
		{"IndexMissing", "4.5", "deltaIndex is told", "it is null", IndexMissing()},
		{"WindowsByVerification", "2.5", "scopes go by the time of receipt", "they go by the time of verification", WindowsByVerification()},
		{"InclusiveEnd", "3.1", "endDate is exclusive", "it is inclusive", InclusiveEnd()},
		{"ExactSums", "8.27", "sums are binary64 sums", "they are exact", ExactSums()},
		{"UnknownCustomerRefused", "2.5", "a customer without deltas has the balance 0", "it is 404", UnknownCustomerRefused()},
		{"CompareNeedsCustomer", "2.7", "compare without a customerId takes all customers", "it is 400", CompareNeedsCustomer()},
		{"CompareNeedsStart", "8.20", "compare's startingBalance is 0 where it is absent", "it is 400", CompareNeedsStart()},
		{"RowsWithMetadata", "2.5", "rows leave metadata and adjusts out", "they have them", RowsWithMetadata()},
		{"RowsWithoutHashes", "2.5", "rows have hashes", "they have none", RowsWithoutHashes()},
		{"RecordWithoutCount", "2.10", "the public record has a count", "it has none", RecordWithoutCount()},
		{"RecordWithoutNetChange", "2.10", "the public record has a net change", "it has none", RecordWithoutNetChange()},
		{"RecordLists", "2.10", "the public record lists no deltas", "it lists them", RecordLists()},
		{"UnknownRootIsFalse", "2.10", "an unknown proof root is 404", "it is verified: false", UnknownRootIsFalse()},
		{"VerifyEnveloped", "1.4", "public verify has no envelope", "it has the success envelope", VerifyEnveloped()},
		{"ChainUnavailable", "2.10", "source=chain works", "it answers verified: false, chain unavailable", ChainUnavailable()},
		{"ReceiptNeedsCheckpoint", "2.9", "a scope without a checkpoint has a receipt", "it is 404", ReceiptNeedsCheckpoint()},
		{"Permalinks", "2.9", "verifyUrl names the proof root", "it is the customer's permanent link", Permalinks()},
		{"WebhookMilliseconds", "4.1", "webhook timestamps are in seconds", "they are in milliseconds", WebhookMilliseconds()},
		{"EventIDPerAttempt", "4.7", "X-Event-ID is the same on each attempt", "it changes", EventIDPerAttempt()},
		{"EventsAsDocumented", "4.3", "event envelopes have the names of both forms", "they have those of the pages", EventsAsDocumented()},
		{"EventsAsPython", "4.3", "event data is in the form of the pages", "it is flat, as the Python SDK types it", EventsAsPython()},
		{"RecordHash", "5.4", "records are sealed under record hash v2", "they are sealed under v3", RecordHash(sealed.V3)},
		{"RecordPage", "2.15", "a page of a history has 100 entries", "it has one", RecordPage(1)},
		{"StatusCodeEnvelopes", "1.4", "answers have the success envelope", "they have the statusCode envelope", StatusCodeEnvelopes()},
		{"DirectPayloads", "1.4", "answers have the success envelope", "they have none", DirectPayloads()},
		{"FlatErrors", "1.5", "errors are nested", "they are flat", FlatErrors()},
		{"StatusCodeErrors", "1.5", "errors have a code", "they have a statusCode and no code", StatusCodeErrors()},
		{"ValidationCode", "1.6", "a 400 for what a request says has no code", "it has VALIDATION_ERROR", ValidationCode()},
		{"MessageLists", "1.5", "a validation message is a string", "it is a list of strings", MessageLists()},
		{"LegacyNames", "8.1", "fields have their newest names", "they have their oldest", LegacyNames()},
	}
}

// ReferencesRepeat makes a referenceId a mere label: the same one again, without an
// Idempotency-Key, is a further delta. Source: API contract, section 3.2.
func ReferencesRepeat() Option { return set(func(c *config) { c.referencesRepeat = true }) }

// ReferencesNotCompared answers a referenceId that comes again with another delta as if it
// were the first one, which stays as it is. Source: API contract, section 3.2.
func ReferencesNotCompared() Option { return set(func(c *config) { c.referencesNotCompared = true }) }

// AdjustsVerified refuses an adjustment of a delta that is not verified yet. Source: API
// contract, section 2.1.
func AdjustsVerified() Option { return set(func(c *config) { c.adjustsVerified = true }) }

// KeysExpireAfter sets how long an Idempotency-Key is known, from its first use; 24 hours
// by default, as others have it. Source: API contract, section 3.2.
func KeysExpireAfter(d time.Duration) Option {
	return optionFunc(func(c *config) error {
		if d < 0 {
			return fmt.Errorf("sandbox: KeysExpireAfter: negative; give 0 for keys that are forgotten at once")
		}
		c.keyLifetime = d
		return nil
	})
}

// KeysIgnoreFormatting takes two bodies for the same where their JSON says the same, not
// only where their bytes are equal. Source: API contract, section 3.2.
func KeysIgnoreFormatting() Option { return set(func(c *config) { c.keysIgnoreFormatting = true }) }

// RefusalsReplayed replays definite refusals (4xx) under their Idempotency-Key as well.
// Source: API contract, section 3.2.
func RefusalsReplayed() Option { return set(func(c *config) { c.refusalsReplayed = true }) }

// PendingInError writes IDEMPOTENCY_PENDING in the second documented form. Source: API
// contract, section 1.4.
func PendingInError() Option { return set(func(c *config) { c.pendingInError = true }) }

// BatchRefusedWhole refuses a batch with an invalid item as a whole, with 422 and without
// recording any of it. Source: API contract, section 2.2.
func BatchRefusedWhole() Option { return set(func(c *config) { c.batchRefusedWhole = true }) }

// BatchWithoutIDs leaves recordId, receiptId and itemHash out of batch results, whose
// presence is only plausible. Source: API contract, section 2.2.
func BatchWithoutIDs() Option { return set(func(c *config) { c.batchWithoutIDs = true }) }

// Scheme computes hashes by another variant of the published formula. Source: API
// contract, section 5.2.
func Scheme(v proof.Variant) Option {
	return optionFunc(func(c *config) error {
		for _, known := range proof.Variants() {
			if v == known {
				c.scheme = v
				return nil
			}
		}
		return fmt.Errorf("sandbox: Scheme: variant %q is not known; use one of proof.Variants", v)
	})
}

// UnknownScheme makes hashes that nobody can reproduce, at the levels named or at all.
// Source: API contract, section 5.2.
func UnknownScheme(levels ...Level) Option {
	if len(levels) == 0 {
		levels = []Level{LevelItem, LevelBatch, LevelCheckpoint}
	}
	return set(func(c *config) { c.unknownScheme = levels })
}

// CheckpointOverProofs takes a checkpoint's root over the deltas' proof hashes. Source:
// API contract, section 5.2.
func CheckpointOverProofs() Option { return set(func(c *config) { c.checkpointOverProofs = true }) }

// CheckpointPerCustomer answers a checkpoint without a customerId with a list, one for
// each customer that is active in the scope. Source: API contract, section 2.8.
func CheckpointPerCustomer() Option { return set(func(c *config) { c.checkpointPerCustomer = true }) }

// ChainPerTenant links each proof to the tenant's last one, whoever it is about. Source:
// API contract, section 5.2.
func ChainPerTenant() Option { return set(func(c *config) { c.chainPerTenant = true }) }

// ChainFromZero gives a chain's first proof the zero hash as its previous one. Source: API
// contract, section 5.2.
func ChainFromZero() Option { return set(func(c *config) { c.chainFromZero = true }) }

// NoChain leaves previousProofHash out. Source: API contract, section 4.5.
func NoChain() Option { return set(func(c *config) { c.noChain = true }) }

// IndexPerCustomer makes deltaIndex the delta's number among its customer's, those that
// failed included. Source: API contract, section 4.5.
func IndexPerCustomer() Option { return set(func(c *config) { c.indexPerCustomer = true }) }

// IndexMissing makes deltaIndex null. Source: API contract, section 4.5.
func IndexMissing() Option { return set(func(c *config) { c.indexMissing = true }) }

// WindowsByVerification lets scopes go by the time at which a delta was verified. Source:
// API contract, section 2.5.
func WindowsByVerification() Option { return set(func(c *config) { c.windowsByVerification = true }) }

// InclusiveEnd makes a delta at the very endDate part of the scope. Source: API contract,
// section 3.1.
func InclusiveEnd() Option { return set(func(c *config) { c.inclusiveEnd = true }) }

// ExactSums adds amounts exactly instead of in binary64. Source: API contract, section
// 8.27.
func ExactSums() Option { return set(func(c *config) { c.exactSums = true }) }

// UnknownCustomerRefused answers 404 CUSTOMER_NOT_FOUND for a customer without deltas.
// Source: API contract, section 2.5.
func UnknownCustomerRefused() Option { return set(func(c *config) { c.unknownCustomerRefused = true }) }

// CompareNeedsCustomer refuses a compare without a customerId. Source: API contract,
// section 2.7.
func CompareNeedsCustomer() Option { return set(func(c *config) { c.compareNeedsCustomer = true }) }

// CompareNeedsStart refuses a compare without a startingBalance. Source: API contract,
// section 8.20.
func CompareNeedsStart() Option { return set(func(c *config) { c.compareNeedsStart = true }) }

// RowsWithMetadata puts metadata and adjusts into the rows of derive. Source: API
// contract, section 2.5.
func RowsWithMetadata() Option { return set(func(c *config) { c.rowsWithMetadata = true }) }

// RowsWithoutHashes leaves contentHash, itemHash, proofHash and previousProofHash out of
// the rows of derive. Source: API contract, section 2.5.
func RowsWithoutHashes() Option { return set(func(c *config) { c.rowsWithoutHashes = true }) }

// RecordWithoutCount leaves recordCount out of the public record. Source: API contract,
// section 2.10.
func RecordWithoutCount() Option { return set(func(c *config) { c.recordWithoutCount = true }) }

// RecordWithoutNetChange leaves netChange and the balances out of the public record.
// Source: API contract, section 2.10.
func RecordWithoutNetChange() Option { return set(func(c *config) { c.recordWithoutNetChange = true }) }

// RecordLists lists amounts, reasons and references in the public record. Source: API
// contract, section 2.10.
func RecordLists() Option { return set(func(c *config) { c.recordLists = true }) }

// UnknownRootIsFalse answers 200 with verified: false for a proof root that is not known.
// Source: API contract, section 2.10.
func UnknownRootIsFalse() Option { return set(func(c *config) { c.unknownRootIsFalse = true }) }

// VerifyEnveloped puts the public record into the success envelope. Source: API contract,
// section 1.4.
func VerifyEnveloped() Option { return set(func(c *config) { c.verifyEnveloped = true }) }

// ChainUnavailable answers verified: false to source=chain and source=both. Source: API
// contract, section 2.10.
func ChainUnavailable() Option { return set(func(c *config) { c.chainUnavailable = true }) }

// ReceiptNeedsCheckpoint answers 404 for the receipt of a scope that has no checkpoint.
// Source: API contract, section 2.9.
func ReceiptNeedsCheckpoint() Option { return set(func(c *config) { c.receiptNeedsCheckpoint = true }) }

// Permalinks makes verifyUrl the customer's permanent link. Source: API contract, section
// 2.9.
func Permalinks() Option { return set(func(c *config) { c.permalinks = true }) }

// WebhookMilliseconds writes webhook timestamps in Unix milliseconds. Source: API
// contract, section 4.1.
func WebhookMilliseconds() Option { return set(func(c *config) { c.webhookMillis = true }) }

// EventIDPerAttempt gives each attempt of a delivery another X-Event-ID. Source: API
// contract, section 4.7.
func EventIDPerAttempt() Option { return set(func(c *config) { c.eventIDPerAttempt = true }) }

// EventsAsDocumented writes event envelopes with the names of the pages alone, without an
// id in the body. Source: API contract, section 4.3.
func EventsAsDocumented() Option { return set(func(c *config) { c.events = eventsDocs }) }

// EventsAsPython writes events as the official Python SDK types them: data.delta is a
// number. Source: API contract, section 4.3.
func EventsAsPython() Option { return set(func(c *config) { c.events = eventsPython }) }

// RecordHash seals records that begin from now on under another version of the record
// hash. Only an encrypted history is published for v3, so that of a plain one is a guess.
// Source: API contract, section 5.4.
func RecordHash(v sealed.Version) Option {
	return optionFunc(func(c *config) error {
		if v < sealed.V1 || v > sealed.V3 {
			return fmt.Errorf("sandbox: RecordHash: version %d is not known; use sealed.V1, V2 or V3", v)
		}
		c.recordHash = v
		return nil
	})
}

// RecordPage sets how many entries one page of a record's history has; 100 by default.
// Source: API contract, section 2.15.
func RecordPage(n int) Option { return positive("RecordPage", n, func(c *config) { c.recordPage = n }) }

// StatusCodeEnvelopes writes {"statusCode","data"}. Source: API contract, section 1.4.
func StatusCodeEnvelopes() Option { return set(func(c *config) { c.envelope = envelopeStatusCode }) }

// DirectPayloads writes data without an envelope. Source: API contract, section 1.4.
func DirectPayloads() Option { return set(func(c *config) { c.envelope = envelopeNone }) }

// FlatErrors writes {"message","code"}. Source: API contract, section 1.5.
func FlatErrors() Option { return set(func(c *config) { c.errors = errorsFlat }) }

// StatusCodeErrors writes {"statusCode","error","message"}, as the oldest pages have it.
// Source: API contract, section 1.5.
func StatusCodeErrors() Option { return set(func(c *config) { c.errors = errorsStatusCode }) }

// ValidationCode gives a 400 for what a request says the code VALIDATION_ERROR, which by
// the documents is the official client's name for one without a code. Source: API
// contract, section 1.6.
func ValidationCode() Option { return set(func(c *config) { c.validationCode = true }) }

// MessageLists writes the message of a validation error as a list. Source: API contract,
// section 1.5.
func MessageLists() Option { return set(func(c *config) { c.messageLists = true }) }

// LegacyNames writes the oldest names that the documents have for a field. Source: API
// contract, section 8.1.
func LegacyNames() Option {
	return set(func(c *config) {
		c.names = map[string]string{
			"recordId":                "anchorId",
			"proofRoot":               "itemsRoot",
			"deltaCount":              "deltasCount",
			"customerReference":       "ledgerIdentifier",
			"verificationReference":   "reference",
			"verificationExplorerUrl": "publicLedgerUrl",
		}
	})
}
