// Package webhook checks what PacSpace delivers, and reads it. It needs no client and no
// API key.
//
//	verifier, err := webhook.NewVerifier([]string{os.Getenv("PACSPACE_WEBHOOK_SECRET")})
//	mux.Handle("POST /hooks/pacspace", verifier.Handler(store))
//
// The body must reach [Verifier.Handler], or [Verifier.Verify] behind another framework, as
// the bytes that were sent. Deliveries come twice and out of order: apply each [Event.ID]
// once. [Sign] and [NewRequest] make deliveries for tests of one's own handler; package
// sandbox delivers whole stories.
//
// Errors are one of the sentinels of this package, through errors.Is.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// Names of the headers that come with a delivery. Only the first two have to do with the
// signature; the other two are not signed and are no more than hints.
//
// Source: API contract, section 4.1.
const (
	SignatureHeader = "X-PacSpace-Signature"
	TimestampHeader = "X-PacSpace-Timestamp"
	EventHeader     = "X-Webhook-Event"
	IDHeader        = "X-Event-ID"
)

// DefaultTolerance is how far the time of a delivery may lie from ours, in the past
// and in the future, unless [WithTolerance] says otherwise.
const DefaultTolerance = 5 * time.Minute

// DefaultMaxBody is the size in bytes up to which [Verifier.Handler] reads a
// body, unless [WithMaxBody] says otherwise.
const DefaultMaxBody = 1 << 20

// What an error means, for errors.Is. Each refusal of a delivery is exactly one of those
// after [ErrInvalid].
var (
	// ErrInvalid: a secret, an option or what is to be signed breaks a rule. What to do: mend
	// the field that the error names. It is the root package's sentinel of this name.
	ErrInvalid = wire.ErrInvalid
	// ErrMissing: the signature, the timestamp or the body is not there. What to do:
	// see that nothing before the handler reads the body or drops a header.
	ErrMissing = errors.New("incomplete delivery")
	// ErrTimestamp: the timestamp is not a Unix time in digits, or stands twice.
	// What to do: refuse it; the service sends none such.
	ErrTimestamp = errors.New("unreadable timestamp")
	// ErrTooOld: the timestamp lies further back than the tolerance. What to do:
	// refuse it; check this machine's clock where genuine ones are refused.
	ErrTooOld = errors.New("delivery too old")
	// ErrTooNew: the timestamp lies further ahead than the tolerance. What to do:
	// refuse it; check this machine's clock where genuine ones are refused.
	ErrTooNew = errors.New("delivery from the future")
	// ErrSignature: no signature was made with one of our secrets over this
	// timestamp and these bytes. What to do: refuse it; where genuine ones are refused,
	// check the secret and that the body is passed on byte by byte.
	ErrSignature = errors.New("signature does not match")
	// ErrBody: the body is genuine and still not one JSON object in UTF-8. What to
	// do: refuse it, and ask the service for its deliveries.
	ErrBody = errors.New("unreadable body")
)

// Verifier tells deliveries of PacSpace from everything else that reaches the same
// address. Make one with [NewVerifier]; it is safe for concurrent use.
//
// A delivery is genuine when one of its v1 signatures is the HMAC-SHA256, under one of the
// secrets, of "{timestamp}.{body}", and its timestamp is near ours. The body is the bytes
// as they came: parse and write it again, and nothing matches any more.
//
// The timestamp bounds how long a captured delivery can be sent again, it does not prevent
// it: within the tolerance a copy is as genuine as the original, and the service itself
// delivers again what was not answered with 2xx. So keep the [Event.ID] of what was
// applied, in the transaction that applied it, and pass over an ID that is there already.
// Keep it for longer than the service may deliver again; since it documents no end to
// that, for as long as the events matter.
//
// Source: API contract, sections 4.1 and 4.2.
type Verifier struct {
	keys      []*secretKey
	tolerance int64 // seconds
	maxBody   int64 // bytes
	now       func() time.Time
	log       *slog.Logger
}

// Option changes how a [Verifier] works.
type Option interface {
	apply(*Verifier) error
}

type optionFunc func(*Verifier) error

func (o optionFunc) apply(v *Verifier) error { return o(v) }

// WithTolerance sets how far the time of a delivery may lie from ours, both ways, in whole
// seconds (a fraction is cut off). Zero leaves only the same second; below zero is refused.
func WithTolerance(d time.Duration) Option {
	return optionFunc(func(v *Verifier) error {
		if d < 0 {
			return invalid("tolerance", "must not be negative")
		}
		v.tolerance = int64(d / time.Second)
		return nil
	})
}

// WithClock gives the verifier another clock than time.Now, for tests and for
// deliveries that were kept to be looked at later.
func WithClock(now func() time.Time) Option {
	return optionFunc(func(v *Verifier) error {
		if now == nil {
			return invalid("clock", "must not be nil")
		}
		v.now = now
		return nil
	})
}

// WithMaxBody sets the size in bytes, at least 1, up to which
// [Verifier.Handler] reads a body.
func WithMaxBody(n int64) Option {
	return optionFunc(func(v *Verifier) error {
		if n < 1 {
			return invalid("maxBody", "must be at least 1 byte")
		}
		v.maxBody = n
		return nil
	})
}

// WithLogger lets [Verifier.Handler] say why it refused a delivery: a
// warning with the status and the reason, which for a 500 is the error that the program's
// own function returned. No header, no body and no secret. Without it the handler is
// silent.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(v *Verifier) error {
		if l == nil {
			return invalid("logger", "must not be nil")
		}
		v.log = l
		return nil
	})
}

// NewVerifier returns a verifier for deliveries that are signed with any one of the
// secrets. A secret is used as it was shown, byte for byte, with its whsec_ prefix. Give
// the new and the old one while a secret is being replaced: the service signs with both
// for 24 hours if the rotation was one with overlap, and with the new one alone if not.
//
// No secret, an empty one and a bad option are refused (errors.Is [ErrInvalid]).
//
// Source: API contract, section 4.2.
func NewVerifier(secrets []string, opts ...Option) (*Verifier, error) {
	if len(secrets) == 0 {
		return nil, invalid("secrets", "must hold at least one webhook secret")
	}
	v := &Verifier{
		tolerance: int64(DefaultTolerance / time.Second),
		maxBody:   DefaultMaxBody,
		now:       time.Now,
		log:       slog.New(slog.DiscardHandler),
	}
	for i, secret := range secrets {
		if secret == "" {
			return nil, invalid("secrets["+strconv.Itoa(i)+"]", "must not be empty")
		}
		v.keys = append(v.keys, newSecretKey(secret))
	}
	for _, o := range opts {
		if o == nil {
			return nil, invalid("opts", "must not hold a nil option")
		}
		if err := o.apply(v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Verify checks a delivery and reads its envelope. The body is the bytes as they came. A
// header that came several times counts as one with all its values, whatever the case of
// its name. An event of a type that this version does not know comes out like any other,
// with its data as JSON.
//
// The error is one of [ErrMissing], [ErrTimestamp], [ErrTooOld], [ErrTooNew],
// [ErrSignature] and [ErrBody], through errors.Is.
func (v *Verifier) Verify(body []byte, h http.Header) (*Event, error) {
	signature := joinedHeader(h, SignatureHeader)
	timestamp := joinedHeader(h, TimestampHeader)
	if signature == "" {
		return nil, refuse(ErrMissing, "no "+SignatureHeader+" header; is this a delivery of PacSpace?")
	}
	if timestamp == "" {
		return nil, refuse(ErrMissing, "no "+TimestampHeader+" header; is this a delivery of PacSpace?")
	}
	if err := v.VerifySignature(signature, timestamp, body); err != nil {
		return nil, err
	}
	event, err := ParseEvent(body)
	if err != nil {
		return nil, err
	}
	event.SignedAt = instant(timestamp)
	event.Hints = EventHints{
		ID:   joinedHeader(h, IDHeader),
		Type: EventType(joinedHeader(h, EventHeader)),
	}
	return event, nil
}

// VerifySignature checks a delivery whose header values came some other way than in an
// http.Header: the signature as in X-PacSpace-Signature (one or several "v1=" parts, other
// parts are passed over), the timestamp as in X-PacSpace-Timestamp (seconds, or
// milliseconds from 1,000,000,000,000 on, in ASCII digits), the body as it came. It does
// not look into the body.
//
// The error is one of [ErrMissing], [ErrTimestamp], [ErrTooOld],
// [ErrTooNew] and [ErrSignature], through errors.Is. The timestamp is
// checked first: it costs nothing, and the rest is a hash over the body.
func (v *Verifier) VerifySignature(signature, timestamp string, body []byte) error {
	if signature == "" || timestamp == "" || len(body) == 0 {
		return refuse(ErrMissing, "signature, timestamp and body are all needed; pass the raw body, before anything has read it")
	}
	at, ok := seconds(timestamp)
	if !ok {
		return refuse(ErrTimestamp, "expected Unix seconds or milliseconds in digits, once")
	}
	age := v.now().Unix() - at
	if age > v.tolerance {
		return refuse(ErrTooOld, strconv.FormatInt(age, 10)+" s, and the tolerance is "+strconv.FormatInt(v.tolerance, 10)+" s; check this machine's clock, or drop a replayed delivery")
	}
	if -age > v.tolerance {
		return refuse(ErrTooNew, strconv.FormatInt(-age, 10)+" s ahead, and the tolerance is "+strconv.FormatInt(v.tolerance, 10)+" s; check this machine's clock")
	}
	if !v.genuine(signature, timestamp, body) {
		return refuse(ErrSignature, "no v1 signature was made with a secret of ours; check the secret, and that the body is the raw one")
	}
	return nil
}

// genuine says whether one of the signatures was made with one of the secrets. The
// timestamp must have passed seconds, which bounds its length.
func (v *Verifier) genuine(signature, timestamp string, body []byte) bool {
	var first, other [sha256.Size]byte
	others, found := nextSignature(signature, &first)
	if !found {
		return false // not worth a hash over the body
	}
	for _, key := range v.keys {
		m := key.mac(timestamp, body)
		match := subtle.ConstantTimeCompare(m.sum[:], first[:]) == 1
		for rest, found := others, true; found && !match; {
			rest, found = nextSignature(rest, &other)
			match = found && subtle.ConstantTimeCompare(m.sum[:], other[:]) == 1
		}
		key.pool.Put(m)
		if match {
			return true
		}
	}
	return false
}

// nextSignature reads the first well-formed "v1=" part into sum and returns what follows
// it. Parts of other versions and malformed ones are passed over: the service may come to
// send a v2 beside the v1.
func nextSignature(header string, sum *[sha256.Size]byte) (rest string, found bool) {
	for header != "" {
		var part string
		part, header, _ = strings.Cut(header, ",")
		if text, ok := strings.CutPrefix(trimSpace(part), "v1="); ok && decodeHex(sum, text) {
			return header, true
		}
	}
	return "", false
}

// trimSpace cuts ASCII white space off both ends and nothing else: strings.TrimSpace would
// also take the no-break spaces of other scripts.
func trimSpace(s string) string {
	return strings.Trim(s, " \t\r\n\v\f")
}

const lowerHex = "0123456789abcdef"

// decodeHex reads exactly 64 lower-case hex digits. It has no branch per digit, because
// digits of a hash are random and a processor guesses half of those branches wrong; a digit
// is good when writing its value again gives the same digit.
func decodeHex(dst *[sha256.Size]byte, text string) bool {
	if len(text) != 2*sha256.Size {
		return false
	}
	var bad byte
	for i := range dst {
		hi, lo := text[2*i], text[2*i+1]
		h := (hi&0xf + (hi>>6)*9) & 0xf // bit 6 tells a letter from a digit
		l := (lo&0xf + (lo>>6)*9) & 0xf
		bad |= lowerHex[h] ^ hi
		bad |= lowerHex[l] ^ lo
		dst[i] = h<<4 | l
	}
	return bad == 0
}

const (
	maxTimestampDigits = 32
	millisecondsFrom   = 1_000_000_000_000
)

// seconds reads a timestamp: ASCII digits alone, as many as anyone could mean. A
// number past every calendar saturates, so that it is too new and not unreadable.
func seconds(text string) (int64, bool) {
	if len(text) == 0 || len(text) > maxTimestampDigits {
		return 0, false
	}
	const limit = 1 << 56
	var n int64
	for i := range len(text) {
		d := text[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = min(n*10+int64(d), limit)
	}
	if n >= millisecondsFrom {
		n /= 1000
	}
	return n, true
}

// instant is seconds with the milliseconds that it cuts off.
func instant(text string) time.Time {
	s, _ := seconds(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= millisecondsFrom {
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(s, 0).UTC()
}

// secretKey holds one secret's HMACs, keyed and ready, so that a check neither allocates
// nor hashes the key again. They belong to the verifier and not to the package: what a
// program has forgotten is collected with it.
type secretKey struct {
	pool sync.Pool
}

// signer is one HMAC with the memory that it needs: the head is written through an
// array, since a string handed to a hash.Hash would be copied to the heap.
type signer struct {
	hash hash.Hash
	head [maxTimestampDigits + 1]byte
	sum  [sha256.Size]byte
}

// The secret lives in this closure and in hash states alone, where fmt, slog and json
// cannot reach it.
func newSecretKey(secret string) *secretKey {
	k := &secretKey{}
	k.pool.New = func() any { return &signer{hash: hmac.New(sha256.New, []byte(secret))} }
	return k
}

// mac computes the HMAC of "{timestamp}.{body}". The caller returns it to the pool.
func (k *secretKey) mac(timestamp string, body []byte) *signer {
	m := k.pool.Get().(*signer)
	m.hash.Reset()
	n := copy(m.head[:maxTimestampDigits], timestamp)
	m.head[n] = '.'
	m.hash.Write(m.head[:n+1])
	m.hash.Write(body)
	m.hash.Sum(m.sum[:0])
	return m
}

// joinedHeader returns all values of a header as one, since the several values of a list
// may come in several lines. Names are compared without case even where the map was made
// by hand (an API gateway hands them over in lower case).
func joinedHeader(h http.Header, name string) string {
	var values []string
	for key, vs := range h {
		if len(key) == len(name) && strings.EqualFold(key, name) {
			values = append(values, vs...)
		}
	}
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	return strings.Join(values, ",")
}

// refuse is one refusal, in one line, that errors.Is finds the sentinel in.
func refuse(kind error, why string) error {
	return fmt.Errorf("webhook: %w: %s", kind, why)
}

// invalid is one parameter that breaks a rule.
func invalid(field, rule string) error {
	return refuse(ErrInvalid, field+": "+rule)
}

// String says what the verifier is set to and keeps the secrets to itself, as do GoString,
// LogValue and MarshalJSON.
func (v Verifier) String() string {
	return fmt.Sprintf("webhook.Verifier{secrets: %d, tolerance: %ds}", len(v.keys), v.tolerance)
}

// GoString implements [fmt.GoStringer].
func (v Verifier) GoString() string { return v.String() }

// LogValue implements [slog.LogValuer].
func (v Verifier) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalJSON implements [json.Marshaler].
func (v Verifier) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }
