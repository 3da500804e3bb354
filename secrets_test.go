package pacspace

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// Nothing that the package hands out prints a secret, however it is printed.
func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	const (
		key    = "pk_live_PUBLIC.hunter2topsecret"
		bearer = "eyJhunter2.token"
		header = "hunter2cookie"
	)
	mock := httpmock.NewMockTransport()
	client, err := New(key, WithHTTPClient(&http.Client{Transport: mock}), WithMaxRetries(0))
	require.NoError(t, err)
	rotating, err := New("", WithKeySource(func(context.Context) (string, error) { return key, nil }), WithHTTPClient(&http.Client{Transport: mock}), WithMaxRetries(0))
	require.NoError(t, err)
	public, err := NewPublic()
	require.NoError(t, err)

	values := map[string]any{
		"Client":               client,
		"Client by value":      *client,
		"Client with a source": rotating,
		"Public":               public,
		"Public by value":      *public,
		"a service":            client.Balance,
		"a service by value":   *client.Balance,
		"core":                 *client.core,
		"client option":        WithKeySource(func(context.Context) (string, error) { return key, nil }),
		"token option":         WithDashboardToken(bearer),
		"header option":        WithHeader("Cookie", header),
	}
	cfg := callConfig{}
	require.NoError(t, cfg.apply([]CallOption{WithDashboardToken(bearer), WithHeader("Cookie", header)}))
	values["options"] = cfg
	_, err = New(key + "\n")
	values["the error of a bad key"] = err
	_, err = New(key, WithBaseURL("https://u:hunter2@x.test"))
	values["the error of a bad base URL"] = err

	// A service that echoes the whole request, as some proxies do.
	echo := key + " " + bearer + " " + header + " hunter2topsecret"
	for name, answer := range map[string]httpmock.Responder{
		"an error that echoes the key":    httpmock.NewStringResponder(401, `{"message":"bad key `+key+`","code":"`+key+`"}`),
		"an error that echoes its secret": httpmock.NewStringResponder(401, `{"message":"bad key hunter2topsecret"}`),
		"an error page that echoes it":    httpmock.NewStringResponder(500, "<html>"+echo),
		"an answer that echoes it":        httpmock.NewStringResponder(200, "<html>"+echo),
		"a transport that fails":          httpmock.NewErrorResponder(fmt.Errorf("reset")),
	} {
		mock.RegisterNoResponder(answer)
		for kind, c := range map[string]*Client{"": client, ", with a source": rotating} {
			var r Response
			_, err := invoke[thing](t.Context(), c.core, call{route: writeThing, key: "k", body: []byte(`{}`)},
				[]CallOption{WithResponse(&r), WithDashboardToken(bearer), WithHeader("Cookie", header)})
			require.Error(t, err)
			values[name+kind] = err
			values[name+kind+": Response"] = r
			if e, ok := err.(interface{ Body() []byte }); ok {
				values[name+kind+": body"] = strings.NewReplacer(bearer, "", header, "").Replace(string(e.Body()))
			}
		}
	}

	secrets := []string{key, "hunter2", "topsecret", bearer, header, base64.StdEncoding.EncodeToString([]byte(key))}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for form, text := range everyForm(v) {
				for _, secret := range secrets {
					require.NotContains(t, strings.ToLower(text), strings.ToLower(secret), form)
					require.NotContains(t, strings.ToLower(text), fmt.Sprintf("%x", secret), form)
				}
			}
		})
	}
}

// everyForm prints a value in every way that programs print values.
func everyForm(v any) map[string]string {
	forms := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%X", "%d"} {
		forms[verb] = fmt.Sprintf(verb, v)
	}
	if j, err := json.Marshal(v); err == nil {
		forms["json"] = string(j)
	}
	var text, structured strings.Builder
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v)
	jsonLogger(&structured).Info("m", "v", v)
	forms["slog text"], forms["slog json"] = text.String(), structured.String()
	return forms
}

func TestAClientSaysWhereItCalls(t *testing.T) {
	t.Parallel()
	c, err := New("pk_test_a.b", WithBaseURL("https://api.example.test/x"))
	require.NoError(t, err)
	require.Equal(t, "pacspace.Client(api.example.test)", fmt.Sprint(c))
	require.Equal(t, "pacspace.Public(api.example.test)", fmt.Sprint(c.Public))
	j, err := json.Marshal(map[string]any{"client": c})
	require.NoError(t, err)
	require.JSONEq(t, `{"client":"pacspace.Client(api.example.test)"}`, string(j))
	require.Equal(t, "pacspace.Public(nil)", (&Public{}).String())
	require.Less(t, time.Duration(0), KeyLifetime)
}
