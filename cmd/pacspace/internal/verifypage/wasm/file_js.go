package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"syscall/js"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage/check"
)

// chunk is how much of a file is asked for at once.
const chunk = 1 << 20

// A file is a File that somebody chose in the page.
type file struct{ value js.Value }

var _ check.Source = (*file)(nil)

func fileOf(v js.Value) *file {
	if !v.Truthy() {
		return nil
	}
	return &file{v}
}

func (f *file) Name() string { return f.value.Get("name").String() }

func (f *file) Open() io.Reader { return bufio.NewReaderSize(&slices{file: f.value}, chunk) }

// slices reads a File slice by slice, through the function read of worker.js.
type slices struct {
	file   js.Value
	offset int
}

func (s *slices) Read(p []byte) (n int, err error) {
	defer func() {
		// A File that was moved or changed since it was chosen is an exception in JavaScript.
		switch e := recover().(type) {
		case nil:
		case js.Error:
			err = fmt.Errorf("the browser cannot read the file any more (%s); choose it again", e.Get("name").String())
		default:
			panic(e)
		}
	}()
	bytes := js.Global().Call("read", s.file, s.offset, len(p))
	n = js.CopyBytesToGo(p, bytes)
	s.offset += n
	if n == 0 {
		err = io.EOF
	}
	if n < bytes.Length() {
		return n, errors.New("the browser gave more of the file than was asked for")
	}
	return n, err
}
