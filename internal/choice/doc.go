// Package choice says what may run a model: the providers that there are, and the ordered choice among them that a
// configuration, a flag or a program makes. It has no C and opens nothing, so that what reads configurations can use it;
// package delegate opens models by it.
package choice
