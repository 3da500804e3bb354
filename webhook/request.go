package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// NewRequest makes a delivery of an event as the service posts it, for tests of one's
// own handler: with body, signature, timestamp and the unsigned hints of type and id. Of
// the event it takes ID, TenantID, Type, Timestamp and Data; an event that was read before
// is sent again byte for byte. Give it to a client, or to a handler's ServeHTTP.
//
// Package sandbox delivers whole stories: what was really emitted, twice, out of order or
// not at all.
//
// Source: API contract, sections 4.1 to 4.3.
func NewRequest(ctx context.Context, address, secret string, at time.Time, event Event, opts ...SignOption) (*http.Request, error) {
	body := event.RawJSON()
	if len(body) == 0 {
		var err error
		body, err = canonical.Marshal(envelope{
			ID: event.ID, Event: event.Type, TenantID: event.TenantID, CreatedAt: event.Timestamp, Data: event.Data,
		})
		if err != nil {
			return nil, invalid("event", err.Error())
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, invalid("address", "must be a URL")
	}
	r.Header = Sign(secret, at, body, opts...)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(EventHeader, string(event.Type))
	if event.ID != "" {
		r.Header.Set(IDHeader, event.ID)
	}
	return r, nil
}

// envelope is an event as it is written.
type envelope struct {
	ID        string          `json:"id,omitempty"`
	Event     EventType       `json:"event,omitempty"`
	TenantID  string          `json:"tenantId,omitempty"`
	CreatedAt time.Time       `json:"createdAt,omitzero"`
	Data      json.RawMessage `json:"data,omitempty"`
}
