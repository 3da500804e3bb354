package sandbox

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
)

// stateFormat names the form of a state file. Another form is refused, never guessed at.
const stateFormat = "pacspace-sandbox/v1"

// The state file is one JSON object. Things refer to deltas by their place in the list of
// deltas; proof roots, jobs and indices are made again from the rest.
type (
	stateFile struct {
		Format       string                      `json:"format"`
		Environments map[Environment]*planeState `json:"environments"`
	}
	planeState struct {
		Customers   []customerState          `json:"customers"`
		Deltas      []deltaState             `json:"deltas"`
		Groups      []groupState             `json:"groups"`
		Checkpoints []checkpointState        `json:"checkpoints"`
		Receipts    []receiptState           `json:"receipts"`
		Keys        []keyState               `json:"idempotencyKeys"`
		Cadences    map[string]time.Duration `json:"cadences"`
		Endpoints   []endpointState          `json:"endpoints"`
		Deliveries  []deliveryState          `json:"deliveries"`
		Records     []recordState            `json:"records,omitempty"`
		Entries     []entryState             `json:"recordEntries,omitempty"`
		Grants      []*grant                 `json:"grants,omitempty"`
		Links       []*link                  `json:"links,omitempty"`
		Counters    map[string]int64         `json:"counters"`
		Verified    int64                    `json:"verified"`
		Head        *proof.Hash              `json:"head,omitempty"`
	}
	customerState struct {
		ID          string                `json:"id"`
		DisplayName string                `json:"displayName,omitempty"`
		CreatedAt   time.Time             `json:"createdAt"`
		Head        *proof.Hash           `json:"head,omitempty"`
		Months      map[string]monthState `json:"months,omitempty"`
	}
	monthState struct {
		Count int             `json:"count"`
		Net   decimal.Decimal `json:"net"`
	}
	deltaState struct {
		RecordID    string          `json:"recordId"`
		CustomerID  string          `json:"customerId"`
		Delta       decimal.Decimal `json:"delta"`
		Reason      string          `json:"reason"`
		ReferenceID string          `json:"referenceId,omitempty"`
		Metadata    json.RawMessage `json:"metadata,omitempty"`
		Adjusts     *adjusts        `json:"adjusts,omitempty"`
		Leaf        proof.Hash      `json:"contentHash"`
		Index       int64           `json:"index,omitempty"`
		Failure     string          `json:"failure,omitempty"`
		Received    time.Time       `json:"received"`
		Verified    time.Time       `json:"verified,omitzero"`
		Previous    *proof.Hash     `json:"previous,omitempty"`
	}
	groupState struct {
		Deltas       []int      `json:"deltas"`
		Root         proof.Hash `json:"root"`
		Order        int64      `json:"order"`
		ProcessingAt time.Time  `json:"processingAt"`
		VerifiedAt   time.Time  `json:"verifiedAt"`
		Done         bool       `json:"done"`
	}
	checkpointState struct {
		ID           string          `json:"id"`
		CustomerID   string          `json:"customerId,omitempty"`
		Start        time.Time       `json:"start"`
		End          time.Time       `json:"end"`
		ScopeKey     string          `json:"scopeKey"`
		Rows         []int           `json:"rows"`
		Net          decimal.Decimal `json:"net"`
		Root         proof.Hash      `json:"root"`
		Order        int64           `json:"order"`
		CreatedAt    time.Time       `json:"createdAt"`
		ProcessingAt time.Time       `json:"processingAt"`
		VerifiedAt   time.Time       `json:"verifiedAt"`
		Done         bool            `json:"done"`
	}
	receiptState struct {
		ID          string          `json:"id"`
		CustomerID  string          `json:"customerId,omitempty"`
		Start       time.Time       `json:"start"`
		End         time.Time       `json:"end"`
		Root        proof.Hash      `json:"root"`
		Rows        []int           `json:"rows"`
		Net         decimal.Decimal `json:"net"`
		GeneratedAt time.Time       `json:"generatedAt"`
		Passing     bool            `json:"passing,omitempty"`
	}
	keyState struct {
		Key     string    `json:"key"`
		Request string    `json:"request"` // SHA-256 in hex
		Answer  answer    `json:"answer"`
		Expires time.Time `json:"expires"`
	}
	endpointState struct {
		URL      string    `json:"url"`
		Secret   string    `json:"secret"`
		Previous string    `json:"previous,omitempty"`
		Overlap  time.Time `json:"overlap,omitzero"`
	}
	deliveryState struct {
		EventID   string    `json:"eventId"`
		Event     string    `json:"event"`
		Endpoint  int       `json:"endpoint"`
		Body      string    `json:"body"`
		CreatedAt time.Time `json:"createdAt"`
		Status    string    `json:"status"`
		Attempts  int       `json:"attempts"`
		DueAt     time.Time `json:"dueAt"`
		TriedAt   time.Time `json:"triedAt,omitzero"`
		Answer    int       `json:"answer,omitempty"`
		LastError string    `json:"lastError,omitempty"`
	}
)

// Save writes the state to the file of [StateFile]: beside it first, synced, then renamed
// over it, so that a crash leaves the old file or the new one. The file holds webhook
// secrets, so only its owner may read it. Requests under way are not part of it.
func (s *Sandbox) Save() error {
	if s.cfg.stateFile == "" {
		return errors.New("sandbox: Save: no file is named; use the option StateFile")
	}
	s.mu.Lock()
	text, err := json.Marshal(stateFile{Format: stateFormat, Environments: map[Environment]*planeState{
		Test: s.planes[Test].state(), Live: s.planes[Live].state(),
	}})
	s.mu.Unlock()
	if err == nil {
		err = writeFile(s.cfg.stateFile, text)
	}
	if err != nil {
		return fmt.Errorf("sandbox: state file: not saved: %w", err)
	}
	return nil
}

func writeFile(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// load reads a state file, if it is there.
func (s *Sandbox) load(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sandbox: state file: not read: %w", err)
	}
	var head struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return errors.New("sandbox: state file: not JSON; remove it to start afresh")
	}
	if head.Format != stateFormat {
		return fmt.Errorf("sandbox: state file: its format is %q, not %q; use the version that wrote it or remove it", head.Format, stateFormat)
	}
	var file stateFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return fmt.Errorf("sandbox: state file: not readable: %w; remove it to start afresh", err)
	}
	for env, st := range file.Environments {
		if st == nil || s.planes[env] == nil {
			return fmt.Errorf("sandbox: state file: environment %q is not known; remove the file to start afresh", env)
		}
		p, err := st.plane(env)
		if err != nil {
			return fmt.Errorf("sandbox: state file: %s environment: %w; remove the file to start afresh", env, err)
		}
		s.planes[env] = p
	}
	return nil
}

// state copies a plane out.
func (p *plane) state() *planeState {
	st := &planeState{Counters: p.counters, Verified: p.verified, Head: p.head, Cadences: p.cadences}
	for _, cu := range p.roster {
		months := map[string]monthState{}
		for name, m := range cu.months {
			months[name] = monthState{m.count, m.net}
		}
		st.Customers = append(st.Customers, customerState{cu.id, cu.displayName, cu.createdAt, cu.head, months})
	}
	places := make(map[*delta]int, len(p.deltas))
	groups := map[*group]bool{}
	for i, d := range p.deltas {
		places[d] = i
		st.Deltas = append(st.Deltas, deltaState{
			RecordID: d.recordID, CustomerID: d.customer.id, Delta: d.amount, Reason: d.reason, ReferenceID: d.referenceID,
			Metadata: d.metadata, Adjusts: d.adjusts, Leaf: d.leaf, Index: d.index, Failure: d.failure,
			Received: d.received, Verified: d.verified, Previous: d.previous,
		})
	}
	at := func(rows []*delta) []int {
		list := make([]int, len(rows))
		for i, d := range rows {
			list[i] = places[d]
		}
		return list
	}
	for _, d := range p.deltas {
		if g := d.group; !groups[g] {
			groups[g] = true
			st.Groups = append(st.Groups, groupState{at(g.deltas), g.root, g.order, g.processingAt, g.verifiedAt, g.done})
		}
	}
	for _, cp := range p.checkpoints {
		st.Checkpoints = append(st.Checkpoints, checkpointState{
			cp.id, idOf(cp.customer), cp.scope.start, cp.scope.end, cp.scopeKey, at(cp.rows), cp.net, cp.root, cp.order,
			cp.createdAt, cp.processingAt, cp.verifiedAt, cp.done,
		})
	}
	for _, r := range p.receipt {
		st.Receipts = append(st.Receipts, receiptState{r.id, idOf(r.customer), r.scope.start, r.scope.end, r.root, at(r.rows), r.net, r.generatedAt, r.passing})
	}
	saved := map[string]bool{}
	for _, key := range p.keyOrder {
		if k := p.keys[key]; k != nil && k.done && !saved[key] {
			saved[key] = true
			st.Keys = append(st.Keys, keyState{key, hex.EncodeToString(k.request[:]), k.answer, k.expires})
		}
	}
	for _, e := range p.endpoints {
		st.Endpoints = append(st.Endpoints, endpointState{e.url, e.secret, e.previous, e.overlap})
	}
	for _, d := range p.deliveries {
		st.Deliveries = append(st.Deliveries, deliveryState{
			d.eventID, d.event, slices.Index(p.endpoints, d.endpoint), string(d.body), d.createdAt,
			d.status, d.attempts, d.dueAt, d.triedAt, d.answer, d.lastError,
		})
	}
	p.saveRecords(st)
	return st
}

func idOf(cu *customer) string {
	if cu == nil {
		return ""
	}
	return cu.id
}

// plane makes a plane of a state and refuses what does not hang together.
func (st *planeState) plane(env Environment) (*plane, error) {
	p := newPlane(env)
	p.verified, p.head = st.Verified, st.Head
	if st.Counters != nil {
		p.counters = st.Counters
	}
	if st.Cadences != nil {
		p.cadences = st.Cadences
	}
	for _, c := range st.Customers {
		cu := p.customer(c.ID, c.CreatedAt.UTC())
		cu.displayName, cu.head = c.DisplayName, c.Head
		for name, m := range c.Months {
			cu.months[name] = &monthTotal{m.Count, m.Net}
		}
	}
	for _, d := range st.Deltas {
		if err := p.restoreDelta(d); err != nil {
			return nil, err
		}
	}
	if err := st.restoreGroups(p); err != nil {
		return nil, err
	}
	for _, restore := range []func(*plane) error{st.restoreCheckpoints, st.restoreReceipts, st.restoreKeys, st.restoreWebhooks, st.restoreRecords} {
		if err := restore(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *plane) restoreDelta(st deltaState) error {
	cu := p.customers[st.CustomerID]
	if cu == nil {
		return fmt.Errorf("delta %s names a customer that is not there", st.RecordID)
	}
	d := &delta{
		item: item{customerID: cu.id, amount: st.Delta, binary: toBinary(st.Delta), reason: st.Reason,
			referenceID: st.ReferenceID, metadata: st.Metadata, adjusts: st.Adjusts, leaf: st.Leaf},
		customer: cu, recordID: st.RecordID, sequence: int64(len(cu.deltas) + 1), index: st.Index,
		failure: st.Failure, received: st.Received.UTC(), verified: st.Verified.UTC(), previous: st.Previous,
	}
	if d.referenceID != "" && cu.byReference[d.referenceID] == nil {
		cu.byReference[d.referenceID] = d
	}
	cu.deltas = append(cu.deltas, d)
	p.deltas = append(p.deltas, d)
	p.byRecord[d.recordID] = d
	return nil
}

// rowsAt finds deltas by their places.
func (p *plane) rowsAt(places []int) ([]*delta, error) {
	rows := make([]*delta, len(places))
	for i, n := range places {
		if n < 0 || n >= len(p.deltas) {
			return nil, fmt.Errorf("delta number %d is not there", n)
		}
		rows[i] = p.deltas[n]
	}
	return rows, nil
}

func (st *planeState) restoreGroups(p *plane) error {
	for _, g := range st.Groups {
		rows, err := p.rowsAt(g.Deltas)
		if err != nil {
			return err
		}
		made := &group{deltas: rows, root: g.Root, order: g.Order, processingAt: g.ProcessingAt.UTC(), verifiedAt: g.VerifiedAt.UTC(), done: g.Done}
		for _, d := range rows {
			d.group = made
		}
		p.commit(&commitment{root: made.root, group: made})
		if !made.done {
			p.schedule(job{due: made.verifiedAt, order: made.order, group: made})
		}
	}
	for _, d := range p.deltas {
		if d.group == nil {
			return fmt.Errorf("delta %s belongs to no group", d.recordID)
		}
	}
	return nil
}

func (st *planeState) restoreCheckpoints(p *plane) error {
	for _, c := range st.Checkpoints {
		rows, err := p.rowsAt(c.Rows)
		if err != nil {
			return err
		}
		cp := &checkpoint{
			id: c.ID, customer: p.customers[c.CustomerID], scope: scope{start: c.Start.UTC(), end: c.End.UTC()}, scopeKey: c.ScopeKey,
			rows: rows, net: c.Net, root: c.Root, order: c.Order, createdAt: c.CreatedAt.UTC(),
			processingAt: c.ProcessingAt.UTC(), verifiedAt: c.VerifiedAt.UTC(), done: c.Done,
		}
		p.checkpoints = append(p.checkpoints, cp)
		p.byScope[cp.scopeKey] = cp
		p.commit(&commitment{root: cp.root, checkpoint: cp})
		if !cp.done {
			p.schedule(job{due: cp.verifiedAt, order: cp.order, checkpoint: cp})
		}
	}
	return nil
}

func (st *planeState) restoreReceipts(p *plane) error {
	for _, r := range st.Receipts {
		rows, err := p.rowsAt(r.Rows)
		if err != nil {
			return err
		}
		p.addReceipt(&receipt{id: r.ID, customer: p.customers[r.CustomerID], scope: scope{start: r.Start.UTC(), end: r.End.UTC()},
			root: r.Root, rows: rows, net: r.Net, generatedAt: r.GeneratedAt.UTC(), passing: r.Passing})
	}
	return nil
}

func (st *planeState) restoreKeys(p *plane) error {
	for _, k := range st.Keys {
		request, err := hex.DecodeString(k.Request)
		made := &keyed{done: true, answer: k.Answer, expires: k.Expires.UTC()}
		if err != nil || copy(made.request[:], request) != len(made.request) {
			return errors.New("an idempotency key has no digest of its request")
		}
		p.keys[k.Key] = made
		p.keyOrder = append(p.keyOrder, k.Key)
	}
	return nil
}

func (st *planeState) restoreWebhooks(p *plane) error {
	for _, e := range st.Endpoints {
		p.endpoints = append(p.endpoints, &endpoint{url: e.URL, secret: e.Secret, previous: e.Previous, overlap: e.Overlap.UTC()})
	}
	for _, d := range st.Deliveries {
		if d.Endpoint < 0 || d.Endpoint >= len(p.endpoints) {
			return fmt.Errorf("delivery of %s names an address that is not there", d.EventID)
		}
		made := &delivery{
			eventID: d.EventID, event: d.Event, endpoint: p.endpoints[d.Endpoint], body: []byte(d.Body), createdAt: d.CreatedAt.UTC(),
			status: d.Status, attempts: d.Attempts, dueAt: d.DueAt.UTC(), triedAt: d.TriedAt.UTC(), answer: d.Answer, lastError: d.LastError,
		}
		p.deliveries = append(p.deliveries, made)
		p.byEvent[d.EventID] = append(p.byEvent[d.EventID], made)
	}
	return nil
}
