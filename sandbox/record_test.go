package sandbox_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
)

func recordPath(record, rest string) string {
	return "/api/v1/records/machine-action-record/" + record + "/" + rest
}

const (
	anyPayload = `{"alg":"sha-256","digest":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","byteLength":"5"}`
	anyAction  = `{"title":"Press paused","occurredAt":"2026-02-10T11:59:00Z","actorId":"agent-7","note":"guard open","payloads":[` + anyPayload + `]}`
)

// write writes an entry of a record.
func (b *box) write(record, lifecycle, content, reference string) response {
	b.t.Helper()
	body := fmt.Sprintf(`{"lifecycle":%q,"content":%s}`, lifecycle, content)
	if reference != "" {
		body = fmt.Sprintf(`{"lifecycle":%q,"content":%s,"referenceId":%q}`, lifecycle, content, reference)
	}
	return b.post(recordPath(record, "transitions"), body)
}

// act writes an entry that must be taken.
func (b *box) act(record, reference string) response {
	b.t.Helper()
	r := b.write(record, "recorded", anyAction, reference)
	require.Equal(b.t, 200, r.status, r.body)
	return r
}

func handleOf(link string) string {
	link, _, _ = strings.Cut(link, "#")
	return link[strings.LastIndexByte(link, '/')+1:]
}

func TestAnEntryIsQueuedThenCommitted(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	r := b.act("press-4", "a")
	require.Equal(t, "QUEUED", r.at("data.status"))
	require.Equal(t, "machine-action-record", r.at("data.recordType"))
	require.Equal(t, "press-4", r.at("data.entityId"))
	require.NotEmpty(t, r.at("data.receiptId"))

	history := b.get(recordPath("press-4", "history"))
	require.Equal(t, "queued", history.at("entries.0.status"))
	require.Equal(t, "0", history.at("pendingEntries.0.seq"))
	require.Equal(t, "[]", history.at("receipts"))
	require.Equal(t, "queued", b.get(recordPath("press-4", "receipts/0")).at("data.receipt.status"))

	b.verify()
	history = b.get(recordPath("press-4", "history"))
	require.Equal(t, "record-history-bundle/v2", history.at("schema"))
	require.Equal(t, "committed", history.at("entries.0.status"))
	require.Equal(t, "[]", history.at("pendingEntries"))
	receipt := b.get(recordPath("press-4", "receipts/0"))
	require.Equal(t, history.at("receipts.0"), receipt.at("data.receipt"))
	require.Equal(t, r.at("data.recordKey"), receipt.at("data.receipt.recordKey"))
	require.Equal(t, history.body, b.get(recordPath("press-4", "bundle")).body)
}

// The receipt carries all that its seal is made of, by the published formulas.
func TestAReceiptCanBeCheckedByTheFormulas(t *testing.T) {
	t.Parallel()
	for version, name := range map[sealed.Version]string{sealed.V2: "leaves", sealed.V3: "items"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, sandbox.RecordHash(version))
			b.act("press-4", "a")
			b.act("press-4", "b")
			b.verify()
			previous := "0x" + strings.Repeat("0", 64)
			for seq := range 2 {
				var r struct {
					Seq           uint32
					Layout        sealed.LayoutRef
					LayoutID      uint16 `json:"layoutId"`
					LayoutVersion uint8
					LayoutDigest  sealed.Hash
					RecordOpening sealed.Hash
					PreviousWord  string
					NewWord       sealed.Word
					Leaves        []sealed.Hash
					Items         []sealed.Item
					Revealed      []sealed.Leaf
				}
				served := b.get(recordPath("press-4", fmt.Sprintf("receipts/%d", seq)))
				require.NoError(t, json.Unmarshal([]byte(served.at("data.receipt")), &r))
				require.Equal(t, previous, r.PreviousWord)
				previous = r.NewWord.String()

				var hash sealed.Hash
				var err error
				if version == sealed.V2 {
					hash, err = sealed.RecordHashV2(r.Leaves)
				} else {
					hash, err = sealed.RecordHashV3(r.Items)
				}
				require.NoError(t, err)
				require.Len(t, r.Revealed, 5)
				for _, leaf := range r.Revealed {
					leafHash, err := version.LeafHash(leaf.Pointer, leaf.Value, leaf.Salt)
					require.NoError(t, err)
					require.Contains(t, served.body, leafHash.String(), leaf.Pointer)
				}
				state := r.NewWord.State()
				input, err := version.SealInput(hash)
				require.NoError(t, err)
				layout := sealed.LayoutRef{ID: r.LayoutID, Version: r.LayoutVersion, Digest: r.LayoutDigest}
				require.Equal(t, r.NewWord, sealed.NewWord(state, sealed.Seal(layout, state, input, r.RecordOpening)))
				require.Equal(t, fmt.Sprintf("0x6010100%06x00000000", seq), state.String(), "layout 6, version 1, recorded, no flags, seq, reserved")
			}
		})
	}
}

func TestIntakeRefusesByTheOfficialRules(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, c := range []struct{ name, lifecycle, content, code, message string }{
		{"no content", "recorded", `null`, "RECORD_CONTENT_INVALID", "content must be an object"},
		{"no title", "recorded", `{}`, "RECORD_CONTENT_INVALID", "content.title is required by record-content/machine-action-record/v1"},
		{"no payload", "recorded", strings.Replace(anyAction, anyPayload, "", 1), "RECORD_PAYLOADS_REQUIRED", "content.payloads must carry at least 1 payload-ref/v1"},
		{"a long title", "recorded", strings.Replace(anyAction, "Press paused", strings.Repeat("x", 121), 1), "RECORD_TITLE_TOO_LONG", "longer than 120 characters"},
		{"another algorithm", "recorded", strings.Replace(anyAction, "sha-256", "md5", 1), "RECORD_PAYLOAD_ALG_UNSUPPORTED", "use one of sha-256, hmac-sha-256"},
		{"blinding material", "recorded", strings.Replace(anyAction, `"note"`, `"x":{"schema":"pacspace-blinding/v1"},"note"`, 1), "RECORD_BLINDING_INCLUDED", "This write includes a blinding file"},
		{"another lifecycle", "done", anyAction, "RECORD_STATE_UNKNOWN", "lifecycle=done is not in the layout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.write("press-4", c.lifecycle, c.content, "").refused(400, c.code, c.message)
		})
	}
	t.Run("no lifecycle at all", func(t *testing.T) {
		b.post(recordPath("press-4", "transitions"), `{"content":`+anyAction+`}`).refused(400, "RECORD_STATE_UNKNOWN", "lifecycle=undefined is not in the layout")
	})
	t.Run("what is no write", func(t *testing.T) {
		write := func(body string) response { return b.post(recordPath("press-4", "transitions"), body) }
		write(`{"lifecycle":5,"content":`+anyAction+`}`).refused(400, "RECORD_STATE_UNKNOWN", "lifecycle=5 is not in the layout")
		write(`{"lifecycle":"recorded","content":{"x":1e999}}`).refused(400, "RECORD_CONTENT_INVALID", "no canonical form")
		write(`{"lifecycle":"recorded"}`).refused(400, "RECORD_CONTENT_INVALID", "content must be an object")
		require.Equal(t, 400, write(`{"lifecycle":"recorded","content":`+anyAction+`,"referenceId":5}`).status)
	})
	t.Run("a type without a layout", func(t *testing.T) {
		b.post("/api/v1/records/diary/x/transitions", `{"lifecycle":"recorded","content":{}}`).refused(404, "NOT_FOUND", "No layout")
	})
	b.get(recordPath("press-4", "history")).refused(404, "NOT_FOUND", "Record not found")
}

func TestAReferenceIDCountsOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.act("press-4", "a")
	require.Equal(t, first.body, b.act("press-4", "a").body)
	b.write("press-4", "recorded", strings.Replace(anyAction, "paused", "resumed", 1), "a").refused(409, "IDEMPOTENCY_CONFLICT", "different entry")
	require.NotEqual(t, first.at("data.receiptId"), b.act("press-5", "a").at("data.receiptId"), "of another record")
	require.NotEqual(t, first.at("data.receiptId"), b.act("press-4", "").at("data.receiptId"))
	b.verify()
	require.Empty(t, b.get(recordPath("press-4", "history")).at("entries.2"))

	repeat := newBox(t, sandbox.ReferencesRepeat())
	require.NotEqual(t, repeat.act("press-4", "a").body, repeat.act("press-4", "a").body)
}

func TestLifecycles(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, lifecycle := range []string{"amended", "recorded", "closed", "amended"} {
		r := b.write("press-4", lifecycle, anyAction, "")
		require.Equal(t, 200, r.status, r.body)
	}
	b.verify()
	history := b.get(recordPath("press-4", "history"))
	check, err := record.CheckHistory([]byte(history.body))
	require.NoError(t, err)
	require.False(t, check.OK)
	require.Equal(t, "A record opens with recorded; amended and closed come after it.", check.Reason)
	var kinds []string
	for _, e := range check.Entries {
		kinds = append(kinds, fmt.Sprintf("%d %s %s %s", e.Entry, e.Status, e.Kind, e.Code))
	}
	require.Equal(t, []string{
		"1 failed  RECORD_GENESIS_MISMATCH", "1 committed transition ", "2 committed transition ", "3 committed attempt ",
	}, kinds)
	require.Contains(t, history.at("receipts.2.revealed"), `"pointer":"/attemptedTarget","salt"`)
	require.True(t, strings.HasPrefix(history.at("receipts.2.newWord"), "0x0006010301000002"), "closed stays, and a flag says so: %s", history.at("receipts.2.newWord"))
}

func TestHistoriesHavePages(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.RecordPage(2))
	b.write("press-4", "closed", anyAction, "") // fails, and shares its seq with the next
	for range 4 {
		b.act("press-4", "")
	}
	seqs := func(r response) string {
		var text []string
		for i := range 9 {
			if seq := r.at(fmt.Sprintf("entries.%d.seq", i)); seq != "" {
				text = append(text, seq)
			}
		}
		return strings.Join(text, " ") + " next " + r.header.Get("X-Next-From-Seq")
	}
	require.Equal(t, "0 0 next 1", seqs(b.get(recordPath("press-4", "history"))))
	require.Equal(t, "1 2 next 3", seqs(b.get(recordPath("press-4", "history?fromSeq=1"))))
	require.Equal(t, "3 next ", seqs(b.get(recordPath("press-4", "bundle?fromSeq=3"))))
	require.Equal(t, "1 next ", seqs(b.get(recordPath("press-4", "history?fromSeq=1&toSeq=1"))))
	require.Equal(t, 400, b.get(recordPath("press-4", "history?fromSeq=-1")).status)
	require.Equal(t, 404, b.get(recordPath("press-4", "receipts/9")).status)
	require.Equal(t, 400, b.get(recordPath("press-4", "receipts/x")).status)
}

func TestGrantsOpenOneRecord(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.act("press-4", "")
	b.act("press-5", "")
	b.verify()
	read := func(record, secret string) response {
		return b.get(recordPath(record, "history"), "X-PacSpace-Grant: "+secret)
	}
	made := b.post(recordPath("press-4", "grants"), `{"kind":"TENANT_BOUND","counterpartyTenantId":"ws_1","ttlHours":1,"maxUses":2,"authorizes":{"x":1},"label":"l"}`)
	require.Equal(t, 201, made.status)
	secret := made.at("data.grant")
	require.Equal(t, 200, read("press-4", secret).status)
	read("press-5", secret).refused(403, "RECORD_GRANT_INVALID", "does not open")
	read("press-4", "grs_other").refused(403, "RECORD_GRANT_INVALID", "does not open")
	require.Equal(t, 200, read("press-4", secret).status)
	read("press-4", secret).refused(403, "RECORD_GRANT_INVALID", "does not open")

	list := b.get(recordPath("press-4", "grants"))
	require.Equal(t, "USED", list.at("data.grants.0.status"))
	require.Equal(t, "ws_1", list.at("data.grants.0.counterpartyWorkspaceId"))
	require.NotContains(t, list.body, secret, "a grant's secret is told once")
	require.Equal(t, "[]", b.get(recordPath("press-5", "grants")).at("data.grants"))

	bearer := b.post(recordPath("press-4", "grants"), `{"kind":"BEARER"}`)
	require.Equal(t, "ACTIVE", bearer.at("data.status"))
	revoke := recordPath("press-4", "grants/"+bearer.at("data.grantId")+"/revoke")
	require.Equal(t, "REVOKED", b.post(revoke, `{}`).at("data.status"))
	require.Equal(t, "REVOKED", b.post(revoke, `{}`).at("data.status"))
	read("press-4", bearer.at("data.grant")).refused(403, "RECORD_GRANT_INVALID", "")

	expiring := b.post(recordPath("press-4", "grants"), `{"kind":"BEARER","ttlHours":0}`)
	require.Equal(t, "EXPIRED", expiring.at("data.status"))
	for _, body := range []string{`{}`, `{"kind":1}`, `{"kind":"BEARER","maxUses":-1}`, `{"kind":"BEARER","ttlHours":"x"}`, `{"kind":"TENANT_BOUND"}`} {
		require.Equal(t, 400, b.post(recordPath("press-4", "grants"), body).status, body)
	}
	require.Equal(t, 404, b.post(recordPath("press-4", "grants/x/revoke"), `{}`).status)
}

func TestLinks(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	_, err := b.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4"})
	require.ErrorContains(t, err, "not there")
	b.act("press-4", "")
	_, err = b.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4", Shown: []sandbox.Shown{{Entry: 1}}})
	require.ErrorContains(t, err, "not committed")
	b.verify()
	_, err = b.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4", Shown: []sandbox.Shown{{Entry: 1, Fields: []string{"nothing"}}}})
	require.ErrorContains(t, err, "no field at")
	_, err = b.DiscloseRecord("prod", "", "press-4")
	require.ErrorContains(t, err, "not known")

	plain, err := b.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4"})
	require.NoError(t, err)
	require.NotContains(t, plain, "#")
	history := b.get("/api/v1/c/"+handleOf(plain)+"/history", "X-Api-Key: ")
	require.Equal(t, "record-seal-history/v1", history.at("schema"))
	b.get("/api/v1/c/"+handleOf(plain)+"/disclosure", "X-Api-Key: ").refused(404, "NOT_FOUND", "discloses nothing")
	b.get("/api/v1/c/nobody/history").refused(404, "NOT_FOUND", "Link not found")

	locked, err := b.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4", AccessCode: "A1B2C3", Shown: []sandbox.Shown{{Entry: 1, Fields: []string{"title"}}}})
	require.NoError(t, err)
	path := "/api/v1/c/" + handleOf(locked)
	b.get(path+"/history").refused(401, "ACCESS_REQUIRED", "access code")
	b.get(path+"/disclosure", "Cookie: pacspace_link=x").refused(401, "ACCESS_REQUIRED", "")
	b.post(path+"/access/verify", `{"factor":"ACCESS_HINT","value":"a1b2c3"}`).refused(401, "ACCESS_DENIED", "Wrong code.")
	require.Equal(t, 400, b.post(path+"/access/verify", `{"factor":"EMAIL","value":"A1B2C3"}`).status)
	cookie := b.post(path+"/access/verify", `{"factor":"ACCESS_HINT","value":"A1B2C3"}`).header.Get("Set-Cookie")
	require.Contains(t, cookie, "HttpOnly")
	require.Equal(t, 200, b.get(path+"/history", "Cookie: "+cookie).status)
	_, fragment, _ := strings.Cut(locked, "#")
	key, ok := sealed.ParseLinkKey(fragment)
	require.True(t, ok)
	disclosure, err := sealed.OpenEnvelope(b.get(path+"/disclosure", "Cookie: "+cookie).at("envelope"), handleOf(locked), key)
	require.NoError(t, err)
	require.Equal(t, sealed.Consistent, sealed.VerifyServed([]byte(history.body), disclosure).Verdict())
}

// A disclosure shows what was asked for and nothing more, and the verifier agrees with it.
func TestDisclosuresShowChosenFields(t *testing.T) {
	t.Parallel()
	for _, version := range []sealed.Version{sealed.V1, sealed.V2, sealed.V3} {
		t.Run(fmt.Sprintf("record hash v%d", version), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, sandbox.RecordHash(version))
			b.act("press-4", "")
			b.act("press-4", "")
			b.verify()
			disclosure, err := b.DiscloseRecord(sandbox.Test, "", "press-4", sandbox.Shown{Entry: 2, Fields: []string{"title", "/payloads"}})
			require.NoError(t, err)
			history, err := b.SealHistory(sandbox.Test, "", "press-4")
			require.NoError(t, err)
			result := sealed.VerifyDisclosure(history, disclosure)
			require.NoError(t, result.Err())
			require.Equal(t, uint32(1), result.Entries[0].Seq)
			if version == sealed.V1 {
				require.Equal(t, sealed.Incomplete, result.Verdict(), "nobody's verifier checks v1")
				return
			}
			require.Equal(t, sealed.Consistent, result.Verdict())
			require.Equal(t, []sealed.Field{{Pointer: "/payloads/0", Value: sortedPayload()}, {Pointer: "/title", Value: json.RawMessage(`"Press paused"`)}}, result.Entries[0].Shown)
			require.Equal(t, 3, result.Entries[0].Withheld)
			require.NotContains(t, string(disclosure), "guard open")
			require.NotContains(t, string(disclosure), "agent-7")
		})
	}
}

func sortedPayload() json.RawMessage {
	return json.RawMessage(`{"alg":"sha-256","byteLength":"5","digest":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}`)
}

func TestRecordsOfOtherTypes(t *testing.T) {
	t.Parallel()
	for recordType, content := range map[string]string{
		"usage-meter":     `{"customerId":"acme","meterId":"m","referenceId":"r","occurredAt":"2026-02-10T11:59:00Z"}`,
		"balance-account": `{"customerId":"acme","amount":"-12.50","currency":"USD","reason":"r","referenceId":"r","occurredAt":"2026-02-10T11:59:00Z"}`,
		"geoint-aoi-cell": `{"cellRef":"c","windowStart":"2026-02-10T11:59:00Z","windowEnd":"2026-02-10T11:59:00Z","actorId":"a"}`,
	} {
		b := newBox(t)
		layouts := record.Layouts(recordType)
		r := b.post("/api/v1/records/"+recordType+"/x/transitions", fmt.Sprintf(`{"lifecycle":%q,"content":%s}`, layouts[0].Lifecycle[0], content))
		require.Equal(t, 200, r.status, r.body)
		b.verify()
		disclosure, err := b.DiscloseRecord(sandbox.Test, recordType, "x", sandbox.Shown{Entry: 1})
		require.NoError(t, err)
		history, err := b.SealHistory(sandbox.Test, recordType, "x")
		require.NoError(t, err)
		require.Equal(t, sealed.Consistent, sealed.VerifyDisclosure(history, disclosure).Verdict())
		newest := layouts[len(layouts)-1]
		require.Equal(t, fmt.Sprint(newest.ID, " ", newest.Version), b.get("/api/v1/records/"+recordType+"/x/receipts/0").at("data.receipt.layoutId")+" "+b.get("/api/v1/records/"+recordType+"/x/receipts/0").at("data.receipt.layoutVersion"))
	}
}

func TestRecordsAreToldOfByWebhooks(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithWebhook(sandbox.Test, "http://127.0.0.1:1/hooks"))
	b.write("press-4", "closed", anyAction, "")
	b.act("press-4", "")
	b.verify()
	b.Settle()
	deliveries := b.Deliveries(sandbox.Test)
	require.Len(t, deliveries, 2)
	require.Equal(t, "record.failed", deliveries[0].Event)
	require.Contains(t, string(deliveries[0].Body), "RECORD_GENESIS_MISMATCH")
	require.Equal(t, "record.committed", deliveries[1].Event)
}

func TestRecordsAreKeptInTheStateFile(t *testing.T) {
	t.Parallel()
	file := sandbox.StateFile(filepath.Join(t.TempDir(), "state.json"))
	b := newBox(t, file, sandbox.RecordHash(sealed.V3))
	b.write("press-4", "closed", anyAction, "")
	b.act("press-4", "a")
	b.verify()
	b.act("press-4", "b")
	grant := b.post(recordPath("press-4", "grants"), `{"kind":"BEARER"}`).at("data.grant")
	link, err := b.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4", Shown: []sandbox.Shown{{Entry: 1}}})
	require.NoError(t, err)
	before := b.get(recordPath("press-4", "history"))
	disclosure := b.get("/api/v1/c/" + handleOf(link) + "/disclosure")
	require.NoError(t, b.Close())

	again := newBox(t, file) // another version, which is for new records
	again.clock.Set(b.clock.Now())
	require.Equal(t, before.body, again.get(recordPath("press-4", "history"), "X-PacSpace-Grant: "+grant).body)
	require.Equal(t, disclosure.body, again.get("/api/v1/c/"+handleOf(link)+"/disclosure").body)
	require.Equal(t, b.act("press-4", "b").at("data.receiptId"), again.act("press-4", "b").at("data.receiptId"))
	again.verify()
	b.verify()
	require.Equal(t, b.get(recordPath("press-4", "history")).body, again.get(recordPath("press-4", "history")).body)
}

func TestAStateFileWhoseRecordsDoNotHangTogetherIsRefused(t *testing.T) {
	t.Parallel()
	const record = `"records":[{"type":"machine-action-record","record":"press-4","recordHashVersion":2}]`
	for name, state := range map[string]string{
		"names a record that is not there":     `"recordEntries":[{"record":0,"receiptId":"r"}]`,
		"type or a version that is not known":  `"records":[{"type":"diary","record":"d","recordHashVersion":2}]`,
		"link l names a record that is not":    `"links":[{"handle":"l","record":"press-4"}]`,
		"entry r: unexpected end of JSON":      record + `,"recordEntries":[{"record":0,"receiptId":"r"}]`,
		"entry r: sealed: content must be an ": record + `,"recordEntries":[{"record":0,"receiptId":"r","submitted":{"lifecycle":"recorded","content":[]}}]`,
	} {
		path := filepath.Join(t.TempDir(), "state.json")
		require.NoError(t, os.WriteFile(path, []byte(`{"format":"pacspace-sandbox/v1","environments":{"test":{`+state+`}}}`), 0o600))
		_, err := sandbox.New(sandbox.StateFile(path))
		require.ErrorContains(t, err, name)
	}
}

func TestTheBoundOnRecordEntries(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.MaxDeltas(1))
	b.act("press-4", "")
	b.write("press-4", "recorded", anyAction, "").refused(503, "SERVICE_UNAVAILABLE", "maximum of 1 record entries")
}
