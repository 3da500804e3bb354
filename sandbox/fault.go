package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is something that goes wrong with requests. The zero Fault matches the next
// request of any kind and does nothing to it.
//
// A fault with a Status or Drop and without AfterWrite comes before the service: the
// request is not authenticated, nothing is recorded. All others let the service do its
// work and spoil the answer.
type Fault struct {
	// Method and Path choose requests; empty is any. Path is a template of [Endpoints],
	// such as /api/v1/balance/derive/{customerId}, or one escaped path.
	Method, Path string
	Skip         int // requests that match and pass unharmed first
	Times        int // requests that are harmed; 0 is one, negative is all from then on

	// Latency is how long the request waits: before the service does anything, or with
	// AfterWrite before the answer is sent. A client that goes away while it waits before
	// the service has written nothing.
	Latency    time.Duration
	AfterWrite bool

	// Status, Code, Message, RetryAfter (seconds), Header and Body make another answer.
	// Without a Body it is the API's own error envelope, with the code that the API
	// documents for the status if Code is empty.
	Status     int
	Code       string
	Message    string
	RetryAfter int
	Header     http.Header
	Body       []byte

	// Pending answers 202 IDEMPOTENCY_PENDING to a request that carries an
	// Idempotency-Key. The write is done, and replayed once the fault is over.
	Pending bool

	Drop  bool          // the connection ends without an answer
	Cut   *int          // the connection ends after so many bytes of the answer's body
	Stall time.Duration // a pause in the middle of the answer's body
}

// injected is a fault at work.
type injected struct {
	Fault
	skip, left int
}

// Inject adds a fault and returns what takes it away again. Of several faults that match
// a request the oldest counts.
//
// Ending a connection is done with panic([http.ErrAbortHandler]), which net/http's server
// understands; a test that calls ServeHTTP itself has to recover it.
func (s *Sandbox) Inject(f Fault) (remove func()) {
	in := &injected{Fault: f, skip: f.Skip, left: max(f.Times, 1)}
	if f.Times < 0 {
		in.left = -1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, in)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(other *injected) bool { return other == in })
	}
}

// ClearFaults takes all faults away, those of webhooks too.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.hooks = nil, hookFaults{}
}

// arrive numbers a request and takes the fault that is meant for it, if any.
func (s *Sandbox) arrive(method, path string, found *route) (*injected, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served++
	id := "req_" + strconv.FormatInt(s.served, 10)
	for i, f := range s.faults {
		template := found != nil && f.Path == found.Path
		if f.Method != "" && f.Method != method || f.Path != "" && f.Path != path && !template {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		if f.left > 0 {
			if f.left--; f.left == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return f, id
	}
	return nil, id
}

// replaces says that the service is not asked at all.
func (f *injected) replaces() bool {
	return f != nil && !f.AfterWrite && (f.Status != 0 || f.Drop)
}

// delay waits, and ends the connection where the client did not.
func (f *injected) delay(s *Sandbox, r *http.Request, entry *Request) {
	if f.Latency > 0 && s.cfg.wait(r.Context(), f.Latency) != nil {
		abort(entry)
	}
}

func abort(entry *Request) {
	entry.Status = 0
	panic(http.ErrAbortHandler)
}

// send spoils an answer and sends what is left of it.
func (f *injected) send(w http.ResponseWriter, r *http.Request, s *Sandbox, a answer, entry *Request) {
	if f.Pending && entry.IdempotencyKey != "" {
		a = s.pending()
	}
	if f.Status != 0 {
		a = f.answer(s)
	}
	if f.Drop {
		abort(entry)
	}
	entry.Status = a.Status
	if f.Cut == nil && f.Stall == 0 {
		a.write(w)
		return
	}
	a.Header = a.Header.Clone()
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	body := a.Body
	first := len(body) / 2
	if f.Cut != nil {
		first = min(max(*f.Cut, 0), len(body))
	}
	a.Body = body[:first]
	a.write(w)
	http.NewResponseController(w).Flush() // an error means that the client has gone
	if f.Stall > 0 && s.cfg.wait(r.Context(), f.Stall) != nil || f.Cut != nil {
		panic(http.ErrAbortHandler)
	}
	w.Write(body[first:])
}

// answer is the answer that a fault makes up.
func (f *injected) answer(s *Sandbox) answer {
	code, message := f.Code, f.Message
	if code == "" {
		code = documentedCodes[f.Status]
	}
	if message == "" {
		message = http.StatusText(f.Status)
	}
	a := s.render(refuse(&problem{status: f.Status, code: code, message: message, retryAfter: f.RetryAfter}))
	for name, values := range f.Header {
		a.Header[http.CanonicalHeaderKey(name)] = values
	}
	if f.Body != nil {
		a.Body = f.Body
	}
	return a
}

// documentedCodes are the codes that go with a status. Source: API contract, section 1.6.
var documentedCodes = map[int]string{
	http.StatusUnauthorized:       "INVALID_API_KEY",
	http.StatusPaymentRequired:    "INSUFFICIENT_CREDITS",
	http.StatusNotFound:           "NOT_FOUND",
	http.StatusPreconditionFailed: "CONTRACT_NOT_DEPLOYED",
	http.StatusTooManyRequests:    "RATE_LIMITED",
	http.StatusServiceUnavailable: "SERVICE_UNAVAILABLE",
}
