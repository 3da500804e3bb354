package pacspace

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/wire"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// OpenedLink is what a link to a record shows: the record's seal history and, where the
// link discloses something, the disclosure, decrypted and checked against that history.
type OpenedLink struct {
	Handle  string
	History json.RawMessage // the seal history as it was served
	// Disclosure is nil where the link discloses nothing.
	Disclosure json.RawMessage
	// Check is what the disclosure shows, and what was not checked: the history is what was
	// served, not the ledger. It is nil where the link discloses nothing.
	Check *sealed.Result
}

// LinkCopy is both parts in one file, a record-link-copy/v1: keep it to check the
// disclosure again, offline, with [sealed.VerifyLinkCopy] or another of PacSpace's
// verifiers.
func (l *OpenedLink) LinkCopy() ([]byte, error) {
	return sealed.EncodeLinkCopy(l.History, l.Disclosure)
}

// OpenLink opens a link to a record, such as https://app.pacspace.io/c/HANDLE#dk=KEY: it
// reads the record's seal history and the link's disclosure, decrypts this with the key
// behind the #, and checks it. accessCode is empty for a link that asks for none. The
// request goes to this client's own host, whatever host the link names, and the key goes
// nowhere. A handle alone is a link too.
//
// It fails with a [*sealed.Refusal] where the link is none, or its disclosure cannot be
// opened or is not what was sealed, and with an [*APIError] where the service refuses the
// access code or the history. A link without a disclosure is no error. One that could not
// be asked for is: the official SDK takes that for a link without a disclosure.
//
// Source: API contract, section 2.15; records contract, sections 1 and 8.
func (p *Public) OpenLink(ctx context.Context, link, accessCode string, opts ...CallOption) (*OpenedLink, error) {
	handle, fragment, err := splitLink(link)
	if err != nil {
		return nil, err
	}
	v := visit{core: p.core, handle: handle, opts: opts}
	if accessCode != "" {
		if err := v.enter(ctx, accessCode); err != nil {
			return nil, err
		}
	}
	opened := &OpenedLink{Handle: handle}
	if opened.History, err = v.history(ctx); err != nil {
		return nil, err
	}
	envelope, found, err := v.envelope(ctx)
	if err != nil || !found {
		return opened.orError(err)
	}
	key, ok := sealed.ParseLinkKey(fragment)
	if !ok {
		return nil, &sealed.Refusal{Code: sealed.CodeLinkNoKey, Reason: "This link has no key after # and no wrap for your workspace."}
	}
	if opened.Disclosure, err = sealed.OpenEnvelope(envelope, handle, key); err != nil {
		return nil, err
	}
	opened.Check = sealed.VerifyServed(opened.History, opened.Disclosure)
	return opened.orError(opened.Check.Err())
}

func (l *OpenedLink) orError(err error) (*OpenedLink, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

// splitLink finds the handle of a link and what stands behind its #.
func splitLink(link string) (handle, fragment string, err error) {
	link, fragment, _ = strings.Cut(strings.TrimSpace(link), "#")
	path, _, _ := strings.Cut(link, "?")
	if _, rest, absolute := strings.Cut(path, "://"); absolute {
		_, path, _ = strings.Cut(rest, "/")
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	last := len(segments) - 1
	if handle, err = url.PathUnescape(segments[last]); err != nil {
		handle = segments[last]
	}
	handle = strings.ToLower(strings.TrimSpace(handle))
	isLink := last > 0 && segments[last-1] == "c" || last == 0 && link == path && !strings.Contains(path, ":")
	if !isLink || handle == "" {
		return "", "", &sealed.Refusal{
			Code: sealed.CodeMalformed, Reason: "This is not a record disclosure this version can read.",
			Detail: "the link has no handle: want one that ends in /c/ and the handle",
		}
	}
	return handle, fragment, nil
}

// visit is the reading of one link.
type visit struct {
	*core
	handle string
	opts   []CallOption
	cookie string
}

// enter shows the access code and keeps the cookie that it is answered with.
func (v *visit) enter(ctx context.Context, accessCode string) error {
	body, err := canonical.Marshal(map[string]string{"factor": "ACCESS_HINT", "value": accessCode})
	if err != nil {
		return paramError("accessCode", err)
	}
	x, err := v.exchange(ctx, &call{route: routeLinkAccess, ids: []string{v.handle}, body: body, hidden: []string{accessCode}}, v.opts)
	if err != nil {
		return err
	}
	var pairs []string
	for _, line := range x.Response.Values("Set-Cookie") {
		if pair, _, _ := strings.Cut(line, ";"); pair != "" {
			pairs = append(pairs, pair)
		}
	}
	v.cookie = strings.Join(pairs, "; ")
	return nil
}

// get reads one of the link's two parts. The visit's headers stand before the caller's, so
// that his count.
func (v *visit) get(ctx context.Context, of route, headers ...headerField) (*exchange, error) {
	if v.cookie != "" {
		headers = append(headers, headerField{"Cookie", func() string { return v.cookie }})
	}
	opts := append([]CallOption{callOption(func(c *callConfig) error {
		c.header = append(c.header, headers...)
		return nil
	})}, v.opts...)
	return v.exchange(ctx, &call{route: of, ids: []string{v.handle}, hidden: []string{v.cookie}}, opts)
}

func (v *visit) history(ctx context.Context) (json.RawMessage, error) {
	x, err := v.get(ctx, routeLinkHistory, headerField{"X-Record-Entries", func() string { return "all" }})
	if err != nil {
		return nil, err
	}
	if _, err := wire.Parse(x.Answer); err != nil {
		return nil, x.undecodable(err)
	}
	return x.Answer, nil
}

// envelope reads the link's sealed disclosure. A link without one is answered with a
// refusal, or with an answer that holds none.
func (v *visit) envelope(ctx context.Context) (envelope string, found bool, err error) {
	x, err := v.get(ctx, routeLinkDisclosure)
	if api, ok := errors.AsType[*APIError](err); ok && noDisclosure(api.StatusCode) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	var served struct {
		Envelope *string `json:"envelope"`
	}
	if len(x.Answer) == 0 || json.Unmarshal(x.Answer, &served) != nil || served.Envelope == nil {
		return "", false, nil
	}
	return *served.Envelope, true, nil
}

// noDisclosure tells the refusals that mean that there is nothing from those that mean that
// nothing could be said.
func noDisclosure(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status <= 499
}
