//go:build !unix

// Package libstderr redirects what C libraries print to standard error, on systems that allow it.
package libstderr

import "log/slog"

// LogTo does nothing here.
func LogTo(*slog.Logger) {}

// Redirect does nothing here.
func Redirect() error { return nil }
