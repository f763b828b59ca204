package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// pty is a program for the scripts: "pty COMMAND FILE" runs a command of the shell on a terminal of its own, writes what
// the terminal shows into a file, and ends with the command's exit code. The program script of util-linux does the same,
// but gives the terminal 10 ms to hand over what the command has written last, and loses it on a busy machine.
func pty() {
	code, err := onTerminal(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "pty:", err)
		code = 127
	}
	os.Exit(code)
}

func onTerminal(command, shown string) (int, error) {
	out, err := os.Create(shown)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return 0, err
	}
	defer screen.Close()
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return 0, os.NewSyscallError("TIOCSPTLCK", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return 0, os.NewSyscallError("TIOCGPTN", err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	line.Close()
	if err != nil {
		return 0, err
	}
	// The last one to close the terminal ends it, with EIO, after all that was written.
	if _, err := io.Copy(out, screen); err != nil && !errors.Is(err, syscall.EIO) {
		return 0, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}
