package record

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// BlindingFileSuffix is what the name of a blinding's file adds to that of its file.
const BlindingFileSuffix = ".pacspace.json"

// maxBlindingFile is the largest file that is read, in bytes. A valid one has about 250.
const maxBlindingFile = 1024

// blindingText is the one form of a blinding file.
func blindingText(value, digest, byteLength string) []byte {
	return fmt.Appendf(nil, `{
  "schema": "%s",
  "alg": "%s",
  "value": "%s",
  "digest": "%s",
  "byteLength": "%s"
}
`, blindingSchema, FingerprintBlinded, value, digest, byteLength)
}

// ParseBlindingFile reads a blinding file's text. Only the canonical form is one, byte for
// byte, of at most 1024 bytes. It fails with a [*Error].
//
// Source: records contract, section 2.3.
func ParseBlindingFile(text []byte) (*Blinding, error) {
	if len(text) > maxBlindingFile {
		return nil, recordRefused(codeValidation, sentenceNotBlindingFile)
	}
	value := quotedAfter(text, `"value": "`)
	digest := quotedAfter(text, `"digest": "`)
	byteLength := quotedAfter(text, `"byteLength": "`)
	// Whatever these three are taken from, the text must be what is written for them.
	raw, err := hex.DecodeString(value)
	if err != nil || !isHex64(value) || !bytes.Equal(text, blindingText(value, digest, byteLength)) {
		return nil, recordRefused(codeValidation, sentenceNotBlindingFile)
	}
	return NewBlinding(raw, digest, byteLength)
}

// quotedAfter returns what stands between label and the next quote.
func quotedAfter(text []byte, label string) string {
	_, rest, _ := strings.Cut(string(text), label)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// ReadBlindingFile reads the blinding file at path, which is the path of the blinding file
// itself. It fails with a [*Error] where the file is not one, and with the error of
// the operating system where it cannot be read.
func ReadBlindingFile(path string) (*Blinding, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("record: blinding file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxBlindingFile+1))
	if err != nil {
		return nil, fmt.Errorf("record: blinding file: %w", err)
	}
	return ParseBlindingFile(text)
}

// WriteBlindingFile writes a blinding beside its file, as filePath with
// [BlindingFileSuffix], readable by its owner only (mode 0600; Windows has no such mode),
// and returns that path. When it returns the file is on disk.
//
// Nothing is ever overwritten and no link is followed: the same bytes already there are
// left as they are, other bytes, a link, or anything but a regular file is refused with a
// [*Error].
//
// Source: records contract, section 2.3.
func WriteBlindingFile(filePath string, blinding *Blinding) (string, error) {
	if blinding == nil || !blinding.complete() {
		return "", recordRefused(codeValidation, sentenceNotBlindingFile)
	}
	target := filePath + BlindingFileSuffix
	text := blinding.FileText()
	// What is there may come and go between looking and creating. Whoever does that on
	// purpose gets an error, not a loop.
	for range 3 {
		there, err := sameBlindingFile(target, text)
		if there || err != nil {
			return target, err
		}
		err = createBlindingFile(target, text)
		if !errors.Is(err, fs.ErrExist) {
			return target, err
		}
	}
	return target, fmt.Errorf("record: blinding file: something else keeps creating and removing %s; nothing was written", target)
}

// sameBlindingFile reports whether the target holds these bytes already. It is false
// without an error where there is nothing at the path.
func sameBlindingFile(target string, text []byte) (bool, error) {
	info, err := os.Lstat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("record: blinding file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return false, errNotRegular()
	}
	file, err := openNoFollow(target)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("record: blinding file: %w", err)
	}
	defer file.Close()
	// It may have been exchanged since Lstat; what counts is what was opened.
	if opened, err := file.Stat(); err != nil || !opened.Mode().IsRegular() {
		return false, errNotRegular()
	}
	found, err := io.ReadAll(io.LimitReader(file, maxBlindingFile+1))
	if err != nil {
		return false, fmt.Errorf("record: blinding file: %w", err)
	}
	if !bytes.Equal(found, text) {
		return false, recordRefused(codeValidation, "A different blinding file already exists at this path. Nothing was written.")
	}
	return true, nil
}

func errNotRegular() error {
	return recordRefused(codeValidation, "The path for the blinding file is a link or not a regular file. Nothing was written.")
}

// createBlindingFile writes a file that must not be there yet. Where writing fails it takes
// away again what it made, since half a file would stand in the way of the next try.
func createBlindingFile(target string, text []byte) error {
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY|noFollow, 0o600)
	if err != nil {
		return fmt.Errorf("record: blinding file: %w", err)
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("record: blinding file: %w", errors.Join(err, os.Remove(target)))
	}
	return nil
}
