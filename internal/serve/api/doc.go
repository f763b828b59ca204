// Package api is Corallite's own protocol of serve: pictures and recordings in, events out, as all commands write them.
//
//	POST /v1/detect?model=&score_threshold=&max_results=&labels=a,b   also classify, segment, pose, embed; listen
//	GET  /v1/models
//	GET  /v1/events?pipeline=&model=                                  server-sent events
//	GET  /v1/openapi.json
//
// What is asked about is the body of the request, or the file of a form (multipart/form-data). Errors are {"error": "…"}.
package api
