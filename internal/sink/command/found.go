package command

import (
	"strconv"
	"time"

	"corallite/pipeline"
)

// Mark is the environment variable by which what a program has started is found at its time limit. Its value is
// another for each program that is started.
const Mark = "CORALLITE_COMMAND"

// Variables are the environment variables that tell a program what was found. Start and end are seconds,
// and are there for words that were heard.
var Variables = []string{
	"CORALLITE_LABEL", "CORALLITE_SCORE", "CORALLITE_TIME", "CORALLITE_PIPELINE", "CORALLITE_MODEL", "CORALLITE_TASK",
	"CORALLITE_SOURCE", "CORALLITE_START", "CORALLITE_END",
}

// found is one thing with a label.
type found struct {
	label        string
	score        float32
	timed        bool // it happened from startS to endS
	startS, endS float64
}

// labelled gives what has a label and a score in a result, each label once with its best score, in the order of the
// result. What a second model says of a thing has a label as well.
func labelled(r *pipeline.Result) []found {
	var all []found
	add := func(f found) {
		for i := range all {
			if all[i].label == f.label {
				if f.score > all[i].score {
					all[i] = f
				}
				return
			}
		}
		all = append(all, f)
	}
	for f := range r.Findings() {
		kind := f.Kind()
		if kind.Gone || kind.Rating != pipeline.Scored {
			continue
		}
		for i := range f.Len() {
			t := f.Thing(i)
			if t.Label != "" || t.Index != pipeline.NoIndex {
				add(found{label: t.Label, score: t.Score, timed: kind.Timed, startS: t.StartS, endS: t.EndS})
			}
			for _, c := range t.Classes {
				add(found{label: c.Label, score: c.Score})
			}
		}
	}
	return all
}

// environment is what a program is told of what was found, in the order of Variables.
func environment(ev *pipeline.Event, f found) []string {
	values := []string{
		f.label, strconv.FormatFloat(float64(f.score), 'f', 4, 32), ev.Time.UTC().Format(time.RFC3339Nano), ev.Pipeline,
		ev.Model, ev.Task, ev.Source,
	}
	if f.timed {
		values = append(values, seconds(f.startS), seconds(f.endS))
	}
	env := make([]string, len(values))
	for i, v := range values {
		env[i] = Variables[i] + "=" + v
	}
	return env
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }
