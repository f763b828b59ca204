// Package environ selects the environment variables that child processes and programs get. The environment often holds
// secrets, such as camera passwords and server tokens, which a program that plays a sound does not need.
package environ

import (
	"os"
	"slices"
	"strings"
)

// Usual lists the variables that every program gets. A trailing "*" matches any ending.
var Usual = []string{
	// Who and where.
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "HOSTNAME", "TMPDIR", "XDG_*",
	// Language and time.
	"LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS",
	// Desktop, sound and hardware.
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "PULSE_*", "PIPEWIRE_*", "ALSA_*", "JACK_*",
	"GST_*", "OPENCV_*", "LIBV4L*", "USB_*", "LIBUSB_*", "LIBVA_*", "VDPAU_*",
	// Loading, debugging and profiling of programs.
	"LD_LIBRARY_PATH", "LD_PRELOAD", "LD_BIND_NOW", "GLIBC_TUNABLES", "MALLOC_*", "OMP_*",
	"GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOTRACEBACK", "GORACE", "GOCOVERDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
	// Certificates.
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	// This program's own, except those that set configuration keys.
	"CORALLITE_CACHE", "CORALLITE_CORE", "CORALLITE_DOWNLOADS", "CORALLITE_LIBEDGETPU",
	// For the simulated Edge TPU, which runs in child processes.
	"CORALLITE_SIM_*",
}

// Proxies lists the proxy variables, whose addresses may contain a password.
var Proxies = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"}

// Pick returns the environment variables with those names and the Usual ones, and Proxies without a password, in the form
// of os/exec. It never returns nil.
func Pick(more ...string) []string {
	picked := []string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if has(Usual, name) || has(more, name) || has(Proxies, name) && !strings.Contains(value, "@") {
			picked = append(picked, pair)
		}
	}
	return picked
}

func has(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		begin, any := strings.CutSuffix(n, "*")
		return n == name || any && strings.HasPrefix(name, begin)
	})
}
