package sqlstore

// agentTables are the tables of package reconcile. What is looked for has a column; the rest
// of a row is its JSON, which a newer release reads as well.
var agentTables = component{name: "reconcile", migrations: []migration{{
	sqlite: []string{
		`CREATE TABLE agent_setting (
			name  text NOT NULL PRIMARY KEY,
			value text NOT NULL
		) WITHOUT ROWID`,
		`CREATE TABLE agent_event (
			event_id    text NOT NULL PRIMARY KEY,
			delivery_id text NOT NULL,
			type        text NOT NULL,
			body        blob NOT NULL,
			received    text NOT NULL,
			state       text NOT NULL,
			error       text NOT NULL
		)`,
		`CREATE TABLE agent_account (
			customer_id text NOT NULL PRIMARY KEY,
			doc         text NOT NULL
		) WITHOUT ROWID`,
		`CREATE TABLE agent_delta (
			customer_id text NOT NULL,
			name        text NOT NULL,
			n           integer NOT NULL,
			day         text,
			recorded_at text,
			proof_hash  text NOT NULL,
			record_id   text NOT NULL,
			doc         text NOT NULL,
			PRIMARY KEY (customer_id, name, n)
		)`,
		`CREATE TABLE agent_check (
			customer_id text NOT NULL,
			period      text NOT NULL,
			due         text,
			report      text NOT NULL,
			PRIMARY KEY (customer_id, period)
		)`,
		`CREATE TABLE agent_mismatch (
			mismatch_id text NOT NULL PRIMARY KEY,
			customer_id text NOT NULL,
			period      text NOT NULL,
			state       text NOT NULL,
			untold      integer NOT NULL,
			not_before  text NOT NULL,
			doc         text NOT NULL
		)`,
		eventPending, eventUnread, eventDelivery, agentDeltaDay, agentDeltaRecorded, agentDeltaProof, agentDeltaRecord,
		checkDue, checkPeriod, mismatchUntold, mismatchAccount,
	},
	postgres: []string{
		`CREATE TABLE agent_setting (
			name  text COLLATE "C" NOT NULL PRIMARY KEY,
			value text NOT NULL
		)`,
		`CREATE TABLE agent_event (
			event_id    text COLLATE "C" NOT NULL PRIMARY KEY,
			delivery_id text COLLATE "C" NOT NULL,
			type        text NOT NULL,
			body        bytea NOT NULL,
			received    timestamptz NOT NULL,
			state       text COLLATE "C" NOT NULL,
			error       text NOT NULL
		)`,
		`CREATE TABLE agent_account (
			customer_id text COLLATE "C" NOT NULL PRIMARY KEY,
			doc         text NOT NULL
		) WITH (fillfactor = 50)`,
		`CREATE TABLE agent_delta (
			customer_id text COLLATE "C" NOT NULL,
			name        text COLLATE "C" NOT NULL,
			n           bigint NOT NULL,
			day         date,
			recorded_at timestamptz,
			proof_hash  text COLLATE "C" NOT NULL,
			record_id   text COLLATE "C" NOT NULL,
			doc         text NOT NULL,
			PRIMARY KEY (customer_id, name, n)
		)`,
		`CREATE TABLE agent_check (
			customer_id text COLLATE "C" NOT NULL,
			period      text COLLATE "C" NOT NULL,
			due         timestamptz,
			report      text NOT NULL,
			PRIMARY KEY (customer_id, period)
		)`,
		`CREATE TABLE agent_mismatch (
			mismatch_id text COLLATE "C" NOT NULL PRIMARY KEY,
			customer_id text COLLATE "C" NOT NULL,
			period      text COLLATE "C" NOT NULL,
			state       text COLLATE "C" NOT NULL,
			untold      boolean NOT NULL,
			not_before  timestamptz NOT NULL,
			doc         text NOT NULL
		)`,
		eventPending, eventUnread, eventDelivery, agentDeltaDay, agentDeltaRecorded, agentDeltaProof, agentDeltaRecord,
		checkDue, checkPeriod, mismatchUntold, mismatchAccount,
	},
}}}

const (
	eventPending       = `CREATE INDEX agent_event_pending ON agent_event (received, event_id) WHERE state = 'pending'`
	eventUnread        = `CREATE INDEX agent_event_unread ON agent_event (event_id) WHERE state = 'unread'`
	eventDelivery      = `CREATE INDEX agent_event_delivery ON agent_event (delivery_id) WHERE delivery_id <> ''`
	agentDeltaDay      = `CREATE INDEX agent_delta_day ON agent_delta (customer_id, day)`
	agentDeltaRecorded = `CREATE INDEX agent_delta_recorded ON agent_delta (customer_id, recorded_at)`
	agentDeltaProof    = `CREATE INDEX agent_delta_proof ON agent_delta (proof_hash) WHERE proof_hash <> ''`
	agentDeltaRecord   = `CREATE INDEX agent_delta_record ON agent_delta (customer_id, record_id) WHERE record_id <> ''`
	checkDue           = `CREATE INDEX agent_check_due ON agent_check (due, customer_id, period) WHERE due IS NOT NULL`
	checkPeriod        = `CREATE INDEX agent_check_period ON agent_check (period, customer_id)`
	mismatchUntold     = `CREATE INDEX agent_mismatch_untold ON agent_mismatch (mismatch_id) WHERE untold`
	mismatchAccount    = `CREATE INDEX agent_mismatch_account ON agent_mismatch (customer_id, period)`
)
