// Package pgtest starts a private PostgreSQL for tests, or takes the one that
// PACSPACE_TEST_POSTGRES names.
package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Env names the variable that holds the DSN of a server to test with. Its role must be
// allowed to create schemas.
const Env = "PACSPACE_TEST_POSTGRES"

// ErrMissing is returned where there is no PostgreSQL to start.
var ErrMissing = errors.New("pgtest: no PostgreSQL: install Debian's postgresql, or name a server in " + Env)

// Cluster is a running PostgreSQL.
type Cluster struct {
	// DSN connects to it as a role that may do anything.
	DSN string

	dir     string
	process *exec.Cmd
	hold    io.Closer // the cluster ends when this does, even where the test is killed
}

// Start starts a cluster with the given settings, such as "max_connections=200", on a Unix
// socket of its own. It takes a second or two.
func Start(ctx context.Context, settings ...string) (*Cluster, error) {
	if dsn := os.Getenv(Env); dsn != "" {
		return &Cluster{DSN: dsn}, nil
	}
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// A socket's path is short, so that it does not lie in a test's own directory.
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, DSN: "host=" + dir + " user=postgres dbname=postgres sslmode=disable"}
	if err := c.start(ctx, bin, settings); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, bin string, settings []string) error {
	attr, err := unprivileged(c.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, c.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	args := []string{"-c", `"$@" & p=$!; cat >/dev/null; kill -QUIT $p; wait $p`, "sh",
		filepath.Join(bin, "postgres"), "-D", data, "-k", c.dir, "-c", "listen_addresses="}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.process = exec.Command("sh", args...)
	c.process.SysProcAttr, c.process.Dir = attr, c.dir
	c.process.Stdout, c.process.Stderr = log, log
	if c.hold, err = c.process.StdinPipe(); err != nil {
		return err
	}
	if err := c.process.Start(); err != nil {
		c.process = nil
		return err
	}
	return c.wait(ctx, filepath.Join(bin, "pg_isready"))
}

func (c *Cluster) wait(ctx context.Context, isReady string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if exec.CommandContext(ctx, isReady, "-q", "-h", c.dir, "-U", "postgres").Run() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("pgtest: the server did not start: %w: %s", ctx.Err(), bytes.TrimSpace(log))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the cluster and removes it. It does nothing to a server that was named.
func (c *Cluster) Stop() error {
	var err error
	if c.process != nil {
		err = errors.Join(c.hold.Close(), c.process.Wait())
		c.process = nil
	}
	if c.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	return err
}

// binaries is the directory of the newest server that is installed.
func binaries() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	for _, dir := range slices.Backward(dirs) {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if resolved, err := filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(resolved), nil
		}
	}
	return "", ErrMissing
}

// Shared starts one cluster for all tests of a package, when the first of them asks.
type Shared struct {
	Settings []string

	once    sync.Once
	cluster *Cluster
	err     error
}

// DSN returns the cluster's. Where there is no PostgreSQL the test is skipped, unless
// PACSPACE_INTEROP is required: then it fails.
func (s *Shared) DSN(tb testing.TB) string {
	tb.Helper()
	s.once.Do(func() { s.cluster, s.err = Start(context.Background(), s.Settings...) })
	switch {
	case s.err == nil:
		return s.cluster.DSN
	case errors.Is(s.err, ErrMissing) && os.Getenv("PACSPACE_INTEROP") != "required":
		tb.Skip(s.err)
	default:
		tb.Fatal(s.err)
	}
	return ""
}

// Stop ends the cluster, if a test asked for it.
func (s *Shared) Stop() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Stop()
}
