// Package dynlib loads shared libraries whose name is known only when the program runs, and says in plain words why one
// does not load: the loader's own message hides whether the file is missing, unreadable, for another processor, no
// library at all, or lacks a library that it needs.
package dynlib
