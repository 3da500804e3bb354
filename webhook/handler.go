package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
)

// Handler returns an http.Handler that checks each delivery and gives the genuine ones to
// handle, behind any router. It must be handed the request with its body unread.
//
// It answers so that the service's own retries do what is right:
//
//	200  handle returned nil; not before, so store the event in handle
//	405  not a POST
//	415  not JSON in UTF-8, or compressed: the signature covers the bytes as sent
//	413  the body is larger than the limit ([WithMaxBody])
//	400  signature, timestamp or body is missing or unreadable
//	401  no signature matches, or the delivery is too old or too new
//	500  handle returned an error: the service may deliver again, with another signature
//	503  the body broke off, or a genuine delivery is from the future because our clock is
//	     behind: the same delivery may pass later
//
// Answers hold one fixed line and nothing of the delivery, of handle's error or of a
// secret; [WithLogger] tells the operator. Deliveries come twice and out of order:
// see [Verifier] for how to apply each event once. The context is the request's, so
// it ends when the service gives up waiting. A panic in handle is left to the server.
func (v *Verifier) Handler(handle func(ctx context.Context, event *Event) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := v.serve(w, r, handle)
		if err == nil {
			w.WriteHeader(http.StatusOK)
			return
		}
		v.log.LogAttrs(r.Context(), slog.LevelWarn, "webhook refused", slog.Int("status", status), slog.String("reason", err.Error()))
		http.Error(w, answer(status), status)
	})
}

// answer is the line that a refusal is answered with.
func answer(status int) string {
	switch status {
	case http.StatusMethodNotAllowed:
		return "deliveries are posted"
	case http.StatusUnsupportedMediaType:
		return "deliveries are plain JSON in UTF-8"
	case http.StatusRequestEntityTooLarge:
		return "delivery too large"
	case http.StatusUnauthorized:
		return "delivery not genuine, or not of now"
	case http.StatusInternalServerError:
		return "delivery not stored"
	case http.StatusServiceUnavailable:
		return "delivery not readable at the moment"
	default:
		return "delivery incomplete or unreadable"
	}
}

// serve is the handler without its answer: the status, and what stood in the way of 200.
func (v *Verifier) serve(w http.ResponseWriter, r *http.Request, handle func(context.Context, *Event) error) (int, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, errors.New("webhook: method is not POST")
	}
	if err := plainJSON(r.Header); err != nil {
		return http.StatusUnsupportedMediaType, err
	}
	body, status, err := v.readBody(w, r)
	if err != nil {
		return status, err
	}
	event, err := v.Verify(body, r.Header)
	if err != nil {
		return v.refusal(err, r.Header, body), err
	}
	if handle == nil {
		return http.StatusInternalServerError, errors.New("webhook: the handler was made without a function")
	}
	if err := handle(r.Context(), event); err != nil {
		return http.StatusInternalServerError, err
	}
	return http.StatusOK, nil
}

// readBody reads the body up to the limit.
func (v *Verifier) readBody(w http.ResponseWriter, r *http.Request) (body []byte, status int, err error) {
	if r.Body == nil {
		return nil, 0, nil // a request made by hand; Verify says what is missing
	}
	tooLarge := r.ContentLength > v.maxBody
	if !tooLarge {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, v.maxBody))
		_, tooLarge = errors.AsType[*http.MaxBytesError](err)
	}
	switch {
	case tooLarge:
		return nil, http.StatusRequestEntityTooLarge, errors.New("webhook: body is larger than the limit; raise it with WithMaxBody if it is genuine")
	case err != nil:
		return nil, http.StatusServiceUnavailable, errors.New("webhook: body broke off")
	default:
		return body, 0, nil
	}
}

// refusal is the status for an error of Verify.
func (v *Verifier) refusal(err error, h http.Header, body []byte) int {
	switch {
	case errors.Is(err, ErrTooNew):
		// Only a genuine one is worth a second try: anybody can write a late timestamp.
		if v.genuine(joinedHeader(h, SignatureHeader), joinedHeader(h, TimestampHeader), body) {
			return http.StatusServiceUnavailable
		}
		return http.StatusUnauthorized
	case errors.Is(err, ErrTooOld), errors.Is(err, ErrSignature):
		return http.StatusUnauthorized
	default:
		return http.StatusBadRequest
	}
}

// plainJSON refuses what is declared to be something else than JSON in UTF-8. A delivery
// that declares nothing passes, since the signature decides in the end.
func plainJSON(h http.Header) error {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return errors.New("webhook: body is compressed; it must reach the handler as it was signed")
	}
	declared := h.Get("Content-Type")
	if declared == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(declared)
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return errors.New("webhook: content type is not JSON")
	}
	if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") {
		return errors.New("webhook: charset is not UTF-8")
	}
	return nil
}
