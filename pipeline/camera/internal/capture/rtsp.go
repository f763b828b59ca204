package capture

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"corallite/internal/reconnect"
)

// explain finds out why an address could not be opened, which OpenCV and ffmpeg do not say.
func explain(ctx context.Context, o Options) error {
	u, err := url.Parse(o.Target)
	if err != nil || u.Host == "" {
		return reconnect.Permanent(errors.New("invalid address"))
	}
	switch u.Scheme {
	case "rtsp", "rtsps":
		if err := describe(ctx, u, o); err != nil {
			return err
		}
		return errUnreadable
	}
	return fmt.Errorf("ffmpeg cannot open it (%s)", u.Scheme)
}

var errUnreadable = errors.New("the server has the stream, but ffmpeg cannot open it: it may have no video, or too many viewers")

// describe asks an RTSP server for the description of the stream (RFC 2326, section 10.2) and returns why it gives none.
func describe(ctx context.Context, u *url.URL, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	connection, err := dialRTSP(ctx, u)
	if err != nil {
		return unreachable(err)
	}
	defer connection.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := connection.SetDeadline(deadline); err != nil {
			return err
		}
	}
	auth := authorization{o: o}
	auth.o.Token = "" // RTSP has no Bearer
	in := textproto.NewReader(bufio.NewReader(connection))
	for try := 0; ; try++ {
		request := fmt.Sprintf("DESCRIBE %s RTSP/1.0\r\nCSeq: %d\r\nAccept: application/sdp\r\nUser-Agent: corallite\r\n", u, try+1)
		if answer := auth.header("DESCRIBE", u.String()); answer != "" {
			request += "Authorization: " + answer + "\r\n"
		}
		if _, err := connection.Write([]byte(request + "\r\n")); err != nil {
			return fmt.Errorf("requesting the stream: %w", err)
		}
		line, err := in.ReadLine()
		if err != nil {
			return fmt.Errorf("no response from the server: %w", err)
		}
		version, status, _ := strings.Cut(line, " ")
		number, _, _ := strings.Cut(status, " ")
		code, err := strconv.Atoi(number)
		if err != nil || !strings.HasPrefix(version, "RTSP/") {
			return errors.New("the server does not speak RTSP")
		}
		header, err := in.ReadMIMEHeader()
		if err != nil {
			return fmt.Errorf("the response of the server breaks off: %w", err)
		}
		switch {
		case code == 200:
			return nil
		case code == 401 && try == 0 && auth.accept(header.Values("WWW-Authenticate")):
			if length, err := strconv.Atoi(header.Get("Content-Length")); err == nil && length > 0 {
				if _, err := in.R.Discard(length); err != nil {
					return fmt.Errorf("the response of the server breaks off: %w", err)
				}
			}
			continue
		}
		return refused(code, status, auth.given())
	}
}

func dialRTSP(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	var dialer net.Dialer
	if u.Scheme == "rtsps" {
		if port == "" {
			port = "322"
		}
		// ffmpeg does not verify the certificate either, and has already sent what is sent here.
		secure := tls.Dialer{NetDialer: &dialer, Config: &tls.Config{InsecureSkipVerify: true}}
		return secure.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	}
	if port == "" {
		port = "554"
	}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
}
