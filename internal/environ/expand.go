package environ

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// variable is ${NAME}.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// Variables are the names of the ${NAME} in a text, in their order.
func Variables(text string) []string {
	var names []string
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// Replace is a text with another in the place of each ${NAME}.
func Replace(text, with string) string { return variable.ReplaceAllLiteralString(text, with) }

// Expand puts the values of environment variables in the place of each ${NAME}. as, when it is not nil, writes a value as
// the text wants it, knowing what stands before it. The error names all variables that are not set.
func Expand(text string, as func(before, value string) string) (string, error) {
	var b strings.Builder
	var missing []string
	at := 0
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		name := text[m[2]:m[3]]
		value, ok := os.LookupEnv(name)
		if !ok {
			missing = append(missing, name)
		}
		if as != nil {
			value = as(text[:m[0]], value)
		}
		b.WriteString(text[at:m[0]])
		b.WriteString(value)
		at = m[1]
	}
	if len(missing) > 0 {
		return "", notSet(missing)
	}
	return b.String() + text[at:], nil
}

// notSet is the error for variables that are not there.
func notSet(names []string) error {
	if len(names) == 1 {
		return fmt.Errorf("environment variable %s is not set", names[0])
	}
	return fmt.Errorf("environment variables %s are not set", strings.Join(names, ", "))
}
