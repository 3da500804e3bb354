package sandbox

import "slices"

// Request is one request as it arrived, for tests that count attempts and compare their
// keys and bodies. The API key is not kept.
type Request struct {
	Environment    Environment // empty where the request was not authenticated
	Method, Path   string      // the path as it was escaped, without the query
	IdempotencyKey string
	Body           []byte // up to its first 64 KiB
	Status         int    // 0 where the connection ended before a status was sent
}

// requestLog keeps the last requests.
type requestLog struct {
	limit   int
	entries []Request
}

func (s *Sandbox) record(r *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log.limit == 0 {
		return
	}
	if len(s.log.entries) >= 2*s.log.limit {
		s.log.entries = slices.Delete(s.log.entries, 0, s.log.limit)
	}
	const kept = 64 << 10
	e := *r
	e.Body = slices.Clone(e.Body[:min(len(e.Body), kept)])
	s.log.entries = append(s.log.entries, e)
}

// Requests returns the last requests in the order in which they were finished, as many as
// [RequestLog] says.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.log.entries)
	return slices.Clone(s.log.entries[n-min(n, s.log.limit):])
}
