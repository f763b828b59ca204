package terminal

import (
	"errors"
	"strings"
)

// Message is the text of an error for people and logs. Line breaks stay where errors were joined ([errors.Join], and
// other errors of several parts that stand one a line); everywhere else they are part of a name or a value, as a file's
// name may hold anything, and become \n, so that a name cannot pass for a message of its own.
func Message(err error) string {
	text := err.Error()
	if !strings.Contains(text, "\n") {
		return text
	}
	var parts []error
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		parts = several.Unwrap()
	} else if one := errors.Unwrap(err); one != nil {
		parts = []error{one}
	}
	var b strings.Builder
	for i, part := range parts {
		at := strings.Index(text, part.Error())
		if at < 0 {
			break
		}
		if between := text[:at]; between == "\n" && i > 0 {
			b.WriteString(between)
		} else {
			b.WriteString(OneLine(between))
		}
		b.WriteString(Message(part))
		text = text[at+len(part.Error()):]
	}
	b.WriteString(OneLine(text))
	return b.String()
}

// OneLine is text in which line breaks are written as \n.
func OneLine(text string) string { return strings.ReplaceAll(text, "\n", `\n`) }
