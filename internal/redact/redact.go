// Package redact takes what is secret out of text that people or logs get to see: passwords in addresses, queries, and
// what is called a password or a token.
package redact

import (
	"net/url"
	"regexp"
	"strings"
)

// Hidden stands where something secret was.
const Hidden = "***"

var (
	// A password that should have been percent-encoded may have "@", "/" and "?" in it. Digits before a slash are a port.
	userInText  = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#\s"']*@|[^/\s"'@]+:[^/\s"'@]*[^0-9/\s"'@][^\s"'@]*@)`)
	queryInText = regexp.MustCompile(`(://[^\s"'?]+)\?[^\s"']+`)
	secretNames = regexp.MustCompile(`(?i)(?:pass|passwd|password|passphrase|pw|pwd|token|secret|key|authorization|cookies?)$`)
	namedInText = regexp.MustCompile(`(?i)\b([\w-]*(?:pass|passwd|password|passphrase|pw|pwd|token|secret|key))=("[^"]*"|\S+)`)
)

// Text is s without what looks secret: users and passwords of addresses, their queries, and the values in
// password=…, token=…, secret=… and key=….
func Text(s string) string {
	s = Addresses(s)
	return namedInText.ReplaceAllString(s, "$1="+Hidden)
}

// Addresses is s without users, passwords and queries of the addresses in it.
func Addresses(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	s = userInText.ReplaceAllString(s, "$1")
	return queryInText.ReplaceAllString(s, "$1?"+Hidden)
}

// Names says whether a name is one of what is secret: "password", "access_token", "X-Api-Key".
func Names(name string) bool { return secretNames.MatchString(name) }

// URL is an address without its user, its query's values and its fragment.
func URL(u *url.URL) string {
	shown := *u
	shown.User = nil
	if shown.RawQuery != "" {
		shown.RawQuery = Hidden
	}
	shown.Fragment, shown.RawFragment = "", ""
	return shown.String()
}
