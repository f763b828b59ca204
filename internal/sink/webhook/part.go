package webhook

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"corallite/internal/environ"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/redact"
	"corallite/pipeline"
)

// addressPattern leaves the rest to New: what a variable stands for is not known here.
var addressPattern = regexp.MustCompile(`^([hH][tT][tT][pP][sS]?://.+|.*\$\{[A-Za-z_][A-Za-z0-9_]*\}.*)$`)

// About describes the sink as part of a configuration.
func (o *Options) About() part.AboutSink {
	return part.AboutSink{Kind: "webhook", Doc: "Each event is sent to a server: an HTTP POST of the same JSON object as in a line of `jsonl`. Events are sent one at a time; when the server cannot be reached, takes too long, or answers 429 or 5xx, the event is sent again with exponential back-off from a second to a minute (`Retry-After` makes it longer). What cannot be sent is logged and counted, and the run goes on. Redirects are followed on the same host only, and only those that keep the method (307, 308). The proxy is that of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Neither the address nor a header is ever logged, only scheme and host."}
}

// Keys are the keys of the configuration.
func (o *Options) Keys() key.Table {
	return append(key.Table{
		key.String(&o.URL, "url").Required().Secret().Pattern(addressPattern, "an address such as https://example.org/hook").
			Example("https://example.org/hook").Doc("Where events are sent. `${NAME}` in it is an environment variable. Whoever knows the address of a hook can often post to it: `config show` prints scheme and host only, unless `--secrets` is given."),
		key.StringLists(&o.Headers, "headers").AcceptInt().Example("{X-Api-Key: '${API_KEY}'}").
			Doc("Headers of each request. `${NAME}` in a value is an environment variable."),
		key.String(&o.TokenEnv, "token_env").Example("HOOK_TOKEN").
			Doc("The environment variable that holds a token, sent as `Authorization: Bearer …`."),
		key.String(&o.TokenFile, "token_file").Excludes("token_env").Example("/run/secrets/hook").
			Doc("The file that holds it."),
		key.Bool(&o.Empty, "empty").Default(false).Example("true").
			Doc("Also send events in which nothing was found."),
		key.Int(&o.Queue, "queue").Min(1).Max(65536).Default(DefaultQueue).Example("1000").
			Doc("How many events may wait. When there are more, the oldest is dropped and counted."),
		key.Seconds(&o.Timeout, "timeout").Above(0).Max(3600).Default(DefaultTimeout).Example("3").
			Doc("Seconds that a request may take."),
		key.Int(&o.Retries, "retries").Min(0).Max(100).Default(DefaultRetries).Example("0").
			Doc("How often an event that could not be sent is retried."),
		key.Seconds(&o.Flush, "flush").Min(0).Max(3600).Default(DefaultFlush).Example("30").
			Doc("Seconds that the end of the run waits for events that are not sent yet."),
	}, o.LifeKeys()...)
}

// Check reports secrets that stand in the address and the headers.
func (o *Options) Check(in part.Check) {
	if what := redact.Written(redact.InAddress(o.URL)); what != "" {
		in.Report(key.CodeSecret, "url", "", redact.InFile(what, redact.Instead))
	}
	if strings.Contains(o.URL, redact.Hidden) {
		in.Report(key.CodeInvalid, "url", "", redact.Hidden+" stands for what config show did not print: config show --secrets prints it")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		written := slices.ContainsFunc(o.Headers[name], func(v string) bool { return v != "" && len(environ.Variables(v)) == 0 })
		if written && redact.Names(name) {
			in.Report(key.CodeSecret, "headers", name, redact.InFile("a secret", redact.Instead))
		}
	}
}

// Open makes the sink.
func (o *Options) Open(context.Context, part.SinkEnv) (pipeline.Sink, error) {
	return New(*o)
}
