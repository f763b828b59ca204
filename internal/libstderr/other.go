//go:build !unix

// Package libstderr keeps what C libraries print to standard error away from the user, on systems where that can be done.
package libstderr

import "log/slog"

// LogTo does nothing here.
func LogTo(*slog.Logger) {}

// Redirect does nothing here.
func Redirect() error { return nil }
