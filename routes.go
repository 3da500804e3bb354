package pacspace

// The endpoints of the API, each in one place: how it is called, and what may be sent
// again after a transient failure.
var (
	routeEmit       = route{method: "POST", path: "/api/v1/balance/delta", retry: retryKeyed, doc: "2.1"}
	routeEmitBatch  = route{method: "POST", path: "/api/v1/balance/delta/batch", retry: retryKeyed, doc: "2.2"}
	routeStatus     = route{method: "GET", path: "/api/v1/balance/delta/{recordId}", retry: retryRead, doc: "2.4"}
	routeDerive     = route{method: "GET", path: "/api/v1/balance/derive/{customerId}", retry: retryRead, doc: "2.5"}
	routeLimits     = route{method: "GET", path: "/api/v1/balance/limits", retry: retryRead, doc: "2.6"}
	routeCompare    = route{method: "POST", path: "/api/v1/balance/compare", retry: retryRead, doc: "2.7"}
	routeCheckpoint = route{method: "POST", path: "/api/v1/balance/checkpoint", retry: retryKeyed, doc: "2.8"}

	routeCheckpoints = route{method: "GET", path: "/api/v1/balance/checkpoints", retry: retryRead, doc: "2.8"}

	routeScopedReceipt   = route{method: "GET", path: "/api/v1/balance/receipt/{customerId}", retry: retryRead, doc: "2.9"}
	routeInvoiceProof    = route{method: "GET", path: "/api/v1/balance/invoice-proof/{customerId}", retry: retryRead, doc: "2.9"}
	routeReceiptDocument = route{method: "GET", path: "/api/v1/balance/receipts/{receiptId}", retry: retryRead, doc: "2.9"}
	routeReceipts        = route{method: "GET", path: "/api/v1/balance/customers/{customerId}/receipts", retry: retryRead, doc: "2.9"}

	routePublicReceipt    = route{method: "GET", path: "/api/v1/receipt/{receiptId}", retry: retryRead, public: true, doc: "2.9"}
	routePublicReceiptPDF = route{method: "GET", path: "/api/v1/receipt/{receiptId}.pdf", retry: retryRead, public: true, doc: "2.9"}
	routeVerify           = route{method: "GET", path: "/api/v1/verify/{proofRoot}", retry: retryRead, public: true, doc: "2.10"}

	routeUsage = route{method: "GET", path: "/api/v1/balance/usage", retry: retryRead, doc: "2.11"}
	routeGaps  = route{method: "GET", path: "/api/v1/balance/gaps/{customerId}", retry: retryRead, doc: "2.12"}

	routeCustomers        = route{method: "GET", path: "/api/v1/balance/customers", retry: retryRead, doc: "2.13"}
	routeCustomersSummary = route{method: "GET", path: "/api/v1/balance/customers/summary", retry: retryRead, doc: "2.13"}
	routeCustomer         = route{method: "GET", path: "/api/v1/balance/customers/{customerId}", retry: retryRead, doc: "2.13"}

	routeDeliveries    = route{method: "GET", path: "/api/v1/balance/webhooks", retry: retryRead, doc: "2.14"}
	routeRetryDelivery = route{method: "POST", path: "/api/v1/balance/webhooks/{eventId}/retry", retry: retryNever, doc: "2.14"}

	routeCreateCustomer = route{method: "POST", path: "/dashboard/customers", retry: retryByIdentity, doc: "2.16"}

	routeEmitRecord   = route{method: "POST", path: "/api/v1/records/{recordType}/{record}/transitions", retry: retryByIdentity, doc: "2.15"}
	routeEntryReceipt = route{method: "GET", path: "/api/v1/records/{recordType}/{record}/receipts/{seq}", retry: retryRead, doc: "2.15"}
	routeHistory      = route{method: "GET", path: "/api/v1/records/{recordType}/{record}/history", retry: retryRead, doc: "2.15"}
	routeBundle       = route{method: "GET", path: "/api/v1/records/{recordType}/{record}/bundle", retry: retryRead, doc: "2.15"}

	routeCreateGrant = route{method: "POST", path: "/api/v1/records/{recordType}/{record}/grants", retry: retryNever, doc: "2.15"}
	routeGrants      = route{method: "GET", path: "/api/v1/records/{recordType}/{record}/grants", retry: retryRead, doc: "2.15"}
	routeRevokeGrant = route{method: "POST", path: "/api/v1/records/{recordType}/{record}/grants/{grantId}/revoke", retry: retryByIdentity, doc: "2.15"}

	routeLinkAccess     = route{method: "POST", path: "/api/v1/c/{handle}/access/verify", retry: retryNever, public: true, chainless: true, doc: "2.15"}
	routeLinkHistory    = route{method: "GET", path: "/api/v1/c/{handle}/history", retry: retryRead, public: true, chainless: true, doc: "2.15"}
	routeLinkDisclosure = route{method: "GET", path: "/api/v1/c/{handle}/disclosure", retry: retryRead, public: true, chainless: true, doc: "2.15"}
)
