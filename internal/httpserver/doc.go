// Package httpserver is the base of every HTTP server of the program, so that the same limits apply to all:
//
//	s, err := httpserver.New(httpserver.Options{Listen: "127.0.0.1:8080", Handler: mux})
//	s.Start()
//	defer s.Close()
//
// # Time
//
// Each phase of a request has a time limit: the header, the header with its body, one write of the response, and the
// idle time between two requests (Limits). An endless response, such as server-sent events or a stream of pictures, is a
// Stream: it may be silent for any time, and each write has its own limit. A client that reads too slowly loses its own
// connection and keeps nobody waiting.
//
// # Bodies
//
// Unless Limits.BodyBytes is set, no request may have a body: one that announces a body gets status 413 at once, and the
// body is not read. Otherwise a body over the limit fails in the handler's Read with *http.MaxBytesError.
//
// # Connections
//
// The number of open connections is limited, in total and per client: an IPv4 address or an IPv6 /64 network. When the
// limit is reached, the connection that has been idle longest is closed: connections that are opened and left alone keep
// nobody out. Only if all are busy is a new one refused, with status 503 and the reason. A few connections beyond the
// limit are reserved for these responses.
//
// The default per client is half of the total, so that a reverse proxy, behind which all clients have one address, can
// use half. On a loopback address only the total counts.
//
// # Protocols
//
// HTTP/1.1; with a certificate, HTTP/1.1 and HTTP/2 over TLS 1.2 or later, and nothing unencrypted.
package httpserver
