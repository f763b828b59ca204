package redact

import (
	"strings"

	"corallite/internal/environ"
)

// Written says which of the secrets is written out, and not as ${NAME}: "a password", "the value of \"token\"". It is
// "" when none is.
func Written(secrets []Secret) string {
	for _, s := range secrets {
		if len(environ.Variables(s.Value)) == 0 {
			return s.What
		}
	}
	return ""
}

// Instead is what to do with a secret in a file that no key of its own is for.
const Instead = "write ${NAME}, an environment variable, in its place"

// InFile is the message about a secret in a file, and what to do instead.
func InFile(what, instead string) string {
	return "contains " + what + ", readable by anyone who can read this file: " + instead
}

// HostOnly hides what follows the host of an address, unless the environment has all of it.
func HostOnly(address string) string {
	begin := strings.Index(address, "://")
	if begin += len("://"); begin < len("://") {
		begin = 0
	}
	host := strings.IndexAny(address[begin:], "/?#")
	if host < 0 || strings.Trim(environ.Replace(address[begin+host:], ""), "/") == "" {
		return address
	}
	return address[:begin+host] + "/" + Hidden
}
