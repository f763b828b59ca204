// Package command has a sink that starts a program when a model finds something with a label: a word, an object, a class
// of a picture.
//
// The program is started directly, without a shell, and nothing in its arguments is replaced. What was found is in its
// environment, in Variables. Of this process's environment it gets what every program needs (package environ) and what
// Options.Env names, so that passwords and tokens stay here. Its standard input is /dev/null, its standard output is
// discarded, and the last line of its standard error is kept for the error if it fails.
//
// Consume returns at once. Up to Options.Parallel programs run at a time, in the order of the events; up to Options.Queue
// others wait, and when there are more, the one that has waited longest is dropped and counted. Failures (a program that
// is gone, an exit code other than 0, the time limit) are reported to the stream, which counts and logs them and
// continues.
//
// Each program has a process group of its own. After the time limit the group gets SIGTERM, and Grace later SIGKILL; on
// Linux so does what has left the group (setsid), found by a mark in its environment (Mark) and by its parent. Only a
// process that clears its environment and whose parent has ended escapes. What a program leaves behind when it ends in
// time keeps running. Close gives what runs and what waits one more time limit.
package command
