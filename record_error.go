package pacspace

// The codes with which a record is refused before anything is sent. The service's intake
// answers with the same ones.
//
// Source: records contract, sections 2, 3 and 9.
const (
	codeValidation            = "VALIDATION_ERROR"
	codeRecordContent         = "RECORD_CONTENT_INVALID"
	codeRecordBlinding        = "RECORD_BLINDING_INCLUDED"
	codeRecordAlg             = "RECORD_PAYLOAD_ALG_UNSUPPORTED"
	codeRecordPayloads        = "RECORD_PAYLOADS_REQUIRED"
	codeRecordTitle           = "RECORD_TITLE_TOO_LONG"
	codeRecordState           = "RECORD_STATE_UNKNOWN"
	statusValidation          = 400
	statusNothingSent         = 0
	sentenceNotBlindingFile   = "This is not a valid blinding file."
	sentenceBlindingValueSize = "A blinding value is exactly 32 bytes."
)

// RecordError is a refusal of something about records, before anything is sent: a
// fingerprint, a blinding file, a content. It never holds what was refused. What to do:
// mend what Message says; Code tells where to look.
type RecordError struct {
	// Code is the official code, such as RECORD_BLINDING_INCLUDED or VALIDATION_ERROR.
	Code string
	// Status is what the official SDKs give with it: 400, or 0 where no request could have
	// been meant.
	Status int
	// Message is the official sentence.
	Message string
}

// Error returns the official sentence behind the name of this package.
func (e *RecordError) Error() string { return "pacspace: record: " + e.Message }

// Is matches [ErrInvalid].
func (e *RecordError) Is(target error) bool { return target == ErrInvalid }

// notAnEntry teaches how entries count. shown is what was given instead of one.
func notAnEntry(field, shown string) *RecordError {
	return recordRefused(codeValidation, field+" is "+shown+". Entries count from 1: the first entry is entry 1. (The HTTP API's seq counts the same positions from 0.)")
}

func recordRefused(code, message string) *RecordError {
	return &RecordError{Code: code, Status: statusValidation, Message: message}
}
