package edgetpu

import "os"

// Wanted is the file or name that Load would load for a path: the path, or what CORALLITE_LIBEDGETPU says; "" when
// neither says anything, and Load tries the usual names.
func Wanted(path string) string {
	if path == "" {
		return os.Getenv(LibraryEnv)
	}
	return path
}
