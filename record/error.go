package record

import "github.com/pacspace/pacspace-go/internal/wire"

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

// Error is a refusal of something about records, before anything is sent: a
// fingerprint, a blinding file, a content. It never holds what was refused. What to do:
// mend what Message says; Code tells where to look.
type Error struct {
	// Code is the official code, such as RECORD_BLINDING_INCLUDED or VALIDATION_ERROR.
	Code string
	// Status is what the official SDKs give with it: 400, or 0 where no request could have
	// been meant.
	Status int
	// Message is the official sentence.
	Message string
}

// Error returns the official sentence behind the name of this package.
func (e *Error) Error() string { return "record: " + e.Message }

// Is matches the ErrInvalid of the root package.
func (e *Error) Is(target error) bool { return target == wire.ErrInvalid }

// DefaultType is the type of the records of a client's Records: what machines did.
const DefaultType = "machine-action-record"

func recordRefused(code, message string) *Error {
	return &Error{Code: code, Status: statusValidation, Message: message}
}
