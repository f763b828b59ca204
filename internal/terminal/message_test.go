package terminal

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestMessage(t *testing.T) {
	open := &fs.PathError{Op: "open", Path: "a\nb", Err: fs.ErrNotExist}
	plain := errors.New("plain")
	for _, c := range []struct {
		err  error
		want string
	}{
		{plain, "plain"},
		{open, `open a\nb: file does not exist`},
		{fmt.Errorf("model %s: %w", "c\nd", open), `model c\nd: open a\nb: file does not exist`},
		{errors.Join(open, plain), `open a\nb: file does not exist` + "\nplain"},
		{fmt.Errorf("model %s: %w", "c\nd", errors.Join(plain, open)), `model c\nd: plain` + "\n" + `open a\nb: file does not exist`},
		{fmt.Errorf("%w (%w) in e\nf", open, plain), `open a\nb: file does not exist (plain) in e\nf`},
		// A name that repeats the error that follows it.
		{fmt.Errorf("model plain\n: %w", plain), `model plain\n: plain`},
		{errors.Join(errors.New(""), plain), "\nplain"},
	} {
		if got := Message(c.err); got != c.want {
			t.Errorf("%q: %q, want %q", c.err, got, c.want)
		}
	}
}
