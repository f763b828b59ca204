package redact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Secret is something secret that stands in a text.
type Secret struct {
	What  string // "a password", `the value of "token"`
	Value string // as it stands there, percent-encoded in an address
}

var (
	addressInText   = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'|]+`)
	headerInText    = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|cookies?|[\w-]*(?:token|key|secret))\s*[:=]\s*(?:\(string\))?\s*([^\r\n"',;]+)`)
	headerInCommand = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|cookie|x-[\w-]*(?:token|key|secret)):\s*([^\r\n"']+)`)
	propertyInText  = regexp.MustCompile(`([A-Za-z][\w-]*)\s*=\s*(?:\([\w/-]+\)\s*)?("(?:[^"\\]|\\.)*"|(?:\\.|[^\s"',;\\])+)`)
)

// InAddress are the secrets of an address: its password, and the values of its query that are named like one.
func InAddress(address string) []Secret {
	var all []Secret
	scheme, rest, _ := strings.Cut(address, "://")
	if m := userInText.FindStringSubmatchIndex(address); m != nil && m[0] == 0 {
		user := address[m[3] : m[1]-1]
		if _, password, _ := strings.Cut(user, ":"); password != "" {
			all = append(all, Secret{"a password", password})
		}
		rest = address[m[1]:]
	}
	_, query, _ := strings.Cut(rest, "?")
	query, _, _ = strings.Cut(query, "#")
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); Names(name) && value != "" && scheme != "" {
			all = append(all, Secret{fmt.Sprintf("the value of %q", name), value})
		}
	}
	return all
}

// InArguments are the secrets in the arguments of ffmpeg: in addresses, behind options such as -password, and in headers.
func InArguments(args []string) []Secret {
	var all []Secret
	for i, arg := range args {
		for _, address := range addressInText.FindAllString(arg, -1) {
			all = append(all, InAddress(address)...)
		}
		if strings.HasPrefix(arg, "-") || i == 0 || !strings.HasPrefix(args[i-1], "-") {
			continue
		}
		option, _, _ := strings.Cut(args[i-1], ":") // what follows says of which stream
		switch {
		case option == "-headers":
			all = append(all, headers(arg)...)
		case Names(option):
			all = append(all, Secret{"the value of " + option, arg})
		}
	}
	return all
}

// InPipeline are the secrets in a pipeline of GStreamer: in addresses, in properties such as user-pw, and in headers.
func InPipeline(pipeline string) []Secret {
	var all []Secret
	for _, address := range addressInText.FindAllString(pipeline, -1) {
		all = append(all, InAddress(address)...)
	}
	outside := addressInText.ReplaceAllString(pipeline, "address")
	for _, m := range propertyInText.FindAllStringSubmatch(outside, -1) {
		if value := strings.Trim(m[2], `"`); Names(m[1]) && value != "" {
			all = append(all, Secret{fmt.Sprintf("the value of %q", m[1]), value})
		} else if value != m[2] {
			all = append(all, headers(value)...)
		}
	}
	return all
}

// InCommand are the secrets in a program's arguments: in addresses and in headers. Where a shell is the program, it may put
// a variable in the place of one; that is no secret.
func InCommand(args []string) []Secret {
	var all []Secret
	for _, arg := range args {
		for _, address := range addressInText.FindAllString(arg, -1) {
			all = append(all, InAddress(address)...)
		}
		for _, m := range headerInCommand.FindAllStringSubmatch(arg, -1) {
			all = append(all, Secret{fmt.Sprintf("the value of %q", m[1]), strings.TrimSpace(m[2])})
		}
	}
	return slices.DeleteFunc(all, func(s Secret) bool { return strings.Contains(s.Value, "$") })
}

// headers are the secrets in headers of a request, "Authorization: Basic …".
func headers(text string) []Secret {
	var all []Secret
	for _, m := range headerInText.FindAllStringSubmatch(text, -1) {
		all = append(all, Secret{fmt.Sprintf("the value of %q", m[1]), strings.TrimSpace(m[2])})
	}
	return all
}
