// Package reconcile watches what PacSpace recorded and holds it against one's own books.
//
//	agent, err := reconcile.New(client, store,
//		reconcile.WithSystemOfRecord(books),
//		reconcile.WithAlert(reconcile.SlogAlert(logger)))
//	mux.Handle("POST /hooks/pacspace", agent.Handler(verifier))
//	go agent.Run(ctx)
//
// # What an agent does
//
// Webhook deliveries are stored before they are answered, once each, and applied later:
// late, twice or out of order, they lead to the same balances. What never arrived is asked
// for. Each account and period is then compared four ways: with what the service derives,
// with what it answers to compare, with the hashes that came along, and with the
// [SystemOfRecord]. What differs is a [Mismatch]: it is told to a function until that
// function takes it, once, again only when it changes, and a last time when it is gone.
//
// # What is compared with what
//
// Own books know usage days; the service knows when it recorded. So books are compared by
// the usage days that deltas name in their references, and what the service derives by the
// recording window of the period ([usage.Period.RecordingWindow]). A day is held to account
// only once its delta is due ([WithDue]); until then it is pending. A delta that names no
// day counts in the period in whose window it was recorded.
//
// # What is not accused
//
// The hashing rules of the service were never confirmed by it. A content hash or a batch
// root that comes out differently is a mismatch only where the same level came out right
// elsewhere; otherwise the report says "scheme not confirmed". A broken link of the chain of
// proofs counts only where links were seen to hold.
//
// # Supervision
//
// [Audit] makes the same comparison from the record alone, without the agent or its store,
// and says where the two differ if both are given.
package reconcile
