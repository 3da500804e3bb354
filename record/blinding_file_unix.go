//go:build unix

package record

import (
	"os"
	"syscall"
)

// noFollow makes opening fail where the path ends in a link.
const noFollow = syscall.O_NOFOLLOW

// openNoFollow opens a regular file for reading. It neither follows a link nor waits for a
// writer, should the file have become one or a pipe.
func openNoFollow(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|noFollow|syscall.O_NONBLOCK, 0)
}
