package pacspace

import (
	"context"
	"net/url"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// WebhookService reads what the service delivered to our webhooks, and asks for a
// delivery again. Checking a delivery needs no client: see [NewWebhookVerifier].
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

// DeliveriesParams filters the list of deliveries. All fields are optional; the service
// documents no value of Status.
type DeliveriesParams struct {
	Status string
	PageParams
}

// DeliveryPage is one page of the list of deliveries.
type DeliveryPage struct {
	Raw
	Deliveries []Delivery `json:"deliveries"`
}

func (p *DeliveryPage) fromWire(o *wire.Object) {
	p.Deliveries = readArray[Delivery](o, "deliveries", "webhooks", "events", "items")
}

// Deliveries lists one page of deliveries.
//
// Source: API contract, section 2.14.
func (s *WebhookService) Deliveries(ctx context.Context, p DeliveriesParams, opts ...CallOption) (*DeliveryPage, error) {
	q := url.Values{}
	if p.Status != "" {
		q.Set("status", p.Status)
	}
	if err := p.add(q); err != nil {
		return nil, err
	}
	return invoke[DeliveryPage](ctx, s.core, call{route: routeDeliveries, query: q, list: "deliveries"}, opts)
}

// Retry asks the service to deliver an event again. It is not retried by itself: the
// service does not say that a repeat is harmless.
//
// Source: API contract, section 2.14.
func (s *WebhookService) Retry(ctx context.Context, eventID string, opts ...CallOption) (*Delivery, error) {
	return invoke[Delivery](ctx, s.core, call{route: routeRetryDelivery, ids: []string{eventID}, body: []byte("{}")}, opts)
}
