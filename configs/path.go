package configs

import (
	"fmt"
	"strings"
)

// path is the place of a value: the keys and names from the outside in; an element of a list is "[2]".
type path []string

// String is "pipelines.door.sinks[0].jsonl.path".
func (p path) String() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 && !strings.HasPrefix(s, "[") {
			b.WriteByte('.')
		}
		b.WriteString(s)
	}
	return b.String()
}

// to is the path of a value below p. It shares nothing with p.
func (p path) to(parts ...string) path { return append(p[:len(p):len(p)], parts...) }

func index(i int) string { return fmt.Sprintf("[%d]", i) }

// origin is where a value was given.
type origin struct {
	file string // as in Problem.File
	line int
}

// String is "door.yaml:7".
func (o origin) String() string {
	if o.line == 0 {
		return o.file
	}
	return fmt.Sprintf("%s:%d", o.file, o.line)
}
