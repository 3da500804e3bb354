// Package record is what can be done about records without a client: fingerprints of files,
// the blindings that keep them from being guessed, what the service's intake will take, and
// whether a history holds the files that one has. It needs no network and no API key; what
// is written goes through the Records of a client of the root package.
//
//	fingerprint, err := record.Fingerprint(file, record.FingerprintParams{})
//	kept, err := record.WriteBlindingFile("log.csv", fingerprint.Blinding) // before it is sent
//
// [CheckHistory] compares; what a link or a disclosure shows is checked by package
// proof/sealed.
//
// A refusal is an [*Error], which keeps the official code and sentence.
package record
