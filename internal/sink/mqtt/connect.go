package mqtt

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"corallite/internal/redact"
)

const (
	keepAlive = 30               // seconds
	ackLimit  = 60 * time.Second // for the broker's answer to a message
	most      = 30 * time.Second // between two attempts to connect
)

// connect begins to connect, again and again.
func (l *Link) connect() {
	bye := "offline"
	noDelay := uint32(0)
	u := &url.URL{Scheme: "mqtt", Host: l.how.address}
	config := autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: keepAlive, CleanStartOnInitialConnection: true, ConnectTimeout: 10 * time.Second,
		ConnectUsername: l.how.user, ConnectPassword: l.how.password,
		WillMessage:    &paho.WillMessage{Topic: l.topic(l.availability()), Payload: []byte(bye), QoS: 1, Retain: true},
		WillProperties: &paho.WillProperties{WillDelayInterval: &noDelay},
		AttemptConnection: func(ctx context.Context, _ autopaho.ClientConfig, _ *url.URL) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			return l.how.dial(ctx)
		},
		ReconnectBackoff: func(attempt int) time.Duration {
			if attempt == 0 {
				return 0
			}
			return min(250*time.Millisecond<<min(attempt-1, 10), most)
		},
		OnConnectionUp:   l.connectionUp,
		OnConnectionDown: func() bool { l.connectionDown(); return true },
		OnConnectError:   l.connectionFailed,
		ClientConfig: paho.ClientConfig{
			ClientID: l.c.ClientID, PacketTimeout: ackLimit,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){l.received},
			// Messages that wait for an answer end with the connection, not with their time limit.
			OnClientError:      func(error) { l.connectionDown() },
			OnServerDisconnect: func(*paho.Disconnect) { l.connectionDown() },
		},
	}
	if l.how.password == nil {
		config.ConnectPassword = nil
	}
	broker, err := autopaho.NewConnection(l.work, config)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil { // only of options
		l.log.Error("mqtt", "error", err)
		return
	}
	l.broker = broker
}

// connectionUp is called at each connection. It must not block.
func (l *Link) connectionUp(broker *autopaho.ConnectionManager, ack *paho.Connack) {
	l.mu.Lock()
	if l.down != nil {
		l.down()
	}
	l.broker = broker
	l.up, l.down = context.WithCancel(l.work)
	up := l.up
	l.tried, l.trouble = true, ""
	l.limits = limits{qos: 2, retain: true}
	if p := ack.Properties; p != nil {
		l.limits.retain = p.RetainAvailable
		if p.MaximumQoS != nil {
			l.limits.qos = *p.MaximumQoS
		}
		if p.MaximumPacketSize != nil {
			l.limits.size = int(*p.MaximumPacketSize)
		}
	}
	retain := l.limits.retain
	subscribe := &paho.Subscribe{}
	for topic := range l.handlers {
		subscribe.Subscriptions = append(subscribe.Subscriptions, paho.SubscribeOptions{Topic: topic, QoS: min(1, l.limits.qos)})
	}
	l.mu.Unlock()
	l.log.Info("mqtt: connected", "broker", l.how.address)
	if !retain {
		l.log.Warn("mqtt: the broker keeps no retained messages: who connects later learns states when they change")
	}
	l.resend()
	if len(subscribe.Subscriptions) == 0 {
		return
	}
	l.busy.Go(func() {
		ctx, cancel := context.WithTimeout(up, ackLimit)
		defer cancel()
		if _, err := broker.Subscribe(ctx, subscribe); err != nil && up.Err() == nil {
			l.log.Warn("mqtt: the broker refuses subscriptions: switches and thresholds cannot be changed over it", "error", err)
		}
	})
}

func (l *Link) connectionDown() {
	l.mu.Lock()
	was := l.up != nil
	if was {
		l.down()
		l.up = nil
	}
	quiet := l.closed
	l.mu.Unlock()
	if was && !quiet {
		l.log.Warn("mqtt: the connection is lost; events wait until it is back", "broker", l.how.address)
	}
}

// connectionFailed logs why an attempt failed, once for each reason.
func (l *Link) connectionFailed(err error) {
	text := reason(err)
	l.mu.Lock()
	news := text != l.trouble
	l.tried, l.trouble = true, text
	l.mu.Unlock()
	if news {
		l.log.Warn("mqtt: no connection; trying again", "broker", l.how.address, "error", text)
	}
}

// reason says why a broker cannot be used, and what to do where that is known.
func reason(err error) string {
	var ack *autopaho.ConnackError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(err, errOld):
		return errOld.Error()
	case errors.As(err, &ack):
		hint := map[byte]string{
			0x84: "the broker does not speak MQTT 5", 0x85: "the broker does not take this client_id",
			0x86: "wrong user or password: check user and password_env or password_file", 0x87: "the user may not connect: check user and the broker's rules",
			0x88: "the broker is not available", 0x89: "the broker is busy", 0x8a: "the broker has banned this client", 0x9f: "the broker limits how often clients connect",
		}[ack.ReasonCode]
		if hint == "" {
			hint = "the broker refuses the connection"
		}
		return fmt.Sprintf("%s (reason code 0x%02x)", hint, ack.ReasonCode)
	case errors.As(err, &authority):
		return "the broker's certificate is signed by an authority that is not known here: name it with ca"
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
		var op *net.OpError
		if errors.As(err, &op) {
			break
		}
	}
	return redact.Text(err.Error())
}

// received passes on what came.
func (l *Link) received(p paho.PublishReceived) (bool, error) {
	l.mu.Lock()
	f := l.handlers[p.Packet.Topic]
	closed := l.closed
	l.mu.Unlock()
	if f == nil || closed || len(p.Packet.Payload) > 1024 {
		return false, nil
	}
	f(string(p.Packet.Payload))
	return true, nil
}
