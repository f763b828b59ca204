// Package environ says what of this process's environment the programs and child processes that it starts get. The
// environment often holds what is secret, such as passwords of cameras and tokens of servers, and a program that plays a
// sound has no use for them.
package environ

import (
	"os"
	"slices"
	"strings"
)

// Usual is what every program gets where it is set. A "*" at the end stands for any ending.
var Usual = []string{
	// Who and where.
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "HOSTNAME", "TMPDIR", "XDG_*",
	// Language and time.
	"LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS",
	// Desktop, sound and hardware.
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "PULSE_*", "PIPEWIRE_*", "ALSA_*", "JACK_*",
	"GST_*", "OPENCV_*", "LIBV4L*", "USB_*", "LIBUSB_*", "LIBVA_*", "VDPAU_*",
	// How programs are loaded, and how they are looked into.
	"LD_LIBRARY_PATH", "LD_PRELOAD", "LD_BIND_NOW", "GLIBC_TUNABLES", "MALLOC_*", "OMP_*",
	"GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOTRACEBACK", "GORACE", "GOCOVERDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
	// Certificates.
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	// This program's own, without those that stand for keys of a configuration.
	"CORALLITE_CACHE", "CORALLITE_CORE", "CORALLITE_DOWNLOADS", "CORALLITE_LIBEDGETPU",
	// The simulated Edge TPU's, which is loaded in child processes.
	"CORALLITE_SIM_*",
}

// Proxies say through which server the network is reached. Their addresses may have a password in them.
var Proxies = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"}

// Pick is the part of the environment with those names and the Usual ones, and Proxies that have no password, as
// os/exec takes it. It is never nil.
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
