package transport

import "net/http"

const maxRedirects = 3

// checkRedirect follows redirects of reads on the same host, and no others: not to
// another host, which must not learn what is asked, and not of writes, which would be
// sent a second time or turned into reads. A redirect that is not followed is the
// answer. Credentials do not follow any.
func checkRedirect(callers func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		first := via[0]
		switch {
		case first.Method != http.MethodGet && first.Method != http.MethodHead,
			req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host || req.URL.User != nil,
			len(via) > maxRedirects:
			return http.ErrUseLastResponse
		}
		for _, name := range [...]string{"X-Api-Key", "Authorization", "Cookie", "Referer"} {
			req.Header.Del(name)
		}
		if callers != nil {
			return callers(req, via)
		}
		return nil
	}
}
