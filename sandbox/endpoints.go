package sandbox

import "slices"

// Endpoint is one route of the API.
type Endpoint struct {
	Method string
	Path   string // a template, with {names} for what is percent-encoded there
	Public bool   // needs no API key
	// Doc is the section of the API contract that describes it.
	Doc string
}

// Endpoints is the whole API that the sandbox serves, in the order of the contract. The
// router is built from this list.
func Endpoints() []Endpoint {
	list := make([]Endpoint, 0, len(routes))
	for _, r := range routes {
		list = append(list, r.Endpoint)
	}
	return slices.Clip(list)
}

// route is an endpoint and what serves it. serve runs with the sandbox's lock held.
type route struct {
	Endpoint
	serve     func(*Sandbox, *call) reply
	keyed     bool // takes an Idempotency-Key
	dashboard bool // takes a dashboard session instead of an API key
}

var routes = []route{
	{Endpoint: Endpoint{"POST", "/api/v1/balance/delta", false, "2.1"}, serve: (*Sandbox).emit, keyed: true},
	{Endpoint: Endpoint{"POST", "/api/v1/balance/delta/batch", false, "2.2"}, serve: (*Sandbox).emitBatch, keyed: true},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/delta/{recordId}", false, "2.4"}, serve: (*Sandbox).deltaStatus},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/derive/{customerId}", false, "2.5"}, serve: (*Sandbox).derive},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/limits", false, "2.6"}, serve: (*Sandbox).limits},
	{Endpoint: Endpoint{"POST", "/api/v1/balance/compare", false, "2.7"}, serve: (*Sandbox).compare},
	{Endpoint: Endpoint{"POST", "/api/v1/balance/checkpoint", false, "2.8"}, serve: (*Sandbox).commitCheckpoint, keyed: true},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/checkpoints", false, "2.8"}, serve: (*Sandbox).listCheckpoints},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/receipt/{customerId}", false, "2.9"}, serve: (*Sandbox).scopedReceipt},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/invoice-proof/{customerId}", false, "2.9"}, serve: (*Sandbox).invoiceProof},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/receipts/{receiptId}", false, "2.9"}, serve: (*Sandbox).receiptDocument},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/customers/{customerId}/receipts", false, "2.9"}, serve: (*Sandbox).listReceipts},
	{Endpoint: Endpoint{"GET", "/api/v1/receipt/{receiptId}", true, "2.9"}, serve: (*Sandbox).publicReceipt},
	{Endpoint: Endpoint{"GET", "/api/v1/receipt/{receiptId}.pdf", true, "2.9"}, serve: (*Sandbox).publicReceiptPDF},
	{Endpoint: Endpoint{"GET", "/api/v1/verify/{proofRoot}", true, "2.10"}, serve: (*Sandbox).publicVerify},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/usage", false, "2.11"}, serve: (*Sandbox).planUsage},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/gaps/{customerId}", false, "2.12"}, serve: (*Sandbox).gaps},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/customers", false, "2.13"}, serve: (*Sandbox).listCustomers},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/customers/summary", false, "2.13"}, serve: (*Sandbox).customersSummary},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/customers/{customerId}", false, "2.13"}, serve: (*Sandbox).customerDetail},
	{Endpoint: Endpoint{"GET", "/api/v1/balance/webhooks", false, "2.14"}, serve: (*Sandbox).listDeliveries},
	{Endpoint: Endpoint{"POST", "/api/v1/balance/webhooks/{eventId}/retry", false, "2.14"}, serve: (*Sandbox).retryDelivery},
	{Endpoint: Endpoint{"POST", "/api/v1/records/{recordType}/{record}/transitions", false, "2.15"}, serve: (*Sandbox).writeEntry},
	{Endpoint: Endpoint{"GET", "/api/v1/records/{recordType}/{record}/receipts/{seq}", false, "2.15"}, serve: (*Sandbox).entryReceipt},
	{Endpoint: Endpoint{"GET", "/api/v1/records/{recordType}/{record}/history", false, "2.15"}, serve: (*Sandbox).recordHistory},
	{Endpoint: Endpoint{"GET", "/api/v1/records/{recordType}/{record}/bundle", false, "2.15"}, serve: (*Sandbox).recordHistory},
	{Endpoint: Endpoint{"POST", "/api/v1/records/{recordType}/{record}/grants", false, "2.15"}, serve: (*Sandbox).createGrant},
	{Endpoint: Endpoint{"GET", "/api/v1/records/{recordType}/{record}/grants", false, "2.15"}, serve: (*Sandbox).listGrants},
	{Endpoint: Endpoint{"POST", "/api/v1/records/{recordType}/{record}/grants/{grantId}/revoke", false, "2.15"}, serve: (*Sandbox).revokeGrant},
	{Endpoint: Endpoint{"POST", "/api/v1/c/{handle}/access/verify", true, "2.15"}, serve: (*Sandbox).verifyAccess},
	{Endpoint: Endpoint{"GET", "/api/v1/c/{handle}/history", true, "2.15"}, serve: (*Sandbox).linkHistory},
	{Endpoint: Endpoint{"GET", "/api/v1/c/{handle}/disclosure", true, "2.15"}, serve: (*Sandbox).linkDisclosure},
	{Endpoint: Endpoint{"POST", "/dashboard/customers", false, "2.16"}, serve: (*Sandbox).createCustomer, dashboard: true},
}
