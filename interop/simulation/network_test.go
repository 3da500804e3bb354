package simulation_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/internal/wait"
)

// network lies between the program and the service. It is an http.RoundTripper that calls
// the service's handler, so that a whole run is one goroutine and can be repeated exactly.
type network struct {
	w     *world
	stray []message // on their way, in the order of their arrival
	down  time.Time // until then the service is not there

	unpaid, paid time.Time       // between them the service refuses writes
	answered     map[string]bool // keys that it has worked on
	unpaidFor    map[string]bool // keys whose refusal it replays
}

// message is one request as it travels.
type message struct {
	method, target string
	header         http.Header
	body           []byte
	arrives        time.Time
	refused        bool // it is a copy of one that was refused
}

func (m message) key() string { return m.header.Get("Idempotency-Key") }

func (m message) keyed() bool { return m.key() != "" }

// fate is what happens to a request.
type fate int

const (
	fateClean      fate = iota
	fateRefused         // no connection
	fateLostBefore      // gone before the service saw it
	fateLostAfter       // done, and the answer is gone
	fateLate            // the connection breaks, and the request arrives later
	fateTwice           // it arrives twice at once
	fateAgain           // it arrives again later
	fateCut             // the answer breaks off
	fateSlow            // the answer comes later than anybody waits
	fateFailBefore      // 5xx or 408, and nothing was done
	fateFailAfter       // 5xx or 408, although it was done
	fateLimited         // 425 or 429
	fateUnpaid          // 402
	fatePending         // 202: in progress
	fates
)

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// RoundTrip lets one request travel.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	m := message{method: r.Method, target: r.URL.RequestURI(), header: r.Header.Clone()}
	if r.Body != nil {
		var err error
		if m.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	n.w.requests++
	n.w.step("before sending")
	a, err := n.travel(r.Context(), m)
	n.w.step("after sending")
	return a, err
}

func (n *network) travel(ctx context.Context, m message) (*http.Response, error) {
	w := n.w
	f := fateClean
	if !w.healed {
		if w.chance(w.weather.faults) {
			f = fate(w.rng.IntN(int(fates)))
			if w.again {
				f = fateAgain
			}
		}
		if w.chance(w.weather.outages) {
			return n.outage(ctx, m)
		}
	}
	if f == fatePending && !m.keyed() {
		f = fateLostBefore
	}
	w.log("%s %s key %q: fate %d", m.method, shortTarget(m.target), loggedKey(m), f)
	if f == fateRefused || time.Now().Before(n.down) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if err := wait.For(ctx, w.span(time.Millisecond, 300*time.Millisecond)); err != nil {
		n.later(m, time.Second)
		return nil, err
	}
	if now := time.Now(); f == fateClean && !w.healed && m.keyed() && now.After(n.unpaid) && now.Before(n.paid) {
		f = fateUnpaid
	}
	switch f {
	case fateLostBefore:
		return nil, n.silence(ctx)
	case fateLate:
		n.later(m, 10*time.Minute)
		return nil, n.silence(ctx)
	case fateFailBefore:
		return answer(pick(w, 408, 500, 502, 503, 504), "", pick(w, "", "1", "0.5", "3600", "junk")), nil
	case fateLimited:
		return answer(pick(w, 425, 429, 429), `{"success":false,"error":{"code":"RATE_LIMITED","message":"slower"}}`, pick(w, "", "2")), nil
	case fateUnpaid:
		if key := m.key(); w.has("RefusalsReplayed") && !n.answered[key] {
			n.unpaidFor[key] = true
		}
		return unpaid().Result(), nil
	case fatePending:
		if w.chance(0.5) { // else the service dies over it
			n.later(m, time.Minute)
		}
		return answer(202, `{"code":"IDEMPOTENCY_PENDING","message":"in progress"}`, ""), nil
	case fateTwice:
		n.deliver(m)
	}
	got := n.deliver(m)
	w.log("answer %d", got.Code)
	switch f {
	case fateAgain:
		m.refused = got.Code >= 400
		within := 10 * time.Minute
		if w.again {
			within = 10 * time.Hour
		}
		n.later(m, within)
	case fateLostAfter:
		return nil, n.silence(ctx)
	case fateFailAfter:
		return answer(pick(w, 408, 500, 502, 503, 504), "<html>bad gateway</html>", ""), nil
	case fateSlow:
		if err := wait.For(ctx, w.span(20*time.Second, 2*time.Minute)); err != nil {
			return nil, err
		}
	}
	if err := wait.For(ctx, w.span(time.Millisecond, 300*time.Millisecond)); err != nil {
		return nil, err
	}
	a := got.Result()
	if f == fateCut {
		half := got.Body.Bytes()[:got.Body.Len()/2]
		a.Body = io.NopCloser(io.MultiReader(bytes.NewReader(half), brokenReader{}))
	}
	return a, nil
}

// outage lets the service die before or after it did what was asked.
func (n *network) outage(ctx context.Context, m message) (*http.Response, error) {
	done := n.w.chance(0.5)
	n.w.log("%s %s key %q: the service dies, done: %t", m.method, shortTarget(m.target), loggedKey(m), done)
	if done {
		n.deliver(m)
	}
	n.w.crashService()
	n.down = time.Now().Add(n.w.span(time.Millisecond, pick(n.w, time.Second, 10*time.Minute, 3*time.Hour)))
	return nil, n.silence(ctx)
}

// silence is a connection that breaks, sooner or later than the other side waits.
func (n *network) silence(ctx context.Context) error {
	if err := wait.For(ctx, n.w.span(time.Millisecond, pick(n.w, 100*time.Millisecond, 2*time.Minute))); err != nil {
		return err
	}
	return errReset
}

// later sends a copy on a way that takes longer.
func (n *network) later(m message, within time.Duration) {
	m.arrives = time.Now().Add(n.w.span(time.Millisecond, within))
	m.header = m.header.Clone()
	n.stray = append(n.stray, m)
	slices.SortStableFunc(n.stray, func(a, b message) int { return a.arrives.Compare(b.arrives) })
}

// arrive hands over what has arrived by now, each at its time.
func (n *network) arrive(now time.Time) {
	for len(n.stray) > 0 && !n.stray[0].arrives.After(now) {
		m := n.stray[0]
		n.stray = n.stray[1:]
		if m.arrives.Before(n.down) {
			continue
		}
		n.w.at = m.arrives
		a := n.serve(m)
		n.w.at = time.Time{}
		if m.refused && a.Code < 300 {
			n.w.late = true
		}
		n.w.log("a stray %s %s key %q arrived: %d", m.method, shortTarget(m.target), loggedKey(m), a.Code)
	}
}

// flush lets all arrive that is on its way.
func (n *network) flush() {
	for len(n.stray) > 0 {
		time.Sleep(time.Until(n.stray[0].arrives))
		n.arrive(time.Now())
	}
}

func (n *network) deliver(m message) *httptest.ResponseRecorder {
	n.arrive(time.Now())
	return n.serve(m)
}

func (n *network) serve(m message) *httptest.ResponseRecorder {
	if m.keyed() {
		if n.unpaidFor[m.key()] {
			return unpaid()
		}
		n.answered[m.key()] = true
	}
	r := httptest.NewRequest(m.method, m.target, bytes.NewReader(m.body))
	r.Host, r.Header = "localhost", m.header.Clone()
	got := httptest.NewRecorder()
	n.w.box.ServeHTTP(got, r)
	return got
}

func unpaid() *httptest.ResponseRecorder {
	got := httptest.NewRecorder()
	got.Header().Set("Content-Type", "application/json")
	got.WriteHeader(http.StatusPaymentRequired)
	_, _ = got.WriteString(`{"success":false,"error":{"code":"INSUFFICIENT_CREDITS","message":"pay"}}`)
	return got
}

func answer(status int, body, retryAfter string) *http.Response {
	got := httptest.NewRecorder()
	got.Header().Set("Content-Type", "application/json")
	if retryAfter != "" {
		got.Header().Set("Retry-After", retryAfter)
	}
	got.WriteHeader(status)
	_, _ = got.WriteString(body)
	return got.Result()
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func shortTarget(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return strings.TrimPrefix(path, "/api/v1")
}

// loggedKey leaves out the random keys of checkpoints, which differ from run to run.
func loggedKey(m message) string {
	if strings.HasSuffix(m.target, "/checkpoint") {
		return "random"
	}
	return m.key()
}
