//go:build !unix

package command

import "os/exec"

// ownGroup does nothing: there are no process groups. A program alone is ended at its time limit.
func ownGroup(*exec.Cmd, *kin) {}

func killGroup(int) {}
