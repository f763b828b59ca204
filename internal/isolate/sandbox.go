package isolate

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// confineThread confines the thread that will start the child, which inherits it all: so nothing in the child ever
// runs without.
func (p *Process) confineThread(s Sandbox, binary string) error {
	if s.Off {
		p.confinement.Why = append(p.confinement.Why, "the sandbox is off")
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_NO_NEW_PRIVS", err)
	}
	return nil
}

// confineProcess confines all threads of the child and says what holds it.
func confineProcess(s setup) Confinement {
	var c Confinement
	if !s.Confine {
		return c
	}
	set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if c.NoNewPrivileges = err == nil && set == 1; !c.NoNewPrivileges {
		c.Why = append(c.Why, fmt.Sprintf("no new privileges: not set (%v)", err))
	}
	return c
}
