package sqlstore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/stretchr/testify/require"
)

// disk is a disk below SQLite whose every operation a test sees, whose writes can fail, and
// which knows what a power cut would leave.
type disk struct {
	vfs.VFS

	mu     sync.Mutex
	images map[string]*image
	// before is called for each write, truncation and sync, and fails it.
	before func(op string) error
	// during is called in the middle of one, without an error.
	during func()
}

// image is a file as the disk holds it for certain, and what was written since.
type image struct {
	durable []byte
	pending []piece
}

type piece struct {
	at       int64
	data     []byte
	truncate bool
}

var disks atomic.Int64

// newDisk registers a disk under a name for the DSN.
func newDisk(t testing.TB) (d *disk, name string) {
	d = &disk{VFS: vfs.Find("os"), images: map[string]*image{}}
	name = fmt.Sprint("disk-", disks.Add(1))
	vfs.Register(name, d)
	t.Cleanup(func() { vfs.Unregister(name) })
	return d, name
}

func (d *disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := d.VFS.Open(name, flags)
	if err != nil {
		return nil, flags, err
	}
	return d.wrap(f, name), flags, nil
}

func (d *disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(d.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	return d.wrap(f, name.String()), flags, nil
}

func (d *disk) wrap(f vfs.File, name string) vfs.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.images[name] == nil {
		d.images[name] = new(image)
	}
	return &diskFile{File: f, disk: d, image: d.images[name]}
}

func (d *disk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	delete(d.images, name)
	d.mu.Unlock()
	return d.VFS.Delete(name, syncDir)
}

// fails sets what happens to the operations that follow.
func (d *disk) fails(before func(op string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = before
}

// cut writes to dir what the disk would hold after a power cut now: what was synced, and of
// what was not any of its sectors. It is called from within an operation.
func (d *disk) cut(t testing.TB, dir string, random *rand.Rand) {
	const sector = 512
	for name, i := range d.images {
		out := slices.Clone(i.durable)
		for _, p := range i.pending {
			if p.truncate {
				if random.IntN(2) == 0 {
					out = p.apply(out)
				}
				continue
			}
			for part := range slices.Chunk(p.data, sector) {
				if random.IntN(2) == 0 {
					out = piece{at: p.at, data: part}.apply(out)
				}
				p.at += int64(len(part))
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), out, 0o600))
	}
}

func (p piece) apply(to []byte) []byte {
	end := p.at + int64(len(p.data))
	if p.truncate || end > int64(len(to)) {
		to = append(to, make([]byte, max(0, end-int64(len(to))))...)
		to = to[:end]
	}
	copy(to[p.at:], p.data)
	return to
}

type diskFile struct {
	vfs.File
	disk  *disk
	image *image
}

func (f *diskFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }

// do runs an operation on the file below, unless it fails.
func (f *diskFile) do(op string, run func() error, then func()) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.before != nil {
		if err := f.disk.before(op); err != nil {
			return err
		}
	}
	if f.disk.during != nil {
		f.disk.during()
	}
	if err := run(); err != nil {
		return err
	}
	then()
	return nil
}

func (f *diskFile) WriteAt(b []byte, at int64) (n int, err error) {
	err = f.do("write", func() (err error) {
		n, err = f.File.WriteAt(b, at)
		return err
	}, func() {
		f.image.pending = append(f.image.pending, piece{at: at, data: slices.Clone(b)})
	})
	return n, err
}

func (f *diskFile) Truncate(size int64) error {
	return f.do("truncate", func() error { return f.File.Truncate(size) }, func() {
		f.image.pending = append(f.image.pending, piece{at: size, truncate: true})
	})
}

// Sync does not sync the real disk, which is slow and whose power is not cut.
func (f *diskFile) Sync(vfs.SyncFlag) error {
	return f.do("sync", func() error { return nil }, func() {
		for _, p := range f.image.pending {
			f.image.durable = p.apply(f.image.durable)
		}
		f.image.pending = nil
	})
}
