package configs

import (
	"regexp"

	"corallite/pipeline"
	"corallite/pipeline/sink/command"
	"corallite/pipeline/sink/webhook"
)

var queueKey = &key{
	name: "queue", kind: whole, min: limit(1), max: limit(1024), def: pipeline.DefaultQueue, example: "16",
	doc: "How many results may wait for the sink.",
}

var appendKey = &key{
	name: "append", kind: boolean, def: true, example: "false",
	doc: "Write behind what the file has already; `false` starts it anew. Either way one process at a time writes it, and a file that was moved or removed during the run (by logrotate, say) is made again.",
}

var overwriteKey = &key{
	name: "overwrite", kind: boolean, def: false, example: "true",
	doc: "Replace what earlier runs have left. Otherwise it stays, and new files get a number: `found-2`.",
}

var sinkKeys = []*key{
	{name: SinkJSONL, kind: group, doc: "One line of JSON for each picture and model.", keys: []*key{
		{name: "path", kind: text, def: "-", example: "found.jsonl", doc: "The file; `-` is standard output."},
		appendKey,
		queueKey,
	}},
	{name: SinkTable, kind: group, doc: "A table for people.", keys: []*key{
		{name: "path", kind: text, def: "-", example: "found.txt", doc: "The file; `-` is standard output."},
		appendKey,
		queueKey,
	}},
	{name: SinkPictures, kind: group, doc: "Copies of the pictures with the results drawn in.", keys: []*key{
		{name: "dir", kind: text, required: true, example: "found", doc: "The folder; made when it is not there. One process at a time writes into it."},
		overwriteKey,
		queueKey,
	}},
	{name: SinkVideo, kind: group, doc: "A video with the results drawn in.", keys: []*key{
		{
			name: "path", kind: text, required: true, example: "found.mp4", doc: "The file, whose name ends in `.mp4`. Further videos of the source go beside it: `found-2.mp4`.",
			pattern: regexp.MustCompile(`.\.[mM][pP]4$`), looks: "a file name that ends in .mp4",
		},
		overwriteKey,
		queueKey,
	}},
	{name: SinkPreview, kind: group, doc: "A page in the browser: the live picture with the results drawn in, or how loud the sound is and the last word; rates, ages, the latest events, errors, and why a source gives nothing. All previews with the same `listen` are on one page.", keys: []*key{
		{
			name: "listen", kind: text, def: "127.0.0.1:8080", example: "0.0.0.0:8080", pattern: regexp.MustCompile(`^.*:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`), looks: "a host and a port from 0 to 65535, such as 127.0.0.1:8080",
			doc: "Where the page is. Beyond this machine it needs a token, which is made and printed when the program starts, unless `token_env` names one.",
		},
		{name: "token_env", kind: text, example: "DOOR_TOKEN", doc: "The environment variable that has the token, at least 16 characters, which viewers must show."},
		{name: "cert", kind: text, example: "found.pem", doc: "A certificate with its chain (PEM): the page is then https. Needs `key`."},
		{name: "key", kind: text, example: "found.key", doc: "The certificate's private key (PEM)."},
		{name: "max_viewers", kind: whole, min: limit(1), max: limit(1000), def: 32, example: "8", doc: "How many may look at once. The page takes four times as many connections and 64 more; beyond this machine half of them from one address."},
		{name: "width", kind: whole, min: limit(64), max: limit(8192), def: 1280, example: "640", doc: "Wider pictures are made so wide, in pixels."},
		{name: "fps", kind: number, above: limit(0), max: limit(240), def: 30.0, example: "10", doc: "Pictures a second, at most."},
		{name: "quality", kind: whole, min: limit(1), max: limit(100), def: 80, example: "60", doc: "Of the JPEG pictures."},
		{name: "hide", kind: texts, example: "[labels]", doc: "What is not drawn, whatever a viewer chooses: `boxes`, `labels`, `masks`, `skeletons`."},
		queueKey,
	}},
	{name: SinkCommand, kind: group, doc: "A program is started when what a model finds has a certain label: a word, an object, a class. There is no shell, and nothing in the arguments is replaced; what was found stands in the program's environment, which has little else (`env`): `CORALLITE_LABEL`, `CORALLITE_SCORE`, `CORALLITE_TIME`, `CORALLITE_PIPELINE`, `CORALLITE_MODEL`, `CORALLITE_TASK`, `CORALLITE_SOURCE`, and for words `CORALLITE_START` and `CORALLITE_END` in seconds. An event starts a label's program once, with the label's best score. What the program prints to standard output is thrown away. When it fails, its last line on standard error is logged, the failure is counted, and the run goes on.", keys: []*key{
		{
			name: "on", kind: pairs, required: true, digits: true, example: "{cat: [echo, meow]}",
			doc: "The program, with its arguments, for each label. A program without a slash is looked up in PATH.",
		},
		{
			name: "env", kind: texts, example: "[SPEAKER_TOKEN]",
			doc: "Further variables of the environment that the programs get. Without it they get what every program needs (`PATH`, `HOME`, `LANG`, `TZ`, `DISPLAY`, `XDG_…`, `PULSE_…` and the like), and what was found: nothing that is secret.",
		},
		{name: "parallel", kind: whole, min: limit(1), max: limit(64), def: 1, example: "4", doc: "How many programs may run at a time. The others wait."},
		{
			name: "queue", kind: whole, min: limit(1), max: limit(1024), def: command.DefaultQueue, example: "4",
			doc: "How many may wait. When there are more, the one that waits longest is never started, and is counted.",
		},
		{
			name: "timeout", kind: number, above: limit(0), max: limit(86400), def: command.DefaultTimeout.Seconds(), example: "60",
			doc: "Seconds that a program may take. Then it and all that it started get SIGTERM, and two seconds later SIGKILL. Only a process that has cleared its environment and whose parent has ended is not found. At the end of the run what runs and what waits has so long once more.",
		},
		{
			name: "min_interval", kind: number, min: limit(0), max: limit(86400), def: 0.0, example: "5",
			doc: "Seconds after a label has started its program in which it starts none: an object stands in many frames.",
		},
	}},
	{name: SinkWebhook, kind: group, excluding: [][]string{{"token_env", "token_file"}}, doc: "Each event is sent to a server: an HTTP POST of the same JSON object as in a line of `jsonl`. One after the other; when the server cannot be reached, takes too long, or answers 429 or 5xx, again after a wait that doubles from a second to a minute (`Retry-After` makes it longer). What cannot be sent is logged and counted, and the run goes on. Redirects are followed on the same host only, and only those that keep the method (307, 308). The proxy is that of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Neither the address nor a header is ever logged, only scheme and host.", keys: []*key{
		{
			name: "url", kind: text, required: true, example: "https://example.org/hook", pattern: regexp.MustCompile(`^([hH][tT][tT][pP][sS]?://.+|.*\$\{[A-Za-z_][A-Za-z0-9_]*\}.*)$`), looks: "an address such as https://example.org/hook",
			doc: "Where events go. `${NAME}` in it is an environment variable.",
		},
		{name: "headers", kind: pairs, digits: true, example: "{X-Api-Key: '${API_KEY}'}", doc: "Headers of each request. `${NAME}` in a value is an environment variable."},
		{name: "token_env", kind: text, example: "HOOK_TOKEN", doc: "The environment variable that has a token, sent as `Authorization: Bearer …`."},
		{name: "token_file", kind: text, example: "/run/secrets/hook", doc: "The file that has it."},
		{name: "empty", kind: boolean, def: false, example: "true", doc: "Send also events in which nothing was found."},
		{
			name: "queue", kind: whole, min: limit(1), max: limit(65536), def: webhook.DefaultQueue, example: "1000",
			doc: "How many events may wait. When there are more, the oldest is lost, and counted.",
		},
		{name: "timeout", kind: number, above: limit(0), max: limit(3600), def: webhook.DefaultTimeout.Seconds(), example: "3", doc: "Seconds that a request may take."},
		{name: "retries", kind: whole, min: limit(0), max: limit(100), def: webhook.DefaultRetries, example: "0", doc: "How often an event is tried again."},
		{name: "flush", kind: number, min: limit(0), max: limit(3600), def: webhook.DefaultFlush.Seconds(), example: "30", doc: "Seconds for what is not sent yet at the end of the run."},
	}},
}
