package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/jsonview"
	"github.com/pacspace/pacspace-go/record"
)

// node is a JSON value that can be changed and written again, with its numbers spelt and
// its members ordered and repeated as they are.
type node struct {
	kind     byte // '{', '[', '"', or '0' for everything else
	raw      string
	members  []member
	elements []*node
}

type member struct {
	name  string // with its quotes
	value *node
}

func parseNode(t *testing.T, text []byte) *node {
	t.Helper()
	v, err := jsonview.Parse(text, 400)
	require.NoError(t, err)
	return nodeOf(t, v)
}

func nodeOf(t *testing.T, v jsonview.Value) *node {
	t.Helper()
	switch v.Kind() {
	case jsonview.Object:
		n := &node{kind: '{'}
		for _, m := range v.Members() {
			name, err := json.Marshal(m.Name)
			require.NoError(t, err)
			n.members = append(n.members, member{string(name), nodeOf(t, m.Value)})
		}
		return n
	case jsonview.Array:
		n := &node{kind: '['}
		for e := range v.Elements() {
			n.elements = append(n.elements, nodeOf(t, e))
		}
		return n
	case jsonview.String:
		return &node{kind: '"', raw: string(v.Raw())}
	}
	return &node{kind: '0', raw: string(v.Raw())}
}

func (n *node) text() []byte {
	var b bytes.Buffer
	n.write(&b)
	return b.Bytes()
}

func (n *node) write(b *bytes.Buffer) {
	switch n.kind {
	case '{':
		b.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(m.name + ":")
			m.value.write(b)
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for i, e := range n.elements {
			if i > 0 {
				b.WriteByte(',')
			}
			e.write(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(n.raw)
	}
}

// all lists a node and everything in it.
func (n *node) all() []*node {
	nodes := []*node{n}
	for _, m := range n.members {
		nodes = append(nodes, m.value.all()...)
	}
	for _, e := range n.elements {
		nodes = append(nodes, e.all()...)
	}
	return nodes
}

// mutate changes one thing somewhere.
func (n *node) mutate(r *rand.Rand) {
	nodes := n.all()
	at := nodes[r.IntN(len(nodes))]
	switch {
	case at.kind == '{' && len(at.members) > 0 && r.IntN(4) > 0:
		at.mutateMembers(r)
	case at.kind == '[' && len(at.elements) > 0 && r.IntN(4) > 0:
		at.mutateElements(r)
	case at.kind == '"' && r.IntN(3) > 0:
		at.mutateString(r)
	case at.kind == '0' && r.IntN(3) > 0:
		at.raw = respelt(r, at.raw)
	case r.IntN(4) == 0: // the value of some other place
		*at = *nodes[r.IntN(len(nodes))].clone()
	default:
		*at = *randomNode(r, 2)
	}
}

func (n *node) clone() *node {
	c := &node{kind: n.kind, raw: n.raw}
	for _, m := range n.members {
		c.members = append(c.members, member{m.name, m.value.clone()})
	}
	for _, e := range n.elements {
		c.elements = append(c.elements, e.clone())
	}
	return c
}

func (n *node) mutateMembers(r *rand.Rand) {
	i := r.IntN(len(n.members))
	switch r.IntN(5) {
	case 0:
		n.members = slices.Delete(n.members, i, i+1)
	case 1:
		n.members = append(n.members, member{randomName(r), randomNode(r, 2)})
	case 2:
		n.members[i].name = randomName(r)
	case 3: // the same name twice
		n.members = append(n.members, member{n.members[i].name, randomNode(r, 1)})
	default:
		r.Shuffle(len(n.members), func(a, b int) { n.members[a], n.members[b] = n.members[b], n.members[a] })
	}
}

func (n *node) mutateElements(r *rand.Rand) {
	i, j := r.IntN(len(n.elements)), r.IntN(len(n.elements))
	switch r.IntN(4) {
	case 0:
		n.elements = slices.Delete(n.elements, i, i+1)
	case 1:
		n.elements = append(n.elements, n.elements[i].clone())
	case 2:
		n.elements[i], n.elements[j] = n.elements[j], n.elements[i]
	default:
		n.elements = slices.Insert(n.elements, i, randomNode(r, 2))
	}
}

func (n *node) mutateString(r *rand.Rand) {
	body := n.raw[1 : len(n.raw)-1]
	switch r.IntN(5) {
	case 0:
		body = strings.ToUpper(body)
		if strings.Contains(body, `\`) {
			return
		}
	case 1:
		body += []string{`\n`, ` `, `\ud800`, `0`, `\u0000`, `é`}[r.IntN(6)]
	case 2:
		body = strings.TrimPrefix(body, "0x")
	default:
		if len(body) == 0 || strings.Contains(body, `\`) {
			return
		}
		i := r.IntN(len(body))
		if body[i] >= 0x80 {
			return
		}
		body = body[:i] + string("0123456789abcdef/~"[r.IntN(18)]) + body[i+1:]
	}
	n.raw = `"` + body + `"`
}

// respelt writes a number or a word in another way, of the same or another value.
func respelt(r *rand.Rand, raw string) string {
	switch r.IntN(6) {
	case 0:
		if !strings.ContainsAny(raw, ".eEntfNI") {
			return raw + ".0"
		}
	case 1:
		if !strings.ContainsAny(raw, "eEntfNI") {
			return raw + "e0"
		}
	case 2:
		if raw == "0" {
			return "-0"
		}
	}
	return []string{"0", "-0", "1", "-1", "2", "3", "0.0", "1.0", "3.0", "1.5", "true", "false", "null", "NaN", "1e999", "-Infinity", "65535", "65536", "4294967295", "4294967296", "9007199254740991", "9007199254740992", "9007199254740993", "1e21", "123456789012345678901234567890"}[r.IntN(25)]
}

func randomName(r *rand.Rand) string {
	return []string{`"a"`, `"b"`, `"list"`, `""`, `"a/b"`, `"~"`, `"~1"`, `"é"`, `"\ud83d\ude00"`, `"\ufb33"`, `"alg"`, `"digest"`, `"byteLength"`, `"schema"`, `"blinding"`, `"ref"`, `"seq"`, `"title"`, `"note"`, `"entry"`, `"payloads"`, `"status"`, `"x\u0001"`}[r.IntN(23)]
}

func randomNode(r *rand.Rand, depth int) *node {
	switch k := r.IntN(10); {
	case k < 2 && depth > 0:
		n := &node{kind: '['}
		for range r.IntN(4) {
			n.elements = append(n.elements, randomNode(r, depth-1))
		}
		return n
	case k < 4 && depth > 0:
		n := &node{kind: '{'}
		for range r.IntN(4) {
			n.members = append(n.members, member{randomName(r), randomNode(r, depth-1)})
		}
		return n
	case k < 7:
		return &node{kind: '"', raw: []string{`""`, `"x"`, `"-12.50"`, `"hmac-sha-256"`, `"sha-256"`, `"pacspace-blinding/v1"`, `"committed"`, `"failed"`, `"2026-02-01T10:00:00Z"`, `"\ud83d\ude00"`, `"<&>\u2028"`, `"0x00"`, `"7"`, `"007"`}[r.IntN(14)]}
	}
	return &node{kind: '0', raw: []string{"0", "1", "-1", "2.50", "1e3", "1e-7", "true", "false", "null", "9007199254740993", "0.1"}[r.IntN(11)]}
}

type heldFile struct {
	source   string
	blinding *record.Blinding
}

// randomHistory makes a history of one to four entries, expectations of two of them, and
// the files that go with these.
func randomHistory(t *testing.T, r *rand.Rand) (history, expect *node, files [][]heldFile) {
	t.Helper()
	var receipts, entries, rows []string
	for seq := range 1 + r.IntN(4) {
		source := fmt.Sprintf("file %d", r.IntN(3))
		made, err := record.Fingerprint(strings.NewReader(source), record.FingerprintParams{Alg: algOf(r.IntN(2) == 0)})
		require.NoError(t, err)
		ref, err := json.Marshal(made.Ref)
		require.NoError(t, err)
		content := fmt.Sprintf(`{"title":"x","payloads":[%s,{"alg":"sha-256","digest":"AB","byteLength":7}]%s}`, ref, []string{"", `,"attemptedTarget":1`, `,"failureClass":null`}[r.IntN(3)])
		receipt := fmt.Sprintf(`{"seq":%d,"status":"committed","recordContent":%s}`, seq, content)
		switch r.IntN(3) {
		case 0:
			receipt = fmt.Sprintf(`{"schema":"semantic-receipt/v3","seq":%d,"revealed":[{"pointer":"/payloads/10","value":{"alg":"x"}},{"pointer":"/payloads/2","value":%s},{"pointer":"/title","value":"t"}]}`, seq, ref)
		case 1:
			receipt = fmt.Sprintf(`{"seq":%d,"sealedRecord":{"content":%s}}`, seq, content)
		}
		receipts = append(receipts, receipt)
		entries = append(entries, fmt.Sprintf(`{"seq":%d,"status":"%s","code":null}`, seq, []string{"committed", "committed", "queued", "failed"}[r.IntN(4)]))
		if seq < 2 {
			payloads := []string{"[]", "[" + string(ref) + "]", "null"}[r.IntN(3)]
			rows = append(rows, fmt.Sprintf(`{"entry":%d,"payloads":%s}`, seq+1, payloads))
			files = append(files, nil)
			if r.IntN(2) == 0 {
				files[seq] = append(files[seq], heldFile{fmt.Sprintf("file %d", r.IntN(3)), nil}, heldFile{source, made.Blinding})
			}
		}
	}
	listed := ""
	if r.IntN(2) == 0 {
		listed = `,"entries":[` + strings.Join(entries, ",") + "]"
	}
	text := fmt.Sprintf(`{"schema":"record-history-bundle/v%d","receipts":[%s],"pendingEntries":[{"seq":1,"status":"queued"}]%s}`, 1+r.IntN(2), strings.Join(receipts, ","), listed)
	return parseNode(t, []byte(text)), parseNode(t, []byte("["+strings.Join(rows, ",")+"]")), files
}

// plausibleContent makes a content that the intake of a record type admits.
func plausibleContent(t *testing.T, r *rand.Rand, recordType string) *node {
	t.Helper()
	digest := strings.Repeat("0a", 32)
	ref := fmt.Sprintf(`{"alg":%q,"digest":%q,"byteLength":"7"}`, []string{"sha-256", "hmac-sha-256"}[r.IntN(2)], digest)
	key := `{"recordKey":"0x` + digest + `","seq":2}`
	title := strings.Repeat([]string{"x", "é", "\U0001F600"}[r.IntN(3)], []int{1, 60, 61, 120, 121}[r.IntN(5)])
	text := map[string]string{
		"machine-action-record": `{"title":"` + title + `","occurredAt":"2026-02-01T10:00:00.5Z","actorId":"a","kind":"agent-1","payloads":[` + ref + `],"references":[` + key + `],"amends":` + key + `,"note":"n"}`,
		"balance-account":       `{"customerId":"c","amount":"-12.50","currency":"USD","reason":"r","referenceId":"i","metadataDigest":"0X` + strings.ToUpper(digest) + `","occurredAt":"2026-99-01T10:00:00Z","adjusts":{"recordId":"x"}}`,
		"usage-meter":           `{"customerId":"c","meterId":"m","referenceId":"i","occurredAt":"2026-02-01T10:00:00Z","unitPriceRef":"p"}`,
		"model-version-record":  `{"modelId":"m","versionLabel":"v","buildDigest":` + ref + `,"recordedAt":"2026-02-01T10:00:00Z","actorId":"a","testResultDigest":` + ref + `}`,
		"geoint-aoi-cell":       `{"cellRef":"c","windowStart":"2026-02-01T10:00:00Z","windowEnd":"2026-02-01T10:00:00Z","actorId":"a","modelRecordRef":{},"payloads":[]}`,
		"geoint-tracked-entity": `{"observedAt":"2026-02-01T10:00:00Z","position":{"lat":"1"},"sourceRef":"s","actorId":"a","modelRecordRef":{},"conclusion":"c","sourceCount":2,"payloads":[` + ref + `]}`,
		"other":                 `{"anything":[` + ref + `]}`,
	}[recordType]
	return parseNode(t, []byte(text))
}
