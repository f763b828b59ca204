// Package sink writes what pipelines find as text: JSON lines for programs (JSONL) and a table for people (Table).
// They look only at the events; the sinks that draw, start programs or send events are the packages below.
package sink
