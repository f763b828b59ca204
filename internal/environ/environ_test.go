package environ

import (
	"os"
	"slices"
	"testing"
)

func TestPick(t *testing.T) {
	os.Clearenv() // t.Setenv puts back what it knows of; the rest of this process's tests need nothing
	for name, value := range map[string]string{
		"PATH": "/bin", "LC_ALL": "C", "XDG_RUNTIME_DIR": "/run/user/1", "CORALLITE_LIBEDGETPU": "/x.so",
		"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://anna:hunter2@proxy:3128",
		"DOOR_PASSWORD": "hunter2", "CORALLITE_PIPELINES_DOOR_SOURCE_URL": "rtsp://a:hunter2@b", "AWS_SECRET_ACCESS_KEY": "hunter2",
		"PATHS": "hunter2", "WANTED": "yes", "WANTED_TOO": "yes",
	} {
		t.Setenv(name, value)
	}
	usual := []string{"CORALLITE_LIBEDGETPU=/x.so", "HTTP_PROXY=http://proxy:3128", "LC_ALL=C", "PATH=/bin", "XDG_RUNTIME_DIR=/run/user/1"}
	for _, test := range []struct{ more, extra []string }{
		{nil, nil},
		{[]string{"WANTED", "NOT_SET"}, []string{"WANTED=yes"}},
		{[]string{"WANTED*"}, []string{"WANTED=yes", "WANTED_TOO=yes"}},
		{Proxies, []string{"HTTPS_PROXY=http://anna:hunter2@proxy:3128"}},
	} {
		got, want := Pick(test.more...), slices.Concat(usual, test.extra)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", test.more, got, want)
		}
	}
	os.Clearenv()
	if got := Pick(); got == nil || len(got) != 0 {
		t.Errorf("of nothing: %#v", got) // nil would be everything to os/exec
	}
}
