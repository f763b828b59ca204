package edgetpu

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is what a libedgetpu says of itself.
type Version struct {
	Raw            string // "BuildLabel(COMPILER=…,DATE=…,CL_NUMBER=317268237), RuntimeVersion(13)"
	BuildLabel     string // between the first parentheses: "COMPILER=…,DATE=…,CL_NUMBER=317268237"
	RuntimeVersion int    // what Package.MinRuntimeVersion is compared with
}

// String is the version for people: "runtime 13 (COMPILER=…,DATE=…,CL_NUMBER=317268237)".
func (v Version) String() string {
	if v.BuildLabel == "" {
		return fmt.Sprintf("runtime %d", v.RuntimeVersion)
	}
	return fmt.Sprintf("runtime %d (%s)", v.RuntimeVersion, v.BuildLabel)
}

// ParseVersion reads what edgetpu_version returns. A string without a RuntimeVersion of decimal digits is an error.
func ParseVersion(raw string) (Version, error) {
	digits, ok := between(raw, "RuntimeVersion(")
	if !ok {
		return Version{}, fmt.Errorf("version %q of libedgetpu has no RuntimeVersion(…)", raw)
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return Version{}, fmt.Errorf("version %q of libedgetpu: its RuntimeVersion is no number", raw)
	}
	label, _ := between(raw, "BuildLabel(")
	return Version{Raw: raw, BuildLabel: label, RuntimeVersion: int(n)}, nil
}

// between is what stands between the word and the next closing parenthesis.
func between(s, word string) (string, bool) {
	_, rest, ok := strings.Cut(s, word)
	if !ok {
		return "", false
	}
	inside, _, ok := strings.Cut(rest, ")")
	return inside, ok
}
