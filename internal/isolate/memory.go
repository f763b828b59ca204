package isolate

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Memory is shared by a parent and its children: an anonymous file (memfd_create(2)), which has no name anywhere and is
// freed with the last process that has it. Neither side can change its size, so that no access ends in a SIGBUS.
type Memory struct {
	mu   sync.Mutex
	fd   int
	data []byte
}

// NewMemory allocates size zero bytes. Close frees them.
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

// receivedMemory takes over a descriptor received with a request.
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

// Bytes is the memory, aligned to a page; nil after Close. Do not use it after Close.
func (m *Memory) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data
}

// Close unmaps the memory; other processes that have it keep it. Close twice is safe.
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

// rights is the control message with the memories' descriptors.
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
