package pacspace

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the endpoint, an id is held to its rules where it is put into the path.
func TestNoIDReachesAnotherPath(t *testing.T) {
	t.Parallel()
	base := &url.URL{Scheme: "https", Host: "api.example", Path: "/base"}
	for _, c := range []struct{ path, id, escaped, field string }{
		{"/v1/things/{thingId}/parts", "a b/c", "/base/v1/things/a%20b%2Fc/parts", ""},
		{"/v1/things/{thingId}", "", "", "thingId"},
		{"/v1/things/{thingId}", "..", "", "thingId"},
		{"/v1/things/{thingId}", "\xff", "", "thingId"},
		{"/v1/customers/{customerId}/things", "customer:acme", "/base/v1/customers/customer%3Aacme/things", ""},
		{"/v1/customers/{customerId}/things", "", "", "customerId"},
		{"/v1/customers/{customerId}/things", ".", "", "customerId"},
		{"/v1/customers/{customerId}/things", "a/b", "", "customerId"},
		{"/v1/customers/{customerId}/things", strings.Repeat("a", 129), "", "customerId"},
	} {
		var u url.URL
		err := route{method: "GET", path: c.path}.resolve(&u, base, []string{c.id}, nil)
		if c.field == "" {
			require.NoError(t, err, c.id)
			require.Equal(t, c.escaped, u.EscapedPath())
			continue
		}
		var p *ParamError
		require.ErrorAs(t, err, &p, c.id)
		require.Equal(t, c.field, p.Field)
	}
}
