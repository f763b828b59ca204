// Package isolate runs C code that can hang or crash in a child process of the same binary. It does not know what the
// children do: each kind of child has a Handler, which main passes to Main.
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
// A request and its reply are one datagram each, over a socket pair (AF_UNIX, SOCK_SEQPACKET): one wake-up each way, on
// threads that block in the kernel. Large data is in a Memory, which both sides have mapped. The parent trusts nothing
// that it receives: anything but a reply to its request ends the child.
//
// The child's standard output and standard error, and its slog records, go to Options.Logger in order. The last lines
// are the LastWords of the DeathError. Buffered standard output of C is lost in a crash, as always.
//
// # Dying
//
// The child ends with its parent, however that ends. The kernel sends it SIGKILL when the thread that started it has
// ended (PR_SET_PDEATHSIG; that thread only waits for the child), and a thread of the child waits for the sockets to
// hang up. Ctrl-C and a service manager's SIGTERM do not end it: the parent ends it, in order.
//
// The parent kills the child when a Call's deadline passes or its context ends, because nothing else stops C code. A
// process that sleeps uninterruptibly in a driver survives that for a while: Call still returns, with a DeathError
// whose Code is -1, and Done is closed when the kernel has ended it. Until then it may write to the Memories that it
// got.
//
// abort in C ends the child by SIGABRT. An invalid memory access in C on a Go thread is caught by Go's runtime, which
// exits with code 2 and prints a trace; the DeathError still names the signal, and the trace is logged at debug level.
//
// No core is dumped, to files or programs, unless CORALLITE_CORE is set.
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
// All but the last two are applied to the parent's thread that starts the child. So they hold for the child from its
// first instruction on, in all its threads, and not for the parent's other threads. The system call filter is applied
// to all threads of the child before its Handler runs.
//
// # What it does not protect from
//
// It protects from bugs, and leaves little to a model file that takes over the runtime. It is not meant for code that
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
