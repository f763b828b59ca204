// Package command has a sink that starts a program when a model finds what has a label: a word that was heard, an
// object, a class of a picture.
//
// The program is started as it is written, without a shell, and nothing in its arguments is replaced. What was found
// stands in its environment, as Variables says. Of this process's environment it gets what every program needs (package
// environ) and what Options.Env names, so that passwords and tokens stay here. It reads nothing (/dev/null), what it writes to standard output is
// thrown away, and of what it writes to standard error the last line is kept for the case that it fails.
//
// Consume returns at once. So many programs as Options.Parallel run at a time, in the order of the events; the others
// wait, at most Options.Queue of them, and when there are more the one that waits longest is lost and counted. What
// fails (a program that is not there any more, an exit code that is not 0, the time limit) is told to the stream, which
// counts and logs it and goes on.
//
// Each program has a process group of its own. After the time limit the group gets SIGTERM, and Grace later SIGKILL, and
// on Linux so does what has left the group (setsid): it is found by a mark in its environment, which it has from the
// program (Mark), and by its parent. Only a process that clears its environment and whose parent has ended escapes. What
// a program leaves behind when it ends in time goes on. Close gives what runs and what waits one more
// time limit.
//
// What this package exports follows Semantic Versioning.
package command
