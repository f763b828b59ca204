package configs

import "corallite/internal/redact"

// HasSecret reports whether an address contains a password or another secret, other than as ${NAME}.
func HasSecret(address string) bool { return redact.Written(redact.InAddress(address)) != "" }
