package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// bound reads the same bytes and hashes what must be hashed, by the kernel that we ship and
// on all cores, and does nothing else: no verifier can be faster with this kernel. The
// leaves are hashed from the lines and the tree from them, so that the root shows that the
// work was done.
func bound(r io.Reader) error {
	var (
		mu     sync.Mutex // over r, carry, chunks
		carry  []byte
		chunks [][][keccak.Size]byte
		ended  bool
		group  sync.WaitGroup
		last   []byte
	)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			buf := make([]byte, 0, 256<<10)
			var batch keccak.Batch
			for {
				mu.Lock()
				if ended {
					mu.Unlock()
					return
				}
				buf = append(buf[:0], carry...)
				n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
				buf = buf[:len(buf)+n]
				cut := bytes.LastIndexByte(buf, '\n') + 1
				carry = append(carry[:0], buf[cut:]...)
				ended = err != nil
				if ended {
					last = bytes.Clone(buf[:cut])
				}
				buf = buf[:cut]
				at := len(chunks)
				leaves := make([][keccak.Size]byte, bytes.Count(buf, []byte{'\n'}))
				chunks = append(chunks, nil)
				mu.Unlock()
				i := 0
				for rest := buf; len(rest) > 0; {
					end := bytes.IndexByte(rest, '\n') + 1
					if start := bytes.Index(rest[:40], []byte(`"item":`)) + len(`"item":`); bytes.HasPrefix(rest, []byte(`{"sequence"`)) {
						length := bytes.Index(rest[start:end], []byte(`,"recordId"`))
						message := batch.Next(len(itemLabel)+length, &leaves[i])
						copy(message[copy(message, itemLabel):], rest[start:])
						i++
					}
					rest = rest[end:]
				}
				batch.Flush()
				mu.Lock()
				chunks[at] = leaves[:i]
				mu.Unlock()
			}
		})
	}
	group.Wait()
	level := make([][keccak.Size]byte, 0, 1024)
	var tops [][keccak.Size]byte
	var batch keccak.Batch
	for _, c := range chunks {
		for len(c) > 0 {
			n := min(len(c), cap(level)-len(level))
			level, c = append(level, c[:n]...), c[n:]
			if len(level) == cap(level) {
				tops = append(tops, reduce(&batch, level))
				level = level[:0]
			}
		}
	}
	if len(level) > 0 {
		// The last node is paired with itself up to the level of the others, if there are any.
		for height := 0; len(level) > 1 || len(tops) > 0 && height < 10; height++ {
			level = pair(&batch, level)
		}
		tops = append(tops, level[0])
	}
	root := reduce(&batch, tops)
	if !bytes.Contains(last, []byte(hex.EncodeToString(root[:]))) {
		return errors.New("the root is not that of the file")
	}
	return nil
}

const (
	itemLabel = "pacspace:item:v1:"
	nodeLabel = "pacspace:node:v1:"
)

func reduce(batch *keccak.Batch, level [][keccak.Size]byte) [keccak.Size]byte {
	for len(level) > 1 {
		level = pair(batch, level)
	}
	return level[0]
}

func pair(batch *keccak.Batch, level [][keccak.Size]byte) [][keccak.Size]byte {
	n := (len(level) + 1) / 2
	next := make([][keccak.Size]byte, n)
	for i := range n {
		message := batch.Next(len(nodeLabel)+2*66, &next[i])
		at := copy(message, nodeLabel)
		for _, child := range [][keccak.Size]byte{level[2*i], level[min(2*i+1, len(level)-1)]} {
			at += copy(message[at:], "0x")
			at += hex.Encode(message[at:], child[:])
		}
	}
	batch.Flush()
	return next
}
