//go:build !amd64

package micro

var kernels = inGo
