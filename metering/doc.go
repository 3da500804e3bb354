// Package metering turns usage events, or daily totals, into exactly one delta per account
// and usage day, whatever crashes.
//
//	store, err := sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest)
//	meter, err := metering.New(client, store, metering.WithAccounts("compute-minutes", "minute"))
//	go meter.Run(ctx)
//
//	_, err = meter.Record(ctx, metering.Event{
//		ID: requestID, CustomerID: "customer_acme", Amount: pacspace.NewDecimal(3), Time: now,
//	})
//
// # Counting
//
// [Meter.Record] returns once its events are durable. An id counts once, so after any error
// the same events may be recorded again. Sums are exact. A day is a day in UTC: a delta
// names it, and the service files it under the time at which it is sent, usually the day
// after.
//
// Who counts elsewhere hands over totals instead: [Meter.Submit] takes a day's totals from
// any iterator, the same again without effect, others as adjustments.
//
// # Delivering
//
// [Meter.Run] closes days once their grace is over and brings their deltas to the service.
// Bytes and keys are stored before they are sent and stay while an outcome is unknown. What
// needs a person is parked: see [Meter.Parked], [Meter.Retry] and [Meter.Discard].
// [Meter.ClosePeriod] closes a month once nothing of it is outstanding.
//
// Any number of processes may share one store; they share the work and the pace.
//
// docs/metering.md says what is guaranteed under which behaviour of the service, what to
// watch and how to back up. Package sqlstore, a module of its own, has the stores.
package metering
