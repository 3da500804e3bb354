package main

import (
	"bytes"
	"testing"

	"github.com/pacspace/pacspace-go/webhook"
)

// Every candidate takes its delivery, and none takes one that was changed: else it would be
// measured for less work.
func TestCandidatesCheck(t *testing.T) {
	ready, err := candidates()
	if err != nil {
		t.Fatal(err)
	}
	if len(ready) != 7 {
		t.Fatalf("%d candidates", len(ready))
	}
	for _, c := range ready {
		for range 3 {
			if err := c.check(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
	body := ourEvent()
	check := bare("1", "v1="+string(bytes.Repeat([]byte("0"), 64)), body)
	if check() == nil {
		t.Error("bare takes what is not signed")
	}
}

func TestBothBodiesAreOneKiBAndRead(t *testing.T) {
	for _, body := range [][]byte{ourEvent(), stripeEvent()} {
		if len(body) != eventSize {
			t.Errorf("%d bytes", len(body))
		}
	}
	event, err := webhook.ParseEvent(ourEvent())
	if err != nil {
		t.Fatal(err)
	}
	d, err := event.DeltaVerified()
	if err != nil || d.ReferenceID != "usage:customer_acme:2026-02-10" || len(d.ItemHashes) != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
}

func TestTheHandlerIsMeasured(t *testing.T) {
	if err := measureHandler(t.Context(), 1, 200, 8); err != nil {
		t.Fatal(err)
	}
}
