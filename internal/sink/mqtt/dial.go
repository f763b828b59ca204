package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"corallite/internal/environ"
	"corallite/internal/regfile"
)

// connection is how the broker is reached.
type connection struct {
	address  string // host:port
	web      string // the address of its WebSocket; "": it has none
	tls      *tls.Config
	user     string
	password []byte
}

func (b *Broker) connection() (c connection, err error) {
	raw, err := environ.Expand(b.URL, nil)
	if err != nil {
		return c, fmt.Errorf("url: %w", err)
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	usual := map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}
	if err != nil || u.Hostname() == "" || usual[u.Scheme] == "" {
		// The parser's own error repeats the address.
		return c, errors.New("url: invalid address: expected mqtt://host:port, mqtts://host:port, ws://host:port/path or wss://host:port/path")
	}
	c.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), usual[u.Scheme]))
	if u.Scheme == "ws" || u.Scheme == "wss" {
		web := url.URL{Scheme: u.Scheme, Host: c.address, Path: cmp.Or(u.Path, "/mqtt"), RawQuery: u.RawQuery}
		c.web = web.String()
	}
	if c.user, err = environ.Expand(b.User, nil); err != nil {
		return c, fmt.Errorf("user: %w", err)
	}
	if c.user == "" {
		c.user = u.User.Username()
	}
	if password, is := u.User.Password(); is {
		c.password = []byte(password)
	}
	switch {
	case b.PasswordEnv != "":
		c.password = []byte(os.Getenv(b.PasswordEnv))
		if len(c.password) == 0 {
			return c, fmt.Errorf("environment variable %s is not set", b.PasswordEnv)
		}
	case b.PasswordFile != "":
		data, err := regfile.Read(b.PasswordFile, 1<<16)
		if err != nil {
			return c, fmt.Errorf("password_file: %w", err)
		}
		c.password = []byte(strings.TrimRight(string(data), "\r\n"))
	}
	if u.Scheme == "mqtts" || u.Scheme == "wss" {
		c.tls, err = b.tlsConfig(u.Hostname())
	}
	return c, err
}

func (b *Broker) tlsConfig(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if b.CA != "" {
		pem, err := regfile.Read(b.CA, 1<<20)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s has no certificate (PEM)", b.CA)
		}
	}
	if b.Cert != "" {
		pair, err := tls.LoadX509KeyPair(b.Cert, b.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", b.Cert, b.Key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// writeLimit is how long one write may take: a broker that takes nothing is left, and called again.
const writeLimit = 15 * time.Second

// errOld is why a broker is of no use.
var errOld = errors.New("the broker does not speak MQTT 5: it answered as brokers of version 3.1.1 do; update it (Mosquitto speaks 5 since 1.6), or allow version 5 in its settings")

// dial connects to the broker. The result is safe for writing by several goroutines.
func (c *connection) dial(ctx context.Context) (net.Conn, error) {
	var raw net.Conn
	var err error
	switch {
	case c.web != "":
		raw, err = c.dialWeb(ctx)
	case c.tls != nil:
		d := tls.Dialer{Config: c.tls}
		raw, err = d.DialContext(ctx, "tcp", c.address)
	default:
		var d net.Dialer
		raw, err = d.DialContext(ctx, "tcp", c.address)
	}
	if err != nil {
		return nil, err
	}
	return packets.NewThreadSafeConn(&wire{Conn: raw}), nil
}

// wire is a connection whose writes have a time limit, and that notices an old broker.
type wire struct {
	net.Conn
	mu   sync.Mutex
	head []byte // the first bytes that came
}

func (w *wire) Write(b []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	return w.Conn.Write(b)
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.head) < 4 {
		w.head = append(w.head, b[:min(n, 4-len(w.head))]...)
		// A CONNACK of MQTT 3.1.1 has two bytes behind its length, one of version 5 three or more. Its code 1 is
		// "unacceptable protocol version".
		if h := w.head; len(h) == 4 && h[0] == 0x20 && h[1] == 2 && h[3] == 1 {
			return 0, errOld
		}
	}
	return n, err
}
