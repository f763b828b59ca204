package dynlib

import "testing"

func TestKindOf(t *testing.T) {
	const path = "/lib/libexample.so.1"
	for message, want := range map[string]error{
		path + ": cannot open shared object file: No such file or directory":         ErrNotFound,
		path + ": cannot open shared object file: Permission denied":                 ErrUnreadable,
		"libusb-1.0.so.0: cannot open shared object file: No such file or directory": ErrMissingDependency,
		path + ": undefined symbol: libusb_init":                                     ErrLoad,
		"/lib/libc.so.6: version `GLIBC_2.99' not found (required by " + path + ")":  ErrLoad,
		path + ": cannot open shared object file: Too many open files":               ErrLoad,
	} {
		if got := kindOf(path, message); got != want {
			t.Errorf("%q is %v, want %v", message, got, want)
		}
	}
}
