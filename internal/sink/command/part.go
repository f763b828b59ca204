package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/redact"
	"corallite/pipeline"
)

// About describes the sink as part of a configuration.
func (o *Options) About() part.AboutSink {
	return part.AboutSink{Kind: "command", Doc: "A program is started when what a model finds has a certain label: a word, an object, a class. There is no shell, and nothing in the arguments is replaced; what was found stands in the program's environment, which has little else (`env`): `CORALLITE_LABEL`, `CORALLITE_SCORE`, `CORALLITE_TIME`, `CORALLITE_PIPELINE`, `CORALLITE_MODEL`, `CORALLITE_TASK`, `CORALLITE_SOURCE`, and for words `CORALLITE_START` and `CORALLITE_END` in seconds. An event starts a label's program once, with the label's best score. What the program prints to standard output is discarded. When it fails, its last line on standard error is logged, the failure is counted, and the run goes on."}
}

// Keys are the keys of the configuration.
func (o *Options) Keys() key.Table {
	return append(key.Table{
		key.StringLists(&o.On, "on").AcceptInt().Required().Example("{cat: [echo, meow]}").
			Doc("The program, with its arguments, for each label. A program without a slash is looked up in PATH."),
		key.Strings(&o.Env, "env").Example("[SPEAKER_TOKEN]").
			Doc("Further environment variables that the programs get. Without it they get what every program needs (`PATH`, `HOME`, `LANG`, `TZ`, `DISPLAY`, `XDG_…`, `PULSE_…` and the like), and what was found: nothing that is secret."),
		key.Int(&o.Parallel, "parallel").Min(1).Max(64).Default(1).Example("4").
			Doc("How many programs may run at a time. The others wait."),
		key.Int(&o.Queue, "queue").Min(1).Max(1024).Default(DefaultQueue).Example("4").
			Doc("How many may wait. When there are more, the one that has waited longest is dropped and counted."),
		key.Seconds(&o.Timeout, "timeout").Above(0).Max(86400).Default(DefaultTimeout).Example("60").
			Doc("Seconds that a program may take. Then it and all that it started get SIGTERM, and two seconds later SIGKILL. Only a process that has cleared its environment and whose parent has ended is not found. At the end of the run, the programs that run and those that wait have this time once more."),
	}, o.LifeKeys()...)
}

// Check reports programs and environment variables that are not there, secrets that stand in arguments, and labels that
// no model of the pipeline has.
func (o *Options) Check(in part.Check) {
	part.CheckEnv(in, "env", o.Env)
	labels, known := in.Labels()
	for _, label := range slices.Sorted(maps.Keys(o.On)) {
		args := o.On[label]
		if _, err := Find(args); err != nil {
			hint := ""
			if words := strings.Fields(args[0]); len(args) == 1 && len(words) > 1 {
				hint = fmt.Sprintf("; a program and its arguments are a list: [%s]", strings.Join(words, ", "))
			}
			in.Report(key.CodeMissingProgram, "on", label, err.Error()+hint)
		}
		if found := redact.InCommand(args); len(found) > 0 {
			in.Report(key.CodeSecret, "on", label, redact.InFile(found[0].What, "let the program take it from the environment, which env: [NAME] gives it"))
		}
		if known && !slices.Contains(labels, label) {
			message := fmt.Sprintf("no model of the pipeline has the label %q", label)
			if near := didyoumean.Suggest(label, labels); near != "" {
				message += fmt.Sprintf("; did you mean %q?", near)
			}
			in.Report(key.CodeUnknownName, "on", label, message)
		}
	}
}

// Open makes the sink.
func (o *Options) Open(context.Context, part.SinkEnv) (pipeline.Sink, error) {
	return New(*o)
}
