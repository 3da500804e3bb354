package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

// Every endpoint of the list answers a sound request with success, and none is a copy of
// another.
func TestEveryEndpointOfTheListIsServed(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithWebhook(sandbox.Test, "http://127.0.0.1:1/hooks"))
	record := b.emit("acme", "-5", "usage:acme:2026-02-09").at("data.recordId")
	b.verify()
	checkpoint := b.post("/api/v1/balance/checkpoint", `{"customerId":"acme"}`)
	b.verify()
	event := b.Deliveries(sandbox.Test)[0].EventID
	token := "Authorization: Bearer " + b.DashboardToken()

	requests := map[string]response{}
	ask := func(name string, r response) { requests[name] = r }
	ask("POST /api/v1/balance/delta", b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":1,"reason":"r"}`))
	ask("POST /api/v1/balance/delta/batch", b.post("/api/v1/balance/delta/batch", `{"deltas":[{"customerId":"acme","delta":1,"reason":"r"}]}`))
	ask("GET /api/v1/balance/delta/{recordId}", b.get("/api/v1/balance/delta/"+record))
	ask("GET /api/v1/balance/derive/{customerId}", b.get("/api/v1/balance/derive/acme"))
	ask("GET /api/v1/balance/limits", b.get("/api/v1/balance/limits"))
	ask("POST /api/v1/balance/compare", b.post("/api/v1/balance/compare", `{"customerId":"acme","yourBalance":1,"theirBalance":2}`))
	ask("POST /api/v1/balance/checkpoint", checkpoint)
	ask("GET /api/v1/balance/checkpoints", b.get("/api/v1/balance/checkpoints"))
	ask("GET /api/v1/balance/receipt/{customerId}", b.get("/api/v1/balance/receipt/acme"))
	ask("GET /api/v1/balance/invoice-proof/{customerId}", b.get("/api/v1/balance/invoice-proof/acme"))
	ask("GET /api/v1/balance/receipts/{receiptId}", b.get("/api/v1/balance/receipts/"+checkpoint.at("data.checkpointId")))
	ask("GET /api/v1/balance/customers/{customerId}/receipts", b.get("/api/v1/balance/customers/acme/receipts"))
	ask("GET /api/v1/receipt/{receiptId}", b.get("/api/v1/receipt/"+checkpoint.at("data.checkpointId"), "X-Api-Key: "))
	ask("GET /api/v1/receipt/{receiptId}.pdf", b.get("/api/v1/receipt/"+checkpoint.at("data.checkpointId")+".pdf", "X-Api-Key: "))
	ask("GET /api/v1/verify/{proofRoot}", b.get("/api/v1/verify/"+checkpoint.at("data.proofRoot"), "X-Api-Key: "))
	ask("GET /api/v1/balance/usage", b.get("/api/v1/balance/usage"))
	ask("GET /api/v1/balance/gaps/{customerId}", b.get("/api/v1/balance/gaps/acme"))
	ask("GET /api/v1/balance/customers", b.get("/api/v1/balance/customers"))
	ask("GET /api/v1/balance/customers/summary", b.get("/api/v1/balance/customers/summary"))
	ask("GET /api/v1/balance/customers/{customerId}", b.get("/api/v1/balance/customers/acme"))
	ask("GET /api/v1/balance/webhooks", b.get("/api/v1/balance/webhooks"))
	ask("POST /api/v1/balance/webhooks/{eventId}/retry", b.post("/api/v1/balance/webhooks/"+event+"/retry", `{}`))
	ask("POST /api/v1/records/{recordType}/{record}/transitions", b.act("press-4", "a"))
	b.verify()
	grant := b.post(recordPath("press-4", "grants"), `{"kind":"BEARER"}`)
	link, err := b.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4", AccessCode: "A1B2C3", Shown: []sandbox.Shown{{Entry: 1}}})
	require.NoError(t, err)
	shared := "/api/v1/c/" + handleOf(link)
	entered := b.post(shared+"/access/verify", `{"factor":"ACCESS_HINT","value":"A1B2C3"}`, "X-Api-Key: ")
	cookie := "Cookie: " + entered.header.Get("Set-Cookie")
	ask("GET /api/v1/records/{recordType}/{record}/receipts/{seq}", b.get(recordPath("press-4", "receipts/0")))
	ask("GET /api/v1/records/{recordType}/{record}/history", b.get(recordPath("press-4", "history")))
	ask("GET /api/v1/records/{recordType}/{record}/bundle", b.get(recordPath("press-4", "bundle")))
	ask("POST /api/v1/records/{recordType}/{record}/grants", grant)
	ask("GET /api/v1/records/{recordType}/{record}/grants", b.get(recordPath("press-4", "grants")))
	ask("POST /api/v1/records/{recordType}/{record}/grants/{grantId}/revoke", b.post(recordPath("press-4", "grants/"+grant.at("data.grantId")+"/revoke"), `{}`))
	ask("POST /api/v1/c/{handle}/access/verify", entered)
	ask("GET /api/v1/c/{handle}/history", b.get(shared+"/history", "X-Api-Key: ", cookie))
	ask("GET /api/v1/c/{handle}/disclosure", b.get(shared+"/disclosure", "X-Api-Key: ", cookie))
	ask("POST /dashboard/customers", b.post("/dashboard/customers", `{"displayName":"New"}`, token))

	for _, e := range sandbox.Endpoints() {
		name := e.Method + " " + e.Path
		r, asked := requests[name]
		require.True(t, asked, "%s is in the list and not asked here", name)
		require.Less(t, r.status, 300, "%s: %s", name, r.body)
		require.NotEmpty(t, e.Doc, name)
		delete(requests, name)

		if e.Method == "GET" && !e.Public {
			path := strings.NewReplacer("{customerId}", "acme", "{recordId}", "x", "{receiptId}", "x", "{eventId}", "x", "{recordType}", "x", "{record}", "x", "{seq}", "0").Replace(e.Path)
			b.get(path, "X-Api-Key: ").refused(401, "INVALID_API_KEY", "missing")
			r := b.do("DELETE", path, "")
			r.refused(405, "METHOD_NOT_ALLOWED", "Cannot DELETE "+path)
			require.Contains(t, r.header.Get("Allow"), "GET")
		}
	}
	require.Empty(t, requests, "asked here and not in the list")
}

func TestARouteIsFoundByItsEscapedPath(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, c := range []struct {
		name, path string
		status     int
		code       string
	}{
		{"an id with a slash is one id", "/api/v1/balance/delta/a%2Fb", 404, "NOT_FOUND"},
		{"dots are an id and not a way up", "/api/v1/balance/delta/..", 404, "NOT_FOUND"},
		{"a percent sign in an id is not unescaped twice", "/api/v1/balance/derive/a%252Fb", 400, ""},
		{"an id outside the documented letters", "/api/v1/balance/derive/k%C3%BCnde", 400, ""},
		{"the id that is also a route is the route", "/api/v1/balance/customers/summary", 200, ""},
		{"a final slash", "/api/v1/balance/limits/", 404, "NOT_FOUND"},
		{"no id", "/api/v1/balance/derive/", 404, "NOT_FOUND"},
		{"no route", "/api/v1/writes", 404, "NOT_FOUND"},
		{"the root", "/", 404, "NOT_FOUND"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.get(c.path)
			require.Equal(t, c.status, r.status, r.body)
			require.Equal(t, c.code, r.at("error.code"))
		})
	}
}

func TestKeysChooseTheEnvironment(t *testing.T) {
	t.Parallel()
	t.Run("test and live share no data", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		b.emit("acme", "-5", "a")
		b.verify()
		live := "X-Api-Key: " + b.Key(sandbox.Live)
		require.Equal(t, "-5", b.get("/api/v1/balance/derive/acme").at("data.computedBalance"))
		require.Equal(t, "0", b.get("/api/v1/balance/derive/acme", live).at("data.computedBalance"))
	})
	t.Run("a key must be known", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		for _, key := range []string{"", "junk", "pk_test_other", "sk_live_x"} {
			r := b.get("/api/v1/balance/limits", "X-Api-Key: "+key)
			require.Equal(t, 401, r.status)
			require.Equal(t, "INVALID_API_KEY", r.at("error.code"))
		}
	})
	t.Run("any key of the right form may be let in", func(t *testing.T) {
		t.Parallel()
		b := newBox(t, sandbox.AnyKey())
		require.Equal(t, 200, b.get("/api/v1/balance/limits", "X-Api-Key: pk_live_whatever").status)
		b.get("/api/v1/balance/limits", "X-Api-Key: whatever").refused(401, "INVALID_API_KEY", "not valid")
	})
	t.Run("a key can be added and revoked while requests go on", func(t *testing.T) {
		t.Parallel()
		b := newBox(t, sandbox.WithAPIKey("pk_test_first.x"))
		require.Equal(t, "pk_test_first.x", b.Key(sandbox.Test))
		require.NoError(t, b.AddKey("pk_test_second.x"))
		require.Error(t, b.AddKey("junk"))
		require.Equal(t, 200, b.get("/api/v1/balance/limits", "X-Api-Key: pk_test_second.x").status)
		b.RevokeKey("pk_test_second.x")
		require.Equal(t, 401, b.get("/api/v1/balance/limits", "X-Api-Key: pk_test_second.x").status)
	})
	t.Run("a live key on a host for tests", func(t *testing.T) {
		t.Parallel()
		b := newBox(t, sandbox.TestOnlyHost())
		b.get("/api/v1/balance/limits", "X-Api-Key: "+b.Key(sandbox.Live)).refused(403, "API_KEY_ENVIRONMENT_HOST_MISMATCH", "pk_live_")
		require.Equal(t, 200, b.get("/api/v1/balance/limits").status)
	})
	t.Run("an environment that was never provisioned", func(t *testing.T) {
		t.Parallel()
		b := newBox(t, sandbox.Unprovisioned(sandbox.Test))
		b.get("/api/v1/balance/limits").refused(412, "CONTRACT_NOT_DEPLOYED", "test")
	})
}

func TestABodyIsAJSONObjectOfBoundedSize(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.MaxBody(200))
	for _, c := range []struct {
		name, body, contentType string
		status                  int
		code                    string
	}{
		{"not JSON", `{"customerId":`, "application/json", 400, ""},
		{"an array", `[]`, "application/json", 400, ""},
		{"nothing", ``, "application/json", 400, ""},
		{"not UTF-8", "{\"customerId\":\"\xff\"}", "application/json", 400, ""},
		{"two objects", `{} {}`, "application/json", 400, ""},
		{"a form", `a=b`, "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"no content type", `{}`, "", 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"too long", `{"reason":"` + strings.Repeat("x", 200) + `"}`, "application/json", 413, "PAYLOAD_TOO_LARGE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.post("/api/v1/balance/delta", c.body, "Content-Type: "+c.contentType)
			require.Equal(t, c.status, r.status, r.body)
			require.Equal(t, c.code, r.at("error.code"))
		})
	}
	require.Empty(t, b.Recorded(sandbox.Test, ""))
}
