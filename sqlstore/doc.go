// Package sqlstore keeps what packages metering and reconcile must not lose in SQLite or
// PostgreSQL.
//
// It takes an open *sql.DB and brings no driver: import the one you like. SQLite is tested
// with modernc.org/sqlite, PostgreSQL (15 or newer) with github.com/jackc/pgx/v5/stdlib.
//
//	db, err := sql.Open("sqlite", "meter.db")
//	store, err := sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest)
//	agentStore, err := store.Agent(ctx) // of package reconcile, in the same database
//
// One file serves one machine; replicas on several share a PostgreSQL. The tables are
// created and brought up to date when a store is opened, names begin with meter_,
// agent_ and pacspace_, and times are kept to the microsecond.
//
// # What is durable
//
// What a method returned without error survives a crash of the process and a power cut of
// the machine, as far as the disk does what it is told. A store therefore refuses a
// database whose settings break that: SQLite must write ahead and sync each commit, which
// the store sets on its own connection and reads back; PostgreSQL must have fsync,
// full_page_writes and synchronous_commit on. PostgreSQL's asynchronous replicas lose
// acknowledged events when they take over; name them in synchronous_standby_names. SQLite
// belongs on a local disk: network file systems do not lock and sync as it needs.
//
// # Clock
//
// PostgreSQL's own clock decides for all replicas. SQLite has the process clock, and keeps
// the latest time at which something was written, so that a clock that is set back does not
// open again what was closed.
package sqlstore
