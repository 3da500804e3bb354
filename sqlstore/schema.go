package sqlstore

// meterTables are the tables of package metering. The names of tables and columns are the
// same in both databases.
//
// In PostgreSQL names sort by bytes, as they do in SQLite and in Go: pages and locks follow
// that order. meter_bucket is written at every event, so half of each page is left free and
// no column that an event changes is in an index, which keeps such updates on their page.
// due changes only when a bucket opens and closes.
var meterTables = component{name: "metering", migrations: []migration{{
	sqlite: []string{
		// arrived is in minutes since 1970, which is enough to forget by.
		`CREATE TABLE meter_seen (
			id          blob NOT NULL PRIMARY KEY,
			arrived     integer NOT NULL,
			fingerprint integer NOT NULL
		) WITHOUT ROWID`,
		`CREATE TABLE meter_setting (
			name  text NOT NULL PRIMARY KEY,
			value text NOT NULL
		) WITHOUT ROWID`,
		`CREATE TABLE meter_account (
			customer_id text NOT NULL PRIMARY KEY,
			resource    text NOT NULL,
			unit        text NOT NULL
		) WITHOUT ROWID`,
		`CREATE TABLE meter_bucket (
			customer_id text NOT NULL,
			day         text NOT NULL,
			totals      integer NOT NULL DEFAULT 0,
			generation  integer NOT NULL DEFAULT 0,
			open        text NOT NULL,
			count       integer NOT NULL,
			dimensions  text NOT NULL DEFAULT '{}',
			first_at    text,
			last_at     text,
			metadata    blob,
			due         text,
			frozen      text NOT NULL DEFAULT '0',
			base        text NOT NULL DEFAULT '',
			PRIMARY KEY (customer_id, day)
		) WITHOUT ROWID`,
		`CREATE INDEX meter_bucket_day ON meter_bucket (day, customer_id)`,
		`CREATE INDEX meter_bucket_due ON meter_bucket (due, customer_id, day) WHERE due IS NOT NULL`,
		`CREATE INDEX meter_bucket_totals ON meter_bucket (customer_id, day) WHERE totals`,
		asideTable,
		`CREATE TABLE meter_delta (
			reference_id text NOT NULL PRIMARY KEY,
			customer_id  text NOT NULL,
			day          text NOT NULL,
			generation   integer NOT NULL,
			adjusts      text NOT NULL,
			amount       text NOT NULL,
			body         blob NOT NULL,
			key          text NOT NULL,
			batch_id     text NOT NULL,
			state        text NOT NULL,
			attempts     integer NOT NULL,
			first_sent   text,
			not_before   text NOT NULL,
			error_code   text NOT NULL,
			note         text NOT NULL,
			record_id    text NOT NULL,
			receipt_id   text NOT NULL,
			content_hash text NOT NULL,
			created_at   text NOT NULL,
			updated_at   text NOT NULL
		)`,
		`CREATE TABLE meter_batch (
			batch_id   text NOT NULL PRIMARY KEY,
			key        text NOT NULL,
			body       blob NOT NULL,
			single     integer NOT NULL,
			count      integer NOT NULL,
			done       integer NOT NULL,
			attempts   integer NOT NULL,
			first_sent text,
			unknown    integer NOT NULL,
			not_before text NOT NULL,
			owner      text NOT NULL,
			epoch      integer NOT NULL,
			lease_end  text NOT NULL,
			created_at text NOT NULL
		)`,
		deltaReady, deltaDay, deltaBatch, deltaRecord, deltaState, batchOpen,
	},
	postgres: []string{
		`CREATE TABLE meter_seen (
			fingerprint bigint NOT NULL,
			arrived     integer NOT NULL,
			id          bytea NOT NULL PRIMARY KEY
		)`,
		`CREATE INDEX meter_seen_arrived ON meter_seen (arrived)`,
		`CREATE TABLE meter_setting (
			name  text COLLATE "C" NOT NULL PRIMARY KEY,
			value text NOT NULL
		)`,
		`CREATE TABLE meter_account (
			customer_id text COLLATE "C" NOT NULL PRIMARY KEY,
			resource    text NOT NULL,
			unit        text NOT NULL
		)`,
		`CREATE TABLE meter_bucket (
			customer_id text COLLATE "C" NOT NULL,
			day         date NOT NULL,
			totals      boolean NOT NULL DEFAULT false,
			generation  bigint NOT NULL DEFAULT 0,
			open        numeric NOT NULL,
			count       bigint NOT NULL,
			dimensions  jsonb NOT NULL DEFAULT '{}',
			first_at    timestamptz,
			last_at     timestamptz,
			metadata    bytea,
			due         timestamptz,
			frozen      numeric NOT NULL DEFAULT 0,
			base        text COLLATE "C" NOT NULL DEFAULT '',
			PRIMARY KEY (customer_id, day)
		) WITH (fillfactor = 50)`,
		`CREATE INDEX meter_bucket_day ON meter_bucket (day, customer_id)`,
		`CREATE INDEX meter_bucket_due ON meter_bucket (due, customer_id, day) WHERE due IS NOT NULL`,
		`CREATE TABLE meter_delta (
			reference_id text COLLATE "C" NOT NULL PRIMARY KEY,
			customer_id  text COLLATE "C" NOT NULL,
			day          date NOT NULL,
			generation   bigint NOT NULL,
			adjusts      text NOT NULL,
			amount       numeric NOT NULL,
			body         bytea NOT NULL,
			key          text NOT NULL,
			batch_id     text COLLATE "C" NOT NULL,
			state        text COLLATE "C" NOT NULL,
			attempts     bigint NOT NULL,
			first_sent   timestamptz,
			not_before   timestamptz NOT NULL,
			error_code   text NOT NULL,
			note         text NOT NULL,
			record_id    text COLLATE "C" NOT NULL,
			receipt_id   text NOT NULL,
			content_hash text NOT NULL,
			created_at   timestamptz NOT NULL,
			updated_at   timestamptz NOT NULL
		)`,
		`CREATE TABLE meter_batch (
			batch_id   text COLLATE "C" NOT NULL PRIMARY KEY,
			key        text NOT NULL,
			body       bytea NOT NULL,
			single     boolean NOT NULL,
			count      bigint NOT NULL,
			done       boolean NOT NULL,
			attempts   bigint NOT NULL,
			first_sent timestamptz,
			unknown    boolean NOT NULL,
			not_before timestamptz NOT NULL,
			owner      text NOT NULL,
			epoch      bigint NOT NULL,
			lease_end  timestamptz NOT NULL,
			created_at timestamptz NOT NULL
		)`,
		deltaReady, deltaDay, deltaBatch, deltaRecord, deltaState, batchOpen,
	},
}}}

const (
	deltaReady  = `CREATE INDEX meter_delta_ready ON meter_delta (state, not_before, reference_id)`
	deltaDay    = `CREATE INDEX meter_delta_day ON meter_delta (customer_id, day)`
	deltaBatch  = `CREATE INDEX meter_delta_batch ON meter_delta (batch_id, reference_id) WHERE batch_id <> ''`
	deltaRecord = `CREATE INDEX meter_delta_record ON meter_delta (record_id) WHERE record_id <> ''`
	deltaState  = `CREATE INDEX meter_delta_state ON meter_delta (state, reference_id, created_at)`
	batchOpen   = `CREATE INDEX meter_batch_open ON meter_batch (unknown DESC, created_at, batch_id) WHERE NOT done`
)
