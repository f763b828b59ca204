// Package web is what the program's HTTP servers for people and programs have in common, on top of package httpserver:
// who may look, the token, and several parts of the program on one address.
//
//	s, err := web.New(web.Options{Listen: "127.0.0.1:8080"})
//	s.Handle("/metrics", metrics)               // GET and HEAD
//	s.Handle("/v1/detect", detect, http.MethodPost)
//	s.Start()
//
// Parts of a configuration that name the same address share a server: Shared gives it, the first one makes it. Routes
// may be added until Start.
//
// # Who may look
//
// On a loopback address everybody on this machine, unless a token is set. Requests must then name a loopback host, so
// that a foreign page cannot read what is served by pointing its own name here (DNS rebinding). On any other address a
// token is needed, of which one is made when none is given: as token=… in the address (browsers keep it in a cookie, and
// it is taken out of the address), or as "Authorization: Bearer …". Other sites' pages may embed nothing (no CORS,
// Cross-Origin-Resource-Policy). A method that a route has not asked for gets status 405.
package web
