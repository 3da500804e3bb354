package record_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/record"
)

const (
	notBlindingFile = "This is not a valid blinding file."
	differentFile   = "A different blinding file already exists at this path. Nothing was written."
	notRegularFile  = "The path for the blinding file is a link or not a regular file. Nothing was written."
)

func TestBlindingFileIsWrittenBesideItsFileForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	blinding := exampleBlinding(t)
	path := filepath.Join(t.TempDir(), "report.pdf")
	written, err := record.WriteBlindingFile(path, blinding)
	require.NoError(t, err)
	require.Equal(t, path+".pacspace.json", written)

	text, err := os.ReadFile(written)
	require.NoError(t, err)
	require.Equal(t, `{
  "schema": "pacspace-blinding/v1",
  "alg": "hmac-sha-256",
  "value": "`+exampleValue+`",
  "digest": "53c40272a70c15ca4ee0af4df1f155fd6c41e00ce2307d8987ecd4bb36a7e990",
  "byteLength": "5"
}
`, string(text))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(written)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	}

	read, err := record.ReadBlindingFile(written)
	require.NoError(t, err)
	require.Equal(t, blinding.FileText(), read.FileText())
	fingerprint, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{Blinding: read})
	require.NoError(t, err)
	require.Equal(t, blinding.Ref(), fingerprint.Ref)
}

func TestBlindingFileIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	blinding := exampleBlinding(t)

	t.Run("the same bytes are left as they are, mode too", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "f")
		require.NoError(t, os.WriteFile(path+record.BlindingFileSuffix, blinding.FileText(), 0o444))
		before, err := os.Stat(path + record.BlindingFileSuffix)
		require.NoError(t, err)
		_, err = record.WriteBlindingFile(path, blinding)
		require.NoError(t, err)
		after, err := os.Stat(path + record.BlindingFileSuffix)
		require.NoError(t, err)
		require.Equal(t, before.Mode(), after.Mode())
		require.Equal(t, before.ModTime(), after.ModTime())
	})
	for name, text := range map[string][]byte{
		"another blinding": bytes.Replace(blinding.FileText(), []byte("0001"), []byte("0002"), 1),
		"an empty file":    {},
		"a longer file":    append(blinding.FileText(), '\n'),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "f")
			require.NoError(t, os.WriteFile(path+record.BlindingFileSuffix, text, 0o600))
			_, err := record.WriteBlindingFile(path, blinding)
			recordRefused(t, err, "VALIDATION_ERROR", differentFile)
			found, err := os.ReadFile(path + record.BlindingFileSuffix)
			require.NoError(t, err)
			require.Equal(t, text, append([]byte{}, found...))
		})
	}
	t.Run("a folder is refused", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "f")
		require.NoError(t, os.Mkdir(path+record.BlindingFileSuffix, 0o700))
		_, err := record.WriteBlindingFile(path, blinding)
		recordRefused(t, err, "VALIDATION_ERROR", notRegularFile)
	})
	t.Run("a blinding that is none is refused", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "f")
		for _, none := range []*record.Blinding{nil, {}} {
			_, err := record.WriteBlindingFile(path, none)
			recordRefused(t, err, "VALIDATION_ERROR", notBlindingFile)
		}
		require.NoFileExists(t, path+record.BlindingFileSuffix)
	})
	t.Run("where no file can be made the system says why", func(t *testing.T) {
		t.Parallel()
		_, err := record.WriteBlindingFile(filepath.Join(t.TempDir(), "no", "such", "folder"), blinding)
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

func TestNoLinkIsFollowedWhenWriting(t *testing.T) {
	t.Parallel()
	blinding := exampleBlinding(t)
	for name, to := range map[string]string{"to a file": "elsewhere", "to the same bytes": "same", "to nothing": "nothing"} {
		t.Run("a link "+name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "elsewhere"), []byte("keep me"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "same"), blinding.FileText(), 0o600))
			path := filepath.Join(dir, "f")
			if err := os.Symlink(filepath.Join(dir, to), path+record.BlindingFileSuffix); err != nil {
				require.Equal(t, "windows", runtime.GOOS, "links need a right there: %v", err)
				return
			}
			_, err := record.WriteBlindingFile(path, blinding)
			recordRefused(t, err, "VALIDATION_ERROR", notRegularFile)
			kept, err := os.ReadFile(filepath.Join(dir, "elsewhere"))
			require.NoError(t, err)
			require.Equal(t, "keep me", string(kept))
			require.NoFileExists(t, filepath.Join(dir, "nothing"))
		})
	}
}

func TestManyWritersMakeOneFile(t *testing.T) {
	t.Parallel()
	blinding := exampleBlinding(t)
	path := filepath.Join(t.TempDir(), "f")
	var group sync.WaitGroup
	errs := make(chan error, 16)
	for range cap(errs) {
		group.Go(func() {
			_, err := record.WriteBlindingFile(path, blinding)
			errs <- err
		})
	}
	group.Wait()
	close(errs)
	succeeded := 0
	for err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		// Whoever looks while another is still writing sees half a file, and says so.
		recordRefused(t, err, "VALIDATION_ERROR", differentFile)
	}
	require.Positive(t, succeeded)
	_, err := record.ReadBlindingFile(path + record.BlindingFileSuffix)
	require.NoError(t, err)
}

func TestReadBlindingFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	blinding := exampleBlinding(t)
	t.Run("a missing file is the system's error", func(t *testing.T) {
		t.Parallel()
		_, err := record.ReadBlindingFile(filepath.Join(dir, "missing"))
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("a folder is the system's error", func(t *testing.T) {
		t.Parallel()
		_, err := record.ReadBlindingFile(t.TempDir())
		var path *fs.PathError
		require.ErrorAs(t, err, &path)
	})
	t.Run("a link may be followed", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "to"), blinding.FileText(), 0o600))
		if err := os.Symlink(filepath.Join(dir, "to"), filepath.Join(dir, "from")); err != nil {
			require.Equal(t, "windows", runtime.GOOS, "links need a right there: %v", err)
			return
		}
		_, err := record.ReadBlindingFile(filepath.Join(dir, "from"))
		require.NoError(t, err)
	})
	for name, change := range map[string]func(string) string{
		"Windows line ends": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"no last line end":  func(s string) string { return strings.TrimSuffix(s, "\n") },
		"a byte order mark": func(s string) string { return "\uFEFF" + s },
		"another spacing":   func(s string) string { return strings.ReplaceAll(s, `": "`, `":"`) },
		"an escape":         func(s string) string { return strings.Replace(s, "hmac", `\u0068mac`, 1) },
		"a field twice": func(s string) string {
			return strings.Replace(s, `  "alg"`, "  \"alg\": \"hmac-sha-256\",\n  \"alg\"", 1)
		},
		"another schema":        func(s string) string { return strings.Replace(s, "/v1", "/v2", 1) },
		"a value in upper case": func(s string) string { return strings.Replace(s, exampleValue, strings.ToUpper(exampleValue), 1) },
		"a leading zero":        func(s string) string { return strings.Replace(s, `"5"`, `"05"`, 1) },
		"a size beyond 2^53-1":  func(s string) string { return strings.Replace(s, `"5"`, `"9007199254740992"`, 1) },
		"more than 1024 bytes":  func(s string) string { return s + strings.Repeat(" ", 1024) },
		"nothing":               func(string) string { return "" },
	} {
		t.Run(name+" is no blinding file", func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "f")
			require.NoError(t, os.WriteFile(path, []byte(change(string(blinding.FileText()))), 0o600))
			_, err := record.ReadBlindingFile(path)
			recordRefused(t, err, "VALIDATION_ERROR", notBlindingFile)
			require.NotContains(t, err.Error(), exampleValue)
		})
	}
}

// FuzzParseBlindingFile checks that a text that is read is written again as it was.
func FuzzParseBlindingFile(f *testing.F) {
	f.Add(exampleBlinding(f).FileText())
	f.Add([]byte(`{"schema": "pacspace-blinding/v1"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		blinding, err := record.ParseBlindingFile(text)
		if err != nil {
			recordRefused(t, err, "VALIDATION_ERROR", notBlindingFile)
			return
		}
		require.Equal(t, text, blinding.FileText())
	})
}
