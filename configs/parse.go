package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
	"corallite/internal/regfile"
)

// maxFile keeps a wrong file (a video, a model) from being read as a whole.
const maxFile = 4 << 20

// readFile reads a file's one YAML document. It returns a node or problems.
func readFile(path string) (*yaml.Node, Problems) {
	bad := func(line int, code key.Code, format string, args ...any) (*yaml.Node, Problems) {
		return nil, Problems{{Code: code, File: path, Line: line, Message: fmt.Sprintf(format, args...)}}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bad(0, key.CodeUnreadable, "no such file")
	case err != nil:
		return bad(0, key.CodeUnreadable, "%v", regfile.Cause(err))
	case info.IsDir():
		return bad(0, key.CodeUnreadable, "this is a folder; name the YAML file in it")
	case info.Size() > maxFile:
		return bad(0, key.CodeUnreadable, "is too large for a configuration: %d bytes, of at most %d", info.Size(), maxFile)
	}
	// Its reported size may be too small: pipes and /dev/zero have none.
	data, err := regfile.ReadBare(path, maxFile)
	if err != nil {
		return bad(0, key.CodeUnreadable, "cannot be read: %v", regfile.Cause(err))
	}
	docs, err := documents(data)
	if err != nil {
		line, message := explainYAML(data, err)
		return bad(line, key.CodeSyntax, "%s", message)
	}
	switch {
	case len(docs) == 0 || isNull(docs[0].Content[0]):
		return bad(0, key.CodeMissingKey, "is empty: expected %s", root().Expects())
	case len(docs) > 1:
		return bad(docs[1].Line, key.CodeSyntax, "a second document begins here (---): one file holds one document")
	}
	return docs[0].Content[0], nil
}

// documents parses all YAML documents of a text.
func documents(data []byte) (docs []*yaml.Node, err error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		switch err := d.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		}
		if len(doc.Content) == 1 {
			docs = append(docs, &doc)
		}
	}
}

// parseText parses a short value: of an environment variable, or after --set KEY=.
func parseText(text string) (*yaml.Node, error) {
	docs, err := documents([]byte(text))
	if err != nil {
		_, message := explainYAML([]byte(text), err)
		return nil, errors.New(message)
	}
	switch len(docs) {
	case 0:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}, nil
	case 1:
		return docs[0].Content[0], nil
	default:
		return nil, errors.New("expected one value")
	}
}

// explainYAML returns the line of a YAML error, and a message that says what to do.
func explainYAML(data []byte, err error) (line int, message string) {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineInError.FindStringSubmatch(what); m != nil {
		line, _ = strconv.Atoi(m[1])
		what = m[2]
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	if n := firstBadLine(lines); n > 0 {
		line = n
	}
	if line >= 1 && line <= len(lines) && tabIndent.Match(lines[line-1]) {
		return line, "a tab where YAML wants spaces: indent with spaces only"
	}
	for _, w := range plainWords {
		if strings.Contains(what, w.yaml) {
			return line, w.plain
		}
	}
	return line, "this is not valid YAML; look at the quotation marks, brackets and indentation here and in the line above"
}

var (
	lineInError = regexp.MustCompile(`(?s)^line ([0-9]+): (.*)$`)
	tabIndent   = regexp.MustCompile(`^[ -]*\t`)
)

// plainWords replace the YAML parser's most frequent messages with ones that say what to do.
var plainWords = []struct{ yaml, plain string }{
	{"mapping values are not allowed", `a second ": " in one line: put quotes around the text that has it, or fix the indentation`},
	{"cannot start any token", "a value cannot begin with this character: put quotes around it"},
	{"did not find expected <document start>", "a key was expected here: this line is indented less than the text before it, or what stands before it is no key"},
	{"did not find expected key", `the indentation does not fit the lines above, or a ": " is missing`},
	{"did not find expected '-' indicator", "the indentation does not fit the list above"},
	{"could not find expected ':'", `a ": " is missing after the key`},
	{"did not find expected ',' or ']'", `a list that begins here with "[" has no "," or "]" where one is needed`},
	{"did not find expected ',' or '}'", `a group that begins here with "{" has no "," or "}" where one is needed`},
	{"did not find expected node content", "a value is missing"},
	{"found unexpected end of stream", "the quoted string that begins here is not closed"},
	{"found unknown escape character", `\ begins an escape sequence inside "…": use '…' instead, or write \\`},
	{"unknown anchor", "an alias (*name) without an anchor (&name) before it"},
	{"control characters are not allowed", "this is not a text file"},
	{"invalid leading UTF-8 octet", "this is not a text file in UTF-8"},
	{"invalid trailing UTF-8 octet", "this is not a text file in UTF-8"},
	{"incomplete UTF-8 octet sequence", "this is not a text file in UTF-8"},
}

// firstBadLine is the number of the first line that cannot follow those before it: the parser's own number is often the
// line before, or the end of the file. A parser that fails at some line fails for every text with the same start, so
// the longest valid start ends right before the line, or before the value that it is part of. 0 if that is unknown, or
// would take long.
func firstBadLine(lines [][]byte) int {
	const most = 50_000_000 // bytes to parse
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if len(lines)*size > most {
		return 0
	}
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := documents(bytes.Join(lines[:n], nil)); err == nil {
			return n + 1
		}
	}
	return 1
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// resolveAlias is the node that an alias refers to.
func resolveAlias(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// entry is one key of a mapping.
type entry struct{ key, value *yaml.Node }

// entries returns the keys of a mapping, with merge keys (<<) resolved as in YAML 1.1: the mapping's own keys override
// merged ones. Duplicate keys are returned once; bad is called for them, and for merge keys that do not merge a
// mapping.
func entries(n *yaml.Node, bad func(at *yaml.Node, below path, code key.Code, format string, args ...any)) []entry {
	var out []entry
	var merge []*yaml.Node
	have := map[string]*yaml.Node{}
	seen := map[*yaml.Node]bool{n: true} // an alias can be inside its own target
	add := func(n *yaml.Node, own bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], resolveAlias(n.Content[i+1])
			first := have[k.Value]
			switch {
			case k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge":
				merge = append(merge, v)
			case first == nil:
				have[k.Value] = k
				out = append(out, entry{k, v})
			case own:
				bad(k, path{k.Value}, key.CodeDuplicate, "duplicate key; the first is in line %d", first.Line)
			}
		}
	}
	for add(n, true); len(merge) > 0; {
		m := merge[0]
		merge = merge[1:]
		if seen[m] {
			continue
		}
		seen[m] = true
		switch m.Kind {
		case yaml.MappingNode:
			add(m, false)
		case yaml.SequenceNode:
			var several []*yaml.Node
			for _, c := range m.Content {
				several = append(several, resolveAlias(c))
			}
			merge = append(several, merge...)
		default:
			bad(m, nil, key.CodeWrongType, "<< merges %s: expected an alias (*name) of a mapping", found(m))
		}
	}
	return out
}
