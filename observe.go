package pacspace

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/pacspace/pacspace-go/internal/transport"
)

// Attempt is what [WithObserver] is told of one request to the service. A call makes one
// or more.
type Attempt struct {
	Method     string
	Route      string        // the path with its ids as names in braces, such as /api/v1/balance/derive/{customerId}
	Number     int           // from 1, within its call
	StatusCode int           // 0 where there was no answer
	RequestID  string        // the service's own id, empty where it gives none
	Duration   time.Duration // from sending to the last byte read
	WillRetry  bool          // another attempt of this call follows
	Wait       time.Duration // until then
	// Err is why there was no answer, or not all of it. It holds no URL.
	Err error
}

// tell gives an attempt to the observer and to the log.
func (x *exchange) tell(ctx context.Context, t transport.Attempt) {
	a := Attempt{
		Method: x.Method, Route: x.route.path, Number: t.Number, StatusCode: t.Status,
		RequestID: requestID(t.Header), Duration: t.Duration, WillRetry: t.WillRetry, Wait: t.Wait,
		Err: withoutURL(t.Err),
	}
	if x.core.observer != nil {
		x.core.observer(ctx, a)
	}
	if x.core.logger != nil {
		a.log(ctx, x.core.logger)
	}
}

func (a Attempt) log(ctx context.Context, logger *slog.Logger) {
	level, message := slog.LevelDebug, "pacspace request"
	if a.WillRetry {
		level, message = slog.LevelWarn, "pacspace request will be retried"
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("method", a.Method),
		slog.String("route", a.Route),
		slog.Int("attempt", a.Number),
		slog.Int("status", a.StatusCode),
		slog.Duration("duration", a.Duration),
	)
	if a.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", a.RequestID))
	}
	if a.WillRetry {
		attrs = append(attrs, slog.Duration("wait", a.Wait))
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("failure", failureWord(a.Err)))
	}
	logger.LogAttrs(ctx, level, message, attrs...)
}

// failureWord says in a word why there was no answer. The error's own text is not
// logged: it can hold whatever a Transport put into it.
func failureWord(err error) string {
	var (
		timeout interface{ Timeout() bool }
		dns     *net.DNSError
		op      *net.OpError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "name not resolved"
	case errors.As(err, &op) && op.Op == "dial":
		return "not connected"
	}
	return "connection lost"
}
