// Package sink writes what pipelines find as text: JSON lines for programs (JSONL) and a table for people (Table).
// Sinks that draw are in pipeline/sink/annotate and know pictures; these look only at the events.
//
// What this package exports follows Semantic Versioning.
package sink
