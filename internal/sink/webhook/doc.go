// Package webhook has a sink that sends events to a server: each is the body of an HTTP POST, the same JSON object as in
// a line of the jsonl sink.
//
// Consume returns at once. One event is sent at a time, in order. A server that cannot be reached, takes longer than
// Options.Timeout, or answers 429 or 5xx is asked again, after a wait that doubles from a second to a minute and is
// shortened by chance by up to a half, so that many programs do not come at the same moment; Retry-After makes it longer
// (ten minutes at most). Any other answer than 2xx, and the last try, is a failure of the event, which the stream counts and
// logs. Meanwhile events wait, at most Options.Queue; when there are more, the oldest is lost and counted. Close gives
// what waits Options.Flush.
//
// Addresses often are secrets, as whoever knows one can post to it, so errors show scheme and host only. A redirect is
// followed when it keeps the method (307, 308) and stays with the same scheme and host. The proxy is that of the
// environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), the certificates are the system's.
package webhook
