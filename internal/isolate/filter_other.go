//go:build !amd64 && !arm64 && !arm

package isolate

const (
	auditArch    = 0 // no filter: it would need call numbers and argument layouts for each architecture
	foreignCalls = 0
)

var refusedHere []uint32
