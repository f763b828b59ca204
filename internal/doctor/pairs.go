package doctor

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"corallite/delegate/edgetpu"
)

// fit says whether two versions are compatible.
type fit int

const (
	unknown fit = iota
	yes
	no
)

// verdict is what is known about a libedgetpu with a runtime.
type verdict struct {
	fits   fit
	text   string
	looked []string
}

// dpkgStatus has the versions of installed packages, on Debian and its derivatives.
const dpkgStatus = "/var/lib/dpkg/status"

// googleLabel is the build label of Google's last packages, libedgetpu 16.0. Issue 660 of google-coral/edgetpu has it
// with TensorFlow Lite 2.5, working; issue 52 of mattn/go-tflite with 2.15, crashing in TfLiteInterpreterCreate.
const googleLabel = "COMPILER=6.3.0 20170516,DATE=redacted,TIME=redacted"

// communityVersion is a package version of github.com/feranick/libedgetpu: "16.0tf2.17.1-1.bookworm", with the version
// of TensorFlow Lite that it was built against.
var communityVersion = regexp.MustCompile(`(?i)^16\.0tf(\d+)\.(\d+)\.(\d+)`)

// googleVersion is a version of Google's own packages: "16.0".
var googleVersion = regexp.MustCompile(`^1[0-6]\.\d(-\d+)?$`)

// known is what is known about a libedgetpu with a runtime, by its build label and, if the default library is used, by
// the installed package. Incompatibilities come from public sources only; nothing is guessed.
func (m machine) known(v edgetpu.Version, runtime string, usual bool) verdict {
	r := numbers(runtime)
	w := verdict{looked: []string{"edgetpu_version"}}
	say := func(f fit, format string, args ...any) verdict {
		w.fits, w.text = f, fmt.Sprintf(format, args...)
		return w
	}
	installed := ""
	if usual {
		if installed = m.packageVersion("libedgetpu1-std", "libedgetpu1-max"); installed != "" {
			w.looked = append(w.looked, dpkgStatus)
		}
	}
	// The release notes of feranick/libedgetpu say of each build: compatible from 2.11.1 to the version it is built
	// against. That 16.0TF2.17.1 pairs with 2.17.1 is also this project's own note.
	if built := communityVersion.FindString(installed); built != "" {
		b := numbers(built[len("16.0tf"):])
		if !less(r, version{2, 11, 1}) && !less(b, r) {
			return say(yes, "libedgetpu %s was built for TensorFlow Lite %s, and goes with %s", installed, b, runtime)
		}
		if less(r, version{2, 11, 1}) {
			return say(no, "libedgetpu %s goes with TensorFlow Lite from 2.11.1 on, and this is %s", installed, runtime)
		}
		return w
	}
	// Issue 812 of google-coral/edgetpu: with Google's packages "the last version of TensorFlow Lite to support EdgeTPU
	// is 2.11.1. Any later version leads to a segmentation fault." Runtime versions below 14 are Google's too, from
	// before 16.0 (api/runtime_version.h: 14 is that release).
	google := v.BuildLabel == googleLabel || v.RuntimeVersion < 14 || googleVersion.MatchString(installed)
	if google && !less(r, version{2, 12, 0}) {
		return say(no, "Google's own builds of libedgetpu, up to 16.0, go with TensorFlow Lite up to 2.11.1, and this is %s", runtime)
	}
	return w
}

// packageVersion is the version of the first installed package.
func (m machine) packageVersion(names ...string) string {
	for _, entry := range strings.Split(m.read(dpkgStatus), "\n\n") {
		fields := map[string]string{}
		for _, line := range strings.Split(entry, "\n") {
			if key, value, ok := strings.Cut(line, ": "); ok {
				fields[key] = strings.TrimSpace(value)
			}
		}
		for _, name := range names {
			if fields["Package"] == name && strings.HasSuffix(fields["Status"], " installed") {
				return fields["Version"]
			}
		}
	}
	return ""
}

// version is a version of TensorFlow Lite.
type version [3]int

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// numbers parses "2.17.1", whatever follows; missing parts are 0.
func numbers(s string) version {
	var v version
	for i, part := range strings.SplitN(s, ".", 3) {
		end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if end >= 0 {
			part = part[:end]
		}
		v[i], _ = strconv.Atoi(part)
	}
	return v
}

func less(a, b version) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
