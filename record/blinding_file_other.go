//go:build !unix

package record

import "os"

// noFollow has no meaning here: a file is created only where nothing is, not even a link.
const noFollow = 0

func openNoFollow(path string) (*os.File, error) { return os.Open(path) }
