// Package redact removes secrets from text for people and logs: passwords and queries in addresses, and values called
// password, token or the like.
package redact

import (
	"net/url"
	"regexp"
	"strings"
)

// Hidden replaces a secret.
const Hidden = "***"

var (
	// A password that was not percent-encoded may contain "@", "/" and "?". Digits before a slash are a port.
	userInText  = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#\s"']*@|[^/\s"'@]+:[^/\s"'@]*[^0-9/\s"'@][^\s"'@]*@)`)
	queryInText = regexp.MustCompile(`(://[^\s"'?]+)\?[^\s"']+`)
	secretNames = regexp.MustCompile(`(?i)(?:pass|passwd|password|passphrase|pw|pwd|token|secret|key|authorization|cookies?)$`)
	namedInText = regexp.MustCompile(`(?i)\b([\w-]*(?:pass|passwd|password|passphrase|pw|pwd|token|secret|key))=("[^"]*"|\S+)`)
)

// Text redacts everything that looks secret: Addresses, and the values in password=…, token=…, secret=… and key=….
func Text(s string) string {
	s = Addresses(s)
	return namedInText.ReplaceAllString(s, "$1="+Hidden)
}

// Addresses removes the users, passwords and queries of all addresses in s.
func Addresses(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	s = userInText.ReplaceAllString(s, "$1")
	return queryInText.ReplaceAllString(s, "$1?"+Hidden)
}

// Names reports whether a name is that of a secret: "password", "access_token", "X-Api-Key".
func Names(name string) bool { return secretNames.MatchString(name) }

// URL formats an address without its user, query and fragment.
func URL(u *url.URL) string {
	shown := *u
	shown.User = nil
	if shown.RawQuery != "" {
		shown.RawQuery = Hidden
	}
	shown.Fragment, shown.RawFragment = "", ""
	return shown.String()
}
