package miniaudio

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pulseAnswers reports whether a server accepts connections where PulseAudio's library would connect to: the addresses of
// PULSE_SERVER, of client.conf, or the usual sockets (pulse-client.conf(5) and PulseAudio's page "Server Strings").
func pulseAnswers() bool {
	for _, address := range pulseAddresses(os.Getenv, os.ReadFile) {
		if listens(address) {
			return true
		}
	}
	return false
}

// dialWait limits the connection to a server on another machine.
const dialWait = 2 * time.Second

func listens(address string) bool {
	network := "unix"
	switch {
	case strings.HasPrefix(address, "/"):
	case strings.HasPrefix(address, "unix:"):
		address = strings.TrimPrefix(address, "unix:")
	default:
		var found bool
		for _, prefix := range []string{"tcp:", "tcp4:", "tcp6:"} {
			if rest, ok := strings.CutPrefix(address, prefix); ok {
				address, network, found = rest, strings.TrimSuffix(prefix, ":"), true
			}
		}
		if !found {
			network = "tcp"
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			address = net.JoinHostPort(strings.Trim(address, "[]"), pulsePort)
		}
	}
	c, err := net.DialTimeout(network, address, dialWait)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// pulsePort is the default port of PulseAudio's module-native-protocol-tcp.
const pulsePort = "4713"

// pulseAddresses returns the addresses to try, as PulseAudio's server strings.
func pulseAddresses(getenv func(string) string, read func(string) ([]byte, error)) []string {
	config := filepath.Join(configHome(getenv), "pulse")
	servers := getenv("PULSE_SERVER")
	for _, path := range []string{getenv("PULSE_CLIENTCONFIG"), filepath.Join(config, "client.conf"), "/etc/pulse/client.conf"} {
		if servers != "" {
			break
		}
		if content, err := read(path); err == nil {
			servers = defaultServer(string(content))
		}
	}
	var all []string
	for _, server := range strings.Fields(servers) {
		if strings.HasPrefix(server, "{") { // {machine-id}address
			_, server, _ = strings.Cut(server, "}")
		}
		all = append(all, server)
	}
	if all != nil {
		return all
	}
	for _, dir := range []string{
		getenv("PULSE_RUNTIME_PATH"), below(getenv("XDG_RUNTIME_DIR"), "pulse"), "/run/user/" + strconv.Itoa(os.Getuid()) + "/pulse", "/run/pulse", "/var/run/pulse",
	} {
		if dir != "" {
			all = append(all, filepath.Join(dir, "native"))
		}
	}
	old, _ := filepath.Glob(filepath.Join(config, "*-runtime", "native")) // fails only for a malformed pattern
	return append(all, old...)
}

func below(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

func configHome(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	return filepath.Join(getenv("HOME"), ".config")
}

// defaultServer returns the setting default-server of a client.conf; empty if there is none.
func defaultServer(content string) string {
	server := ""
	for line := range strings.Lines(content) {
		key, value, ok := strings.Cut(line, "=")
		if ok && strings.TrimSpace(key) == "default-server" {
			server = strings.TrimSpace(value)
		}
	}
	return server
}
