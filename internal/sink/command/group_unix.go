//go:build unix

package command

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup starts a program in a process group of its own, so that a signal reaches what it started as well, and a
// Ctrl-C at the terminal does not: the programs that run are waited for. What left the group is
// signalled as its kin.
func ownGroup(cmd *exec.Cmd, k *kin) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		k.signal(syscall.SIGTERM)
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		if err == syscall.ESRCH {
			return os.ErrProcessDone
		}
		return err
	}
}

// killGroup ends what is left of a group whose leader has been waited for. As long as the group has a member, no other
// process gets its number; when it has none there is nothing to do, which is the error.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
