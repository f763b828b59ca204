package capture

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// authorization answers a server's challenges: Bearer (RFC 6750), Digest (RFC 7616, and RFC 2069 where there is no
// qop), Basic (RFC 7617). A password is sent only to a server that asks for one.
type authorization struct {
	o         Options
	challenge map[string]string // of Digest; nil: none yet
	basic     bool              // the server asked for Basic
	count     int               // uses of the challenge
	nonce     string            // the client's, for tests; "": random
}

// given reports whether there are credentials.
func (a *authorization) given() bool { return a.o.User != "" || a.o.Password != "" || a.o.Token != "" }

// accept stores the challenges of a server and reports whether it can be answered.
func (a *authorization) accept(challenges []string) bool {
	if !a.given() || a.o.Token != "" {
		return false
	}
	for _, c := range challenges {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(c), " ")
		switch {
		case strings.EqualFold(scheme, "Digest"):
			p := parameters(rest)
			if algorithm(p["algorithm"]) == nil || p["qop"] != "" && !hasWord(p["qop"], "auth") {
				continue
			}
			a.challenge, a.count = p, 0
			return true
		case strings.EqualFold(scheme, "Basic"):
			a.basic = true
		}
	}
	return a.basic
}

// header returns the Authorization header for a request; empty: none.
func (a *authorization) header(method, uri string) string {
	switch {
	case a.o.Token != "":
		return "Bearer " + a.o.Token
	case a.challenge != nil:
		return a.digest(method, uri)
	case a.basic:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.o.User+":"+a.o.Password))
	}
	return ""
}

// digest answers a Digest challenge: RFC 7616, section 3.4.1.
func (a *authorization) digest(method, uri string) string {
	c := a.challenge
	sum := func(parts ...string) string {
		h := algorithm(c["algorithm"])()
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	a.count++
	ours, count := a.nonce, fmt.Sprintf("%08x", a.count)
	if ours == "" {
		ours = rand.Text()
	}
	secret := sum(a.o.User, c["realm"], a.o.Password)
	if strings.HasSuffix(strings.ToLower(c["algorithm"]), "-sess") {
		secret = sum(secret, c["nonce"], ours)
	}
	answer := sum(secret, c["nonce"], sum(method, uri))
	if c["qop"] != "" {
		answer = sum(secret, c["nonce"], count, ours, "auth", sum(method, uri))
	}
	s := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s"`,
		quoted(a.o.User), quoted(c["realm"]), quoted(c["nonce"]), uri, answer)
	if c["algorithm"] != "" {
		s += ", algorithm=" + c["algorithm"]
	}
	if c["opaque"] != "" {
		s += fmt.Sprintf(`, opaque="%s"`, quoted(c["opaque"]))
	}
	if c["qop"] != "" {
		s += fmt.Sprintf(`, qop=auth, nc=%s, cnonce="%s"`, count, ours)
	}
	return s
}

// algorithm returns a Digest algorithm by name; nil: unknown. Many cameras only have MD5.
func algorithm(name string) func() hash.Hash {
	switch strings.ToUpper(name) {
	case "", "MD5", "MD5-SESS":
		return md5.New
	case "SHA-256", "SHA-256-SESS":
		return sha256.New
	}
	return nil
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(w), word) {
			return true
		}
	}
	return false
}

func quoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// parameters parses name=value and name="value", separated by commas (RFC 9110, section 11.2). Names become lower case.
func parameters(s string) map[string]string {
	all := map[string]string{}
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		var value strings.Builder
		rest = strings.TrimLeft(rest, " ")
		if strings.HasPrefix(rest, `"`) {
			i := 1
			for ; i < len(rest) && rest[i] != '"'; i++ {
				if rest[i] == '\\' && i+1 < len(rest) {
					i++
				}
				value.WriteByte(rest[i])
			}
			_, s, _ = strings.Cut(rest[min(i+1, len(rest)):], ",")
		} else {
			var plain string
			plain, s, _ = strings.Cut(rest, ",")
			value.WriteString(strings.TrimSpace(plain))
		}
		all[strings.ToLower(strings.Trim(name, " ,"))] = value.String()
	}
	return all
}
