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
	label string
	score float32
	word  *pipeline.Keyword // when it is one
}

// labelled gives what has a label in a result, each label once with its best score, in the order of the result.
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
	for i := range r.Keywords {
		k := &r.Keywords[i]
		add(found{k.Label, k.Score, k})
	}
	for _, d := range r.Detections {
		add(found{label: d.Label, score: d.Score})
		for _, c := range d.Classes {
			add(found{label: c.Label, score: c.Score})
		}
	}
	for _, c := range r.Classes {
		add(found{label: c.Label, score: c.Score})
	}
	return all
}

// environment is what a program is told of what was found, in the order of Variables.
func environment(ev *pipeline.Event, f found) []string {
	values := []string{
		f.label, strconv.FormatFloat(float64(f.score), 'f', 4, 32), ev.Time.UTC().Format(time.RFC3339Nano), ev.Pipeline,
		ev.Model, ev.Task, ev.Source,
	}
	if f.word != nil {
		values = append(values, seconds(f.word.StartS), seconds(f.word.EndS))
	}
	env := make([]string, len(values))
	for i, v := range values {
		env[i] = Variables[i] + "=" + v
	}
	return env
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }
