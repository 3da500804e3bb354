// Package invoice puts the proof of a closed period onto an invoice.
//
// [New] makes a [Statement] from what ClosePeriod returned and from what only the seller
// knows: names, prices, a number and a date. The statement goes to the customer in one of
// three ways:
//
//   - as a PDF made here: [Statement.WritePDF] lays it out, attaches the evidence file and
//     draws the verify link as a QR code;
//   - inside an invoice that another system makes: [Statement.Memo], [Statement.Metadata]
//     and [Statement.Evidence] are the few fields to set there;
//   - as text or HTML, for a mail or a portal: [Statement.WriteText] and
//     [Statement.WriteHTML], whose template can be overridden block by block.
//
// # Quantities and money
//
// Quantities are shown exactly as the record has them, in all digits. Usage is recorded
// as a negative amount; the lines show it as a positive one, and the balance on record
// keeps its sign, so that it is the number that the verifier prints.
//
// Prices are the seller's. A charge is the exact sum of a resource's quantities times its
// unit price, rounded once, to the digits of the currency, halves away from zero; the
// statement says so. No proof covers prices, and the statement says that too.
//
// # Text from elsewhere
//
// Fields of [Details] are checked: a control character, an invisible directional mark or
// too long a text is an error that names the field. Text that comes from the record, such
// as a reference, never fails an invoice: what cannot be shown in it is shown as U+FFFD.
//
// # Secrets
//
// Whoever holds a proof root may read what it proves. It is on the invoice on purpose,
// and so in everything that this package renders. It is not in what a Statement prints by
// fmt or slog, in its JSON, or in an error.
package invoice
