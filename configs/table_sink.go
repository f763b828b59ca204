package configs

import (
	"regexp"

	"corallite/internal/key"
	"corallite/pipeline"
	"corallite/pipeline/sink/command"
	"corallite/pipeline/sink/webhook"
)

var queueKey = &key.Key{
	Name: "queue", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(1024), Default: pipeline.DefaultQueue, Example: "16",
	Doc: "How many results may wait for the sink.",
}

var appendKey = &key.Key{
	Name: "append", Kind: key.KindBoolean, Default: true, Example: "false",
	Doc: "Write behind what the file has already; `false` starts it anew. Either way one process at a time writes it, and a file that was moved or removed during the run (by logrotate, say) is made again.",
}

var overwriteKey = &key.Key{
	Name: "overwrite", Kind: key.KindBoolean, Default: false, Example: "true",
	Doc: "Replace what earlier runs have left. Otherwise it stays, and new files get a number: `found-2`.",
}

var sinkKeys = []*key.Key{
	{Name: SinkJSONL, Kind: key.KindGroup, Doc: "One line of JSON for each picture and model.", Keys: []*key.Key{
		{Name: "path", Kind: key.KindString, Default: "-", Example: "found.jsonl", Doc: "The file; `-` is standard output."},
		appendKey,
		queueKey,
	}},
	{Name: SinkTable, Kind: key.KindGroup, Doc: "A table for people.", Keys: []*key.Key{
		{Name: "path", Kind: key.KindString, Default: "-", Example: "found.txt", Doc: "The file; `-` is standard output."},
		appendKey,
		queueKey,
	}},
	{Name: SinkPictures, Kind: key.KindGroup, Doc: "Copies of the pictures with the results drawn in.", Keys: []*key.Key{
		{Name: "dir", Kind: key.KindString, Required: true, Example: "found", Doc: "The folder; made when it is not there. One process at a time writes into it."},
		overwriteKey,
		queueKey,
	}},
	{Name: SinkVideo, Kind: key.KindGroup, Doc: "A video with the results drawn in.", Keys: []*key.Key{
		{
			Name: "path", Kind: key.KindString, Required: true, Example: "found.mp4", Doc: "The file, whose name ends in `.mp4`. Further videos of the source go beside it: `found-2.mp4`.",
			Pattern: regexp.MustCompile(`.\.[mM][pP]4$`), PatternDoc: "a file name that ends in .mp4",
		},
		overwriteKey,
		queueKey,
	}},
	{Name: SinkPreview, Kind: key.KindGroup, Doc: "A page in the browser: the live picture with the results drawn in, or how loud the sound is and the last word; rates, ages, the latest events, errors, and why a source gives nothing. All previews with the same `listen` are on one page.", Keys: []*key.Key{
		{
			Name: "listen", Kind: key.KindString, Default: "127.0.0.1:8080", Example: "0.0.0.0:8080", Pattern: regexp.MustCompile(`^.*:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`), PatternDoc: "a host and a port from 0 to 65535, such as 127.0.0.1:8080",
			Doc: "Where the page is. Beyond this machine it needs a token, which is made and printed when the program starts, unless `token_env` names one.",
		},
		{Name: "token_env", Kind: key.KindString, Example: "DOOR_TOKEN", Doc: "The environment variable that has the token, at least 16 characters, which viewers must show."},
		{Name: "cert", Kind: key.KindString, Example: "found.pem", Doc: "A certificate with its chain (PEM): the page is then https. Needs `key`."},
		{Name: "key", Kind: key.KindString, Example: "found.key", Doc: "The certificate's private key (PEM)."},
		{Name: "max_viewers", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(1000), Default: 32, Example: "8", Doc: "How many may look at once. The page takes four times as many connections and 64 more; beyond this machine half of them from one address."},
		{Name: "width", Kind: key.KindInteger, Min: key.Limit(64), Max: key.Limit(8192), Default: 1280, Example: "640", Doc: "Wider pictures are made so wide, in pixels."},
		{Name: "fps", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(240), Default: 30.0, Example: "10", Doc: "Pictures a second, at most."},
		{Name: "quality", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(100), Default: 80, Example: "60", Doc: "Of the JPEG pictures."},
		{Name: "hide", Kind: key.KindStringList, Example: "[labels]", Doc: "What is not drawn, whatever a viewer chooses: `boxes`, `labels`, `masks`, `skeletons`."},
		queueKey,
	}},
	{Name: SinkCommand, Kind: key.KindGroup, Doc: "A program is started when what a model finds has a certain label: a word, an object, a class. There is no shell, and nothing in the arguments is replaced; what was found stands in the program's environment, which has little else (`env`): `CORALLITE_LABEL`, `CORALLITE_SCORE`, `CORALLITE_TIME`, `CORALLITE_PIPELINE`, `CORALLITE_MODEL`, `CORALLITE_TASK`, `CORALLITE_SOURCE`, and for words `CORALLITE_START` and `CORALLITE_END` in seconds. An event starts a label's program once, with the label's best score. What the program prints to standard output is thrown away. When it fails, its last line on standard error is logged, the failure is counted, and the run goes on.", Keys: []*key.Key{
		{
			Name: "on", Kind: key.KindStringListMap, Required: true, AcceptInt: true, Example: "{cat: [echo, meow]}",
			Doc: "The program, with its arguments, for each label. A program without a slash is looked up in PATH.",
		},
		{
			Name: "env", Kind: key.KindStringList, Example: "[SPEAKER_TOKEN]",
			Doc: "Further variables of the environment that the programs get. Without it they get what every program needs (`PATH`, `HOME`, `LANG`, `TZ`, `DISPLAY`, `XDG_…`, `PULSE_…` and the like), and what was found: nothing that is secret.",
		},
		{Name: "parallel", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(64), Default: 1, Example: "4", Doc: "How many programs may run at a time. The others wait."},
		{
			Name: "queue", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(1024), Default: command.DefaultQueue, Example: "4",
			Doc: "How many may wait. When there are more, the one that waits longest is never started, and is counted.",
		},
		{
			Name: "timeout", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(86400), Default: command.DefaultTimeout.Seconds(), Example: "60",
			Doc: "Seconds that a program may take. Then it and all that it started get SIGTERM, and two seconds later SIGKILL. Only a process that has cleared its environment and whose parent has ended is not found. At the end of the run what runs and what waits has so long once more.",
		},
		{
			Name: "min_interval", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(86400), Default: 0.0, Example: "5",
			Doc: "Seconds after a label has started its program in which it starts none: an object stands in many frames.",
		},
	}},
	{Name: SinkWebhook, Kind: key.KindGroup, Doc: "Each event is sent to a server: an HTTP POST of the same JSON object as in a line of `jsonl`. One after the other; when the server cannot be reached, takes too long, or answers 429 or 5xx, again after a wait that doubles from a second to a minute (`Retry-After` makes it longer). What cannot be sent is logged and counted, and the run goes on. Redirects are followed on the same host only, and only those that keep the method (307, 308). The proxy is that of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Neither the address nor a header is ever logged, only scheme and host.", Keys: []*key.Key{
		{
			Name: "url", Kind: key.KindString, Required: true, Secret: true, Example: "https://example.org/hook", Pattern: regexp.MustCompile(`^([hH][tT][tT][pP][sS]?://.+|.*\$\{[A-Za-z_][A-Za-z0-9_]*\}.*)$`), PatternDoc: "an address such as https://example.org/hook",
			Doc: "Where events go. `${NAME}` in it is an environment variable. Whoever knows the address of a hook can often post to it: `config show` prints scheme and host only, unless `--secrets` is given.",
		},
		{Name: "headers", Kind: key.KindStringListMap, AcceptInt: true, Example: "{X-Api-Key: '${API_KEY}'}", Doc: "Headers of each request. `${NAME}` in a value is an environment variable."},
		{Name: "token_env", Kind: key.KindString, Example: "HOOK_TOKEN", Doc: "The environment variable that has a token, sent as `Authorization: Bearer …`."},
		{Name: "token_file", Kind: key.KindString, Excludes: []string{"token_env"}, Example: "/run/secrets/hook", Doc: "The file that has it."},
		{Name: "empty", Kind: key.KindBoolean, Default: false, Example: "true", Doc: "Send also events in which nothing was found."},
		{
			Name: "queue", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(65536), Default: webhook.DefaultQueue, Example: "1000",
			Doc: "How many events may wait. When there are more, the oldest is lost, and counted.",
		},
		{Name: "timeout", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(3600), Default: webhook.DefaultTimeout.Seconds(), Example: "3", Doc: "Seconds that a request may take."},
		{Name: "retries", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(100), Default: webhook.DefaultRetries, Example: "0", Doc: "How often an event is tried again."},
		{Name: "flush", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(3600), Default: webhook.DefaultFlush.Seconds(), Example: "30", Doc: "Seconds for what is not sent yet at the end of the run."},
	}},
}
