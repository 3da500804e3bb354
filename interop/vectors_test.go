package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// vector is one case of a vector file: an input and what the official Python SDK made of
// it. Both stay JSON text here, because their shape depends on the file.
type vector struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Input    json.RawMessage `json:"input"`
	Expected json.RawMessage `json:"expected"`
}

// load reads a vector file from the directory that PACSPACE_VECTORS names, else from
// testdata/vectors. A file without cases fails, so that no run can pass on nothing.
func load(t *testing.T, name string) []vector {
	t.Helper()
	dir := os.Getenv("PACSPACE_VECTORS")
	if dir == "" {
		dir = filepath.Join("testdata", "vectors")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	var file struct {
		Cases []vector `json:"cases"`
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Cases, "%s holds no case", name)
	return file.Cases
}

// read decodes one side of a case, with numbers kept as their text.
func read[T any](t *testing.T, data json.RawMessage) T {
	t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}
