package camera

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/auth"

	"corallite/pipeline/camera/cameratest"
)

func TestParseAddress(t *testing.T) {
	t.Setenv("CAM_USER", "viewer")
	t.Setenv("CAM_PASSWORD", "p@ss/w:rd ?")
	for _, c := range []struct{ raw, shown, user, password, want string }{
		{"rtsp://cam/yard", "rtsp://cam/yard", "", "", ""},
		{"rtsp://u:pw1234@cam:554/yard", "rtsp://cam:554/yard", "u", "pw1234", ""},
		{"rtsp://${CAM_USER}:${CAM_PASSWORD}@cam/", "rtsp://cam/", "viewer", "p@ss/w:rd ?", ""},
		{"http://cam/pic?user=a&pwd=hunter22#top", "http://cam/pic?***", "", "", ""},
		{"rtsp://cam/user=a_password=hunter22", "rtsp://cam/user=a_password=***", "", "", ""},
		{"rtsp://${NOT_SET_AT_ALL}@cam/", "", "", "", "NOT_SET_AT_ALL"},
		{"rtsp://u:p w@h%zz/", "", "", "", "invalid address"},
	} {
		a, err := parseAddress(c.raw, Credentials{})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "p w") {
				t.Errorf("%s: %v, want %q", c.raw, err, c.want)
			}
			continue
		}
		if err != nil || a.shown != c.shown || a.User != c.user || a.Password != c.password || a.url.User != nil {
			t.Errorf("%s: shown %s, user %q, password %q, %v", c.raw, a.shown, a.User, a.Password, err)
		}
	}
}

func TestSecret(t *testing.T) {
	t.Setenv("CAM_PASSWORD", "from env")
	t.Setenv("CAM_EMPTY", "")
	dir := t.TempDir()
	line := write(t, dir+"/line", []byte("from file\r\n"))
	bare := write(t, dir+"/bare", []byte(" from file "))
	more := write(t, dir+"/more", []byte("from file\nwritten down on Monday\n"))
	empty := write(t, dir+"/empty", []byte("\nhunter22\n"))
	for from, want := range map[string]string{"": "", "env:CAM_PASSWORD": "from env",
		"file:" + line: "from file", "file:" + bare: " from file ", "file:" + more: "from file"} {
		if got, err := Secret(from); got != want || err != nil {
			t.Errorf("%s: %q, %v", from, got, err)
		}
	}
	for _, from := range []string{"hunter22", "env:NOT_SET_AT_ALL", "env:CAM_EMPTY", "file:/not/there", "file:" + empty} {
		if _, err := Secret(from); err == nil || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func TestRedactor(t *testing.T) {
	r := newRedactor(Credentials{User: "viewer", Password: "hunter22", Token: "tok-1"}, map[string][]string{"key": {"abcd1234"}})
	log := new(journal)
	l := r.logger(log.logger()).With("url", "http://viewer:hunter22@cam/").WithGroup("g")
	l.Info("saying hunter22", "error", http.ErrNoCookie, "group", slog.GroupValue(slog.String("x", "tok-1 abcd1234")), "n", 5)
	text := log.String() + r.text("rtspsrc user-pw=other location=rtsp://a:b@c/?x=yyyy")
	for _, secret := range []string{"hunter22", "tok-1", "abcd1234", "other", "a:b", "yyyy"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is shown: %s", secret, text)
		}
	}
	contains(t, text, "g.n=5")
}

// TestVariablesOfReaders puts the environment into the arguments of ffmpeg and a pipeline of GStreamer.
func TestVariablesOfReaders(t *testing.T) {
	t.Setenv("CAM_PASSWORD", "p@ss !x")
	l := new(LiveSource)
	if err := l.setInput(LiveOptions{FFmpeg: []string{"-password", "${CAM_PASSWORD}", "-i", "rtsp://me:${CAM_PASSWORD}@cam/"}}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"-password", "p@ss !x", "-i", "rtsp://me:p%40ss%20%21x@cam/"}; !slices.Equal(l.input.Args, want) {
		t.Errorf("ffmpeg gets %q, want %q", l.input.Args, want)
	}
	if err := l.setInput(LiveOptions{GStreamer: `rtspsrc location="rtsp://me:${CAM_PASSWORD}@cam/" user-pw=${CAM_PASSWORD} ! x`}); err != nil {
		t.Fatal(err)
	}
	if want := `rtspsrc location="rtsp://me:p%40ss%20%21x@cam/" user-pw=p\@ss\ \!x ! x`; l.input.Target != want {
		t.Errorf("GStreamer gets %q, want %q", l.input.Target, want)
	}
	for _, o := range []LiveOptions{{FFmpeg: []string{"-i", "${NOT_SET_AT_ALL}"}}, {GStreamer: "${NOT_SET_AT_ALL}"}} {
		if err := l.setInput(o); err == nil || err.Error() != "environment variable NOT_SET_AT_ALL is not set" {
			t.Errorf("error %v", err)
		}
	}
}

// No log line and no error has what is secret, whatever goes wrong.
func TestLiveSecretsAreNotShown(t *testing.T) {
	const user, password, query = "viewer", "hunter22-secret", "query-secret"
	w := cameratest.NewHTTP(t, 320, 240)
	w.Protect(user, password)
	n := cameratest.NewRTSP(t, 320, 240)
	n.Protect(user, password, []auth.ValidateMethod{auth.ValidateMethodBasic})
	var shown strings.Builder
	with := func(url, password string) string { return strings.Replace(url, "://", "://"+user+":"+password+"@", 1) }
	var all []LiveOptions
	for _, url := range []string{
		with(w.URL("/stream?k="+query), password), with(n.URL("/yard")+"?k="+query, password), // good
		with(w.URL("/stream?k="+query), password+"x"), with(n.URL("/yard")+"?k="+query, password+"x"), // refused
		with("http://127.0.0.1:1/?k="+query, password), with("rtsp://127.0.0.1:1/?k="+query, password), // not there
		with("ftp://127.0.0.1/?k="+query, password), with("rtsp://%zz/?k="+query, password), // wrong
	} {
		all = append(all, LiveOptions{URL: url})
	}
	t.Setenv("CAM_PASSWORD", password)
	t.Setenv("CAM_QUERY", query)
	for _, url := range []string{with("rtsp://127.0.0.1:1/", password), "rtsp://127.0.0.1:1/?k=${CAM_QUERY}", "/not/there/${CAM_QUERY}"} {
		all = append(all, LiveOptions{FFmpeg: []string{"-headers", "Authorization: Basic " + password, "-i", url}})
	}
	all = append(all, LiveOptions{FFmpeg: []string{"-i", with(n.URL("/yard"), "${CAM_PASSWORD}x")}},
		LiveOptions{GStreamer: "filesrc location=/not/there/${CAM_QUERY} ! no_such_element user-pw=" + password})
	for _, o := range all {
		log := new(journal)
		o.Logger = log.logger()
		l, err := NewLive(context.Background(), o)
		if err != nil {
			shown.WriteString(err.Error())
		} else {
			shown.WriteString(l.Name() + l.Connection().LastError)
			if err := l.Close(); err != nil {
				shown.WriteString(err.Error())
			}
		}
		shown.WriteString(log.String())
	}
	contains(t, shown.String(), "rejects the user or the password")
	contains(t, shown.String(), "connection refused")
	for _, secret := range []string{password, query} {
		if strings.Contains(shown.String(), secret) {
			t.Errorf("%s is shown:\n%s", secret, &shown)
		}
	}
}
