package main

// inOtherSDKs is what an endpoint's method is called in the official SDKs, as Markdown.
type inOtherSDKs struct{ python, typescript string }

const (
	none    = "-"
	unknown = "not known"
)

// names are those of the Python SDK 0.7.0 and, as far as it is documented, of the
// TypeScript SDK, of the endpoints that have one. Source: API contract, sections 2 and 7.
var names = map[string]inOtherSDKs{
	"POST /api/v1/balance/delta":           {"`balance.emit`", "`balance.emit`"},
	"POST /api/v1/balance/delta/batch":     {"inside `balance.flush_summaries`", "`balance.emitBatch`"},
	"GET /api/v1/balance/delta/{recordId}": {"`balance.delta_status`, `balance.get_record_status`, `balance.wait_for_verified`", "`balance.deltaStatus`"},
	"GET /api/v1/balance/derive/{customerId}": {
		"`balance.derive`, `balance.derive_current_month`, `balance.derive_for_period`, `balance.derive_months_back`",
		"`balance.derive`, `balance.deriveCurrentMonth`, `balance.deriveForPeriod`, `balance.deriveMonthsBack`, `balance.deriveDaysBack`",
	},
	"POST /api/v1/balance/compare":                        {"`balance.compare`", "`balance.compare`"},
	"POST /api/v1/balance/checkpoint":                     {"`balance.checkpoint`", "`balance.checkpoint`"},
	"GET /api/v1/balance/checkpoints":                     {"`balance.list_checkpoints`", "`balance.listCheckpoints`"},
	"GET /api/v1/balance/receipt/{customerId}":            {"`balance.receipt` without a scope", "`balance.receipt`"},
	"GET /api/v1/balance/invoice-proof/{customerId}":      {"`balance.invoice_proof`, `balance.receipt` with a scope", unknown},
	"GET /api/v1/balance/receipts/{receiptId}":            {none, "`balance.receipts.get`"},
	"GET /api/v1/balance/customers/{customerId}/receipts": {none, "`balance.receipts.list`"},
	"GET /api/v1/verify/{proofRoot}":                      {"`verify`", unknown},
	"GET /api/v1/balance/usage":                           {"`balance.usage`", unknown},
	"GET /api/v1/balance/gaps/{customerId}":               {"`balance.gaps`", unknown},
	"GET /api/v1/balance/customers":                       {"`balance.customers`", "`balance.customers`"},
	"GET /api/v1/balance/customers/{customerId}":          {"`balance.customer`", "`balance.customer`"},
	"GET /api/v1/balance/webhooks":                        {"`balance.list_webhook_deliveries`", unknown},
	"POST /api/v1/balance/webhooks/{eventId}/retry":       {"`balance.retry_webhook`", unknown},
	"POST /dashboard/customers":                           {"`customers.create`", unknown},

	"POST /api/v1/records/{recordType}/{record}/transitions":             {"`records.emit`", unknown},
	"GET /api/v1/records/{recordType}/{record}/receipts/{seq}":           {"`records.receipt`", unknown},
	"GET /api/v1/records/{recordType}/{record}/history":                  {"`records.history`", unknown},
	"GET /api/v1/records/{recordType}/{record}/bundle":                   {"`records.bundle`", unknown},
	"POST /api/v1/records/{recordType}/{record}/grants":                  {"`records.grants.create`", unknown},
	"GET /api/v1/records/{recordType}/{record}/grants":                   {"`records.grants.list`", unknown},
	"POST /api/v1/records/{recordType}/{record}/grants/{grantId}/revoke": {"`records.grants.revoke`", unknown},
	"POST /api/v1/c/{handle}/access/verify":                              {"inside `records.open`", unknown},
	"GET /api/v1/c/{handle}/history":                                     {"inside `records.open`", unknown},
	"GET /api/v1/c/{handle}/disclosure":                                  {"inside `records.open`", unknown},
}
