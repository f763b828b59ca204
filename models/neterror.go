package models

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"

	"corallite/internal/redact"
)

// untrusted reports whether the server's certificate was rejected, which a retry does not change.
func untrusted(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// plainNetError removes what net/http repeats (the method and the address), and adds the usual cause.
func plainNetError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var dns *net.DNSError
	var timeout net.Error
	var dial *net.OpError
	switch {
	case untrusted(err):
		return fmt.Errorf("the server's certificate is not trusted (%w): behind a proxy that intercepts TLS, set SSL_CERT_FILE to its CA certificate", err)
	case errors.As(err, &dns):
		return fmt.Errorf("cannot resolve the server's name (%w): check your network connection, or set CORALLITE_MODEL_MIRROR", err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("the server does not respond (%w)", err)
	case errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect"):
		return fmt.Errorf("cannot reach the server (%w): check your network connection, or set CORALLITE_MODEL_MIRROR", err)
	default:
		if clean := redact.Addresses(err.Error()); clean != err.Error() {
			return errors.New(clean) // of an unreadable redirect
		}
		return err
	}
}
