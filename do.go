package pacspace

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// Do calls an endpoint that this version has no method for, with the same key, headers,
// limits, retries and errors as every method.
//
// path begins with a slash, is escaped by the caller and may hold a query, such as
// /api/v1/balance/usage?x=1. in is nil for no body, else any value that encoding/json
// writes, or JSON text as []byte; it is sent as RFC 8785. out is nil, or a pointer: the
// answer without its envelope is read into it by encoding/json, or kept as it is by a
// *[]byte or *json.RawMessage.
//
// GET and HEAD are retried. Any other method is retried only with [WithIdempotencyKey],
// and the service documents that header for three writes only.
func (c *Client) Do(ctx context.Context, method, path string, in, out any, opts ...CallOption) error {
	return c.core.do(ctx, method, path, in, out, opts)
}

// doMethods are the methods that Do sends.
var doMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

func (c *core) do(ctx context.Context, method, path string, in, out any, opts []CallOption) error {
	target, err := parsePath(path)
	if err != nil {
		return err
	}
	// The path may hold ids and a proof root, so neither errors nor logs repeat it.
	r := route{method: method, path: "(Do)", retry: retryKeyed}
	read := method == http.MethodGet || method == http.MethodHead
	switch {
	case !slices.Contains(doMethods, method):
		return &ParamError{Field: "method", Rule: "must be one of " + strings.Join(doMethods, ", ")}
	case read && in != nil:
		return &ParamError{Field: "in", Rule: "must be nil for " + method + ": put it into the path's query"}
	case read:
		r.retry = retryRead
	}
	cl := call{route: r, target: target}
	if cl.body, err = bodyOf(in); err != nil {
		return err
	}
	x, err := c.exchange(ctx, &cl, opts)
	if err != nil || out == nil {
		return err
	}
	answer, err := wire.Unwrap(x.Answer)
	if err != nil {
		return x.undecodable(err)
	}
	switch out := out.(type) {
	case *[]byte:
		*out = []byte(answer.Payload)
	case *json.RawMessage:
		*out = json.RawMessage(answer.Payload)
	default:
		if err := json.Unmarshal([]byte(answer.Payload), out); err != nil {
			return x.undecodable(err)
		}
	}
	return nil
}

func bodyOf(in any) ([]byte, error) {
	var (
		body []byte
		err  error
	)
	switch in := in.(type) {
	case nil:
		return nil, nil
	case []byte:
		body, err = canonical.Transform(in, canonical.Strict)
	default:
		body, err = canonical.Marshal(in)
	}
	return body, paramError("in", err)
}

// parsePath reads a path of the API: it cannot lead to another host, nor out of the base
// path.
func parsePath(path string) (*url.URL, error) {
	refuse := func(rule string) (*url.URL, error) { return nil, &ParamError{Field: "path", Rule: rule} }
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "#\\") {
		return refuse("must begin with one slash and hold no host, fragment or backslash")
	}
	u, err := url.ParseRequestURI(path)
	if err != nil || u.Host != "" || u.User != nil {
		return refuse("must be a path, escaped where it holds other characters")
	}
	for element := range strings.SplitSeq(u.Path[1:], "/") {
		if element == "" || element == "." || element == ".." {
			return refuse("must hold no empty elements and none of . and ..")
		}
	}
	return u, nil
}

// join puts a path behind the base.
func join(u, base, target *url.URL) {
	u.Scheme, u.Host, u.RawQuery = base.Scheme, base.Host, target.RawQuery
	u.Path = base.Path + target.Path
	if escaped := base.EscapedPath() + target.EscapedPath(); escaped != u.Path {
		u.RawPath = escaped
	}
}
