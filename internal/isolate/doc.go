// Package isolate runs what can hang or crash in C in a child process of the same binary.
package isolate
