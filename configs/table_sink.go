package configs

import (
	"regexp"

	"corallite/pipeline"
)

var queueKey = &key{
	name: "queue", kind: whole, min: limit(1), max: limit(1024), def: pipeline.DefaultQueue, example: "16",
	doc: "How many results may wait for the sink.",
}

var sinkKeys = []*key{
	{name: SinkJSONL, kind: group, doc: "One line of JSON for each picture and model.", keys: []*key{
		{name: "path", kind: text, def: "-", example: "found.jsonl", doc: "The file; `-` is standard output."},
		{name: "append", kind: boolean, def: false, example: "true", doc: "Write behind what the file has already, instead of starting it anew."},
		queueKey,
	}},
	{name: SinkTable, kind: group, doc: "A table for people.", keys: []*key{
		{name: "path", kind: text, def: "-", example: "found.txt", doc: "The file; `-` is standard output."},
		queueKey,
	}},
	{name: SinkPictures, kind: group, doc: "Copies of the pictures with the results drawn in.", keys: []*key{
		{name: "dir", kind: text, required: true, example: "found", doc: "The folder; made when it is not there."},
		queueKey,
	}},
	{name: SinkVideo, kind: group, doc: "A video with the results drawn in.", keys: []*key{
		{
			name: "path", kind: text, required: true, example: "found.mp4", doc: "The file, whose name ends in `.mp4`. Further videos of the source go beside it: `found-2.mp4`.",
			pattern: regexp.MustCompile(`.\.[mM][pP]4$`), looks: "a file name that ends in .mp4",
		},
		queueKey,
	}},
	{name: SinkPreview, kind: group, doc: "A page in the browser: the live picture with the results drawn in, rates, ages, the latest events. All previews with the same `listen` are on one page.", keys: []*key{
		{
			name: "listen", kind: text, def: "127.0.0.1:8080", example: "0.0.0.0:8080", pattern: regexp.MustCompile(`^.*:[0-9]{1,5}$`), looks: "a host and a port, such as 127.0.0.1:8080",
			doc: "Where the page is. Beyond this machine it needs a token, which is made and printed when the program starts, unless `token_env` names one.",
		},
		{name: "token_env", kind: text, example: "DOOR_TOKEN", doc: "The environment variable that has the token, at least 16 characters, which viewers must show."},
		{name: "cert", kind: text, example: "found.pem", doc: "A certificate with its chain (PEM): the page is then https. Needs `key`."},
		{name: "key", kind: text, example: "found.key", doc: "The certificate's private key (PEM)."},
		{name: "max_viewers", kind: whole, min: limit(1), max: limit(1000), def: 32, example: "8", doc: "How many may look at once."},
		{name: "width", kind: whole, min: limit(64), max: limit(8192), def: 1280, example: "640", doc: "Wider pictures are made so wide, in pixels."},
		{name: "fps", kind: number, above: limit(0), max: limit(240), def: 30.0, example: "10", doc: "Pictures a second, at most."},
		{name: "quality", kind: whole, min: limit(1), max: limit(100), def: 80, example: "60", doc: "Of the JPEG pictures."},
		{name: "hide", kind: texts, example: "[labels]", doc: "What is not drawn, whatever a viewer chooses: `boxes`, `labels`, `masks`, `skeletons`."},
		queueKey,
	}},
}
