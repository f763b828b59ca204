package isolate

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Memory is memory that a parent and its children share: an anonymous file (memfd_create(2)), which has no name
// anywhere and is gone with the last process that has it. It cannot be made smaller or larger by either side, so
// that nobody's reading ends in a SIGBUS.
type Memory struct {
	mu   sync.Mutex
	fd   int
	data []byte
}

// NewMemory makes size bytes of zeros. Close frees them.
func NewMemory(size int) (*Memory, error) {
	if size <= 0 {
		return nil, fmt.Errorf("shared memory of %d bytes: at least 1 is wanted", size)
	}
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("corallite", flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("corallite", flags)
	}
	if err != nil {
		return nil, fmt.Errorf("shared memory: %w", os.NewSyscallError("memfd_create", err))
	}
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("shared memory of %d bytes: %w", size, os.NewSyscallError("ftruncate", err))
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("shared memory: %w", os.NewSyscallError("fcntl F_ADD_SEALS", err))
	}
	return mapMemory(fd, size)
}

// receivedMemory takes over a descriptor that came with a request.
func receivedMemory(fd int) (*Memory, error) {
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("shared memory: %w", os.NewSyscallError("fstat", err))
	}
	return mapMemory(fd, int(s.Size))
}

func mapMemory(fd, size int) (*Memory, error) {
	data, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("shared memory of %d bytes: %w", size, os.NewSyscallError("mmap", err))
	}
	return &Memory{fd: fd, data: data}, nil
}

// Bytes is the memory, which begins at a page; nil after Close. It must not be used after Close.
func (m *Memory) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data
}

// Close gives the memory back; it lives on in processes that have it too. Twice is safe.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.data == nil {
		return nil
	}
	err := errors.Join(os.NewSyscallError("munmap", unix.Munmap(m.data)), os.NewSyscallError("close", unix.Close(m.fd)))
	m.data, m.fd = nil, -1
	return err
}

// rights is the control message that carries the memories' descriptors.
func rights(all []*Memory) ([]byte, error) {
	if len(all) > MaxSend {
		return nil, fmt.Errorf("%d shared memories with one request; at most %d go", len(all), MaxSend)
	}
	fds := make([]int, len(all))
	for i, m := range all {
		m.mu.Lock()
		fds[i] = m.fd
		m.mu.Unlock()
		if fds[i] < 0 {
			return nil, fmt.Errorf("shared memory %d is closed", i)
		}
	}
	return unix.UnixRights(fds...), nil
}
