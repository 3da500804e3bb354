package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// input is a file that is read, or the standard input for the name "-".
type input struct {
	io.Reader
	name  string
	close func()
}

func (a *app) open(name string) (*input, error) {
	if name == "-" {
		if a.stdinTaken {
			return nil, errors.New("the standard input can be read once; name a file in place of one -")
		}
		a.stdinTaken = true
		return &input{Reader: a.Stdin, name: "standard input", close: func() {}}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		f.Close()
		return nil, err
	case info.IsDir():
		f.Close()
		return nil, fmt.Errorf("%s is a directory; name a file", name)
	}
	r, done := a.withProgress(f, name, info.Size())
	return &input{Reader: r, name: name, close: func() { done(); f.Close() }}, nil
}

// readWhole reads a file of at most limit bytes.
func (a *app) readWhole(name string, limit int64) ([]byte, error) {
	in, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer in.close()
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", in.name, err)
	case int64(len(b)) > limit:
		return nil, fmt.Errorf("%s has more than %d bytes; is it the right file?", in.name, limit)
	}
	return b, nil
}

const maxJSONFile = 64 << 20

// readJSON reads one JSON value of known fields. Numbers that go into an any stay exact.
func (a *app) readJSON(name string, into any) error {
	b, err := a.readWhole(name, maxJSONFile)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading %s: there is more than one JSON value", name)
	}
	return nil
}

// secretMode is for files that grant something: only their owner may read them.
const (
	secretMode = 0o600
	plainMode  = 0o644
)

// save writes a file that appears whole or not at all. Without replace an older one stays
// and is an error.
func save(name string, mode os.FileMode, replace bool, write func(io.Writer) error) (err error) {
	if _, missing := os.Lstat(name); !replace && missing == nil {
		return fmt.Errorf("%s exists; name another file, or say --force to replace it", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".pacspace-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func saveBytes(name string, mode os.FileMode, replace bool, b []byte) error {
	return save(name, mode, replace, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// output writes to the file of a --output flag, or to the standard output without one.
func (a *app) output(name string, mode os.FileMode, force bool, write func(io.Writer) error) error {
	if name == "" || name == "-" {
		return write(a.Stdout)
	}
	return save(name, mode, force, write)
}
