package frigate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Flags of a frame.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

// Limits of a connection.
const (
	maxMessage   = 128 << 20 // bytes: a model
	maxParts     = 16
	maxCommand   = 4 << 10
	greetingTime = 5 * time.Second
	messageTime  = 30 * time.Second // from a message's first byte to its last
	writeTime    = 10 * time.Second
)

// greeting is what both sides begin with: signature, version 3.0, mechanism NULL.
func greeting() []byte {
	g := make([]byte, 64)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	copy(g[12:32], "NULL")
	return g
}

// peer is a connection of a REQ socket.
type peer struct {
	conn net.Conn
	max  int // bytes of a message
}

// handshake greets, and learns whether the other side is a REQ socket.
func (p *peer) handshake() error {
	if err := p.conn.SetDeadline(time.Now().Add(greetingTime)); err != nil {
		return err
	}
	if _, err := p.conn.Write(greeting()); err != nil {
		return err
	}
	var g [64]byte
	if _, err := io.ReadFull(p.conn, g[:]); err != nil {
		return err
	}
	switch {
	case g[0] != 0xff || g[9]&1 != 1:
		return errors.New("it does not speak ZMTP")
	case g[10] < 3:
		return fmt.Errorf("it speaks ZMTP %d: want 3", g[10])
	case string(bytes.TrimRight(g[12:32], "\x00")) != "NULL":
		return fmt.Errorf("it wants the mechanism %q: only NULL is there", bytes.TrimRight(g[12:32], "\x00"))
	}
	ready := append([]byte("\x05READY"), property("Socket-Type", "REP")...)
	if err := p.writeFrame(flagCommand, ready); err != nil {
		return err
	}
	flags, size, err := p.header()
	if err != nil {
		return err
	}
	if flags&flagCommand == 0 || size > maxCommand {
		return errors.New("it sends no READY")
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(p.conn, body); err != nil {
		return err
	}
	kind, err := socketType(body)
	if err != nil {
		return err
	}
	if kind != "REQ" && kind != "DEALER" {
		return fmt.Errorf("it is a %s socket: want REQ", kind)
	}
	return p.conn.SetDeadline(time.Time{})
}

// property is a property of a READY command.
func property(name, value string) []byte {
	b := append([]byte{byte(len(name))}, name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// socketType reads a READY command.
func socketType(body []byte) (string, error) {
	rest, ok := bytes.CutPrefix(body, []byte("\x05READY"))
	if !ok {
		return "", fmt.Errorf("it sends the command %q instead of READY", body[:min(len(body), 8)])
	}
	for len(rest) > 0 {
		n := int(rest[0])
		if len(rest) < 1+n+4 {
			return "", errors.New("its READY is cut off")
		}
		name, size := string(rest[1:1+n]), int64(binary.BigEndian.Uint32(rest[1+n:]))
		rest = rest[1+n+4:]
		if size > int64(len(rest)) {
			return "", errors.New("its READY is cut off")
		}
		if name == "Socket-Type" {
			return string(rest[:size]), nil
		}
		rest = rest[size:]
	}
	return "", errors.New("its READY has no Socket-Type")
}

// header reads the beginning of a frame.
func (p *peer) header() (flags byte, size uint64, err error) {
	var b [9]byte
	if _, err := io.ReadFull(p.conn, b[:2]); err != nil {
		return 0, 0, err
	}
	flags = b[0]
	if flags&^(flagMore|flagLong|flagCommand) != 0 {
		return 0, 0, fmt.Errorf("it sends a frame with the flags %#x", flags)
	}
	if flags&flagLong == 0 {
		return flags, uint64(b[1]), nil
	}
	if _, err := io.ReadFull(p.conn, b[2:]); err != nil {
		return 0, 0, err
	}
	return flags, binary.BigEndian.Uint64(b[1:]), nil
}

// receive reads a message: its envelope, up to the empty frame that ends it, and its parts.
func (p *peer) receive() (envelope, parts [][]byte, err error) {
	left, inEnvelope := uint64(p.max), true
	for n := 0; ; n++ {
		flags, size, err := p.header()
		if err != nil {
			return nil, nil, err
		}
		if n == 0 {
			if err := p.conn.SetReadDeadline(time.Now().Add(messageTime)); err != nil {
				return nil, nil, err
			}
		}
		switch {
		case n == maxParts:
			return nil, nil, fmt.Errorf("its message has more than %d parts", maxParts)
		case size > left:
			return nil, nil, fmt.Errorf("its message has more than %d bytes", p.max)
		}
		left -= size
		body, err := readBytes(p.conn, int(size))
		if err != nil {
			return nil, nil, err
		}
		switch {
		case flags&flagCommand != 0:
			n-- // nothing that must be answered: commands for a version that was not agreed on
			if size > maxCommand || left < uint64(p.max)/2 {
				return nil, nil, errors.New("it sends only commands")
			}
			continue
		case inEnvelope:
			envelope = append(envelope, body)
			inEnvelope = size > 0
		default:
			parts = append(parts, body)
		}
		if flags&flagMore == 0 {
			if inEnvelope {
				return nil, nil, errors.New("its message has no empty frame before its parts, as REQ sockets send it")
			}
			return envelope, parts, p.conn.SetReadDeadline(time.Time{})
		}
	}
}

// readBytes reads n bytes. Memory is taken as they come, not for what is only announced.
func readBytes(r io.Reader, n int) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, 0, min(n, step))
	for len(b) < n {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(n, 4*cap(b))), b...)
		}
		got, err := io.ReadFull(r, b[len(b):min(n, cap(b))])
		b = b[:len(b)+got]
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// send answers a message.
func (p *peer) send(envelope [][]byte, part []byte) error {
	if err := p.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	for _, e := range envelope {
		if err := p.writeFrame(flagMore, e); err != nil {
			return err
		}
	}
	return p.writeFrame(0, part)
}

func (p *peer) writeFrame(flags byte, body []byte) error {
	var head []byte
	if len(body) > 255 {
		head = binary.BigEndian.AppendUint64([]byte{flags | flagLong}, uint64(len(body)))
	} else {
		head = []byte{flags, byte(len(body))}
	}
	_, err := p.conn.Write(append(head, body...))
	return err
}
