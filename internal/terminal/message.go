package terminal

import (
	"errors"
	"strings"
)

// Message formats an error for people and logs. Line breaks between joined errors ([errors.Join] and the like) stay; all
// others are part of a name or a value, and become \n, so that a file name cannot pose as a message of its own.
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

// OneLine writes the line breaks of text as \n.
func OneLine(text string) string { return strings.ReplaceAll(text, "\n", `\n`) }
