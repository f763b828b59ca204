// Package preview shows what pipelines see and find on one web page: the live picture with what was found drawn on it,
// rates and times, what runs the models and why, temperatures and the latest events, several pipelines side by side.
//
// One Server serves all pipelines of a program; each pipeline has a Sink of it:
//
//	server, err := preview.NewServer(preview.ServerOptions{Listen: "127.0.0.1:8080"})
//	sink, err := server.Sink("door", preview.SinkOptions{})
//	server.Start()
//	fmt.Println(server.URL()) // with the token, when there is one
//
// # Addresses
//
//	/                           the page
//	/stream/PIPELINE.mjpg       the live picture (multipart/x-mixed-replace), for an <img>, VLC, Home Assistant
//	/live?pipeline=A&pipeline=B live pictures of several pipelines in one answer; see live.go for its format. With
//	                            status=1 also what /events tells, without pipeline= of all pipelines; pictures=0: only that
//	/snapshot.jpg?pipeline=A    the newest picture in its full size; download=1 names the file
//	/events                     server-sent events: "status" with what /api/status gives, twice a second
//	/api/status                 a Status as JSON
//
// Where there is only one pipeline, pipeline= may be left out. What is drawn is each viewer's own choice: boxes=0,
// labels=0, masks=0 and skeletons=0 leave a part out of /stream, /live and /snapshot.jpg. Nothing that a viewer does
// changes what others see, so there is nothing to POST. Pausing is leaving out the pictures. The page has one connection
// with all that it shows, and none while it is not visible: browsers open six to a server at most.
//
// A pipeline that has ended keeps its last picture. A pipeline of sound has no pictures, but its level and its last word
// (SinkOptions.Sound).
//
// # What it costs
//
// A frame is drawn and encoded when a viewer is ready to take it, once for each set of parts that somebody looks at,
// however many viewers there are, and at most SinkOptions.FPS times a second. When nobody looks, or all who look are
// still busy with the last picture, it is not drawn at all; the sink then keeps a reference to the newest frame and some
// numbers. A viewer takes the newest picture when it has the last one, so a slow one gets fewer pictures and not older
// ones, and holds nobody back; one that takes nothing for ten seconds is disconnected. The other limits of time, and
// those of connections, are those of package httpserver.
//
// # Who may look
//
// On a loopback address everybody on this machine, unless a token is set. Requests must then name a loopback host, so
// that a foreign page cannot read the pictures by pointing its own name here (DNS rebinding). On any other address a
// token is needed, of which one is made when none is given: as token=… in the address (the page keeps it in a cookie
// and takes it out of the address), or as "Authorization: Bearer …". Without a certificate it crosses the network
// unencrypted; with CertFile and KeyFile the server speaks TLS only. Only GET and HEAD are served, other sites' pages
// may embed nothing (no CORS, Cross-Origin-Resource-Policy), and the page runs only its own script.
package preview
