// Package doods speaks the protocol of doods2, for which Home Assistant has an integration.
//
//	GET  /detectors   the detectors, with their labels and the size of their input
//	POST /detect      a picture and minimum confidences for labels, in JSON; detections with boxes from 0 to 1
//	POST /image       the same; the picture with what was found drawn on it
//	GET  /detect      a WebSocket: any number of the same requests, whose answers have their id
//
// Confidences are percents. Pictures come as base64; addresses of pictures are not fetched. A token is also taken from
// the header doods-auth-key.
package doods
