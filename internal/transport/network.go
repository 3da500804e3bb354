package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
)

// permanent reports whether an error of the network will be the same next time: what
// the other side is, or is called, does not change while we wait.
func permanent(err error) bool {
	var (
		retryable interface{ Retryable() bool }
		dns       *net.DNSError
	)
	switch {
	case errors.As(err, &retryable):
		return !retryable.Retryable()
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.Is(err, context.Canceled):
		return true
	}
	return errors.Is(err, http.ErrSchemeMismatch) || badTLS(err)
}

// beforeSending reports whether an error can only come up before the first byte of a
// request is sent.
func beforeSending(err error) bool {
	var (
		op  *net.OpError
		dns *net.DNSError
	)
	if errors.As(err, &dns) {
		return true
	}
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect") {
		return true
	}
	// The other side's alert can come after sending; a certificate that is refused here
	// cannot.
	return badCertificate(err)
}

func badTLS(err error) bool {
	var (
		op     *net.OpError
		record tls.RecordHeaderError
	)
	// crypto/tls gives an alert of the other side that name and no type.
	return errors.As(err, &op) && op.Op == "remote error" || errors.As(err, &record) || badCertificate(err)
}

func badCertificate(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
		host         x509.HostnameError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) ||
		errors.As(err, &invalid) || errors.As(err, &host)
}
