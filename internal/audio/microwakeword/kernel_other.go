//go:build !amd64

package microwakeword

var kernels = inGo
