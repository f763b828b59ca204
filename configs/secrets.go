package configs

import "corallite/internal/redact"

// HasSecret says whether an address has a password or another secret in it that is no ${NAME}.
func HasSecret(address string) bool { return redact.Written(redact.InAddress(address)) != "" }
