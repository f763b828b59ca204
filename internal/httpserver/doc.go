// Package httpserver is what every HTTP server of the program is built on, so that the same limits hold for all of them:
//
//	s, err := httpserver.New(httpserver.Options{Listen: "127.0.0.1:8080", Handler: mux})
//	s.Start()
//	defer s.Close()
//
// # Time
//
// Each phase of a request has a limit: the header, the header with its body, one write of the answer, and the rest of a
// connection between two requests (Limits). An answer without an end, such as server-sent events or a stream of
// pictures, is a Stream: it may be silent for as long as it likes, and each write has the limit of its own. A client
// that reads too slowly therefore loses its own connection and keeps nobody waiting.
//
// # Bodies
//
// Unless Limits.BodyBytes says otherwise no request may have a body: one that announces a body is answered with 413 at
// once, and what follows is not read. Otherwise a body that is larger than allowed fails in the handler's Read with
// *http.MaxBytesError.
//
// # Connections
//
// The open connections are bounded, in total and by address; an IPv6 client is its /64 network, which is what one site
// has. When there is no room, the connection that has waited longest without a request being answered on it is closed:
// connections that are opened and left alone cost their owner a new connection, and keep nobody out. Only when all of
// them are at work is a new one refused, with status 503 and the reason in words. A handful of connections beyond the
// bound are set aside for telling so.
//
// By address half of all connections is the default, so that a reverse proxy, behind which all clients have one address,
// can still serve half of the total. On a loopback address all clients are this machine, and the total alone counts.
//
// # Protocols
//
// HTTP/1.1, and with a certificate HTTP/1.1 and HTTP/2 over TLS 1.2 or later; nothing is served in the clear then.
package httpserver
