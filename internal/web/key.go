package web

import (
	"regexp"

	"corallite/internal/key"
)

// listenPattern is a host, which may be empty, and a port up to 65535.
var listenPattern = regexp.MustCompile(`^.*:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`)

// ListenKey is the key of a server's address, without its documentation.
func ListenKey(to *string, usual string) *key.Field {
	return key.String(to, "listen").Default(usual).Pattern(listenPattern, "a host and a port from 0 to 65535, such as "+usual)
}
