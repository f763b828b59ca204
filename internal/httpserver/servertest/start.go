package servertest

import "testing"

// Server is a server of package httpserver, or one made of it.
type Server interface {
	Start()
	Close() error
}

// Start starts a server that was made, unless making it failed, and closes it twice when the test ends.
func Start[S Server](tb testing.TB, s S, err error) S {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for range 2 {
			if err := s.Close(); err != nil {
				tb.Error(err)
			}
		}
	})
	s.Start()
	return s
}
