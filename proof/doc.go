// Package proof checks offline that an invoice follows from recorded usage.
//
// A vendor records usage with PacSpace as deltas and sends an evidence file with the
// invoice. The customer, or his auditor, says what he expects, brings what he knows from
// elsewhere, and gets a report:
//
//	report, err := proof.Verify(file, proof.Expect{
//		CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02",
//	}, anchor)
//	fmt.Println(report)
//	// verified: 28 deltas of compute-minutes, balance -1400, root 0x7f3a..., completeness not shown
//
// The package uses no network and no clock and leaves no goroutine behind. The same input
// gives the same report on every machine.
//
// # Verdicts
//
// [Verified]: the balance follows from the deltas, and everything that matters is bound
// from outside the file. [Consistent]: it follows, and some values rest on the file or on
// the invoice; the report says which. [Incomplete]: nothing speaks against it, and
// something needed could not be checked. [DoesNotMatch]: a check failed, and Report.First
// names the first place. A file that cannot be read within the limits (see [MaxLineBytes]
// and its neighbours) is an error and has no verdict.
//
// A report matches or does not match. It never says why, and never who.
//
// # What binds a file
//
// A vendor prints both the invoice and the evidence, so a file alone can only prove itself.
// An [Anchor] is what the customer knows from elsewhere:
//
//   - [PublicRecord]: PacSpace's public answer for the root on the invoice. The keyless
//     client of the SDK fetches it; fetch it yourself, and keep it with [WriteAnchor].
//     It binds root, number and sum of the deltas, and the environment.
//   - [InvoiceRoot]: the root printed on the invoice. It binds the file to the invoice.
//   - [Earlier]: the end of the last verification ([Report.Anchor]). It binds the start, and
//     finds what is billed a second time.
//   - [OwnDeltas]: what the customer's own system saw. It shows that nothing was left out.
//   - [ProbeResult]: a trial of the service. It shows that the hashing rules are its own.
//
// [Expect] binds customer, resource and usage days against hashed fields of the deltas.
//
// # Schemes
//
// The hashing rules are named [Scheme], and what their published text leaves open is a
// [Variant]. Nobody at PacSpace confirmed them. So a hash that comes out differently counts
// as a mismatch only where another hash of its kind did come out: in the same file, in
// earlier evidence or in a probe. Otherwise the report says "scheme not confirmed", which is
// [Incomplete]. No one is accused on a guessed formula.
//
// # What evidence does not prove
//
// It is about quantities, not prices. It shows what was recorded, not that the usage took
// place. It shows that nothing was left out only with OwnDeltas or a gapless sequence of
// the account: a checkpoint can be made over chosen deltas. All times are the vendor's word,
// save the usage days in the references, which are hashed. Record ids, checkpoint ids and
// the sources of fields are his word too. The ledger behind the public record is not read:
// the record's answer is taken as the service gave it. That the scheme is the service's is
// shown by the hashes that it led to, and by nothing else. Every report says this again,
// with what applies to it. docs/what-a-proof-shows.md in the repository says it to a
// customer who is not a programmer, with what to ask the vendor.
//
// # Writing evidence
//
// [NewWriter] writes what [NewReader] reads: a header, a line for each delta, a trailer.
// docs/evidence-format.md in the repository specifies file, checks and verdicts, so that
// anybody can write another verifier. Vendors who use the SDK's client get the file from a
// closed period.
//
// Source: API contract, sections 2.10 and 5.
package proof
