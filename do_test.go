package pacspace

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestDoReadsIntoWhatItIsGiven(t *testing.T) {
	t.Parallel()
	s := newService(t, says(200, `{"success":true,"data":{"id":"a","n":1.50}}`))
	c := s.client(t)

	var v struct {
		ID string
		N  json.Number
	}
	require.NoError(t, c.Do(t.Context(), "GET", "/api/v2/new/a%2Fb?x=1", nil, &v))
	require.Equal(t, "a", v.ID)
	require.Equal(t, "1.50", v.N.String())
	require.Equal(t, "/private/pac/api/v2/new/a%2Fb?x=1", s.requests()[0].target)

	var raw json.RawMessage
	require.NoError(t, c.Do(t.Context(), "GET", "/x", nil, &raw))
	require.Equal(t, `{"id":"a","n":1.50}`, string(raw))
	var b []byte
	require.NoError(t, c.Do(t.Context(), "DELETE", "/x", nil, &b))
	require.Equal(t, `{"id":"a","n":1.50}`, string(b))
	require.NoError(t, c.Do(t.Context(), "GET", "/x", nil, nil))
}

func TestDoSendsCanonicalJSON(t *testing.T) {
	t.Parallel()
	s := newService(t, says(201, `{"success":true,"data":{}}`))
	c := s.client(t)
	require.NoError(t, c.Do(t.Context(), "POST", "/x", map[string]any{"b": 1, "a": "<&>"}, nil))
	require.NoError(t, c.Do(t.Context(), "POST", "/x", []byte(`{ "b":1.0, "a":2 }`), nil, WithIdempotencyKey("k")))
	require.Equal(t, `{"a":"<&>","b":1}`, s.requests()[0].body)
	require.Empty(t, s.requests()[0].header.Get("Idempotency-Key"))
	require.Equal(t, `{"a":2,"b":1}`, s.requests()[1].body)
	require.Equal(t, "k", s.requests()[1].header.Get("Idempotency-Key"))

	for name, in := range map[string]any{
		"no JSON":                        []byte(`{`),
		"a name that stands twice":       []byte(`{"a":1,"a":2}`),
		"a number that binary64 changes": []byte(`{"a":9007199254740993}`),
		"text that is not Unicode":       map[string]string{"a": "\xff"},
		"a channel":                      make(chan int),
	} {
		require.ErrorIs(t, c.Do(t.Context(), "POST", "/x", in, nil), ErrInvalid, name)
	}
	require.Len(t, s.requests(), 2)
}

func TestDoRefusesPathsThatLeadElsewhere(t *testing.T) {
	t.Parallel()
	s := newService(t, says(200, `{}`))
	c := s.client(t)
	for _, path := range []string{
		"", "x", "//evil.test/x", "https://evil.test/x", "/a/../b", "/a/./b", "/a//b", "/a/%2e%2e/b", "/..", "/a#b", `/a\b`, "/a b\n", "/%zz",
	} {
		require.ErrorIs(t, c.Do(t.Context(), "GET", path, nil, nil), ErrInvalid, "%q", path)
	}
	require.ErrorIs(t, c.Do(t.Context(), "CONNECT", "/x", nil, nil), ErrInvalid)
	require.ErrorIs(t, c.Do(t.Context(), "get", "/x", nil, nil), ErrInvalid)
	require.ErrorIs(t, c.Do(t.Context(), "GET", "/x", map[string]int{}, nil), ErrInvalid)
	require.Empty(t, s.requests())
}

func TestDoRetriesWritesOnlyWithAKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method   string
		opts     []CallOption
		attempts int
	}{
		"a read":             {"GET", nil, 3},
		"a write with a key": {"POST", []CallOption{WithIdempotencyKey("k")}, 3},
		"a write without":    {"POST", nil, 1},
		"a delete":           {"DELETE", nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var r Response
				err := scripted(t, reply(503, `{"message":"M"}`)).Do(t.Context(), c.method, "/secret-root", nil, nil, append(c.opts, WithResponse(&r))...)
				require.ErrorIs(t, err, ErrUnavailable)
				require.NotContains(t, err.Error(), "secret-root")
				require.Equal(t, c.attempts, r.Attempts)
				require.Equal(t, 503, r.StatusCode)
			})
		})
	}
}

func TestDoNamesAnAnswerThatDoesNotFit(t *testing.T) {
	t.Parallel()
	var n int
	err := scripted(t, reply(200, `{"success":true,"data":{"id":"a"}}`)).Do(t.Context(), "GET", "/x", nil, &n)
	var d *DecodeError
	require.ErrorAs(t, err, &d)
	err = scripted(t, reply(200, `<html>`)).Do(t.Context(), "GET", "/x", nil, &n)
	require.ErrorAs(t, err, &d)
	err = scripted(t, reply(200, ``)).Do(t.Context(), "GET", "/x", nil, &n)
	require.ErrorAs(t, err, &d)
	require.NoError(t, scripted(t, reply(204, ``)).Do(t.Context(), "DELETE", "/x", nil, nil))
}
