package webhook

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SignOption changes how [Sign] signs.
type SignOption interface {
	applySign(*signing)
}

type signing struct {
	secrets      []string
	milliseconds bool
}

type signOption func(*signing)

func (o signOption) applySign(s *signing) { o(s) }

// InMilliseconds writes the timestamp in Unix milliseconds instead of seconds; the
// service has been seen to do both.
func InMilliseconds() SignOption {
	return signOption(func(s *signing) { s.milliseconds = true })
}

// AlsoWith adds the signature of a further secret behind the first, as the service does
// for 24 hours after a rotation with overlap: current secret first, previous one second.
func AlsoWith(secret string) SignOption {
	return signOption(func(s *signing) { s.secrets = append(s.secrets, secret) })
}

// Sign returns the two headers, signature and timestamp, with which the service
// would deliver the body at that time: what a test needs to call the handler of its own
// program. The body is signed as it is. The headers of type and id, which are not signed,
// are left to the caller ([EventHeader], [IDHeader]).
//
// Times before 1970 have no timestamp that a verifier accepts, and an empty secret makes
// signatures that none does.
//
// Source: API contract, sections 4.1 and 4.2.
func Sign(secret string, at time.Time, body []byte, opts ...SignOption) http.Header {
	s := signing{secrets: []string{secret}}
	for _, o := range opts {
		o.applySign(&s)
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	if s.milliseconds {
		timestamp = strconv.FormatInt(at.UnixMilli(), 10)
	}
	signatures := make([]string, len(s.secrets))
	for i, secret := range s.secrets {
		m := newSecretKey(secret).mac(timestamp, body)
		signatures[i] = "v1=" + hex.EncodeToString(m.sum[:])
	}
	h := http.Header{}
	h.Set(SignatureHeader, strings.Join(signatures, ","))
	h.Set(TimestampHeader, timestamp)
	return h
}
