package pacspace_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/sandbox"
)

// shared is a record with one entry, and a link to it.
func shared(t *testing.T, v *vendor, code string, fields ...string) string {
	t.Helper()
	v.write(paused("pause-1"))
	v.settle()
	share := sandbox.Share{Record: "press-4", AccessCode: code}
	if fields != nil {
		share.Shown = []sandbox.Shown{{Entry: 1, Fields: fields}}
	}
	link, err := v.box.ShareRecord(sandbox.Test, share)
	require.NoError(t, err)
	return link
}

// buyer is a client without a key.
func (v *vendor) buyer() *pacspace.Public {
	v.t.Helper()
	public, err := pacspace.NewPublic(pacspace.WithBaseURL(v.box.URL))
	require.NoError(v.t, err)
	return public
}

func TestALinkIsOpenedCheckedAndKept(t *testing.T) {
	t.Parallel()
	for _, version := range []sealed.Version{sealed.V2, sealed.V3} {
		t.Run(fmt.Sprintf("record hash v%d", version), func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, sandbox.RecordHash(version))
			link := shared(t, v, "A1B2C3", "title", "payloads")
			opened, err := v.buyer().OpenLink(t.Context(), link, "A1B2C3")
			require.NoError(t, err)
			require.Equal(t, sealed.Consistent, opened.Check.Verdict())
			require.Len(t, opened.Check.Entries, 1)
			require.Equal(t, "/title", opened.Check.Entries[0].Shown[1].Pointer)
			require.Equal(t, json.RawMessage(`"Press paused"`), opened.Check.Entries[0].Shown[1].Value)
			require.Equal(t, 3, opened.Check.Entries[0].Withheld)

			file, err := opened.LinkCopy()
			require.NoError(t, err)
			require.Equal(t, opened.Check, sealed.VerifyLinkCopy(file))

			again, err := v.Public.OpenLink(t.Context(), link, "A1B2C3")
			require.NoError(t, err)
			require.Equal(t, opened, again, "a client with a key sends none either")
		})
	}
}

func TestALinkIsOpenedWithoutAKeyOrAnythingThatNamesTheCaller(t *testing.T) {
	t.Parallel()
	var sent []*http.Request
	client, _ := answering(t, func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r)
		answer := httpmock.NewStringResponse(200, `{"schema":"record-seal-history/v1","entries":[]}`)
		answer.Header.Add("Set-Cookie", "a=1; Path=/; HttpOnly")
		answer.Header.Add("Set-Cookie", "b=2")
		return answer, nil
	}, pacspace.WithChainID(5), pacspace.WithCreditPool("p"))
	opened, err := client.Public.OpenLink(t.Context(), "https://links.example.test/c/CUS_Abc/?x=1#dk=none", "A1B2C3", pacspace.WithGrant("grs_secret"), pacspace.WithHeader("X-A", "1"))
	require.NoError(t, err)
	require.Nil(t, opened.Check)
	require.Nil(t, opened.Disclosure)
	require.Equal(t, "cus_abc", opened.Handle)
	var paths []string
	for _, r := range sent {
		paths = append(paths, r.Method+" "+r.URL.String())
		for _, name := range []string{"X-Api-Key", "X-Chain-Id", "X-Credit-Pool-Id", "X-Pacspace-Grant", "Idempotency-Key"} {
			require.Empty(t, r.Header.Get(name), name)
		}
		require.Equal(t, "1", r.Header.Get("X-A"))
		require.Empty(t, r.URL.Fragment)
	}
	require.Equal(t, []string{
		"POST https://app.pacspace.io/api/v1/c/cus_abc/access/verify",
		"GET https://app.pacspace.io/api/v1/c/cus_abc/history",
		"GET https://app.pacspace.io/api/v1/c/cus_abc/disclosure",
	}, paths)
	require.Empty(t, sent[0].Header.Get("Cookie"))
	require.Equal(t, "a=1; b=2", sent[1].Header.Get("Cookie"))
	require.Equal(t, "all", sent[1].Header.Get("X-Record-Entries"))
	require.Equal(t, "a=1; b=2", sent[2].Header.Get("Cookie"))
	require.Empty(t, sent[2].Header.Get("X-Record-Entries"))
}

func TestTheHandleOfALink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ link, path string }{
		{"https://app.pacspace.io/c/CUS_Abc", "/api/v1/c/cus_abc/history"},
		{"/c/cus_abc/", "/api/v1/c/cus_abc/history"},
		{"c/cus%5Fabc", "/api/v1/c/cus_abc/history"},
		{"cus_abc", "/api/v1/c/cus_abc/history"},
		{" https://x.test/de/c/%20a%2FB%20?lang=de ", "/api/v1/c/a%2Fb/history"},
		{"https://x.test/c/100%", "/api/v1/c/100%25/history"},
	} {
		var got string
		client, _ := answering(t, func(r *http.Request) (*http.Response, error) {
			got = r.URL.EscapedPath()
			return httpmock.NewStringResponse(410, `{"error":{"code":"LINK_REVOKED","message":"Revoked."}}`), nil
		})
		_, err := client.Public.OpenLink(t.Context(), c.link, "")
		refused, ok := errors.AsType[*pacspace.APIError](err)
		require.True(t, ok, "%s: %v", c.link, err)
		require.Equal(t, "LINK_REVOKED", refused.Code)
		require.Equal(t, c.path, got, c.link)
	}
	client, mock := answering(t, httpmock.NewStringResponder(500, ""))
	for _, link := range []string{"", "https://app.pacspace.io/d/cus", "https://app.pacspace.io/c/", "/c/%20", "https://cus", "mailto:cus", "#dk=x"} {
		_, err := client.Public.OpenLink(t.Context(), link, "")
		require.Equal(t, sealed.CodeMalformed, refusal(t, err).Code, link)
	}
	require.Zero(t, mock.GetTotalCallCount())
}

func refusal(t *testing.T, err error) *sealed.Refusal {
	t.Helper()
	refused, ok := errors.AsType[*sealed.Refusal](err)
	require.True(t, ok, "%v", err)
	return refused
}

func TestLinksThatDoNotOpen(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	link := shared(t, v, "A1B2C3", "title")
	bare, fragment, _ := strings.Cut(link, "#")
	other, err := v.box.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4", Shown: []sandbox.Shown{{Entry: 1}}})
	require.NoError(t, err)
	otherBare, _, _ := strings.Cut(other, "#")
	digest := "dd=" + strings.TrimPrefix(fragment, "dk=")
	buyer := v.buyer()
	for _, c := range []struct {
		name, link string
		code       sealed.Code
	}{
		{"without its key", bare, sealed.CodeLinkNoKey},
		{"with the key cut off", link[:len(link)-1], sealed.CodeLinkNoKey},
		{"that names a digest, as those of encrypted records do", bare + "#" + digest, sealed.CodeLinkNoKey},
		{"with another link's key", otherBare + "#" + fragment, sealed.CodeEnvelopeAuth},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := buyer.OpenLink(t.Context(), c.link, "A1B2C3")
			if strings.HasPrefix(c.link, otherBare) {
				_, err = buyer.OpenLink(t.Context(), c.link, "")
			}
			require.Equal(t, c.code, refusal(t, err).Code)
			require.NotContains(t, fmt.Sprintf("%+v", err), strings.TrimPrefix(fragment, "dk="))
		})
	}
	t.Run("without its access code", func(t *testing.T) {
		_, err := buyer.OpenLink(t.Context(), link, "")
		require.ErrorIs(t, err, pacspace.ErrUnauthorized)
	})
	t.Run("with another access code", func(t *testing.T) {
		_, err := buyer.OpenLink(t.Context(), link, "WRONG1")
		require.ErrorIs(t, err, pacspace.ErrUnauthorized)
		require.ErrorContains(t, err, "Wrong code.")
	})
}

func TestALinkWithoutADisclosureIsNoError(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	opened, err := v.buyer().OpenLink(t.Context(), shared(t, v, ""), "")
	require.NoError(t, err)
	require.Nil(t, opened.Check)
	require.Contains(t, string(opened.History), "record-seal-history/v1")
	file, err := opened.LinkCopy()
	require.NoError(t, err)
	require.Equal(t, sealed.CodeMalformed, sealed.VerifyLinkCopy(file).Code, "there is nothing to check in it")
	for _, answer := range []string{`{}`, `{"envelope":null}`, `{"envelope":5}`, ``, `<html>`} {
		opened, err := linked(t, 200, answer)
		require.NoError(t, err, answer)
		require.Nil(t, opened.Check)
	}
}

// linked opens a link whose disclosure is answered so.
func linked(t *testing.T, status int, disclosure string) (*pacspace.OpenedLink, error) {
	t.Helper()
	client, _ := answering(t, func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/history") {
			return httpmock.NewStringResponse(200, `{"schema":"record-seal-history/v1","entries":[]}`), nil
		}
		return httpmock.NewStringResponse(status, disclosure), nil
	}, pacspace.WithMaxRetries(0))
	return client.Public.OpenLink(t.Context(), "/c/cus", "")
}

// A disclosure that could not be asked for is not a link without one.
func TestADisclosureThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 425, 429, 500, 503} {
		_, err := linked(t, status, `{}`)
		_, ok := errors.AsType[*pacspace.APIError](err)
		require.True(t, ok, "%d: %v", status, err)
	}
	_, err := linked(t, 200, `{"envelope":"AQ"}`)
	require.Equal(t, sealed.CodeLinkNoKey, refusal(t, err).Code)
}

// The service may serve a history that the disclosure does not belong to.
func TestADisclosureOfAnotherRecordIsRefused(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	link := shared(t, v, "", "title")
	opened, err := v.buyer().OpenLink(t.Context(), link, "")
	require.NoError(t, err)
	for name, change := range map[string]func(string) (string, sealed.Code){
		"another word": func(h string) (string, sealed.Code) {
			word := `"newWord":"0x0006`
			return strings.Replace(h, word, `"newWord":"0x0007`, 1), sealed.CodeSealMismatch
		},
		"another chain": func(h string) (string, sealed.Code) {
			return strings.Replace(h, `"chainId":296`, `"chainId":295`, 1), sealed.CodeRecordMismatch
		},
		"no entries": func(h string) (string, sealed.Code) {
			return h[:strings.Index(h, `"entries":[`)] + `"entries":[]}`, sealed.CodeMalformed
		},
		"no object": func(string) (string, sealed.Code) { return `[]`, "" },
	} {
		t.Run(name, func(t *testing.T) {
			history, code := change(string(opened.History))
			require.NotEqual(t, string(opened.History), history)
			_, fragment, _ := strings.Cut(link, "#")
			key, _ := sealed.ParseLinkKey(fragment)
			envelope, err := sealed.SealEnvelope(opened.Disclosure, "cus", key)
			require.NoError(t, err)
			client, _ := answering(t, func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/history") {
					return httpmock.NewStringResponse(200, history), nil
				}
				return httpmock.NewStringResponse(200, `{"envelope":"`+envelope+`"}`), nil
			})
			_, err = client.Public.OpenLink(t.Context(), "/c/cus#"+fragment, "")
			if code == "" {
				_, ok := errors.AsType[*pacspace.DecodeError](err)
				require.True(t, ok, "%v", err)
				return
			}
			require.Equal(t, code, refusal(t, err).Code)
		})
	}
}

// A service that repeats what it was sent does not get it into an error.
func TestNoErrorHoldsAnAccessCode(t *testing.T) {
	t.Parallel()
	const code = "hunter2code"
	client, mock := answering(t, httpmock.NewStringResponder(401, `{"message":"bad `+code+`","code":"`+code+`"}`))
	_, err := client.Public.OpenLink(t.Context(), "/c/cus#dk=hunter2key", code)
	refused, ok := errors.AsType[*pacspace.APIError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 1, mock.GetTotalCallCount(), "a wrong code is not tried again")
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			answer := httpmock.NewStringResponse(200, `{}`)
			answer.Header.Set("Set-Cookie", "s=hunter2cookie")
			return answer, nil
		}
		return httpmock.NewStringResponse(403, `{"message":"`+r.Header.Get("Cookie")+`"}`), nil
	})
	_, err2 := client.Public.OpenLink(t.Context(), "/c/cus#dk=hunter2key", code)
	require.ErrorIs(t, err2, pacspace.ErrForbidden)
	for _, v := range []any{err, err2, string(refused.Body())} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
			require.NotContains(t, fmt.Sprintf(verb, v), "hunter2")
		}
	}
}
