package models

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"

	"corallite/internal/redact"
)

// untrusted says whether the server's certificate is the matter, which another try does not change.
func untrusted(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// plainNetError leaves out what net/http says twice (the method and the address), and says what usually is the matter.
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
		return fmt.Errorf("the server's certificate is not trusted (%w): where a proxy reads along, name its authority's certificate with SSL_CERT_FILE", err)
	case errors.As(err, &dns):
		return fmt.Errorf("the server's name is not known here (%w): is there a network? without one, see CORALLITE_MODEL_MIRROR", err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("the server does not answer (%w)", err)
	case errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect"):
		return fmt.Errorf("the server cannot be reached (%w): is there a network? without one, see CORALLITE_MODEL_MIRROR", err)
	default:
		if clean := redact.Addresses(err.Error()); clean != err.Error() {
			return errors.New(clean) // of a redirect that cannot be read
		}
		return err
	}
}
