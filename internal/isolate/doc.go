// Package isolate runs what can hang or crash in C in a child process of the same binary. It knows nothing of what the
// children do: a kind of child is a Handler, which main gives to Main.
//
//	func main() {
//		isolate.Main(map[string]isolate.Handler{"engine": serveEngine}) // never returns in a child
//		…
//	}
//	p, err := isolate.Start(ctx, isolate.Options{Kind: "engine", Name: "edgetpu usb:2-1", Setup: …})
//	n, err := p.Call(ctx, request, reply, isolate.CallOptions{Deadline: time.Second})
//
// It needs Linux.
//
// # Talking
//
// A request and its reply are one datagram each, over a pair of sockets (AF_UNIX, SOCK_SEQPACKET): one wake-up each way,
// on threads that wait in the kernel. Large data lies in a Memory, which both sides have mapped. The parent believes
// nothing of what it is sent: what is no reply to its request ends the child.
//
// What the child writes to standard output and standard error, and its slog records, come out of Options.Logger in
// their order. The last lines are the LastWords of the DeathError. What C prints to standard output through a buffer
// is lost when it crashes, as it always is.
//
// # Dying
//
// The child ends with its parent, however that ends. The kernel sends it SIGKILL when the thread that started it is
// gone (PR_SET_PDEATHSIG; that thread does nothing but wait for the child), and a thread of the child waits for the
// sockets to hang up. Ctrl-C and a service manager's SIGTERM do not end it: the parent does, in order.
//
// The parent kills the child when a Call's deadline passes or its context ends, since nothing else stops C. A process
// that sleeps uninterruptibly in a driver outlives that for a while: Call then returns all the same, with a DeathError
// whose Code is -1, and Done is closed when the kernel has let it go. Until then it may write to the Memories that it
// was sent.
//
// Abort in C ends the child by SIGABRT. A bad access in C is caught by Go's runtime on threads of Go, which exits with
// code 2 and prints a trace; the DeathError names the signal all the same, and the trace goes to the log at debug level.
//
// No core is dumped, to files or to programs, unless CORALLITE_CORE is set.
//
// # Confining
//
// Unless Sandbox.Off is set, as far as the kernel can, and as Confinement reports:
//
//   - No new privileges (PR_SET_NO_NEW_PRIVS, Linux 3.5): programs that are set-uid or have capabilities give none.
//   - Capabilities: a child of root keeps those to read and write files (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH) only.
//   - Files (Landlock, Linux 5.13; truncating from 6.2 on, ioctl on devices from 6.10 on): only what Sandbox names, and
//     what every program needs, see systemRules. A symbolic link counts as what it points to. What the kernel shows of
//     other processes' memory and environment is out of reach too.
//   - TCP (Landlock, 6.7), signals to other processes and abstract sockets (6.12): none.
//   - System calls (seccomp, Linux 3.17; amd64, arm64, arm): no sockets but AF_UNIX and AF_NETLINK, with Network also
//     AF_INET and AF_INET6; no other processes and programs, tracing, mounts, namespaces, modules, bpf, io_uring and the
//     like, see refused. They fail with EPERM; nothing is killed for them.
//   - Descriptors: standard input is /dev/null; what libraries in the parent left open for children is closed.
//
// All but the last two are put on the parent's thread that starts the child. So the child has them from its first
// instruction on, and in all its threads; the parent's other threads have none of it. The filter of system calls is put
// on all threads of the child before its Handler runs.
//
// # What it does not protect from
//
// It is made against bugs, and to leave little to a model file that takes over the runtime. It is not made for code that
// is known to be hostile:
//
//   - Memory and processor time are not limited.
//   - A device that the child may use can be used in every way: a USB device can be given other firmware, and a PCIe
//     device may read the machine's memory where no IOMMU keeps it from that.
//   - Without Landlock all files that the user may read or write can be. Seccomp keeps the network out all the same.
//   - AF_UNIX sockets that have a path can be connected to, which Landlock does not look at: services of the machine can
//     be asked, with the user's rights. What /proc shows of other processes to everybody (names, arguments) can be read.
//   - What the parent sends in a Memory can be changed under its eyes. Sizes and offsets must not be read from there.
//   - A child that the kernel does not let go keeps its device.
package isolate
