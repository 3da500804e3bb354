package pacspace

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// WebhookService reads what the service delivered to our webhooks, and asks for a
// delivery again. Checking a delivery needs no client: see package webhook.
type WebhookService struct{ *core }

// Delivery is one delivery of a webhook event. The service documents no field of it, so
// these are read where they are there; RawJSON has everything.
//
// Source: API contract, section 2.14.
type Delivery struct {
	Raw
	EventID   string    `json:"eventId,omitempty"`
	Event     string    `json:"event,omitempty"`
	Status    string    `json:"status,omitempty"` // the service's own word, which is not a [Status]
	CreatedAt time.Time `json:"createdAt,omitzero"`
}

func (d *Delivery) fromWire(o *wire.Object) {
	d.EventID = o.String("eventId", "id")
	d.Event = o.String("event", "eventType", "type")
	d.Status = o.Text("status")
	d.CreatedAt = o.Time("createdAt", "timestamp")
}

// DeliveriesParams filters the list of deliveries. All fields are optional. Source: API
// contract, section 2.14.
type DeliveriesParams struct {
	Status string // the service documents no value of it; empty for all
}

// DeliveryPage is one page of the list of deliveries. Source: API contract, section 2.14.
type DeliveryPage struct {
	Raw
	Deliveries []Delivery `json:"deliveries"`
}

func (p *DeliveryPage) fromWire(o *wire.Object) {
	p.Deliveries = readArray[Delivery](o, "deliveries", "webhooks", "events", "items")
}

// DeliveriesPage lists one page of deliveries, in the service's order.
//
// Source: API contract, section 2.14.
func (s *WebhookService) DeliveriesPage(ctx context.Context, p DeliveriesParams, page PageParams, opts ...CallOption) (*DeliveryPage, error) {
	q := url.Values{}
	if p.Status != "" {
		q.Set("status", p.Status)
	}
	if err := page.add(q); err != nil {
		return nil, err
	}
	return invoke[DeliveryPage](ctx, s.core, call{route: routeDeliveries, query: q, list: "deliveries"}, opts)
}

// Deliveries goes through all deliveries, a page at a time, until a page is empty. Each
// range starts afresh; after an error it ends. Where the service's paging does not move,
// the error matches [ErrListMoved].
//
// Source: API contract, section 2.14.
func (s *WebhookService) Deliveries(ctx context.Context, p DeliveriesParams, opts ...CallOption) iter.Seq2[Delivery, error] {
	return offsetPages(func(d *Delivery) string { return d.text }, func(page PageParams) ([]Delivery, error) {
		list, err := s.DeliveriesPage(ctx, p, page, opts...)
		if err != nil {
			return nil, err
		}
		return list.Deliveries, nil
	})
}

// Retry asks the service to deliver an event again. It is not retried by itself: the
// service does not say that a repeat is harmless.
//
// Source: API contract, section 2.14.
func (s *WebhookService) Retry(ctx context.Context, eventID string, opts ...CallOption) (*Delivery, error) {
	return invoke[Delivery](ctx, s.core, call{route: routeRetryDelivery, ids: []string{eventID}, body: []byte("{}")}, opts)
}
