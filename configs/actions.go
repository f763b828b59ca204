package configs

import (
	"fmt"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/pipeline/sink/command"
)

// actions checks the sinks that do something with what was found.
func (s *settings) actions(cfg *Config, whole bool) {
	for _, name := range cfg.order {
		for i, sink := range cfg.Pipelines[name].Sinks {
			p := path{"pipelines", name, "sinks", index(i), sink.Kind}
			switch sink.Kind {
			case SinkCommand:
				s.programs(p, sink)
				s.variables(p.to("env"), sink.Env)
				if whole {
					s.commandLabels(p, sink, cfg, cfg.Pipelines[name])
				}
			case SinkWebhook:
				s.webhookSecrets(p, sink)
				if sink.TokenEnv != "" && sink.TokenFile != "" {
					s.problem(p.to("token_file"), "token_env is given as well: the two exclude each other")
				}
			}
		}
	}
}

// programs reports programs that are not there.
func (s *settings) programs(p path, sink Sink) {
	for _, one := range sink.On {
		_, err := command.Find(one.Values)
		if err == nil {
			continue
		}
		hint := ""
		if words := strings.Fields(one.Values[0]); len(one.Values) == 1 && len(words) > 1 {
			hint = fmt.Sprintf("; a program and its arguments are a list: [%s]", strings.Join(words, ", "))
		}
		s.problem(p.to("on", one.Name), "%v%s", err, hint)
	}
}

// commandLabels reports labels that no model of the pipeline has, where all of its models' labels are known.
func (s *settings) commandLabels(p path, sink Sink, cfg *Config, in Pipeline) {
	names := in.Models
	if in.Second != nil {
		names = append(names[:len(names):len(names)], in.Second.Model)
	}
	known := map[string]bool{}
	var all []string
	for _, name := range names {
		m, defined := cfg.Models[name]
		switch {
		case m.Task == TaskPose || m.Task == TaskSegment:
			// What they find starts no program.
		case !defined || len(m.Labels) == 0 || m.Gallery != "":
			return
		default:
			for _, label := range m.Labels {
				if !known[label] {
					known[label] = true
					all = append(all, label)
				}
			}
		}
	}
	for _, one := range sink.On {
		if known[one.Name] {
			continue
		}
		hint := ""
		if near := didyoumean.Suggest(one.Name, all); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		s.problem(p.to("on", one.Name), "no model of the pipeline has the label %q%s", one.Name, hint)
	}
}
