package faults_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// answerScenes are answers that are not what was asked for.
func answerScenes() []scene {
	var list []scene
	add := func(s scene) { list = append(list, s) }
	const html = "<html><head><title>502 Bad Gateway</title></head></html>"

	// An error is read from its status, whatever its body is.
	for name, body := range map[string]string{"an HTML page": html, "an empty body": "", "JSON of another kind": `[1,2]`, "JSON cut in two": `{"error":{"mess`} {
		add(scene{fault: "502 always with " + name, call: "emit",
			arrange: fails(sandbox.Fault{Status: 502, Body: []byte(body), Times: -1}),
			want:    want{attempts: 3, fails: true, unknown: true, status: 502, within: twoWaits},
			then: func(r *rig, err error) {
				var e *pacspace.APIError
				require.ErrorAs(r, err, &e)
				require.Equal(r, body, string(e.Body()))
				require.NotContains(r, err.Error(), "<")
			}})
	}

	// A success that cannot be read leaves a write open, and asking again would bring the
	// same: the body came whole.
	for name, body := range map[string]string{
		"an HTML page":               html,
		"an empty body":              "",
		"null":                       "null",
		"another object":             `{"foo":1}`,
		"an envelope without data":   `{"success":true}`,
		"an envelope around a list":  `{"success":true,"data":[]}`,
		"a field of another type":    `{"success":true,"data":{"recordId":5}}`,
		"JSON and something more":    `{"success":true,"data":{"recordId":"rec_1"}}}`,
		"two answers in one":         `{"success":true,"data":{"recordId":"a"}}{"success":true,"data":{"recordId":"b"}}`,
		"the record of another":      `{"success":true,"data":{"recordId":"rec_1","customerId":"globex","delta":-52}}`,
		"the record of another day":  `{"success":true,"data":{"recordId":"rec_1","referenceId":"usage:acme:2000-01-03","delta":-52}}`,
		"the record of another sum":  `{"success":true,"data":{"recordId":"rec_1","delta":-53}}`,
		"bytes that are not Unicode": "{\"success\":true,\"data\":{\"recordId\":\"\xff\"}}",
	} {
		add(scene{fault: "201 with " + name, call: "emit",
			arrange: fails(sandbox.Fault{Status: 201, Body: []byte(body), Times: -1, AfterWrite: true}),
			want:    want{attempts: 1, fails: true, unknown: true, recorded: 1}, then: resolves})
	}
	for name, body := range map[string]string{"an HTML page": html, "an empty body": "", "another object": `{"foo":1}`, "an envelope without data": `{"success":true}`} {
		add(scene{fault: "200 with " + name, call: "derive",
			arrange: fails(sandbox.Fault{Status: 200, Body: []byte(body), Times: -1}),
			want:    want{attempts: 1, fails: true}})
	}
	add(scene{fault: "201 that tells of a failure", call: "emit",
		arrange: fails(sandbox.Fault{Status: 201, Body: []byte(`{"success":false,"error":{"code":"SOMETHING","message":"no"}}`), Times: -1}),
		want:    want{attempts: 1, fails: true, unknown: true, status: 201, code: "SOMETHING"}, then: resolves})
	add(scene{fault: "204", call: "emit", arrange: fails(sandbox.Fault{Status: 204, Body: []byte{}, Times: -1, AfterWrite: true}),
		want: want{attempts: 1, fails: true, unknown: true, recorded: 1}, then: resolves})
	add(scene{fault: "201 that never ends", call: "emit", arrange: func(r *rig) {
		r.front = func(w http.ResponseWriter, q *http.Request, service http.Handler) {
			service.ServeHTTP(discardAnswer{}, q)
			w.WriteHeader(http.StatusCreated)
			for chunk := bytes.Repeat([]byte(" "), 1<<20); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}
	}, want: want{attempts: 1, fails: true, unknown: true, recorded: 1}, then: func(r *rig, err error) {
		require.ErrorContains(r, err, "too long")
	}})
	gzip := http.Header{"Content-Encoding": {"gzip"}}
	add(scene{fault: "broken gzip once", call: "emit", arrange: fails(sandbox.Fault{Status: 201, Header: gzip, Body: []byte("\x1f\x8bnot gzip"), AfterWrite: true}),
		want: want{attempts: 2, recorded: 1, within: oneWait}})
	add(scene{fault: "broken gzip always", call: "emit", arrange: fails(sandbox.Fault{Status: 201, Header: gzip, Body: []byte("\x1f\x8bnot gzip"), AfterWrite: true, Times: -1}),
		want: want{attempts: 3, fails: true, unknown: true, recorded: 1, within: twoWaits}, then: resolves})

	// More than one answer.
	add(scene{fault: "hints before the answer", call: "emit", arrange: func(r *rig) {
		r.front = func(w http.ResponseWriter, q *http.Request, service http.Handler) {
			w.Header().Set("Link", "</x>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			service.ServeHTTP(w, q)
		}
	}, want: want{attempts: 1, recorded: 1}})
	add(scene{fault: "the answer comes twice", call: "emit", arrange: func(r *rig) {
		r.front = func(w http.ResponseWriter, q *http.Request, service http.Handler) {
			if q.Method != http.MethodPost {
				service.ServeHTTP(w, q)
				return
			}
			a := &keptAnswer{header: http.Header{}}
			service.ServeHTTP(a, q)
			hijack(r, w, a.text()+a.text())
		}
	}, want: want{attempts: 1, recorded: 1}, then: func(r *rig, _ error) {
		synctest.Wait()
		r.front = nil
		b, err := r.client.Balance.Derive(r.Context(), "acme", pacspace.InPeriod("2000-01"))
		require.NoError(r, err)
		require.Equal(r, "-103", b.ComputedBalance.String(), "the second copy is no answer to another request")
	}})

	// Redirects: a write is not sent to where it points, a read not to another host.
	for status, unknown := range map[int]bool{301: false, 302: true, 303: true, 307: false, 308: false} {
		for where, location := range map[string]string{"its own host": "/api/v1/balance/delta", "another host": "http://other.test/api/v1/balance/delta"} {
			add(scene{fault: strconv.Itoa(status) + " to " + where, call: "emit",
				arrange: fails(sandbox.Fault{Status: status, Header: http.Header{"Location": {location}}, Times: -1}),
				want:    want{attempts: 1, fails: true, unknown: unknown, status: status, is: []error{pacspace.ErrRedirected}}, then: oneConnection})
		}
	}
	add(scene{fault: "302 to another host", call: "derive",
		arrange: fails(sandbox.Fault{Status: 302, Header: http.Header{"Location": {"http://other.test/api/v1/balance/derive/acme"}}, Times: -1}),
		want:    want{attempts: 1, fails: true, status: 302, is: []error{pacspace.ErrRedirected}}, then: oneConnection})
	return list
}

// oneConnection shows that no other host was called.
func oneConnection(r *rig, err error) {
	require.Equal(r, 1, r.dials)
	require.NotContains(r, err.Error(), "other.test")
}

// keptAnswer is an answer as text.
type keptAnswer struct {
	header http.Header
	status int
	body   strings.Builder
}

func (a *keptAnswer) Header() http.Header         { return a.header }
func (a *keptAnswer) WriteHeader(status int)      { a.status = status }
func (a *keptAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *keptAnswer) text() string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 " + strconv.Itoa(a.status) + " OK\r\nContent-Length: " + strconv.Itoa(a.body.Len()) + "\r\n")
	_ = a.header.Write(&b)
	return b.String() + "\r\n" + a.body.String()
}
